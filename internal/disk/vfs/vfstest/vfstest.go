// Package vfstest holds what every vfs.FS must do, as tests, and the check that all
// tests of disk code share. It says nothing of power losses: only vfs.Mem can play
// those.
package vfstest

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"

	"zoo/internal/disk/vfs"
)

// Run checks the file system in the existing, empty directory dir.
func Run(t *testing.T, disk vfs.FS, dir string) {
	for _, c := range []struct {
		name string
		test func(*testing.T, vfs.FS, string)
	}{
		{"WhatIsWrittenIsRead", writeThenRead},
		{"PreallocatedSpaceReadsAsZeros", preallocated},
		{"TruncateCutsAndExtends", truncated},
		{"RenameReplaces", renamed},
		{"MissingFilesAreNotExist", missing},
		{"CreateNewRefusesAnExistingName", createdTwice},
		{"ReadOnlyFilesRefuseWrites", readOnly},
		{"ListIsSorted", listed},
		{"ThereIsSomeSpaceAndNotMoreFreeThanAll", spacious},
	} {
		t.Run(c.name, func(t *testing.T) {
			sub := filepath.Join(dir, c.name, "deep")
			Must(t, disk.MkdirAll(sub))
			Must(t, disk.MkdirAll(sub))
			c.test(t, disk, sub)
			Must(t, disk.SyncDir(sub))
		})
	}
}

// Fataler is what a test, a fuzz target, a benchmark and a property have in common.
type Fataler interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}

// Must ends the test when there is an error.
func Must(t Fataler, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func create(t *testing.T, disk vfs.FS, name, text string) vfs.File {
	t.Helper()
	f, err := disk.Create(name)
	Must(t, err)
	t.Cleanup(func() { f.Close() })
	_, err = f.Write([]byte(text))
	Must(t, err)
	return f
}

func expect(t *testing.T, disk vfs.FS, name, want string) {
	t.Helper()
	f, err := disk.Open(name)
	Must(t, err)
	defer f.Close()
	got, err := io.ReadAll(f)
	Must(t, err)
	info, err := disk.Stat(name)
	Must(t, err)
	if string(got) != want || info.Size != int64(len(want)) {
		t.Fatalf("%s holds %q of size %d, want %q", name, got, info.Size, want)
	}
}

func writeThenRead(t *testing.T, disk vfs.FS, dir string) {
	name := filepath.Join(dir, "a")
	f := create(t, disk, name, "hello world")
	_, err := f.WriteAt([]byte("W"), 6)
	Must(t, err)
	_, err = f.Write([]byte("!"))
	Must(t, err)
	Must(t, f.Sync())
	expect(t, disk, name, "hello World!")
	p := make([]byte, 8)
	n, err := f.ReadAt(p, 6)
	if n != 6 || !errors.Is(err, io.EOF) || string(p[:n]) != "World!" {
		t.Fatalf("ReadAt gave %q, %v", p[:n], err)
	}
	create(t, disk, name, "new")
	expect(t, disk, name, "new")
}

func preallocated(t *testing.T, disk vfs.FS, dir string) {
	name := filepath.Join(dir, "a")
	f := create(t, disk, name, "ab")
	Must(t, f.Preallocate(6))
	Must(t, f.Preallocate(3))
	expect(t, disk, name, "ab\x00\x00\x00\x00")
	_, err := f.WriteAt([]byte("c"), 4)
	Must(t, err)
	Must(t, f.Sync())
	expect(t, disk, name, "ab\x00\x00c\x00")
}

func truncated(t *testing.T, disk vfs.FS, dir string) {
	name := filepath.Join(dir, "a")
	create(t, disk, name, "abcdef")
	f, err := disk.OpenWrite(name)
	Must(t, err)
	defer f.Close()
	Must(t, f.Truncate(2))
	expect(t, disk, name, "ab")
	Must(t, f.Truncate(4))
	expect(t, disk, name, "ab\x00\x00")
	size, err := f.Size()
	if err != nil || size != 4 {
		t.Fatalf("size %d, %v", size, err)
	}
	p := bytes.Repeat([]byte("x"), 4)
	n, err := f.ReadAt(p, 0)
	if n != 4 || err != nil || string(p) != "ab\x00\x00" {
		t.Fatalf("ReadAt gave %q, %v", p[:n], err)
	}
}

func renamed(t *testing.T, disk vfs.FS, dir string) {
	a, b := filepath.Join(dir, "a"), filepath.Join(dir, "b")
	create(t, disk, a, "new").Close()
	create(t, disk, b, "old").Close()
	Must(t, disk.Rename(a, b))
	expect(t, disk, b, "new")
	if _, err := disk.Stat(a); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("the source is still there: %v", err)
	}
}

func missing(t *testing.T, disk vfs.FS, dir string) {
	name := filepath.Join(dir, "none")
	_, open := disk.Open(name)
	_, openWrite := disk.OpenWrite(name)
	_, stat := disk.Stat(name)
	_, list := disk.List(name)
	_, create := disk.Create(filepath.Join(name, "a"))
	for i, err := range []error{
		open, openWrite, stat, list, create, disk.Remove(name), disk.Rename(name, name+"2"),
	} {
		if !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("operation %d says %v", i, err)
		}
	}
}

func createdTwice(t *testing.T, disk vfs.FS, dir string) {
	name := filepath.Join(dir, "a")
	f, err := disk.CreateNew(name)
	Must(t, err)
	Must(t, f.Close())
	if _, err := disk.CreateNew(name); !errors.Is(err, fs.ErrExist) {
		t.Fatalf("want fs.ErrExist, got %v", err)
	}
}

func readOnly(t *testing.T, disk vfs.FS, dir string) {
	name := filepath.Join(dir, "a")
	create(t, disk, name, "a").Close()
	f, err := disk.Open(name)
	Must(t, err)
	if _, err := f.Write([]byte("b")); err == nil {
		t.Error("a file open for reading was written")
	}
	if err := f.Truncate(0); err == nil {
		t.Error("a file open for reading was truncated")
	}
	Must(t, f.Close())
	if _, err := f.Read(make([]byte, 1)); !errors.Is(err, fs.ErrClosed) {
		t.Errorf("a closed file says %v", err)
	}
	expect(t, disk, name, "a")
}

func listed(t *testing.T, disk vfs.FS, dir string) {
	for _, name := range []string{"c", "a", "b"} {
		create(t, disk, filepath.Join(dir, name), name).Close()
	}
	Must(t, disk.MkdirAll(filepath.Join(dir, "d")))
	Must(t, disk.Remove(filepath.Join(dir, "b")))
	names, err := disk.List(dir)
	Must(t, err)
	if !slices.Equal(names, []string{"a", "c", "d"}) {
		t.Fatalf("listed %v", names)
	}
	info, err := disk.Stat(filepath.Join(dir, "d"))
	if err != nil || !info.Dir {
		t.Fatalf("stat of a directory: %+v, %v", info, err)
	}
}

func spacious(t *testing.T, disk vfs.FS, dir string) {
	space, err := disk.Space(dir)
	Must(t, err)
	if space.Free <= 0 || space.Free > space.Total {
		t.Errorf("%d of %d bytes are free", space.Free, space.Total)
	}
}
