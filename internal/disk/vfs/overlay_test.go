package vfs_test

import (
	"io"
	"testing"

	"zoo/internal/disk/vfs"
	"zoo/internal/disk/vfs/vfstest"
)

func TestAnOverlayIsAFileSystem(t *testing.T) {
	base := vfs.NewMem()
	vfstest.Must(t, base.MkdirAll("/d"))
	vfstest.Run(t, vfs.NewOverlay(base), "/d")
	if names, err := base.List("/d"); err != nil || len(names) > 0 {
		t.Errorf("below there is %q, %v", names, err)
	}
}

func TestAnOverlayChangesNothingBelow(t *testing.T) {
	base := vfs.NewMem()
	vfstest.Must(t, base.MkdirAll("/d"))
	for _, name := range []string{"/d/a", "/d/b", "/d/c"} {
		f, err := base.Create(name)
		vfstest.Must(t, err)
		_, err = f.Write([]byte("below " + name))
		vfstest.Must(t, err)
		vfstest.Must(t, f.Close())
	}
	o := vfs.NewOverlay(base)
	vfstest.Must(t, o.Remove("/d/a"))
	vfstest.Must(t, o.Rename("/d/b", "/d/a"))
	f, err := o.OpenWrite("/d/c")
	vfstest.Must(t, err)
	vfstest.Must(t, f.Truncate(5))
	if _, err := f.Write([]byte("x")); err == nil {
		t.Error("a file below was written into")
	}
	vfstest.Must(t, f.Close())
	for name, want := range map[string]string{"/d/a": "below /d/b", "/d/c": "below"} {
		if got := text(t, o, name); got != want {
			t.Errorf("%s holds %q, want %q", name, got, want)
		}
	}
	if _, err := o.Stat("/d/b"); err == nil {
		t.Error("b is still there")
	}
	for _, name := range []string{"/d/a", "/d/b", "/d/c"} {
		if got := text(t, base, name); got != "below "+name {
			t.Errorf("below, %s holds %q", name, got)
		}
	}
}

func text(t *testing.T, disk vfs.FS, name string) string {
	t.Helper()
	f, err := disk.Open(name)
	vfstest.Must(t, err)
	defer f.Close()
	p, err := io.ReadAll(f)
	vfstest.Must(t, err)
	return string(p)
}
