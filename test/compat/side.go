package compat

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"time"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
	"zoo/test/ensemble"
)

// patience bounds the wait for one message; what takes longer is silence.
const patience = 30 * time.Second

// frameBytesMax bounds what is read as one frame; no reply here is larger.
const frameBytesMax = 64 << 20

// side is one of the two servers, with a connection for each slot.
type side struct {
	name  string
	links []*link
	// greetings is how many connections there were.
	greetings int
	// pilots are connections that nothing is asked of but syncs: a server may be late
	// when none of the slots is connected to it.
	pilots map[string]*link
	// servers are who answers, where there is something to tell of them.
	servers []*ensemble.Server
	// late says that the servers are Java's: see nudge and catchUp.
	late bool
}

// link is one slot's connection and the session that it had last.
type link struct {
	address string
	// syncs says that the end of a round is a sync: the writes of other servers'
	// clients come with it.
	syncs bool
	// greeting counts the connections of all slots.
	greeting int
	conn     net.Conn // conn is nil while the slot is not connected.
	r        *bufio.Reader
	who      identity
	// nudge, if there is one, is called when nothing has come for a while.
	nudge func() error
}

// nudgeAfter is how long a member of Java's ensembles is silent before it is nudged.
const nudgeAfter = time.Second

// areJavas makes allowance for what chance decides in Java's servers, in ensembles.
//
// A server may lose the wake-up for a commit and sleep on it until the next one comes
// (ZOOKEEPER-4537, mended in 3.8.1): so one does, of a connection that is not compared.
func (s *side) areJavas() {
	s.late = true
	for _, l := range s.links {
		if l.syncs {
			l.nudge = func() error { return s.pilot(l.address) }
		}
	}
}

// newSide makes slots that connect to the addresses in turn.
func newSide(name string, addresses []string, slots int) *side {
	s := &side{name: name, pilots: map[string]*link{}}
	for i := range slots {
		s.links = append(s.links, &link{address: addresses[i%len(addresses)],
			syncs: len(addresses) > 1})
	}
	return s
}

// shut ends all connections.
func (s *side) shut() {
	for _, l := range s.links {
		l.drop()
	}
	for _, l := range s.pilots {
		l.drop()
	}
}

// logLines is how much of each server's log a finding shows. One refusal of Java's is
// some twenty lines.
const logLines = 60

// logs are the ends of the servers' logs, with where the slots are connected.
func (s *side) logs() string {
	var b strings.Builder
	for _, server := range s.servers {
		var slots []int
		for i, l := range s.links {
			if l.address == server.Address() {
				slots = append(slots, i)
			}
		}
		state := "runs"
		if server.Ended() {
			state = "HAS ENDED"
		}
		fmt.Fprintf(&b, "%s's server %d, of slots %v, %s. The end of its log:\n%s\n\n", s.name,
			server.ID, slots, state, server.LastLines(logLines))
	}
	return b.String()
}

// pilot brings the server of an ensemble up to date.
func (s *side) pilot(address string) error {
	l := s.pilots[address]
	if l == nil {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			return err
		}
		l = &link{address: address, syncs: true, conn: conn, r: bufio.NewReader(conn)}
		s.pilots[address] = l
		l.greet((&hello{timeout: 30000, back: -1}).frame(nil, nil))
	}
	if l.conn == nil {
		return fmt.Errorf("%s has closed the connection that only syncs", address)
	}
	l.talk(nil, nil)
	return nil
}

func (l *link) drop() {
	if l.conn != nil {
		l.conn.Close()
		l.conn = nil
	}
}

// heard is what each slot has received in one round.
type heard [][]message

// play plays one round: the handshake if there is one, the requests, and the drain
// of all slots.
func (s *side) play(r *round, known *twin) (heard, error) {
	got := make(heard, len(s.links))
	l := s.links[r.slot]
	connects := r.connects(l)
	if r.drop || l.conn != nil && r.again && (r.hello.leaves || r.eager) {
		l.drop()
	}
	if connects {
		old, err := s.connect(r, known)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", s.name, err)
		}
		got[r.slot] = old
	}
	switch {
	case l.conn == nil:
	case connects && r.eager:
		got[r.slot] = append(got[r.slot], l.listen(r.requests)...)
	case r.stepwise:
		got[r.slot] = append(got[r.slot], l.walk(r.requests, s.resolve(known))...)
	default:
		got[r.slot] = append(got[r.slot], l.talk(r.requests, s.resolve(known))...)
	}
	for i, other := range s.links {
		if i != r.slot && other.conn != nil {
			got[i] = other.talk(nil, nil)
			if s.late && other.syncs {
				got[i] = other.catchUp(got[i], latest(got[r.slot]))
			}
		}
	}
	return got, nil
}

// latest is the last transaction that a connection has been told of.
func latest(said []message) zoo.Zxid {
	var last zoo.Zxid
	for i := range said {
		if m := &said[i]; m.sort == reply || m.sort == barrier {
			last = max(last, m.zxid)
		}
	}
	return last
}

// catchUp repeats the barrier until the server has come as far as another one: a sync at
// Java's leader is a read, and may be answered before the leader has applied what a
// follower has answered already.
func (l *link) catchUp(said []message, until zoo.Zxid) []message {
	for began := time.Now(); time.Since(began) < patience; {
		last := len(said) - 1
		if said[last].sort != barrier || said[last].zxid >= until {
			break
		}
		said = append(said[:last], l.talk(nil, nil)...)
	}
	return said
}

// resolve gives the zxid of this side that was seen so many zxids ago.
func (s *side) resolve(known *twin) func(back int) zoo.Zxid {
	return func(back int) zoo.Zxid { return known.recent(s.name, back) }
}

// connect opens a new connection for the round's slot. An old one that is still
// open is drained after the handshake, for the server may have closed it.
func (s *side) connect(r *round, known *twin) ([]message, error) {
	l := s.links[r.slot]
	if l.syncs {
		if err := s.pilot(l.address); err != nil {
			return nil, err
		}
	}
	conn, err := net.Dial("tcp", l.address)
	if err != nil {
		return nil, err
	}
	before := *l
	s.greetings++
	l.greeting = s.greetings
	l.conn, l.r = conn, bufio.NewReaderSize(conn, 64<<10)
	frame := r.hello.frame(s.links, s.resolve(known))
	if r.eager {
		for i := range r.requests {
			frame = r.requests[i].appendTo(frame, s.resolve(known))
		}
		frame = l.appendBarrier(frame)
	}
	got := l.greet(frame)
	if before.conn != nil {
		got = append(got, before.talk(nil, nil)...)
		before.drop()
	}
	return got, nil
}

// greet sends a handshake and reads its answer. A session that does not exist
// leaves the slot unconnected.
func (l *link) greet(frame []byte) []message {
	if _, err := l.conn.Write(frame); err != nil {
		l.drop()
		return []message{{sort: closing}}
	}
	answer, end := l.frame()
	if answer == nil {
		return []message{{sort: end}}
	}
	m, who := decodeWelcome(answer)
	if who.id != 0 {
		l.who = who
		return []message{m}
	}
	_, end = l.frame()
	l.drop()
	return []message{m, {sort: end}}
}

// barrierXid is the xid of the request that ends each round; no other has it.
const barrierXid = 0x0ba44e44

// appendBarrier appends a request that every server answers at once, in its turn.
func (l *link) appendBarrier(b []byte) []byte {
	if l.syncs {
		body := wire.SyncRequest{Path: "/zookeeper"}
		return appendFrame(b, body.AppendTo(header(barrierXid, wire.OpSync)))
	}
	body := wire.ExistsRequest{Path: "/zookeeper"}
	return appendFrame(b, body.AppendTo(header(barrierXid, wire.OpExists)))
}

func header(xid int32, op wire.Op) []byte {
	h := wire.RequestHeader{Xid: xid, Type: op}
	return h.AppendTo(nil)
}

func appendFrame(b, payload []byte) []byte {
	return append(jute.AppendInt(b, int32(len(payload))), payload...)
}

// lingersMax is how many barriers more a connection is given that ought to end: Java
// may answer a few requests between its last reply and the end.
const lingersMax = 200

// talk sends the requests and a barrier and listens.
func (l *link) talk(requests []request, resolve func(int) zoo.Zxid) []message {
	var out []byte
	for i := range requests {
		out = requests[i].appendTo(out, resolve)
	}
	// An error is a connection that the server has closed, which reading tells.
	_, _ = l.conn.Write(l.appendBarrier(out))
	return l.listen(requests)
}

// walk is talk with one request after the other.
func (l *link) walk(requests []request, resolve func(int) zoo.Zxid) []message {
	var got []message
	for i := range requests {
		_, _ = l.conn.Write(requests[i].appendTo(nil, resolve))
		for answered := false; !answered; {
			frame, end := l.frame()
			if frame == nil {
				return append(got, message{sort: end})
			}
			m := l.decode(frame, requests[i:i+1])
			got, answered = append(got, m), m.sort == reply
		}
	}
	return append(got, l.talk(nil, resolve)...)
}

// listen reads until the barrier's reply or the end of the connection.
func (l *link) listen(requests []request) []message {
	lingers := 0
	if n := len(requests); n > 0 && requests[n-1].ends {
		lingers = lingersMax
	}
	var got []message
	for {
		frame, end := l.frame()
		if frame == nil {
			return append(got, message{sort: end})
		}
		m := l.decode(frame, requests)
		if m.sort == barrier && lingers > 0 {
			lingers--
			_, _ = l.conn.Write(l.appendBarrier(nil))
			continue
		}
		got = append(got, m)
		switch {
		case m.sort == barrier:
			return got
		case m.sort == reply && len(requests) > 0:
			requests = requests[1:]
		}
	}
}

func (l *link) decode(frame []byte, requests []request) message {
	d := jute.NewDecoder(frame)
	switch xid := d.Int(); {
	case isNotification(frame):
		return decodeNotification(frame)
	case xid == barrierXid:
		return decodeBarrier(frame)
	case len(requests) == 0:
		return decodeReply(frame, &request{})
	}
	return decodeReply(frame, &requests[0])
}

// frame reads one frame, or tells how the connection ended.
func (l *link) frame() ([]byte, sort) {
	if l.nudge != nil {
		l.conn.SetReadDeadline(time.Now().Add(nudgeAfter))
		if _, err := l.r.Peek(1); errors.Is(err, os.ErrDeadlineExceeded) {
			if err := l.nudge(); err != nil {
				return nil, l.ended(err)
			}
		}
	}
	l.conn.SetReadDeadline(time.Now().Add(patience))
	var size [4]byte
	if _, err := io.ReadFull(l.r, size[:]); err != nil {
		return nil, l.ended(err)
	}
	n := binary.BigEndian.Uint32(size[:])
	if n > frameBytesMax {
		return nil, l.ended(io.ErrUnexpectedEOF)
	}
	frame := make([]byte, n)
	if _, err := io.ReadFull(l.r, frame); err != nil {
		return nil, l.ended(err)
	}
	return frame, reply
}

func (l *link) ended(err error) sort {
	l.drop()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return silence
	}
	return closing
}
