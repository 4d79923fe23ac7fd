package mixed

import (
	"errors"
	"slices"
	"testing"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// carryOut does what the disk is asked for, but for promises and configurations.
func (p *player) carryOut(ops []zab.DiskOp) {
	p.t.Helper()
	if p.store == nil {
		return
	}
	for _, op := range ops {
		var err error
		switch op.Kind {
		case zab.DiskInstall:
			frozen := op.Tree.Freeze()
			from := snapshot.Source{Frozen: frozen, Lock: snapshot.NoLock{}}
			err = p.store.InstallSnapshot(from)
			frozen.Close()
		case zab.DiskAppend:
			err = errors.Join(p.store.Append(op.Entries), p.store.Sync())
		case zab.DiskCurrentEpoch:
			err = p.store.SetCurrentEpoch(op.Epoch)
		}
		if err != nil {
			p.t.Fatal(err)
		}
	}
}

// treeAt is the tree of Java's server after some of its transactions.
func treeAt(t *testing.T, entries []txn.Entry, n int) *tree.Tree {
	t.Helper()
	znodes := tree.New()
	for _, e := range entries[:n] {
		if r, err := znodes.Apply(e); err != nil || r.DigestDiffers {
			t.Fatalf("%v cannot be replayed: %v", e.Zxid, err)
		}
	}
	return znodes
}

// The plot: the transactions are those that Java's leader was overheard to propose, with its
// digests. It sends its tree, which holds three of them that come behind the tree's zxid. Our
// learner stores the tree, serves, and is started anew: neither then nor later does it find a
// digest to differ, and its file says from where on they count. One that really differs
// behind that is found.
func TestAFuzzyTreeOfJavasOutlivesARestart(t *testing.T) {
	o := load(t, "work.txt")
	all := o.read(t)
	entries := entriesOf(all)
	const sent, ahead = 2, 5
	znodes := treeAt(t, entries, ahead)
	znodes.SetZxid(entries[sent-1].Zxid)
	cfg := store.Config{FS: vfs.NewMem(), DataDir: "/data", LogDir: "/data"}
	s, _, err := cfg.Open()
	if err != nil {
		t.Fatal(err)
	}
	p := play(t, replica.Config{ID: zoo.ServerID(o.learner()), View: viewIn(t, all)},
		replica.Recovered{Tree: tree.New()})
	p.store = s
	p.receive(o, all, znodes, entries[sent:ahead])
	p.committed(entries[ahead:])
	status, last := p.replica.Status(), entries[len(entries)-1].Zxid
	if !status.Serving || status.LastApplied != last || p.snapshots != 1 {
		t.Fatalf("serving %v at %v, want %v; %d snapshots",
			status.Serving, status.LastApplied, last, p.snapshots)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	_, r, err := cfg.Open()
	if err != nil {
		t.Fatal(err)
	}
	again(t, r, entries[sent:], ahead-sent)
}

// receive lets the player be synchronised by a tree, with these transactions behind it.
func (p *player) receive(o *overheard, all []heard, znodes *tree.Tree, behind []txn.Entry) {
	p.t.Helper()
	hello := first(p.t, all, wire.PacketLeaderInfo)
	epoch := hello.Zxid.Epoch()
	if err := p.store.SetAcceptedEpoch(epoch); err != nil {
		p.t.Fatal(err)
	}
	p.follow(o.leader(), epoch)
	p.hear(heard{packet: *hello})
	p.hear(heard{znodes: znodes,
		packet: wire.QuorumPacket{Type: wire.PacketSnap, Zxid: znodes.Zxid()}})
	p.committed(behind)
	// Somebody wants a snapshot, of a tree that the disk has not got yet.
	p.step(replica.SnapshotWanted{})
	if p.snapshots > 0 {
		p.t.Error("the tree is written before it is known how far it is fuzzy")
	}
	p.hear(heard{packet: *first(p.t, all, wire.PacketNewLeader)})
	p.hear(heard{packet: *first(p.t, all, wire.PacketUpToDate)})
}

// committed lets the player hear of transactions and their commits.
func (p *player) committed(entries []txn.Entry) {
	p.t.Helper()
	for _, e := range entries {
		p.hear(heard{packet: wire.QuorumPacket{
			Type: wire.PacketProposal, Zxid: e.Zxid, Data: slices.Clone(e.Bytes)}})
		p.hear(heard{packet: wire.QuorumPacket{Type: wire.PacketCommit, Zxid: e.Zxid}})
	}
}

// again replays the tail of a directory whose tree is fuzzy for so many transactions.
func again(t *testing.T, r store.Recovered, want []txn.Entry, fuzzy int) {
	t.Helper()
	if got := r.Tree.Fuzzy().Until; got != want[fuzzy-1].Zxid || len(r.Tail) != len(want) {
		t.Fatalf("fuzzy until %v with %d transactions behind it: %q", got, len(r.Tail), r.Notes)
	}
	for i, e := range r.Tail {
		res, err := r.Tree.Apply(e)
		if err != nil || res.DigestDiffers {
			t.Errorf("%v at the start: the digest differs %v (%v)", e.Zxid, res.DigestDiffers, err)
		}
		if res.HasDigest && i+1 < fuzzy {
			t.Errorf("%v was compared", e.Zxid)
		}
	}
	odd := &txn.Digest{Version: txn.DigestVersion, Tree: r.Tree.Digest() + 1}
	h := txn.Header{Zxid: r.Tree.Zxid().Next(), Type: wire.OpError}
	if res, err := r.Tree.Apply(txn.NewEntry(h, &txn.ErrorTxn{}, odd)); err != nil ||
		!res.DigestDiffers {
		t.Errorf("a digest that differs is not found (%v)", err)
	}
}
