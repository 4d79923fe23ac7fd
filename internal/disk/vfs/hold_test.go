//go:build unix

package vfs_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"zoo/internal/disk/vfs"
	"zoo/internal/disk/vfs/vfstest"
)

// A held file loses its name at once, and its content when nobody holds it any more.
func TestHeldContentOutlivesItsName(t *testing.T) {
	name := filepath.Join(t.TempDir(), "f")
	file, err := vfs.OS{}.Create(name)
	vfstest.Must(t, err)
	vfstest.Must(t, file.Close())
	held := vfs.Hold(vfs.OS{}, name)
	if held == nil {
		t.Fatal("nothing is held")
	}
	vfstest.Must(t, vfs.OS{}.Remove(name))
	if _, err := (vfs.OS{}).Stat(name); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("the name is still there: %v", err)
	}
	vfstest.Must(t, held.Close())
	if vfs.Hold(vfs.OS{}, name) != nil || vfs.Hold(vfs.NewMem(), name) != nil {
		t.Error("what is not there, or not on a disk, is held")
	}
}
