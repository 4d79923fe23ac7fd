package peer

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"zoo"
	"zoo/internal/check/alloc"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// complaints are what a port says of those that it hangs up on.
type complaints struct {
	mu    sync.Mutex
	lines []string
}

func (c *complaints) add(_ net.Addr, why error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lines = append(c.lines, why.Error())
}

// expectOne checks that there was one line, with some words, and forgets it.
func (c *complaints) expectOne(t *testing.T, attack, words string) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.lines) != 1 || !strings.Contains(c.lines[0], words) {
		t.Errorf("%s: the log says %q, want one line with %q", attack, c.lines, words)
	}
	c.lines = nil
}

// attack is bytes that a stranger sends to a port, and what is said of it.
type attack struct {
	name, said string
	sends      []byte
	// drips sends a byte a second, and nothing at the end.
	drips bool
}

// joined are the bytes of parts: int64, int32, string without a length, or []byte.
func joined(parts ...any) []byte {
	var b []byte
	for _, part := range parts {
		switch part := part.(type) {
		case int64:
			b = jute.AppendLong(b, part)
		case int:
			b = jute.AppendInt(b, int32(part))
		case string:
			b = append(b, part...)
		case []byte:
			b = append(b, part...)
		default:
			panic(fmt.Sprintf("%T", part))
		}
	}
	return b
}

const clientHello = "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"

// untilHungUp runs an attack and returns when the port has hung up.
func (a attack) untilHungUp(conn net.Conn) {
	if !a.drips {
		_, _ = conn.Write(a.sends)
	}
	for i := 0; a.drips && i < len(a.sends); i++ {
		if _, err := conn.Write(a.sends[i : i+1]); err != nil {
			break
		}
		pass(time.Second)
	}
	_, _ = io.Copy(io.Discard, conn)
	_ = conn.Close()
	synctest.Wait()
}

var electionAttacks = []attack{
	{"garbage", "unknown election protocol", bytes.Repeat([]byte{0xff}, 4096), false},
	{"another protocol", "read election handshake", []byte("\xffGET / HTTP/1.1\r\n\r\n"), false},
	{"no addresses", "0 bytes", joined(wire.ElectionProtocolV1, int64(2), 0), false},
	{"negative addresses", "-1 bytes", joined(wire.ElectionProtocolV1, int64(2), -1), false},
	{"huge addresses", "2147483647 bytes",
		joined(wire.ElectionProtocolV1, int64(2), 1<<31-1), false},
	{"our own id", errOwnID.Error(), joined(int64(1)), false},
	{"no id", errIDMissing.Error(), joined(int64(observerWithoutID)), false},
	{"a negative id", errIDNegative.Error(),
		joined(wire.ElectionProtocolV1, int64(-2), 3, "a:1"), false},
	{"silence", "timeout", nil, false},
	{"half a handshake", "timeout", joined(wire.ElectionProtocolV2), false},
	{"a slow handshake", "timeout",
		joined(wire.ElectionProtocolV1, int64(2), 2000, strings.Repeat("a", 2000)), true},
}

// The plot: while servers 1 and 2 are connected, strangers come to the election port of
// server 1. Each is hung up on within the time of a handshake, with one line in the log;
// nothing else happens, and server 3 gets in after them.
func TestTheElectionPortSurvivesStrangers(t *testing.T) {
	for _, a := range electionAttacks {
		bubble(t, func(t *testing.T) {
			n, heard, said := newNetwork(), &diary{}, &complaints{}
			e, err := Start(ElectionConfig{ID: 1, Listen: []string{address(1)},
				Dial: n.from(address(1)), Bind: n.bind, Refused: said.add}, heard)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(e.Close)
			introduceAs(t, n, address(1), handshake(2))
			conn, _ := n.from("")(t.Context(), address(1))
			begun := time.Now()
			a.untilHungUp(conn)
			if took := time.Since(begun); took > dialTimeoutDefault+time.Second {
				t.Errorf("%s: it took %v", a.name, took)
			}
			said.expectOne(t, a.name, a.said)
			introduceAs(t, n, address(1), handshake(3))
			heard.expect(t, "up 2", "up 3")
		})
	}
}

// The plot: a peer that has introduced itself sends what is no notification, or a length
// that cannot be. It is hung up on, with one line, and server 2 stays connected.
func TestAnElectionPeerThatBreaksTheProtocolIsHungUpOn(t *testing.T) {
	for said, sends := range map[string][]byte{
		gibberish:                          joined(len(gibberish), gibberish),
		"election message of 0 bytes":      joined(0),
		"election message of -1 bytes":     joined(-1),
		"election message of 524289 bytes": joined(wire.ElectionFrameBytesMax + 1),
	} {
		bubble(t, func(t *testing.T) {
			n, heard, told := newNetwork(), &diary{}, &complaints{}
			e, err := Start(ElectionConfig{ID: 1, Listen: []string{address(1)},
				Dial: n.from(address(1)), Bind: n.bind, Refused: told.add}, heard)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(e.Close)
			introduceAs(t, n, address(1), handshake(2))
			attack{sends: sends}.untilHungUp(introduceAs(t, n, address(1), handshake(9)))
			told.expectOne(t, said, "election peer 9: "+said)
			if !e.Connected(2) || e.Connected(9) {
				t.Errorf("%s: connected %v, %v", said, e.Connected(2), e.Connected(9))
			}
		})
	}
}

// The plot: a member says something and hangs up, again and again. It is not dialled in a
// frenzy: the pauses grow as for one that cannot be reached.
func TestAPeerThatHangsUpAtOnceIsDialledWithPauses(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNetwork()
		listener, _ := n.bind(t.Context(), address(1))
		go func() {
			for {
				conn, err := listener.Accept()
				if err != nil {
					return
				}
				_, _ = wire.ReadElectionHandshake(conn)
				_, _ = conn.Write(joined(2, "hi"))
				_ = conn.Close()
			}
		}()
		t.Cleanup(func() { listener.Close() })
		start(t, n, 2, members(1, 2))
		pass(10 * time.Second)
		if dials := n.dialCount(); dials > 25 {
			t.Fatalf("%d dials in 10 seconds", dials)
		}
	})
}

// encoded is a packet as it stands on the wire.
func encoded(kind wire.PacketType, zxid zoo.Zxid, data []byte) []byte {
	p := wire.QuorumPacket{Type: kind, Zxid: zxid, Data: data}
	return p.AppendTo(nil)
}

func learnerInfo(id int64) []byte { return joined(id, 0x10000, int64(0)) }

var quorumAttacks = []attack{
	{"garbage", "unreasonable length", bytes.Repeat([]byte{0x88}, 4096), false},
	{"another protocol", "unreasonable length",
		[]byte("GET /commands/stats HTTP/1.1\r\n\r\n"), false},
	{"TLS where there is none", "timeout", []byte(clientHello), false},
	{"a negative length", "-2 bytes", joined(11, int64(0), -2), false},
	{"a huge length", "2147483647 bytes", joined(11, int64(0), 1<<31-1), false},
	{"a long introduction", "1025 bytes",
		encoded(wire.PacketFollowerInfo, 0, make([]byte, introductionBytesMax+1)), false},
	{"the wrong phase", "its first packet is ACK", encoded(wire.PacketAck, 5, nil), false},
	{"a snapshot", "its first packet is SNAP", encoded(wire.PacketSnap, 5, nil), false},
	{"an unknown packet", "its first packet is packet77", encoded(77, 5, nil), false},
	{"no id", "truncated", encoded(wire.PacketFollowerInfo, 0, nil), false},
	{"half an id", "truncated", encoded(wire.PacketFollowerInfo, 0, []byte{1, 2, 3}), false},
	{"our own id", errOwnID.Error(), encoded(wire.PacketFollowerInfo, 0, learnerInfo(1)), false},
	{"a negative id", errIDNegative.Error(),
		encoded(wire.PacketObserverInfo, 0, learnerInfo(-1)), false},
	{"silence", "timeout", nil, false},
	{"half a packet", "timeout", joined(11, int64(0)), false},
	{"a slow packet", "timeout", encoded(wire.PacketFollowerInfo, 0, make([]byte, 500)), true},
}

// The plot: a learner is connected while strangers come to the quorum port. Each is hung
// up on within the time of a handshake, with one line in the log, and the owner of the
// links does not even hear of it.
func TestTheQuorumPortSurvivesStrangers(t *testing.T) {
	for _, a := range quorumAttacks {
		bubble(t, func(t *testing.T) {
			said := &complaints{}
			p := newPair(t, QuorumConfig{ID: 1, Refused: said.add})
			conn, _ := p.network.from("")(t.Context(), quorumPort)
			begun := time.Now()
			a.untilHungUp(conn)
			if took := time.Since(begun); took > dialTimeoutDefault+time.Second {
				t.Errorf("%s: it took %v", a.name, took)
			}
			said.expectOne(t, a.name, a.said)
			p.learner.Send(p.fromLearner, []wire.QuorumPacket{packet(wire.PacketAck, 9)})
			synctest.Wait()
			p.join(7)
			p.atLeader.expect(t, "ACK 0x9", "up 3 origin 2", "FOLLOWERINFO 0x7")
		})
	}
}

// The plot: a learner that has registered sends a length that cannot be, or a snapshot.
// Its link ends, with one line, and the other learner's stays.
func TestALearnerThatBreaksTheProtocolIsHungUpOn(t *testing.T) {
	for name, sends := range map[string][]byte{
		"unreasonable length":    joined(3, int64(0), 1<<30),
		"snapshot from the":      encoded(wire.PacketSnap, 5, nil),
		"-9 bytes: unreasonable": joined(3, int64(0), -9),
	} {
		bubble(t, func(t *testing.T) {
			said := &complaints{}
			p := newPair(t, QuorumConfig{ID: 1, Refused: said.add})
			conn, _ := p.network.from("")(t.Context(), quorumPort)
			_, _ = conn.Write(encoded(wire.PacketFollowerInfo, 0, learnerInfo(9)))
			attack{sends: sends}.untilHungUp(conn)
			said.expectOne(t, name, name)
			if p.leader.link(p.fromLeader) == nil || len(p.atLeader.reasons) != 1 {
				t.Errorf("%s: links ended: %v", name, p.atLeader.reasons)
			}
		})
	}
}

// The plot: servers that are in no server line, and one that is, each with many links.
func TestLinksOfStrangersAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		said := &complaints{}
		p := newPair(t, QuorumConfig{ID: 1, Refused: said.add,
			Names: NewNames(map[zoo.ServerID]string{1: "a:1", 2: "b:1"})})
		register := func(id zoo.ServerID) LinkID {
			link := p.learner.Dial(quorumPort)
			p.learner.Send(link, []wire.QuorumPacket{followerInfo(id, 1)})
			synctest.Wait()
			return link
		}
		first := register(100)
		for i := range zoo.ServerID(linksStrangersMax - 1) {
			register(101 + i)
		}
		register(99)
		said.expectOne(t, "one stranger too many", "not in the configuration")
		register(2)
		p.learner.Cut(first)
		synctest.Wait()
		register(98)
		if got := len(p.atLeader.reasons); got != 1 || len(said.lines) > 0 {
			t.Fatalf("%d links ended, %q", got, said.lines)
		}
	})
}

// still is a connection on which all that ever comes has come.
type still struct {
	net.Conn
	*bytes.Reader
}

func (s still) Read(p []byte) (int, error)    { return s.Reader.Read(p) }
func (still) Write(p []byte) (int, error)     { return len(p), nil }
func (still) Close() error                    { return nil }
func (still) SetDeadline(time.Time) error     { return nil }
func (still) SetReadDeadline(time.Time) error { return nil }
func (still) RemoteAddr() net.Addr            { return &net.UnixAddr{Name: "host:1"} }
func newStill(b []byte) still                 { return still{Reader: bytes.NewReader(b)} }

func fuzzSecurity(required bool) *Security {
	s := byHost("host2.test")
	s.ProofRequired = required
	return s
}

// FuzzElectionPort feeds the election port from its first byte on, with authentication.
func FuzzElectionPort(f *testing.F) {
	h := handshake(2)
	proof := wire.NewQuorumAuth(wire.AuthInProgress, []byte("host2.test"))
	f.Add(append(h.AppendTo(nil), joined(2, "hi")...), false)
	f.Add(proof.AppendTo(h.AppendTo(nil)), true)
	f.Add([]byte(clientHello), true)
	for _, a := range electionAttacks {
		f.Add(a.sends, false)
	}
	names := NewNames(map[zoo.ServerID]string{1: "host1.test:1", 2: "host2.test:1"})
	f.Fuzz(func(t *testing.T, b []byte, required bool) {
		cfg := ElectionConfig{ID: 1, Security: fuzzSecurity(required), Names: names}
		e := &Election{cfg: cfg.withDefaults()}
		alloc.Bounded(t, len(b)+electionReadBytes, func() {
			from, _, reader, err := e.introduce(newStill(b))
			if err == nil && (from.ServerID < 0 || from.ServerID == 1) {
				t.Fatalf("let %d in", from.ServerID)
			}
			_ = dialable(from.Addresses)
			for err == nil {
				_, err = readElectionMessage(reader)
			}
		})
	})
}

// FuzzQuorumPort feeds the quorum port likewise.
func FuzzQuorumPort(f *testing.F) {
	proof := wire.NewQuorumAuth(wire.AuthInProgress, []byte("host2.test"))
	info := encoded(wire.PacketFollowerInfo, 0, learnerInfo(2))
	f.Add(append(proof.AppendTo(nil), info...), true)
	f.Add(append(info, encoded(wire.PacketAck, 7, nil)...), false)
	for _, a := range quorumAttacks {
		f.Add(a.sends, false)
	}
	names := NewNames(map[zoo.ServerID]string{1: "host1.test:1", 2: "host2.test:1"})
	f.Fuzz(func(t *testing.T, b []byte, required bool) {
		cfg := QuorumConfig{ID: 1, Security: fuzzSecurity(required), Names: names}
		q := &Quorum{cfg: cfg.withDefaults()}
		alloc.Bounded(t, len(b)+2*readBytes, func() {
			in, err := q.introduce(newStill(b))
			if err != nil {
				return
			}
			if in.from < 0 || in.from == 1 || required && in.from != 2 {
				t.Fatalf("let %d in", in.from)
			}
			for packets := newPacketStream(in.reader, dataBytesMax); err == nil; {
				_, err = packets.next()
			}
		})
	})
}

// FuzzProof feeds a server that proves itself with what another one may answer.
func FuzzProof(f *testing.F) {
	answer := func(status wire.AuthStatus, token string) []byte {
		p := wire.NewQuorumAuth(status, []byte(token))
		return p.AppendTo(nil)
	}
	offer := `realm="zk-quorum-sasl-md5",nonce="n",charset=utf-8,algorithm=md5-sess`
	f.Add(append(answer(0, offer), answer(1, "rspauth=0")...))
	f.Add(answer(1, ""))
	f.Add(answer(-1, ""))
	f.Add(joined(wire.QuorumAuthMagic, 0, 1<<31-1))
	f.Fuzz(func(t *testing.T, b []byte) {
		conn := newStill(b)
		in := newEntrance(conn)
		if err := digest("secret", "", true).prove(conn, in.reader, "leader"); err == nil {
			t.Fatalf("believed %q", b)
		}
	})
}
