package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"slices"
	"time"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/disk/vfs/vfstest"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

type fataler = vfstest.Fataler

var must = vfstest.Must

// create is the transaction that creates /n<zxid>; variant tells branches apart.
func create(z zoo.Zxid, variant string) txn.Entry {
	return txn.NewEntry(
		txn.Header{Session: 1, Zxid: z, Time: int64(z), Type: wire.OpCreate},
		&txn.CreateTxn{
			Path: fmt.Sprintf("/n%x", uint64(z)), Data: []byte(variant + variant),
			ACL: zoo.OpenACL(), ParentCVersion: int32(z),
		}, nil)
}

func creates(from, to zoo.Zxid, variant string) []txn.Entry {
	var list []txn.Entry
	for z := from; z <= to; z++ {
		list = append(list, create(z, variant))
	}
	return list
}

func treeOf(t fataler, history []txn.Entry) *tree.Tree {
	t.Helper()
	tr := tree.New()
	for _, e := range history {
		_, err := tr.Apply(e)
		must(t, err)
	}
	return tr
}

func frozen(tr *tree.Tree) snapshot.Source {
	return snapshot.Source{Frozen: tr.Freeze(), Lock: snapshot.NoLock{}}
}

// belief is one thing that may be found after a crash: at least the first acked
// entries of history, and of the rest any prefix.
type belief struct {
	history []txn.Entry
	acked   int
}

// explains tells whether what was recovered fits the belief, and if not why.
func (b belief) explains(t fataler, r store.Recovered) error {
	base := 0
	for base < len(b.history) && b.history[base].Zxid <= r.Tree.Zxid() {
		base++
	}
	if base > 0 && b.history[base-1].Zxid != r.Tree.Zxid() || base == 0 && r.Tree.Zxid() != 0 {
		return fmt.Errorf("a snapshot of %v is not of this history", r.Tree.Zxid())
	}
	if want := treeOf(t, b.history[:base]); want.Fingerprint() != r.Tree.Fingerprint() {
		return fmt.Errorf("the snapshot of %v holds something else", r.Tree.Zxid())
	}
	end := base + len(r.Tail)
	if end < b.acked || end > len(b.history) {
		return fmt.Errorf("%d entries recovered, %d acknowledged of %d",
			end, b.acked, len(b.history))
	}
	for i, e := range r.Tail {
		if want := b.history[base+i]; want.Zxid != e.Zxid || !bytes.Equal(want.Bytes, e.Bytes) {
			return fmt.Errorf("entry %v is not %v of this history", e.Zxid, want.Zxid)
		}
	}
	return nil
}

// world plays a server on a store, and knows what a crash may leave.
type world struct {
	t     fataler
	store *store.Store
	tree  *tree.Tree // of all the history, as if it were committed
	now   belief
	next  *belief // what an operation in progress will make of it

	accepted, current         zoo.Epoch
	nextAccepted, nextCurrent zoo.Epoch

	tolerable error // what snapshots may end with
}

func config(disk vfs.FS) store.Config {
	return store.Config{FS: disk, DataDir: "/data", LogDir: "/logs", PreallocateBytes: 2048}
}

// open starts the server on a disk.
func (w *world) open(disk vfs.FS) store.Recovered {
	w.t.Helper()
	s, r, err := config(disk).Open()
	must(w.t, err)
	w.store = s
	w.check(r)
	w.now.history = w.now.history[:w.length(r)]
	w.now.acked = len(w.now.history)
	w.tree = treeOf(w.t, w.now.history)
	return r
}

func (w *world) length(r store.Recovered) int {
	return len(slices.DeleteFunc(slices.Clone(w.now.history),
		func(e txn.Entry) bool { return e.Zxid > r.Zxid }))
}

// check compares what was recovered with what may be, and settles on it.
func (w *world) check(r store.Recovered) {
	w.t.Helper()
	err := w.now.explains(w.t, r)
	if err != nil && w.next != nil {
		if second := w.next.explains(w.t, r); second == nil {
			w.now, err = *w.next, nil
		} else {
			err = errors.Join(err, second)
		}
	}
	w.next = nil
	if err != nil {
		w.t.Fatalf("recovered %v: %v\nnotes: %q", r.Zxid, err, r.Notes)
	}
	if r.AcceptedEpoch != w.accepted && r.AcceptedEpoch != w.nextAccepted ||
		r.CurrentEpoch != w.current && r.CurrentEpoch != w.nextCurrent {
		w.t.Fatalf("recovered epochs %d, %d, want %d, %d or %d, %d", r.AcceptedEpoch,
			r.CurrentEpoch, w.accepted, w.current, w.nextAccepted, w.nextCurrent)
	}
	w.accepted, w.current = r.AcceptedEpoch, r.CurrentEpoch
	w.nextAccepted, w.nextCurrent = w.accepted, w.current
}

func (w *world) last() zoo.Zxid {
	if n := len(w.now.history); n > 0 {
		return w.now.history[n-1].Zxid
	}
	return 0
}

func (w *world) append(list ...txn.Entry) {
	w.now.history = append(slices.Clip(w.now.history), list...)
	must(w.t, w.store.Append(list))
	for _, e := range list {
		_, err := w.tree.Apply(e)
		must(w.t, err)
	}
}

func (w *world) sync() {
	must(w.t, w.store.Sync())
	w.now.acked = len(w.now.history)
}

func (w *world) roll() {
	must(w.t, w.store.Roll())
	w.now.acked = len(w.now.history)
}

func (w *world) setAccepted(e zoo.Epoch) {
	w.nextAccepted = e
	must(w.t, w.store.SetAcceptedEpoch(e))
	w.accepted = e
}

func (w *world) setCurrent(e zoo.Epoch) {
	w.nextCurrent = e
	must(w.t, w.store.SetCurrentEpoch(e))
	w.current = e
}

// snapshot writes a snapshot of the tree, whose history must be synced.
func (w *world) snapshot() {
	source := frozen(w.tree)
	defer source.Frozen.Close()
	s, err := w.store.BeginSnapshot(source)
	must(w.t, err)
	for {
		done, err := s.Step(2)
		if w.tolerates(err) {
			return
		}
		must(w.t, err)
		if done {
			return
		}
	}
}

// prepare makes the log's next segment, if it is time for that, up to so many parts.
func (w *world) prepare(parts int) {
	spare, err := w.store.BeginSpare(math.MaxInt64)
	if spare == nil {
		if !errors.Is(err, fs.ErrExist) { // what could not be removed stands in the way
			w.endures(err)
		}
		return
	}
	for done := false; !done && err == nil; parts-- {
		if done, err = spare.Fill(); parts == 0 {
			err = errors.New("the power goes soon")
		}
	}
	w.endures(w.store.EndSpare(spare, err))
}

// endures fails unless the server would go on after an error.
func (w *world) endures(err error) {
	w.t.Helper()
	if err != nil && !w.tolerates(err) {
		w.t.Fatal(err)
	}
}

// tolerates tells whether the server would go on after an error: that a snapshot
// cannot be written or read is no danger to the log.
func (w *world) tolerates(err error) bool {
	return w.tolerable != nil && errors.Is(err, w.tolerable)
}

func (w *world) truncate(z zoo.Zxid) (reload bool) {
	keep := w.length(store.Recovered{Zxid: z})
	w.next = &belief{w.now.history[:keep:keep], keep}
	reload, err := w.store.Truncate(z)
	if errors.Is(err, store.ErrNotInLog) { // an installed snapshot begins later
		w.next, w.now.acked = nil, len(w.now.history)
		return false
	}
	must(w.t, err)
	w.now, w.next = *w.next, nil
	w.tree = treeOf(w.t, w.now.history)
	return reload
}

func (w *world) install(history []txn.Entry) {
	tr := treeOf(w.t, history)
	w.next = &belief{history, len(history)}
	source := frozen(tr)
	must(w.t, w.store.InstallSnapshot(source))
	source.Frozen.Close()
	w.now, w.next, w.tree = *w.next, nil, tr
}

// replace puts a history in the place of the one that is there, as restore does: in its
// epoch, which a server that is alone also enters.
func (w *world) replace(history []txn.Entry, alone bool) {
	tr := treeOf(w.t, history)
	prepared, err := w.store.PrepareReplacement(tr, func() error { return nil })
	if w.tolerates(err) {
		return
	}
	must(w.t, err)
	e := tr.Zxid().Epoch()
	w.nextAccepted = max(e, w.accepted)
	if alone {
		w.nextCurrent = max(e, w.current)
	}
	w.next = &belief{history, len(history)}
	r, err := w.store.Replace(prepared, alone)
	must(w.t, err)
	w.now, w.next, w.tree = *w.next, nil, tr
	w.accepted, w.current = w.nextAccepted, w.nextCurrent
	if r.Zxid != w.last() || r.AcceptedEpoch != w.accepted || r.CurrentEpoch != w.current {
		w.t.Fatalf("replaced by %v in epochs %d, %d, want %v in %d, %d", r.Zxid,
			r.AcceptedEpoch, r.CurrentEpoch, w.last(), w.accepted, w.current)
	}
}

// replaceScenario restores an older state in the epoch that there is, and then one of a
// later epoch; the log goes on behind each.
func replaceScenario(w *world) {
	restored := creates(0x100000001, 0x100000003, "f")
	w.replace(append(restored[:3:3], create(w.last().Epoch().Start()+0x1000, "f")), false)
	w.append(create(w.last()+1, "f"))
	w.sync()
	w.append(create(w.last()+1, "f"))
	w.replace(append(restored[:3:3], create((w.accepted+2).Start()+7, "g")), true)
	w.append(create(w.last()+1, "g"))
	w.sync()
	w.truncate(w.last() - 1)
	w.append(create(w.last()+1, "h"))
	w.sync()
}

// purge keeps count snapshots and what belongs to them. While files go, others are
// written.
func (w *world) purge(count int) store.PurgePlan {
	audit, err := w.store.Audit(count)
	must(w.t, err)
	for audit.More() {
		if err := audit.Step(func(int) error { return nil }); !w.tolerates(err) {
			must(w.t, err)
		}
	}
	plan, err := w.store.BeginPurge(time.Time{}, store.Retention{Snapshots: count})
	must(w.t, err)
	for w.store.Purging() {
		must(w.t, w.store.PurgeStep())
		w.append(create(w.last()+1, "a"))
		w.sync()
	}
	return plan
}

// truncateUnderPurge cuts the history while a purge is under way, of which some steps are
// taken.
func (w *world) truncateUnderPurge(z zoo.Zxid, steps int) {
	_, err := w.store.BeginPurge(time.Time{}, store.Retention{Snapshots: 1})
	must(w.t, err)
	for range steps {
		must(w.t, w.store.PurgeStep())
	}
	last := w.last()
	w.truncate(z)
	if z != last && w.store.Purging() {
		w.t.Fatal("two plans at once")
	}
}
