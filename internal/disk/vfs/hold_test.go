//go:build unix

package vfs_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
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

// The room of what nobody else can reach comes back bit by bit; what still has a name, or is
// open elsewhere, is not touched: it may be somebody's copy.
func TestOnlyWhatNobodyElseReachesShrinks(t *testing.T) {
	const size = 10
	for _, plot := range []struct {
		title       string
		named, open bool
		left        int64
	}{
		{"nobody has it", false, false, size - 4},
		{"it has another name", true, false, 0},
		{"it is open elsewhere", false, true, 0},
	} {
		name := filepath.Join(t.TempDir(), "f")
		vfstest.Must(t, os.WriteFile(name, make([]byte, size), 0o600))
		copied := io.Reader(bytes.NewReader(make([]byte, size))) // nobody reads it
		if plot.named {
			vfstest.Must(t, os.Link(name, name+".copy"))
		}
		if plot.open {
			copied = opened(t, name)
		}
		held := vfs.Hold(vfs.OS{}, name)
		vfstest.Must(t, vfs.OS{}.Remove(name))
		left := held.Shrink(4)
		if left != plot.left && runtime.GOOS == "linux" || left != plot.left && left != 0 {
			t.Errorf("%s: %d bytes are left to close, want %d", plot.title, left, plot.left)
		}
		if left > 0 && (held.Shrink(4) != size-8 || held.Shrink(4) != 0) {
			t.Errorf("%s: it does not shrink to its end", plot.title)
		}
		if plot.named {
			copied = opened(t, name+".copy")
		}
		if content, err := io.ReadAll(copied); err != nil || len(content) != size {
			t.Errorf("%s: a reader gets %d bytes, %v", plot.title, len(content), err)
		}
		vfstest.Must(t, held.Close())
	}
}

func opened(t *testing.T, name string) io.Reader {
	t.Helper()
	f, err := os.Open(name)
	vfstest.Must(t, err)
	t.Cleanup(func() { f.Close() })
	return f
}
