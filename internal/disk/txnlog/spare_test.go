package txnlog_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"slices"
	"testing"

	"zoo"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
	"zoo/internal/txn"
)

const step = 4096

// prepared is a writer with spares whose first segment is large enough for one to be wanted.
func prepared(t *testing.T, disk vfs.FS) (*txnlog.Writer, *txnlog.Spares) {
	t.Helper()
	spares := txnlog.NewSpares(disk, dir, step)
	w := txnlog.NewWriter(disk, dir, 0, txnlog.Config{PreallocateBytes: step, Spares: spares})
	if size := spares.Wanted(w.SegmentBytes()); size != 0 {
		t.Fatalf("a spare of %d bytes is wanted for an empty log", size)
	}
	appendSynced(t, w, entries(1, 10))
	return w, spares
}

// fill makes the spare that is wanted.
func fill(t *testing.T, w *txnlog.Writer, spares *txnlog.Spares) *txnlog.Spare {
	t.Helper()
	size := spares.Wanted(w.SegmentBytes())
	if size == 0 {
		t.Fatal("no spare is wanted")
	}
	spare, err := spares.Begin(size)
	must(t, err)
	for done := false; !done; {
		done, err = spare.Fill()
		must(t, err)
	}
	return spare
}

func exists(disk vfs.FS, name string) bool {
	_, err := disk.Stat(filepath.Join(dir, name))
	return err == nil
}

// The plot: a segment is prepared while the one before is written. The next append takes it,
// under a name that Java reads, and what a crash leaves holds what was synced.
func TestTheNextSegmentIsTheOneThatWasPrepared(t *testing.T) {
	disk := newDisk()
	w, spares := prepared(t, disk)
	must(t, spares.End(fill(t, w, spares), nil))
	if spares.Wanted(w.SegmentBytes()) != 0 {
		t.Error("a second one is wanted")
	}
	must(t, w.Roll())
	appendSynced(t, w, entries(11, 12))
	if exists(disk, txnlog.SpareName) {
		t.Error("the spare is still there")
	}
	info, err := disk.Stat(filepath.Join(dir, txnlog.Name(11)))
	must(t, err)
	if info.Size != step {
		t.Errorf("the segment has %d bytes, want the %d that were prepared", info.Size, step)
	}
	got, _, err := read(disk.CrashLosingAll(), 0)
	must(t, err)
	if len(got) != 12 {
		t.Errorf("%d entries are there after a crash, want 12", len(got))
	}
}

// A log that grows faster gets larger spares, up to eight steps.
func TestASpareIsAsLargeAsTheSegmentBefore(t *testing.T) {
	disk := newDisk()
	w, spares := prepared(t, disk)
	last := w.Last()
	for _, plot := range []struct{ steps, want int64 }{{1, 2}, {3, 4}, {20, 8}} {
		for w.SegmentBytes() < plot.steps*step {
			appendSynced(t, w, entries(last+1, last+1))
			last++
		}
		must(t, w.Roll())
		appendSynced(t, w, entries(last+1, last+10))
		last += 10
		if got := spares.Wanted(w.SegmentBytes()); got != plot.want*step {
			t.Errorf("after %d steps a spare of %d bytes is wanted, want %d steps",
				plot.steps, got, plot.want)
		}
	}
}

// A spare is no more than a help: whatever fails about it, the log makes the next segment
// itself, and asks for no other until then.
func TestALogDoesWithoutASpareThatFailed(t *testing.T) {
	disk := newDisk()
	w, spares := prepared(t, disk)
	spare := fill(t, w, spares)
	must(t, spares.End(spare, errors.New("no room")))
	if exists(disk, txnlog.SpareName) || spares.Wanted(w.SegmentBytes()) != 0 {
		t.Error("what failed is still there, or begun once more at once")
	}
	must(t, w.Roll())
	appendSynced(t, w, entries(11, 20))
	if spares.Wanted(w.SegmentBytes()) == 0 {
		t.Error("no spare is wanted for the segment behind the next")
	}
}

// Where the room is needed the spare goes, and so it does with the log.
func TestASpareGoesWhereTheRoomIsNeeded(t *testing.T) {
	for title, give := range map[string]func(s *txnlog.Spares) error{
		"declined": (*txnlog.Spares).Decline, "closed": (*txnlog.Spares).Close,
	} {
		disk := newDisk()
		w, spares := prepared(t, disk)
		must(t, spares.End(fill(t, w, spares), nil))
		must(t, give(spares))
		if exists(disk, txnlog.SpareName) {
			t.Errorf("%s: the spare is still there", title)
		}
	}
}

// The plot: the log is closed, and opened anew, while a spare is filled. The one who fills it
// brings it to a log that knows nothing of it, and the file of the new one stays.
func TestASpareOfAClosedLogTakesNothingWithIt(t *testing.T) {
	disk := newDisk()
	w, spares := prepared(t, disk)
	late := fill(t, w, spares)
	must(t, w.Close())
	must(t, spares.Close())
	if exists(disk, txnlog.SpareName) {
		t.Fatal("the name is still there")
	}
	again := txnlog.NewSpares(disk, dir, step)
	next, err := again.Begin(step)
	must(t, err)
	if _, err := txnlog.NewSpares(disk, dir, step).Begin(step); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a file that somebody may still fill is taken: %v", err)
	}
	must(t, spares.End(late, nil))
	if !exists(disk, txnlog.SpareName) {
		t.Error("the new spare has lost its name")
	}
	must(t, again.End(next, errors.New("not needed")))
}

func TestAStartRemovesWhatACrashLeftOfASpare(t *testing.T) {
	disk := newDisk()
	must(t, txnlog.RemoveSpare(disk, dir))
	_, err := txnlog.NewSpares(disk, dir, step).Begin(step)
	must(t, err)
	must(t, txnlog.RemoveSpare(disk, dir))
	if exists(disk, txnlog.SpareName) {
		t.Error("it is still there")
	}
}

// The plot: a segment was prepared, and the system keeps nothing of it in memory. Each write
// to it ends where a block does, so that none has to be read before; the zeros behind the
// entries are written over by the next ones. Other segments are written as before.
func TestAPreparedSegmentIsWrittenInWholeBlocks(t *testing.T) {
	disk := newDisk()
	watched := &watchedDisk{FS: disk}
	spares := txnlog.NewSpares(watched, dir, 4*step)
	cfg := txnlog.Config{PreallocateBytes: 4 * step, Spares: spares}
	w := txnlog.NewWriter(watched, dir, 0, cfg)
	appendSynced(t, w, []txn.Entry{entry(1, 1000)})
	end := w.SegmentBytes()
	if !slices.Equal(watched.ends, []int64{end}) {
		t.Errorf("a write to a new segment ends at %d, its entry at %d", watched.ends, end)
	}
	must(t, spares.End(fill(t, w, spares), nil))
	must(t, w.Roll())
	watched.ends = nil
	for z := zoo.Zxid(2); z <= 6; z++ {
		appendSynced(t, w, []txn.Entry{entry(z, 3000)})
	}
	want := []int64{step, 2 * step, 3 * step, 3 * step, 4 * step}
	if !slices.Equal(watched.ends, want) {
		t.Errorf("writes end at %d, want %d", watched.ends, want)
	}
	for z := zoo.Zxid(7); z <= 9; z++ { // beyond what was prepared
		appendSynced(t, w, []txn.Entry{entry(z, 3000)})
	}
	var all []txn.Entry
	for z := zoo.Zxid(1); z <= 9; z++ {
		size := 3000
		if z == 1 {
			size = 1000
		}
		all = append(all, entry(z, size))
	}
	expectLog(t, disk.CrashLosingAll(), 0, all)
}

// watchedDisk notes where each write to a file of the log ends.
type watchedDisk struct {
	vfs.FS
	ends []int64
}

type watchedFile struct {
	vfs.File
	disk *watchedDisk
}

// CreateNew makes a file that is watched.
func (d *watchedDisk) CreateNew(name string) (vfs.File, error) {
	file, err := d.FS.CreateNew(name)
	return watchedFile{file, d}, err
}

// WriteAt notes where it ends.
func (f watchedFile) WriteAt(b []byte, offset int64) (int, error) {
	f.disk.ends = append(f.disk.ends, offset+int64(len(b)))
	return f.File.WriteAt(b, offset)
}
