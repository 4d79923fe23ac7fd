package server

import (
	"io"
	"net"
	"testing"
	"time"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// strangerAt dials a port between servers and sends bytes.
func strangerAt(t *testing.T, address string, sends ...[]byte) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	for _, b := range sends {
		if _, err := conn.Write(b); err != nil {
			break // it may be hung up on already
		}
	}
	return conn
}

// hungUp waits until the server hangs up.
func hungUp(t *testing.T, what string, conn net.Conn) {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	_, err := io.Copy(io.Discard, conn)
	if timeout, isNet := err.(net.Error); isNet && timeout.Timeout() {
		t.Errorf("%s: the server has not hung up", what)
	}
}

func quorumPacket(kind wire.PacketType, z zoo.Zxid, data []byte) []byte {
	p := wire.QuorumPacket{Type: kind, Zxid: z, Data: data}
	return p.AppendTo(nil)
}

func registration(id zoo.ServerID, epoch zoo.Epoch, config zoo.Zxid) []byte {
	info := wire.LearnerInfo{
		ServerID: id, ProtocolVersion: wire.LearnerProtocolVersion, ConfigVersion: config,
	}
	return quorumPacket(wire.PacketFollowerInfo, epoch.Start(), info.AppendTo(nil))
}

// hostilities are what somebody with an id of nobody sends to a leader.
func hostilities(nobody, leader zoo.ServerID) map[string][][]byte {
	register := registration(nobody, 0, 0)
	ack := wire.AckEpoch{}
	old := quorumPacket(wire.PacketAckEpoch, 0, ack.AppendTo(nil))
	huge := jute.AppendInt(jute.AppendLong(jute.AppendInt(nil, 3), 0), 1<<30)
	return map[string][][]byte{
		"garbage":           {[]byte("GET / HTTP/1.1\r\n\r\n")},
		"a huge length":     {register, huge},
		"the leader's id":   {registration(leader, 0, 0)},
		"another phase":     {register, quorumPacket(wire.PacketUpToDate, -1, nil)},
		"twice":             {register, register},
		"an epoch twice":    {register, old, old},
		"a newer config":    {registration(nobody, 0, 7)},
		"the last epoch":    {registration(nobody, 1<<31-1, 0)},
		"an epoch below 0":  {registration(nobody, 1<<32-1, 0)},
		"half an ACKEPOCH":  {register, quorumPacket(wire.PacketAckEpoch, 0, []byte{1})},
		"a snapshot to us":  {register, quorumPacket(wire.PacketSnap, 5, nil)},
		"an unknown packet": {register, quorumPacket(77, 0, nil)},
	}
}

// The plot: an ensemble leads and follows while strangers come to the leader's ports with
// garbage, ids that are not theirs, packets of other phases and epochs that cannot be. It
// hangs up on each, and goes on in the same epoch.
func TestALeaderSurvivesHostilePeers(t *testing.T) {
	e := newEnsemble(t, 3, 0)
	for id := range e.ports {
		e.start(id)
	}
	before := e.session(1)
	before.create("/before", "x")
	leader := e.leader()
	s := e.servers[leader]
	begun, _ := s.status()
	const nobody zoo.ServerID = 99
	quorum := e.ports[leader].quorum.address
	for what, sends := range hostilities(nobody, leader) {
		hungUp(t, what, strangerAt(t, quorum, sends...))
	}
	first := strangerAt(t, quorum, registration(nobody, 0, 0))
	_, _ = io.ReadFull(first, make([]byte, 1)) // it has registered
	strangerAt(t, quorum, registration(nobody, 0, 0))
	hungUp(t, "a doubled id", first)
	election := e.ports[leader].election.address
	hello := wire.ElectionHandshake{
		Protocol: wire.ElectionProtocolV1, ServerID: nobody, Addresses: []string{"127.0.0.1:1"},
	}
	hungUp(t, "no notification", strangerAt(t, election, hello.AppendTo(nil),
		jute.AppendBuffer(nil, []byte("gibberish"))))
	s.refused(refusedQuorum)
	s.refused(refusedElection)
	if now, _ := s.status(); now.leadingSince != begun.leadingSince || e.leader() != leader {
		t.Errorf("server %d leads since %v, before %d since %v", e.leader(), now.leadingSince,
			leader, begun.leadingSince)
	}
	e.expect(before, "/before", "x")
	e.session(2).create("/after", "y")
	e.expect(e.session(3), "/after", "y")
}
