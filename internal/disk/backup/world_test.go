package backup_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/backup"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// started is when the histories of these tests begin; transactions are a second apart.
var started = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// world is a server's history as it grows: on its disk, and as it was after each
// transaction.
type world struct {
	t      *testing.T
	disk   *vfs.Mem
	store  *store.Store
	tree   *tree.Tree
	random *rand.Rand

	log    []txn.Entry
	prints map[zoo.Zxid]uint64
	zxid   zoo.Zxid
	paths  []string
	opened []zoo.SessionID
}

func newWorld(t *testing.T) *world {
	w := &world{
		t: t, disk: vfs.NewMem(), random: rand.New(rand.NewPCG(1, 2)),
		prints: map[zoo.Zxid]uint64{}, zxid: zoo.MakeZxid(1, 0), tree: tree.New(),
	}
	w.open()
	return w
}

func (w *world) open() {
	w.t.Helper()
	s, r, err := store.Config{FS: w.disk, DataDir: "/data", PreallocateBytes: 1 << 12}.Open()
	must(w.t, err)
	w.store = s
	if !r.Empty && r.Zxid != w.zxid {
		w.t.Fatalf("the store has %v, want %v", r.Zxid, w.zxid)
	}
}

// commit puts one transaction into the history, with the digest that it leads to.
func (w *world) commit(session zoo.SessionID, op wire.Op, record jute.Record) {
	w.t.Helper()
	w.zxid++
	header := txn.Header{
		Session: session, Zxid: w.zxid, Type: op,
		Time: started.Add(time.Duration(len(w.log)) * time.Second).UnixMilli(),
	}
	_, err := w.tree.Apply(txn.NewEntry(header, record, nil))
	must(w.t, err)
	e := txn.NewEntry(header, record, &txn.Digest{Version: 2, Tree: w.tree.Digest()})
	must(w.t, w.store.Append([]txn.Entry{e}))
	must(w.t, w.store.Sync())
	w.log = append(w.log, e)
	w.prints[w.zxid] = w.tree.Fingerprint()
}

// grow commits n transactions of all sorts.
func (w *world) grow(n int) {
	w.t.Helper()
	for range n {
		w.step()
	}
}

func (w *world) step() {
	switch k := w.random.IntN(10); {
	case k == 0 || len(w.opened) == 0:
		id := zoo.SessionID(0x100000000000000 + len(w.log))
		w.opened = append(w.opened, id)
		w.commit(id, wire.OpCreateSession, &txn.CreateSessionTxn{TimeOut: 5000})
	case k == 1 && len(w.opened) > 2:
		id := w.opened[0]
		w.opened = w.opened[1:]
		w.commit(id, wire.OpCloseSession, &txn.CloseSessionTxn{Paths: w.tree.Ephemerals(id)})
	case k < 6 || len(w.paths) == 0:
		w.create(fmt.Sprintf("/n%d", len(w.log)), k == 2)
	case k < 8:
		w.set(w.paths[w.random.IntN(len(w.paths))])
	case k == 8:
		w.create(fmt.Sprintf("%s/n%d", w.paths[w.random.IntN(len(w.paths))], len(w.log)), true)
	default:
		w.commit(w.opened[0], wire.OpError, &txn.ErrorTxn{Err: zoo.CodeNoNode})
	}
}

func (w *world) create(path string, ephemeral bool) {
	acl := zoo.OpenACL()
	if w.random.IntN(2) == 0 {
		acl = []zoo.ACL{{Perms: zoo.PermAll, ID: zoo.ID{Scheme: "digest", ID: "alice:x"}}}
	}
	if !ephemeral {
		w.paths = append(w.paths, path)
	}
	w.commit(w.opened[w.random.IntN(len(w.opened))], wire.OpCreate, &txn.CreateTxn{
		Path: path, Data: []byte("made"), ACL: acl, Ephemeral: ephemeral,
		ParentCVersion: w.cversion(path) + 1,
	})
}

func (w *world) cversion(path string) int32 {
	for i := len(path) - 1; ; i-- {
		if path[i] == '/' {
			parent, _ := w.tree.Lookup(path[:i])
			return parent.Stat().Cversion
		}
	}
}

func (w *world) set(path string) {
	n, _ := w.tree.Lookup(path)
	w.commit(w.opened[0], wire.OpSetData, &txn.SetDataTxn{
		Path: path, Data: fmt.Appendf(nil, "set %v", w.zxid), Version: n.Stat().Version + 1})
}

// snapshot writes one, and ends the segment of the log.
func (w *world) snapshot() {
	w.t.Helper()
	must(w.t, w.store.Roll())
	frozen := w.tree.Freeze()
	defer frozen.Close()
	must(w.t, snapshot.Write(w.disk, "/data/version-2",
		snapshot.Source{Frozen: frozen, Lock: snapshot.NoLock{}}))
}

// elect begins an epoch.
func (w *world) elect() { w.zxid = zoo.MakeZxid(w.zxid.Epoch()+1, 0) }

func (w *world) source() backup.Source { return backup.DataDir{FS: w.disk, Path: "/data"} }

// vault is a repository on a disk of its own.
func (w *world) vault(keys backup.Keys) (*backup.Repository, *vfs.Mem) {
	w.t.Helper()
	disk := vfs.NewMem()
	r, err := backup.OpenOrInit(context.Background(), backup.Dir{FS: disk, Path: "/vault"}, keys)
	must(w.t, err)
	r.Now = func() time.Time { return started.Add(time.Duration(len(w.log)) * time.Second) }
	return r, disk
}

// replay rebuilds the tree of a point.
func replay(t *testing.T, r *backup.Repository, to backup.Point) backup.Replayed {
	t.Helper()
	catalog, err := r.Catalog(t.Context())
	must(t, err)
	plan, err := catalog.Plan(to)
	must(t, err)
	done, err := r.Replay(t.Context(), plan)
	must(t, err)
	return done
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
