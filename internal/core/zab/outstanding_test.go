package zab

import (
	"testing"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// reconfigures is the transaction that proposes a configuration of the servers 1, 2 and 3.
func reconfigures(t *testing.T, z zoo.Zxid) (txn.Entry, *quorum.View) {
	t.Helper()
	var members []quorum.Member
	for id := zoo.ServerID(1); id <= 3; id++ {
		line, err := quorum.ParseServer(id, "127.0.0.1:2888:3888;2181")
		if err != nil {
			t.Fatal(err)
		}
		members = append(members, line.Member())
	}
	v, err := quorum.NewView(members, z)
	if err != nil {
		t.Fatal(err)
	}
	header := txn.Header{Zxid: z, Type: wire.OpReconfig}
	return txn.NewEntry(header, &txn.SetDataTxn{Path: ConfigPath, Data: []byte(v.Text())}, nil), v
}

// The plot: a leader of epoch 2 proposes a configuration, and enters epoch 3 while it leads,
// before a quorum has that. Then 3 comes. To 3 it is the leader of epoch 3, and the
// configuration of an epoch before that: it is proposed all the same, until its commit comes.
// One that is not among what was proposed was completed by a leader of Java's.
func TestAConfigurationThatIsOutstandingFromTheEpochBeforeIsNotInForce(t *testing.T) {
	for _, inHistory := range []bool{true, false} {
		e, v := reconfigures(t, zoo.Epoch(2).Start()+1)
		f, x := follow(t, 3, 3)
		f.cfg.Members.Current = f.cfg.Members.Current.WithVersion(zoo.Epoch(1).Start())
		x.cfg.Reconfigures = true
		hear := func(p *wire.QuorumPacket) {
			x.Receive(0, p)
			f.disk()
			x.Persisted()
		}
		third := zoo.Epoch(3).Start()
		info := wire.LeaderInfo{ProtocolVersion: wire.LearnerProtocolVersion}
		hear(packet(wire.PacketLeaderInfo, third, info.AppendTo(nil)))
		hear(packet(wire.PacketDiff, 0, nil))
		if inHistory {
			hear(packet(wire.PacketProposal, e.Zxid, e.Bytes))
		}
		hear(packet(wire.PacketNewLeader, third, []byte(v.Text())))
		hear(packet(wire.PacketUpToDate, -1, nil))
		m := f.cfg.Members
		if inForce := m.Current.Version() == v.Version(); inForce == inHistory {
			t.Errorf("in the history %v: in force %v; failed %q", inHistory, inForce, x.Failed())
		}
		if !inHistory {
			continue
		}
		hear(packet(wire.PacketCommitAndActivate, e.Zxid, []byte{0, 0, 0, 0, 0, 0, 0, 1}))
		if m.Current.Version() != v.Version() || x.Failed() != "" {
			t.Errorf("committed, and %v is in force: %q", m.Current.Version(), x.Failed())
		}
	}
}
