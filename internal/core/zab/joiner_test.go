package zab

import (
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/tree"
	"zoo/internal/wire"
)

// member is one server's half of the protocol, with a disk that is as slow as the
// story wants.
type member struct {
	cfg     Config
	history *History
	journal *Journal
	epochs  Epochs
	out     Output
}

func newMember(t testing.TB, id zoo.ServerID, voters int) *member {
	t.Helper()
	var members []quorum.Member
	for i := range voters {
		members = append(members, quorum.Member{ID: zoo.ServerID(i + 1)})
	}
	view, err := quorum.NewView(members, 0)
	if err != nil {
		t.Fatal(err)
	}
	return &member{
		cfg: Config{
			ID: id, Members: &quorum.Ensemble{Current: view},
			TickTime: time.Second, InitLimit: 10, SyncLimit: 5,
		},
		history: NewHistory(0, nil), journal: NewJournal(0),
	}
}

func (m *member) disk() {
	for _, op := range m.journal.Drain() {
		m.journal.Done(op.Seq)
	}
}

// told gives the packets for a link and forgets all.
func (m *member) told(link LinkID) []wire.QuorumPacket {
	var packets []wire.QuorumPacket
	for _, out := range m.out.Send {
		if out.Link == link {
			packets = append(packets, out.Packet)
		}
	}
	m.out.Send = nil
	return packets
}

func packet(kind wire.PacketType, z zoo.Zxid, data []byte) *wire.QuorumPacket {
	return &wire.QuorumPacket{Type: kind, Zxid: z, Data: data}
}

// lead makes server 1 a leader in synchronisation with followers whose links are
// numbered as they are.
func lead(t *testing.T, voters int, followers ...zoo.ServerID) (*member, *Leader) {
	t.Helper()
	m := newMember(t, 1, voters)
	l := NewLeader(0, m.cfg, m.history, m.journal, &m.epochs, &m.out)
	for _, id := range followers {
		info := wire.LearnerInfo{ServerID: id, ProtocolVersion: wire.LearnerProtocolVersion}
		l.Connected(0, LinkID(id))
		l.Receive(0, LinkID(id), packet(wire.PacketFollowerInfo, 0, info.AppendTo(nil)))
	}
	m.disk()
	l.Persisted(0)
	for _, id := range followers {
		ack := wire.AckEpoch{}
		l.Receive(0, LinkID(id), packet(wire.PacketAckEpoch, 0, ack.AppendTo(nil)))
	}
	m.disk()
	l.Persisted(0)
	return m, l
}

func follow(t *testing.T, id zoo.ServerID, voters int) (*member, *Learner) {
	t.Helper()
	m := newMember(t, id, voters)
	l := NewLearner(0, m.cfg, 1, m.history, m.journal, &m.epochs, &m.out)
	l.Connected(0, LinkID(id))
	return m, l
}

// Five voters: 2 has synchronised, and 3 takes longer than syncLimit. Nobody asks
// 2 anything meanwhile, so its silence must not cost it its place.
func TestSyncedFollowerMayBeSilentWhileTheQuorumForms(t *testing.T) {
	m, l := lead(t, 5, 2, 3)
	l.Receive(0, 2, packet(wire.PacketAck, l.Epoch().Start(), nil))
	for now := time.Duration(0); now < 9*time.Second; now += 500 * time.Millisecond {
		l.Tick(now)
	}
	if len(m.out.Hangup) > 0 || l.Resigned() != "" {
		t.Fatalf("hung up %v, resigned %q", m.out.Hangup, l.Resigned())
	}
}

// A write is proposed and committed by the others between a joiner's NEWLEADER and
// its UPTODATE. Its ACK must come all the same, or the leader drops the joiner
// for a proposal that it never acknowledges.
func TestJoinerAcknowledgesWhatWasCommittedWhileItJoined(t *testing.T) {
	m, l := lead(t, 3, 2)
	l.Receive(0, 2, packet(wire.PacketAck, l.Epoch().Start(), nil))
	f, x := follow(t, 3, 3)
	l.Connected(0, 3)
	m.told(3)
	exchange := func() {
		for range 10 {
			for _, p := range f.told(3) {
				l.Receive(0, 3, &p)
			}
			for _, p := range m.told(3) {
				x.Receive(0, &p)
			}
			if x.phase == settling {
				return
			}
			f.disk()
			x.Persisted()
		}
	}
	exchange()
	l.Propose(logged(l.NextZxid())[0])
	m.disk()
	l.Receive(0, 2, packet(wire.PacketAck, m.history.Last(), nil))
	l.Persisted(0)
	for _, p := range m.told(3) {
		x.Receive(0, &p)
	}
	f.disk()
	x.Persisted()
	exchange()
	if !x.Following() || l.find(3).acked != m.history.Last() {
		t.Fatalf("following %v, acknowledged %v of %v", x.Following(), l.find(3).acked,
			m.history.Last())
	}
}

// A tree that takes three times initLimit arrives, because it moves all the time;
// one that does not move is given up.
func TestTreeMayTakeLongerThanInitLimitWhileItMoves(t *testing.T) {
	for _, moves := range []bool{true, false} {
		f, x := follow(t, 3, 3)
		info := wire.LeaderInfo{ProtocolVersion: wire.LearnerProtocolVersion}
		first := zoo.Epoch(1).Start()
		x.Receive(0, packet(wire.PacketLeaderInfo, first, info.AppendTo(nil)))
		f.disk()
		x.Persisted()
		x.Receive(0, packet(wire.PacketSnap, 0x100000007, nil))
		now := time.Duration(0)
		for ; now < 30*time.Second; now += time.Second {
			if moves {
				x.Moved(now)
			}
			x.Tick(now)
		}
		if installed := x.Install(now, tree.New()); installed != moves {
			t.Errorf("moves %v: installed %v, failed %q", moves, installed, x.Failed())
		}
	}
}
