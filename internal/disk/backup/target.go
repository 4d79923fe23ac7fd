package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"zoo/internal/disk/vfs"
)

// Target is where a repository's objects are.
type Target interface {
	// Put stores an object whole and durably, or not at all; it replaces what has
	// the key. An error of the reader is its error.
	Put(ctx context.Context, key string, r io.Reader) error
	// Get reads an object; what is missing is an error that matches fs.ErrNotExist.
	Get(ctx context.Context, key string) (io.ReadCloser, error)
	// List gives the sorted keys with this prefix, which is "" or ends with a slash.
	List(ctx context.Context, prefix string) ([]string, error)
	// String names the target in messages.
	String() string
}

// Dir is a Target in a directory.
type Dir struct {
	FS   vfs.FS
	Path string
}

// suffixUnfinished is what an object is called until it is whole.
const suffixUnfinished = ".unfinished"

// String is the directory's path.
func (d Dir) String() string { return d.Path }

func (d Dir) path(key string) string { return filepath.Join(d.Path, filepath.FromSlash(key)) }

// Put implements Target: written beside under a name of its own, synced, then named.
func (d Dir) Put(ctx context.Context, key string, r io.Reader) error {
	path := d.path(key)
	if err := d.FS.MkdirAll(filepath.Dir(path)); err != nil {
		return err
	}
	unfinished := path + "." + randomHex(objectIDBytes) + suffixUnfinished
	if err := d.write(ctx, unfinished, r); err != nil {
		return err
	}
	if err := d.FS.Rename(unfinished, path); err != nil {
		return err
	}
	return d.FS.SyncDir(filepath.Dir(path))
}

func (d Dir) write(ctx context.Context, path string, r io.Reader) error {
	f, err := d.FS.CreateNew(path)
	if err != nil {
		return err
	}
	_, err = io.Copy(writerOnly{f}, untilDone{ctx, r})
	if err == nil {
		err = f.Sync()
	}
	err = errors.Join(err, f.Close())
	if err != nil {
		return errors.Join(err, d.FS.Remove(path))
	}
	return nil
}

// Get implements Target.
func (d Dir) Get(ctx context.Context, key string) (io.ReadCloser, error) {
	f, err := d.FS.Open(d.path(key))
	if err != nil {
		return nil, err
	}
	return readCloser{untilDone{ctx, f}, f}, nil
}

// List implements Target.
func (d Dir) List(_ context.Context, prefix string) ([]string, error) {
	names, err := d.FS.List(d.path(prefix))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", d.path(prefix), err)
	}
	keys := names[:0]
	for _, name := range names {
		if !strings.HasSuffix(name, suffixUnfinished) {
			keys = append(keys, prefix+name)
		}
	}
	slices.Sort(keys)
	return keys, nil
}

// writerOnly hides other methods from io.Copy.
type writerOnly struct{ io.Writer }

// readCloser reads from one and closes another.
type readCloser struct {
	io.Reader
	io.Closer
}

// untilDone is a reader that ends with its context, which lives as long as the call
// that reads.
type untilDone struct {
	ctx context.Context
	r   io.Reader
}

func (u untilDone) Read(p []byte) (int, error) {
	if err := u.ctx.Err(); err != nil {
		return 0, err
	}
	return u.r.Read(p)
}
