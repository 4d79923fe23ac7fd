package vfs_test

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"zoo/internal/disk/vfs"
	"zoo/internal/disk/vfs/vfstest"
)

func TestEveryFileSystemConforms(t *testing.T) {
	t.Run("OS", func(t *testing.T) { vfstest.Run(t, vfs.OS{}, t.TempDir()) })
	t.Run("Mem", func(t *testing.T) { vfstest.Run(t, memAt("/d"), "/d") })
	t.Run("Faulty", func(t *testing.T) {
		disk := vfs.NewFaulty(memAt("/d"), func(int, vfs.Op) error { return nil })
		vfstest.Run(t, disk, "/d")
	})
	t.Run("Metered", func(t *testing.T) {
		vfstest.Run(t, vfs.Metered{FS: memAt("/d"), Count: func(int64) {}}, "/d")
	})
}

// The plot: of a file of ten bytes three are read. They count at once, and the others
// when it is closed: nobody will read them any more.
func TestAMeterCountsWhatIsReadAndTheRestAtTheEnd(t *testing.T) {
	disk, counted := memAt("/d"), int64(0)
	f, err := disk.Create("/d/f")
	vfstest.Must(t, err)
	_, err = f.Write([]byte("0123456789"))
	vfstest.Must(t, err)
	metered := vfs.Metered{FS: disk, Count: func(n int64) { counted += n }}
	f, err = metered.Open("/d/f")
	vfstest.Must(t, err)
	for _, want := range []int64{1, 3} {
		_, err := f.Read(make([]byte, want-counted))
		vfstest.Must(t, err)
		if counted != want {
			t.Errorf("%d bytes are counted, want %d", counted, want)
		}
	}
	vfstest.Must(t, f.Close())
	if counted != 10 {
		t.Errorf("at the end %d bytes are counted", counted)
	}
}

func memAt(dir string) *vfs.Mem {
	disk := vfs.NewMem()
	disk.MkdirAll(dir)
	return disk
}

func TestASecondServerCannotLockTheSameDirectory(t *testing.T) {
	name := filepath.Join(t.TempDir(), "lock")
	first, err := vfs.OS{}.Lock(name)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := (vfs.OS{}).Lock(name); err == nil {
		second.Close()
		t.Fatal("locked twice")
	}
	first.Close()
	again, err := vfs.OS{}.Lock(name)
	if err != nil {
		t.Fatalf("the lock outlived its owner: %v", err)
	}
	again.Close()
}

func TestSyncedBytesSurviveAnyCrash(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		disk := memAt("/d")
		f, _ := disk.Create("/d/a")
		var synced []byte
		dirty := map[int64]bool{} // places touched since the last sync
		for range rapid.IntRange(1, 12).Draw(t, "steps") {
			switch rapid.IntRange(0, 3).Draw(t, "step") {
			case 0:
				f.Sync()
				disk.SyncDir("/d")
				synced = readAll(t, disk, "/d/a")
				clear(dirty)
			case 1:
				f.Preallocate(rapid.Int64Range(0, 5000).Draw(t, "size"))
			default:
				offset := rapid.Int64Range(0, 3000).Draw(t, "offset")
				p := rapid.SliceOfN(rapid.Byte(), 1, 1500).Draw(t, "bytes")
				f.WriteAt(p, offset)
				for i := range p {
					dirty[offset+int64(i)] = true
				}
			}
		}
		if len(synced) > 0 {
			checkCrashes(t, disk, synced, dirty)
		}
	})
}

func checkCrashes(t *rapid.T, disk *vfs.Mem, synced []byte, dirty map[int64]bool) {
	live := readAll(t, disk, "/d/a")
	if !bytes.Equal(live, readAll(t, disk.CrashLosingNothing(), "/d/a")) {
		t.Fatal("the luckiest crash lost something")
	}
	if !bytes.Equal(synced, readAll(t, disk.CrashLosingAll(), "/d/a")) {
		t.Fatal("the unluckiest crash is not the synced state")
	}
	seed := rapid.Uint64().Draw(t, "seed")
	checkCrashed(t, synced, live, dirty, readAll(t, disk.Crash(seed), "/d/a"))
	checkCrashed(t, synced, live, dirty, readAll(t, disk.Clone().Crash(seed), "/d/a"))
	if !bytes.Equal(live, readAll(t, disk, "/d/a")) {
		t.Fatal("the crash changed the disk it copied")
	}
}

// checkCrashed wants every byte as it was synced, or, if it was written since,
// possibly otherwise; and the size between the two sizes.
func checkCrashed(t *rapid.T, synced, live []byte, dirty map[int64]bool, got []byte) {
	if len(got) < len(synced) || len(got) > len(live) {
		t.Fatalf("size %d is not in [%d, %d]", len(got), len(synced), len(live))
	}
	for i, b := range got {
		want := byte(0)
		if i < len(synced) {
			want = synced[i]
		}
		if b != want && !dirty[int64(i)] {
			t.Fatalf("byte %d is %d, want %d", i, b, want)
		}
	}
}

func readAll(t interface{ Fatal(...any) }, disk vfs.FS, name string) []byte {
	f, err := disk.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestNamesAreLostUnlessTheirDirectoryWasSynced(t *testing.T) {
	disk := memAt("/d")
	f, _ := disk.Create("/d/old")
	f.Write([]byte("x"))
	f.Sync()
	if _, err := disk.CrashLosingAll().Stat("/d/old"); !errors.Is(err, fs.ErrNotExist) {
		t.Fatal("an unsynced name survived the unluckiest crash")
	}
	disk.SyncDir("/d")
	disk.Rename("/d/old", "/d/new")
	seen := map[string]bool{}
	for seed := range uint64(64) {
		names, _ := disk.Crash(seed).List("/d")
		if len(names) != 1 {
			t.Fatalf("a rename left %v", names)
		}
		seen[names[0]] = true
		if got := readAll(t, disk.Crash(seed), "/d/"+names[0]); string(got) != "x" {
			t.Fatalf("synced content became %q", got)
		}
	}
	if !seen["old"] || !seen["new"] {
		t.Fatalf("only ever saw %v", seen)
	}
}

func TestCrashIsDeterminedByItsSeed(t *testing.T) {
	disk := memAt("/d")
	f, _ := disk.Create("/d/a")
	for i := range 20 {
		f.Write(bytes.Repeat([]byte{byte(i + 1)}, 700))
	}
	disk.SyncDir("/d")
	different := map[string]bool{}
	for seed := range uint64(8) {
		a, b := readAll(t, disk.Crash(seed), "/d/a"), readAll(t, disk.Crash(seed), "/d/a")
		if !bytes.Equal(a, b) {
			t.Fatalf("seed %d gave two disks", seed)
		}
		different[string(a)] = true
	}
	if len(different) < 7 {
		t.Fatalf("8 seeds gave only %d disks", len(different))
	}
}

func TestFaultyPreventsWhatItsHookRefuses(t *testing.T) {
	full := errors.New("disk full")
	recorder := &vfs.Recorder{}
	disk := vfs.NewFaulty(memAt("/d"), func(n int, op vfs.Op) error {
		if op.Kind == vfs.OpWrite && op.Offset >= 3 {
			return full
		}
		return recorder.Hook(n, op)
	})
	f, err := disk.Create("/d/a")
	if err != nil {
		t.Fatal(err)
	}
	f.Write([]byte("abc"))
	if _, err := f.Write([]byte("def")); !errors.Is(err, full) {
		t.Fatalf("got %v", err)
	}
	f.Sync()
	f.Close()
	disk.Rename("/d/a", "/d/b")
	want := []string{"create /d/a", "write /d/a [0,3)", "sync /d/a", "rename /d/a -> b"}
	if got := recorder.Take(); !slices.Equal(got, want) {
		t.Fatalf("recorded %q", got)
	}
	if got := readAll(t, disk, "/d/b"); string(got) != "abc" {
		t.Fatalf("the refused write left %q", got)
	}
}

func BenchmarkMemAppendAndSync(b *testing.B) {
	p := bytes.Repeat([]byte("x"), 200)
	b.ReportAllocs()
	for b.Loop() {
		disk := memAt("/d")
		f, _ := disk.Create("/d/a")
		f.Preallocate(64 << 20)
		for i := range 10 {
			f.WriteAt(p, int64(i*len(p)))
			f.Sync()
		}
	}
}

// The plot: a file is synced, goes on, and its sync fails. Everybody still reads all of it,
// and the next sync has no complaint; but after a power loss only what was synced before
// the failure, and what was written after it, is there.
func TestAFailedSyncForgetsWhatItShows(t *testing.T) {
	disk := memAt("/d")
	f, err := disk.Create("/d/f")
	vfstest.Must(t, err)
	put := func(text string, offset int64) {
		_, err := f.WriteAt([]byte(text), offset)
		vfstest.Must(t, err)
	}
	put("one.", 0)
	vfstest.Must(t, f.Sync())
	vfstest.Must(t, disk.SyncDir("/d"))
	put("two.", 4)
	broken := errors.New("broken")
	disk.FailSyncs(broken)
	if err := f.Sync(); !errors.Is(err, broken) {
		t.Fatalf("the sync says %v", err)
	}
	disk.FailSyncs(nil)
	vfstest.Must(t, f.Sync())
	put("six.", 8)
	vfstest.Must(t, f.Sync())
	for want, found := range map[string]*vfs.Mem{
		"one.two.six.":             disk.Clone(),
		"one.\x00\x00\x00\x00six.": disk.CrashLosingAll(),
	} {
		g, err := found.Open("/d/f")
		vfstest.Must(t, err)
		if got, err := io.ReadAll(g); err != nil || string(got) != want {
			t.Errorf("found %q, want %q (%v)", got, want, err)
		}
	}
}
