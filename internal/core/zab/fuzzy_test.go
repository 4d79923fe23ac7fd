package zab

import (
	"slices"
	"testing"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

const sentAt zoo.Zxid = 0x100000007

// write is an entry that changes the tree and says what its digest then is.
func write(z zoo.Zxid, digest uint64) txn.Entry {
	return txn.NewEntry(txn.Header{Zxid: z, Type: wire.OpSetData},
		&txn.SetDataTxn{Path: "/"}, &txn.Digest{Version: txn.DigestVersion, Tree: digest})
}

// loaded is a learner that has got a tree of Java's leader, or of ours.
func loaded(t *testing.T, extends bool) (*member, *Learner, *tree.Tree) {
	t.Helper()
	m, x := follow(t, 3, 3)
	m.journal.Drain()
	x.phase, x.snapshot, x.epoch, x.extends = loading, sentAt, 1, extends
	znodes := tree.New()
	if !x.Install(0, znodes) {
		t.Fatal("the tree is not taken")
	}
	return m, x, znodes
}

// proposed lets the learner hear of entries.
func proposed(x *Learner, entries ...txn.Entry) {
	for _, e := range entries {
		x.Receive(0, packet(wire.PacketProposal, e.Zxid, e.Bytes))
	}
}

// orders is what the disk was asked for, in order, and for how many entries.
func orders(m *member) (kinds []DiskKind, entries int) {
	for _, op := range m.journal.Drain() {
		kinds = append(kinds, op.Kind)
		entries += len(op.Entries)
	}
	return kinds, entries
}

// Java's leader goes on while it sends its tree. What that may hold is committed before
// NEWLEADER, and the last of it says what the digest then is: the tree goes to the disk with
// that knowledge, in front of all that came behind it.
func TestATreeOfJavasIsStoredWithHowFarItIsFuzzy(t *testing.T) {
	refused := logged(0x100000009)[0]
	writes := []txn.Entry{write(0x100000008, 88), write(0x100000009, 99), write(0x10000000a, 1010)}
	undigested := txn.NewEntry(txn.Header{Zxid: 0x100000008, Type: wire.OpSetData},
		&txn.SetDataTxn{Path: "/"}, nil)
	for _, c := range []struct {
		name      string
		entries   []txn.Entry
		committed zoo.Zxid
		want      tree.Fuzzy
	}{
		{"nothing came behind it", nil, 0, tree.Fuzzy{}},
		{"nothing was committed", writes, 0, tree.Fuzzy{}},
		{"two of three were", writes, 0x100000009,
			tree.Fuzzy{Until: 0x100000009, Digest: 99, HasDigest: true}},
		{"the last was a refusal", []txn.Entry{writes[0], refused}, 0x100000009,
			tree.Fuzzy{Until: 0x100000008, Digest: 88, HasDigest: true}},
		{"the leader has no digests", []txn.Entry{undigested}, 0x100000008,
			tree.Fuzzy{Until: 0x100000008}},
	} {
		if got := stored(t, c.entries, c.committed); got != c.want {
			t.Errorf("%s: fuzzy %+v, want %+v", c.name, got, c.want)
		}
	}
}

// stored is how far the tree is fuzzy that goes to the disk at NEWLEADER, with these entries
// behind it.
func stored(t *testing.T, behind []txn.Entry, committed zoo.Zxid) tree.Fuzzy {
	t.Helper()
	m, x, znodes := loaded(t, false)
	proposed(x, behind...)
	if committed != 0 {
		x.Receive(0, packet(wire.PacketCommit, committed, nil))
	}
	if kinds, _ := orders(m); len(kinds) > 0 || !x.Withholds() {
		t.Errorf("the disk was asked for %v before NEWLEADER", kinds)
	}
	x.Receive(0, packet(wire.PacketNewLeader, x.epoch.Start(), nil))
	want := []DiskKind{DiskInstall, DiskAppend, DiskCurrentEpoch}
	if len(behind) == 0 {
		want = []DiskKind{DiskInstall, DiskCurrentEpoch}
	}
	kinds, entries := orders(m)
	if !slices.Equal(kinds, want) || entries != len(behind) || x.Withholds() || x.Failed() != "" {
		t.Errorf("the disk is asked for %v with %d entries (%s)", kinds, entries, x.Failed())
	}
	return znodes.Fuzzy()
}

// A leader of ours sends a tree of one moment, which goes to the disk as it comes.
func TestATreeOfOursIsStoredAtOnce(t *testing.T) {
	m, x, znodes := loaded(t, true)
	proposed(x, write(0x100000008, 88))
	x.Receive(0, packet(wire.PacketCommit, 0x100000008, nil))
	kinds, _ := orders(m)
	if !slices.Equal(kinds, []DiskKind{DiskInstall, DiskAppend}) || x.Withholds() {
		t.Errorf("the disk is asked for %v", kinds)
	}
	x.Receive(0, packet(wire.PacketNewLeader, x.epoch.Start(), nil))
	if got := znodes.Fuzzy(); got != (tree.Fuzzy{}) {
		t.Errorf("fuzzy %+v", got)
	}
}

// The leader is lost behind its tree and in front of NEWLEADER. What came stays, and the tree
// may hold all that this leader has ever proposed, but nothing of the next one's.
func TestATreeWhoseLeaderIsLostIsStoredAsFuzzyForItsEpoch(t *testing.T) {
	m, x, znodes := loaded(t, false)
	proposed(x, write(0x100000008, 88))
	x.Fail("the link broke")
	x.Fail("and once more")
	kinds, entries := orders(m)
	if !slices.Equal(kinds, []DiskKind{DiskInstall, DiskAppend}) || entries != 1 {
		t.Errorf("the disk is asked for %v with %d entries", kinds, entries)
	}
	if got := znodes.Fuzzy(); got != (tree.Fuzzy{Until: 0x1ffffffff}) {
		t.Errorf("fuzzy %+v", got)
	}
	znodes.BoundFuzzy(0x100000009) // with the next UPTODATE
	if got := znodes.Fuzzy(); got != (tree.Fuzzy{Until: 0x100000009}) {
		t.Errorf("fuzzy %+v", got)
	}
}

// The plot: a server has started with a snapshot of Java's that is fuzzy until 8, and leads.
// Its log behind the snapshot is not committed before a quorum has it, and one of that quorum
// is empty. The tree that this one gets is as fuzzy as the leader's, and is stored as that.
func TestALeaderOfOursSaysHowFarItsTreeIsFuzzy(t *testing.T) {
	mark := tree.Fuzzy{Until: 0x100000008, Digest: 88, HasDigest: true}
	for _, c := range []struct {
		kind wire.PacketType
		base zoo.Zxid
		want tree.Fuzzy
	}{
		{wire.PacketSnap, sentAt, mark},
		{wire.PacketSnap, 0x100000008, tree.Fuzzy{}},
		{wire.PacketDiff, sentAt, tree.Fuzzy{}},
	} {
		l := &Leader{cfg: Config{Fuzzy: mark}}
		data := l.fuzziness(plan{kind: c.kind, zxid: c.base})
		if c.kind == wire.PacketDiff {
			if data != nil {
				t.Errorf("a DIFF says %x", data)
			}
			continue
		}
		m, x := follow(t, 3, 3)
		m.journal.Drain()
		x.phase, x.epoch, x.extends = comparing, 1, true
		x.Receive(0, packet(c.kind, c.base, data))
		znodes := tree.New()
		x.Install(0, znodes)
		kinds, _ := orders(m)
		if znodes.Fuzzy() != c.want || !slices.Equal(kinds, []DiskKind{DiskInstall}) {
			t.Errorf("as of %v: fuzzy %+v, want %+v; asked for %v",
				c.base, znodes.Fuzzy(), c.want, kinds)
		}
	}
	_, x := follow(t, 3, 3)
	x.phase, x.extends = comparing, true
	x.Receive(0, packet(wire.PacketSnap, sentAt, []byte{1, 2}))
	if x.Failed() == "" {
		t.Error("what cannot be read is taken for nothing")
	}
}
