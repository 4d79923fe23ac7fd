package zab

import (
	"slices"
	"testing"

	"zoo/internal/wire"
)

// joining makes server 1 lead with follower 2, and 3 has been sent NEWLEADER behind a
// proposal that is still outstanding.
func joining(t *testing.T) (*member, *Leader) {
	t.Helper()
	m, l := lead(t, 3, 2)
	l.Receive(0, 2, packet(wire.PacketAck, l.Epoch().Start(), nil))
	l.Propose(logged(l.NextZxid())[0])
	info := wire.LearnerInfo{ServerID: 3, ProtocolVersion: wire.LearnerProtocolVersion}
	ack := wire.AckEpoch{}
	l.Connected(0, 3)
	l.Receive(0, 3, packet(wire.PacketFollowerInfo, 0, info.AppendTo(nil)))
	l.Receive(0, 3, packet(wire.PacketAckEpoch, 0, ack.AppendTo(nil)))
	return m, l
}

func kinds(packets []wire.QuorumPacket) []wire.PacketType {
	var all []wire.PacketType
	for _, p := range packets {
		all = append(all, p.Type)
	}
	return all
}

// What was outstanding at NEWLEADER is committed before the follower has acknowledged
// that. A follower of Java's 3.8 would fail at the COMMIT, so it comes behind UPTODATE.
func TestCommitsOfAJoinerWaitForItsUpToDate(t *testing.T) {
	m, l := joining(t)
	want := []wire.PacketType{wire.PacketLeaderInfo, wire.PacketDiff, wire.PacketProposal,
		wire.PacketNewLeader}
	if got := kinds(m.told(3)); !slices.Equal(got, want) {
		t.Fatalf("told %v", got)
	}
	m.disk()
	l.Receive(0, 2, packet(wire.PacketAck, m.history.Last(), nil))
	l.Persisted(0)
	l.Propose(logged(l.NextZxid())[0])
	if got := kinds(m.told(3)); !slices.Equal(got, []wire.PacketType{wire.PacketProposal}) {
		t.Fatalf("told before its ACK: %v", got)
	}
	l.Receive(0, 3, packet(wire.PacketAck, l.Epoch().Start(), nil))
	got := m.told(3)
	want = []wire.PacketType{wire.PacketUpToDate, wire.PacketCommit}
	if !slices.Equal(kinds(got), want) || got[1].Zxid != m.history.Committed() {
		t.Fatalf("told after its ACK: %v", got)
	}
}

// A follower of Java's logs what was outstanding at NEWLEADER beside acknowledging that.
// The ACK of the proposal comes first, and only once; with it the proposal commits.
func TestAnAckBeforeThatOfNewLeaderCounts(t *testing.T) {
	m, l := joining(t)
	m.disk()
	l.Receive(0, 3, packet(wire.PacketAck, m.history.Last(), nil))
	l.Persisted(0)
	if m.history.Committed() == m.history.Last() {
		t.Fatal("committed by a follower that has not acknowledged NEWLEADER")
	}
	l.Receive(0, 3, packet(wire.PacketAck, l.Epoch().Start(), nil))
	l.Commit()
	if m.history.Committed() != m.history.Last() {
		t.Fatalf("committed %v of %v", m.history.Committed(), m.history.Last())
	}
}

// Java's leader pings as soon as it has sent NEWLEADER, and takes whatever comes first
// for the ACK of that. Later it reads the touched sessions of every answer, none as well.
func TestHeartbeatsAreAnsweredAsJavasLeaderReadsThem(t *testing.T) {
	_, x := follow(t, 3, 3)
	ping := packet(wire.PacketPing, 0x100000000, nil)
	for _, x.phase = range []learnerPhase{receiving, settling, awaiting} {
		if got := x.Receive(0, ping); got != Nothing {
			t.Errorf("phase %v: upcall %v", x.phase, got)
		}
	}
	x.phase = following
	if got := x.Receive(0, ping); got != Ping {
		t.Errorf("upcall %v", got)
	}
	x.out.Send = nil
	x.Pong(ping.Zxid, nil)
	if data := x.out.Send[0].Packet.Data; data == nil || len(data) != 0 {
		t.Errorf("no session touched: data %v, want an empty buffer", data)
	}
}

// More sessions than Java's leader reads in one packet come in several. Our leader counts
// answers and reads all sessions in one.
func TestManyTouchedSessionsComeAsTheLeaderReadsThem(t *testing.T) {
	for extends, want := range map[bool][]int{
		false: {javaTouchedMax * 12, javaTouchedMax * 12, 12}, true: {(2*javaTouchedMax + 1) * 12},
	} {
		_, x := follow(t, 3, 3)
		x.phase, x.extends, x.out.Send = following, extends, nil
		x.Pong(1, make([]wire.SessionTimeout, 2*javaTouchedMax+1))
		var got []int
		for _, s := range x.out.Send {
			if s.Packet.Type == wire.PacketPing {
				got = append(got, len(s.Packet.Data))
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("extended %v: answers of %v bytes, want %v", extends, got, want)
		}
	}
}
