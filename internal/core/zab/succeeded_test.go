package zab

import (
	"testing"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// joins lets server 3 join the leader 1 of epoch 2, with the packets between LEADERINFO and
// UPTODATE.
func joins(t *testing.T, f *member, packets ...*wire.QuorumPacket) *Learner {
	t.Helper()
	f.cfg.Reconfigures = true
	x := NewLearner(0, f.cfg, 1, f.history, f.journal, &f.epochs, &f.out)
	x.Connected(0, 3)
	info := wire.LeaderInfo{ProtocolVersion: wire.LearnerProtocolVersion}
	hello := packet(wire.PacketLeaderInfo, zoo.Epoch(2).Start(), info.AppendTo(nil))
	for _, p := range append([]*wire.QuorumPacket{hello}, packets...) {
		x.Receive(0, p)
		f.disk()
		x.Persisted()
	}
	if x.Failed() != "" {
		t.Fatal(x.Failed())
	}
	return x
}

func diff() *wire.QuorumPacket { return packet(wire.PacketDiff, 0, nil) }

func proposes(e txn.Entry) *wire.QuorumPacket {
	return packet(wire.PacketProposal, e.Zxid, e.Bytes)
}

func newLeader(v *quorum.View) *wire.QuorumPacket {
	return packet(wire.PacketNewLeader, zoo.Epoch(2).Start(), []byte(v.Text()))
}

func wantMembers(t *testing.T, title string, m *quorum.Ensemble, current, next zoo.Zxid) {
	t.Helper()
	var proposed zoo.Zxid
	if m.Next != nil {
		proposed = m.Next.Version()
	}
	if m.Current.Version() != current || proposed != next {
		t.Errorf("%s: in force %v, proposed %v; want %v and %v", title, m.Current.Version(),
			proposed, current, next)
	}
}

// A follower hears of two configurations before UPTODATE, and its power may go at any moment
// then. Nobody proposes the second one before the first is in force, so the first counts at
// once: else the follower could decide by the old and the second one, while the servers of the
// first decide without it.
func TestAConfigurationBehindAnotherShowsThatThatIsInForce(t *testing.T) {
	e1, v1 := reconfigures(t, zoo.Epoch(1).Start()+1)
	e2, v2 := reconfigures(t, zoo.Epoch(2).Start()+1)
	for _, row := range []struct {
		title   string
		before  func(f *member)
		packets []*wire.QuorumPacket
	}{
		{"NEWLEADER brings the first, its history does not have it", nil,
			[]*wire.QuorumPacket{diff(), newLeader(v1), proposes(e2)}},
		{"both are proposed before NEWLEADER", nil,
			[]*wire.QuorumPacket{diff(), proposes(e1), proposes(e2), newLeader(v2)}},
		{"the first is in the log", func(f *member) {
			f.history.Append(e1)
			*f.cfg.Members = f.cfg.Members.Propose(v1)
		}, []*wire.QuorumPacket{diff(), proposes(e2), newLeader(v2)}},
		{"the first is in the tree", func(f *member) {
			f.history = NewHistory(e1.Zxid, nil)
			f.cfg.InTree = e1.Zxid
			*f.cfg.Members = f.cfg.Members.Propose(v1)
		}, []*wire.QuorumPacket{diff(), proposes(e2), newLeader(v2)}},
		{"the first came with NEWLEADER, and the link broke before UPTODATE", func(f *member) {
			joins(t, f, diff(), newLeader(v1))
		}, []*wire.QuorumPacket{diff(), proposes(e2), newLeader(v2)}},
	} {
		f := newMember(t, 3, 3)
		if row.before != nil {
			row.before(f)
		}
		x := joins(t, f, row.packets...)
		wantMembers(t, row.title, f.cfg.Members, v1.Version(), v2.Version())
		x.Receive(0, packet(wire.PacketUpToDate, -1, nil))
		wantMembers(t, row.title+", at UPTODATE", f.cfg.Members, v1.Version(), v2.Version())
	}
}

// What this server had as proposed and its leader has never heard of was lost: it does not
// come into force with what the leader proposes.
func TestAConfigurationOfAnotherHistoryIsNotInForceBehindOneOfTheLeader(t *testing.T) {
	_, other := reconfigures(t, zoo.Epoch(1).Start()+9)
	e2, v2 := reconfigures(t, zoo.Epoch(2).Start()+1)
	f := newMember(t, 3, 3)
	*f.cfg.Members = f.cfg.Members.Propose(other)
	joins(t, f, diff(), proposes(e2), newLeader(v2))
	wantMembers(t, "the leader's", f.cfg.Members, 0, v2.Version())
}

// The first configuration makes the follower an observer. Its leader may need it until
// UPTODATE, and it leaves then.
func TestARoleThatConfigurationsHaveEndedEndsAtUpToDate(t *testing.T) {
	e1, v1 := demotes(t, zoo.Epoch(1).Start()+1)
	e2, v2 := reconfigures(t, zoo.Epoch(2).Start()+1)
	f := newMember(t, 3, 3)
	f.cfg.Members.Current = v2.WithVersion(0)
	x := joins(t, f, diff(), proposes(e1), proposes(e2), newLeader(v2))
	wantMembers(t, "before UPTODATE", f.cfg.Members, v1.Version(), v2.Version())
	x.Receive(0, packet(wire.PacketUpToDate, -1, nil))
	if x.Failed() == "" || x.Successor() != 1 {
		t.Errorf("the role goes on: %q, then server %d", x.Failed(), x.Successor())
	}
}

// demotes proposes a configuration of which 3 is an observer.
func demotes(t *testing.T, z zoo.Zxid) (txn.Entry, *quorum.View) {
	t.Helper()
	_, whole := reconfigures(t, z)
	members := append([]quorum.Member{}, whole.Members()...)
	line, err := quorum.ParseServer(3, "127.0.0.1:2888:3888:observer;2181")
	if err != nil {
		t.Fatal(err)
	}
	members[2] = line.Member()
	v, err := quorum.NewView(members, z)
	if err != nil {
		t.Fatal(err)
	}
	header := txn.Header{Zxid: z, Type: wire.OpReconfig}
	return txn.NewEntry(header, &txn.SetDataTxn{Path: ConfigPath, Data: []byte(v.Text())}, nil), v
}

// A server that has configurations off and an old proposed one in its files forgets it with
// the transaction that the leader cuts off: it would count once they are on.
func TestAnIdleConfigurationIsForgottenWithItsTransaction(t *testing.T) {
	e1, v1 := reconfigures(t, zoo.Epoch(1).Start()+1)
	f := newMember(t, 3, 3)
	f.history.Append(e1)
	f.cfg.Idle = v1
	x := NewLearner(0, f.cfg, 1, f.history, f.journal, &f.epochs, &f.out)
	x.phase = comparing
	x.Receive(0, packet(wire.PacketTrunc, 0, nil))
	ops := f.journal.Drain()
	if len(ops) != 2 || ops[0].Kind != DiskConfigure || ops[0].Members.Next != nil {
		t.Errorf("the disk is asked for %v", ops)
	}
}
