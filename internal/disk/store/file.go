package store

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"zoo/internal/disk/vfs"
)

// replaceSuffix is what a file is called until it replaces the one without it.
const replaceSuffix = ".tmp"

// replaceFile gives a file new content in one durable step: after a crash it has
// the old content or the new.
func replaceFile(disk vfs.FS, dir, name, content string) error {
	path := filepath.Join(dir, name)
	err := writeFile(disk, path+replaceSuffix, content)
	if err == nil {
		err = disk.Rename(path+replaceSuffix, path)
	}
	if err == nil {
		err = disk.SyncDir(dir)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

func writeFile(disk vfs.FS, path, content string) error {
	f, err := disk.Create(path)
	if err != nil {
		return err
	}
	_, err = f.Write([]byte(content))
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// smallFileBytesMax is more than any file has that is read whole.
const smallFileBytesMax = 4096

// readFile gives the content of a small file; false if there is none.
func readFile(disk vfs.FS, path string) (string, bool, error) {
	f, err := disk.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", false, nil
	}
	if err != nil {
		return "", false, err
	}
	p, err := io.ReadAll(io.LimitReader(f, smallFileBytesMax))
	return string(p), true, errors.Join(err, f.Close())
}

// syncFile makes durable what an earlier process may have left in the cache.
func syncFile(disk vfs.FS, path string) error {
	f, err := disk.OpenWrite(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// removeExisting removes a file that may be missing.
func removeExisting(disk vfs.FS, path string) error {
	_, err := disk.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return disk.Remove(path)
}

// LockPath is the file whose lock a server holds on a data directory.
func LockPath(dir string) string { return filepath.Join(dir, lockName) }
