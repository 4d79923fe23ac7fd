package inspect

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"zoo/internal/disk/store"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
)

// The names of files that tools make beside those of a server. Neither zoo nor
// Java's server takes them for anything.
const (
	// keptPrefix begins the name under which a replaced file is kept.
	keptPrefix = "kept-"
	// newPrefix begins the name of a file that is being made to replace another.
	newPrefix = "new-"
)

// Surgery is a change of a log, planned and not yet made:
//
//  1. What is put aside gets another name, the newest first: a crash leaves a
//     shorter history, or one that no server starts with, and never a gap.
//  2. The file that is written anew is first copied under the name where it is
//     kept, then its successor is written and synced, and only then takes its name.
//
// Doing it again after a crash is harmless: the plan is made of what is there.
type Surgery struct {
	Dir     string `json:"dir"`
	SnapDir string `json:"-"`
	// Rewrite is nil if no file changes its content.
	Rewrite *Rewrite `json:"rewrite"`
	Aside   []Move   `json:"putAside"`
	// Kept counts the transactions that the rewritten file keeps, up to KeptLast.
	Kept     int      `json:"keptTransactions"`
	KeptLast string   `json:"keptLastZxid,omitempty"`
	Damages  []Damage `json:"damages"`
	Lost     []Lost   `json:"lost"`

	disk vfs.FS
	size int64
}

// Rewrite is a file that is written anew.
type Rewrite struct {
	File string `json:"file"`
	// KeptAs is where the file as it was is kept.
	KeptAs string `json:"keptAs"`

	pieces []piece
}

// Move is a file that gets another name.
type Move struct {
	From string `json:"from"`
	To   string `json:"to"`
}

// piece is a stretch of a file.
type piece struct{ offset, size int64 }

// Needed tells whether there is anything to do.
func (s *Surgery) Needed() bool { return s.Rewrite != nil || len(s.Aside) > 0 }

// names finds free names for what is kept.
func (s *Surgery) names() error {
	taken := make(map[string]bool)
	free := func(path string) (string, error) {
		name := filepath.Join(filepath.Dir(path), keptPrefix+filepath.Base(path))
		for n := 2; ; n++ {
			_, err := s.disk.Stat(name)
			if errors.Is(err, fs.ErrNotExist) && !taken[name] {
				taken[name] = true
				return name, nil
			}
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return "", err
			}
			name = filepath.Join(filepath.Dir(path),
				fmt.Sprintf("%s%s.%d", keptPrefix, filepath.Base(path), n))
		}
	}
	var errs []error
	for i := range s.Aside {
		to, err := free(s.Aside[i].From)
		s.Aside[i].To = to
		errs = append(errs, err)
	}
	if s.Rewrite != nil {
		to, err := free(s.Rewrite.File)
		s.Rewrite.KeptAs = to
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// Lock takes the directories of a path for a tool that changes them. It is refused
// while a server has one.
func Lock(disk vfs.FS, paths ...string) (unlock func() error, err error) {
	var locks []io.Closer
	unlock = func() error {
		var errs []error
		for _, l := range locks {
			errs = append(errs, l.Close())
		}
		return errors.Join(errs...)
	}
	locked := make(map[string]bool)
	for _, path := range paths {
		dir, ok := dataDir(disk, path)
		if !ok || locked[dir] {
			continue
		}
		locked[dir] = true
		l, err := disk.Lock(store.LockPath(dir))
		if err != nil {
			err = fmt.Errorf("%s is in use: stop the server first: %w", dir, err)
			return nil, errors.Join(err, unlock())
		}
		locks = append(locks, l)
	}
	return unlock, nil
}

// Execute makes the change. The caller holds the lock since before the plan was made.
func (s *Surgery) Execute() error {
	for _, m := range s.Aside {
		if err := s.disk.Rename(m.From, m.To); err != nil {
			return err
		}
		if err := s.disk.SyncDir(filepath.Dir(m.From)); err != nil {
			return err
		}
	}
	if s.Rewrite == nil {
		return nil
	}
	return s.rewrite(s.Rewrite)
}

func (s *Surgery) rewrite(r *Rewrite) error {
	old, err := s.disk.Open(r.File)
	if err != nil {
		return err
	}
	defer old.Close()
	if err := s.copy(r.KeptAs, nil, old, []piece{{0, s.size}}); err != nil {
		return err
	}
	dir := filepath.Dir(r.File)
	if err := s.disk.SyncDir(dir); err != nil {
		return err
	}
	made := filepath.Join(dir, newPrefix+filepath.Base(r.File))
	if err := s.copy(made, txnlog.AppendFile(nil), old, r.pieces); err != nil {
		return err
	}
	if err := s.disk.Rename(made, r.File); err != nil {
		return err
	}
	return s.disk.SyncDir(dir)
}

// copy makes a durable file of a head and of pieces of another file.
func (s *Surgery) copy(path string, head []byte, from vfs.File, pieces []piece) error {
	f, err := s.disk.Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write(head)
	for _, p := range pieces {
		if err == nil {
			_, err = io.Copy(f, io.NewSectionReader(from, p.offset, p.size))
		}
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
