package snapshot_test

import (
	"compress/gzip"
	"errors"
	"io"
	"strings"
	"testing"

	"zoo/internal/check/alloc"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/vfs"
)

// forms are all the ways in which a snapshot may be written.
func forms() map[string]snapshot.Format {
	all := make(map[string]snapshot.Format)
	for _, word := range []string{"", "gz", "snappy"} {
		c, _ := snapshot.ParseCompression(word)
		all[word+" 3.9"] = snapshot.Format{Compression: c}
		all[word+" 3.8"] = snapshot.Format{Compression: c, LastZxidOmitted: true}
		all[word+" undigested"] = snapshot.Format{Compression: c, DigestOmitted: true}
		all[word+" 3.5"] = snapshot.Format{Compression: c, DigestOmitted: true,
			LastZxidOmitted: true}
	}
	return all
}

// content gives the bytes of the only file of a disk, and its name.
func content(t fataler, disk vfs.FS) (string, []byte) {
	t.Helper()
	files, err := snapshot.List(disk, "/d")
	must(t, err)
	if len(files) != 1 {
		t.Fatal("snapshots:", files)
	}
	f, err := disk.Open(files[0].Path)
	must(t, err)
	p, err := io.ReadAll(f)
	must(t, err)
	return files[0].Path, p
}

// holding is a disk with this file.
func holding(t fataler, path string, p []byte) vfs.FS {
	t.Helper()
	disk := newDisk()
	out, err := disk.Create(path)
	must(t, err)
	_, err = out.Write(p)
	must(t, err)
	return disk
}

// Whatever form is asked for, the name says how the file is compressed, all of the
// tree comes back, and the trailer says what it was asked to.
func TestATreeComesBackFromEveryForm(t *testing.T) {
	tr := grow(t, 5000)
	plain := plainBytes(t, tr)
	for name, format := range forms() {
		disk := newDisk()
		must(t, format.Write(disk, "/d", source(tr)))
		got, info, err := load(t, disk)
		must(t, err)
		if got.Fingerprint() != tr.Fingerprint() || got.Zxid() != tr.Zxid() {
			t.Fatalf("%s: the tree is another", name)
		}
		told := !format.DigestOmitted && !format.LastZxidOmitted
		if info.HasDigest == format.DigestOmitted || info.HasLastZxid != told ||
			info.LastZxid != tr.Zxid() {
			t.Errorf("%s: %+v", name, info)
		}
		path, p := content(t, disk)
		if want := "/d/" + format.Name(tr.Zxid()); path != want {
			t.Errorf("%s is called %s, not %s", name, path, want)
		}
		if format.Compression != snapshot.Plain && int64(len(p))*2 > plain {
			t.Errorf("%s takes %d bytes", name, len(p))
		}
	}
}

func plainBytes(t fataler, tr *tree.Tree) int64 {
	disk := newDisk()
	must(t, snapshot.Write(disk, "/d", source(tr)))
	_, p := content(t, disk)
	return int64(len(p))
}

// A flipped bit anywhere in a plain file is seen. Compression has bits that say
// nothing, such as the time in gzip's header; then the tree is the same.
func TestAFlippedBitIsSeenOrChangesNothing(t *testing.T) {
	tr := tree.New()
	for _, name := range []string{"", "gz", "snappy"} {
		c, _ := snapshot.ParseCompression(name)
		format := snapshot.Format{Compression: c}
		clean := newDisk()
		must(t, format.Write(clean, "/d", source(tr)))
		path, p := content(t, clean)
		unseen := 0
		for i := range len(p) * 8 {
			p[i/8] ^= 1 << (i % 8)
			got, _, err := load(t, holding(t, path, p))
			p[i/8] ^= 1 << (i % 8)
			var corrupt *vfs.CorruptError
			switch {
			case err == nil && format.Compression == snapshot.Plain:
				t.Errorf("%q: bit %d of byte %d was not seen", name, i%8, i/8)
			case err == nil && got.Fingerprint() != tr.Fingerprint():
				t.Errorf("%q: bit %d of byte %d gives another tree", name, i%8, i/8)
			case err == nil:
				unseen++
			case !errors.As(err, &corrupt) && !errors.Is(err, tree.ErrNoRoot):
				t.Errorf("%q: bit %d of byte %d: %v", name, i%8, i/8, err)
			}
		}
		if unseen*4 > len(p)*8 {
			t.Errorf("%q: %d of %d bits say nothing", name, unseen, len(p)*8)
		}
	}
}

// A compressed file that is cut short is refused, with the name of its compression:
// all of it must be there, as nothing else would tell a missing trailer from an old
// form.
func TestACompressedFileThatIsCutIsRefused(t *testing.T) {
	for _, word := range []string{"gz", "snappy"} {
		c, _ := snapshot.ParseCompression(word)
		disk := newDisk()
		must(t, snapshot.Format{Compression: c}.Write(disk, "/d", source(tree.New())))
		path, p := content(t, disk)
		for n := range len(p) {
			_, _, err := load(t, holding(t, path, p[:n]))
			var corrupt *vfs.CorruptError
			if !errors.As(err, &corrupt) || !strings.Contains(err.Error(), word) {
				t.Fatalf("%d of %d bytes: %v", n, len(p), err)
			}
		}
	}
}

// What gzip on the command line makes is read: its header has a name and a time.
func TestAFileCompressedByHandIsRead(t *testing.T) {
	tr := grow(t, 10)
	disk := newDisk()
	must(t, snapshot.Write(disk, "/d", source(tr)))
	path, p := content(t, disk)
	must(t, disk.Remove(path))
	out, err := disk.Create(path + ".gz")
	must(t, err)
	w, err := gzip.NewWriterLevel(out, gzip.BestCompression)
	must(t, err)
	w.Name, w.ModTime = "snapshot", w.ModTime.AddDate(60, 0, 0)
	_, err = w.Write(p)
	must(t, err)
	must(t, w.Close())
	got, _, err := load(t, disk)
	must(t, err)
	if got.Fingerprint() != tr.Fingerprint() {
		t.Fatal("the tree is another")
	}
}

func TestAnErrorOfTheDiskIsNotTakenForBrokenCompression(t *testing.T) {
	broken := errors.New("input/output error")
	for _, word := range []string{"", "gz", "snappy"} {
		c, _ := snapshot.ParseCompression(word)
		disk := newDisk()
		must(t, snapshot.Format{Compression: c}.Write(disk, "/d", source(grow(t, 10))))
		faulty := vfs.NewFaulty(disk, func(_ int, op vfs.Op) error {
			if op.Kind == vfs.OpRead {
				return broken
			}
			return nil
		})
		_, _, err := load(t, faulty)
		var corrupt *vfs.CorruptError
		if !errors.Is(err, broken) || errors.As(err, &corrupt) {
			t.Errorf("%q: %v", word, err)
		}
	}
}

func FuzzReadFile(f *testing.F) {
	seed(f, snapshot.Plain)
	f.Fuzz(func(t *testing.T, p []byte) { readAnything(t, p, snapshot.Plain, 1) })
}

// A byte of gzip says 1032 plain ones at most.
func FuzzReadGzipFile(f *testing.F) {
	seed(f, snapshot.Gzip)
	f.Fuzz(func(t *testing.T, p []byte) { readAnything(t, p, snapshot.Gzip, 1032) })
}

// A byte of Snappy says 32 plain ones at most.
func FuzzReadSnappyFile(f *testing.F) {
	seed(f, snapshot.Snappy)
	f.Fuzz(func(t *testing.T, p []byte) { readAnything(t, p, snapshot.Snappy, 32) })
}

func seed(f *testing.F, c snapshot.Compression) {
	for _, format := range forms() {
		if format.Compression == c {
			disk := newDisk()
			must(f, format.Write(disk, "/d", source(tree.New())))
			_, p := content(f, disk)
			f.Add(p)
		}
	}
}

// readAnything reads a file that holds anything. It is loaded or refused as corrupt,
// for memory that its content explains.
func readAnything(t *testing.T, p []byte, c snapshot.Compression, expansion int) {
	file := snapshot.File{Path: "/d/" + snapshot.Format{Compression: c}.Name(7), Zxid: 7}
	disk := holding(t, file.Path, p)
	_, checkErr := snapshot.Check(disk, file)
	var err error
	alloc.Bounded(t, 2*expansion*len(p)+4<<20, func() { _, _, err = snapshot.Read(disk, file) })
	var corrupt *vfs.CorruptError
	if err != nil && !errors.As(err, &corrupt) && !errors.Is(err, tree.ErrNoRoot) {
		t.Fatalf("not a CorruptError: %v", err)
	}
	if checkErr != nil && err == nil {
		t.Fatalf("readable but refused: %v", checkErr)
	}
}
