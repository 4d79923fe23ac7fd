package txnlog_test

import (
	"errors"
	"io/fs"
	"path/filepath"
	"testing"

	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
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
