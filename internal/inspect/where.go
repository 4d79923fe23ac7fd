package inspect

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
)

// ErrNothing means that a path leads to no file of the kind that was asked for.
var ErrNothing = errors.New("nothing to look at")

// Logs gives the log files that a path means: the file itself, whatever its name,
// or those of a data directory or of the version-2 in it, oldest first.
func Logs(disk vfs.FS, path string) ([]string, error) {
	dir, whole, err := place(disk, path)
	if err != nil || !whole {
		return []string{path}, err
	}
	segments, err := txnlog.Segments(disk, dir)
	if err == nil && len(segments) == 0 {
		err = fmt.Errorf("%s holds no file log.<zxid>: %w", dir, ErrNothing)
	}
	var paths []string
	for _, segment := range segments {
		paths = append(paths, segment.Path)
	}
	return paths, err
}

// Snapshots gives the snapshots that a path means, as Logs does; newest first.
func Snapshots(disk vfs.FS, path string) ([]snapshot.File, error) {
	dir, whole, err := place(disk, path)
	if err != nil {
		return nil, err
	}
	if !whole {
		z, _ := snapshot.ParseName(filepath.Base(path))
		return []snapshot.File{{Path: path, Zxid: z}}, nil
	}
	files, err := snapshot.List(disk, dir)
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("%s holds no file snapshot.<zxid>: %w", dir, ErrNothing)
	}
	return files, err
}

// place tells whether a path is a directory, and which one has the files.
func place(disk vfs.FS, path string) (dir string, whole bool, err error) {
	info, err := disk.Stat(path)
	if err != nil || !info.Dir {
		return path, false, err
	}
	below := store.VersionDir(path)
	if info, err := disk.Stat(below); err == nil && info.Dir {
		return below, true, nil
	}
	return path, true, nil
}

// dataDir is the data directory that a file or version-2 belongs to; false if it
// lies anywhere else, as a copy does.
func dataDir(disk vfs.FS, path string) (string, bool) {
	dir, whole, err := place(disk, path)
	if err != nil || !whole {
		dir = filepath.Dir(path)
	}
	parent := filepath.Dir(dir)
	return parent, dir == store.VersionDir(parent)
}

// Served tells whether a server has the data directory that a path belongs to. It
// makes nothing, and holds nothing up but a server that starts at this very moment.
func Served(disk vfs.FS, path string) bool {
	dir, ok := dataDir(disk, path)
	if !ok {
		return false
	}
	if _, err := disk.Stat(store.LockPath(dir)); err != nil {
		return false
	}
	lock, err := disk.Lock(store.LockPath(dir))
	if err != nil {
		return !errors.Is(err, fs.ErrPermission)
	}
	lock.Close()
	return false
}

// VersionDir is the directory of the files that a data directory has, which may be
// given itself.
func VersionDir(disk vfs.FS, path string) (string, error) {
	dir, whole, err := place(disk, path)
	if err == nil && !whole {
		err = fmt.Errorf("%s is no directory: %w", path, ErrNothing)
	}
	return dir, err
}
