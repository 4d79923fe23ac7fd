package peer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// introductionBytesMax bounds the data of the first packet of a learner. Ours has 24
// bytes, and Java's fewer.
const introductionBytesMax = 1024

// entrance is a connection that has become a link: both ends have proved what they must.
type entrance struct {
	conn   net.Conn
	reader *bufio.Reader
	// read counts the bytes that were read.
	read *atomic.Uint64
	// first is the introduction of who has dialled; nil where we have.
	first *wire.QuorumPacket
	// from is who it is.
	from zoo.ServerID
}

func newEntrance(conn net.Conn) *entrance {
	in := &entrance{conn: conn, read: new(atomic.Uint64)}
	in.reader = bufio.NewReaderSize(&countingReader{conn, in.read}, readBytes)
	return in
}

// enter dials a leader, and proves to it who we are.
func (q *Quorum) enter(ctx context.Context, addresses string) (*entrance, error) {
	conn, err := dialAny(ctx, q.cfg.Dial, addresses)
	if err != nil {
		return nil, err
	}
	in := newEntrance(conn)
	if q.cfg.Security == nil {
		return in, nil
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.SetDeadline(time.Unix(1, 0)) })
	err = q.cfg.Security.prove(conn, in.reader, firstHost(addresses))
	if !stop() || err != nil {
		return nil, errors.Join(err, ctx.Err(), conn.Close())
	}
	return in, nil
}

// greet hears who has dialled, if there is room.
func (q *Quorum) greet(conn net.Conn) {
	if err := q.door.enter(conn); err != nil {
		q.refuse(conn, err)
		return
	}
	id := q.number()
	q.tasks.Go(func() { q.admit(conn, id) })
}

// refuse hangs up on who is not let in.
func (q *Quorum) refuse(conn net.Conn, why error) {
	_ = conn.Close()
	if errors.Is(why, net.ErrClosed) {
		return // it is we who leave
	}
	q.cfg.Refused(conn.RemoteAddr(), fmt.Errorf("learner: %w", why))
}

// admit makes a link of an accepted connection once it is known whose it is.
func (q *Quorum) admit(conn net.Conn, id LinkID) {
	in, err := q.introduce(conn)
	q.door.leave(conn)
	var l *link
	if err == nil {
		l, err = q.welcome(in, id)
	}
	if err != nil {
		q.refuse(conn, err)
		return
	}
	l.run(func() (*entrance, error) { return in, nil })
}

// introduce reads who has dialled and what proves it. It takes HandshakeTimeout at most,
// however slowly the bytes come.
func (q *Quorum) introduce(conn net.Conn) (*entrance, error) {
	security := q.cfg.Security
	secured, shown, err := security.receive(conn, time.Now().Add(q.cfg.HandshakeTimeout))
	if err != nil {
		return nil, err
	}
	in := newEntrance(secured)
	if err := security.hear(secured, in.reader, &shown); err != nil {
		return nil, err
	}
	if err := in.readFirst(); err != nil {
		return nil, err
	}
	if err := checkID(in.from, q.cfg.ID); err != nil {
		return nil, err
	}
	_ = conn.SetDeadline(time.Time{})
	return in, q.cfg.Names.check(claim{id: in.from}, shown)
}

// readFirst reads the packet by which a learner registers. Nothing else may come first.
func (in *entrance) readFirst() error {
	in.first = new(wire.QuorumPacket)
	if err := wire.NewPacketReader(in.reader, introductionBytesMax).Next(in.first); err != nil {
		return err
	}
	if in.first.Type != wire.PacketFollowerInfo && in.first.Type != wire.PacketObserverInfo {
		return fmt.Errorf("its first packet is %v, not FOLLOWERINFO or OBSERVERINFO",
			in.first.Type)
	}
	var info wire.LearnerInfo
	d := jute.NewDecoder(in.first.Data)
	info.DecodeFrom(&d)
	in.from = info.ServerID
	return d.Err()
}

// The reasons for which a learner is not let in though it is who it says.
var (
	errLinks          = fmt.Errorf("there are %d links already", linksMax)
	errLinksStrangers = fmt.Errorf("there are %d links of servers that are not in the "+
		"configuration already", linksStrangersMax)
)

// welcome makes a link, unless there are too many.
func (q *Quorum) welcome(in *entrance, id LinkID) (*link, error) {
	stranger := !q.cfg.Names.member(in.from)
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return nil, net.ErrClosed
	case len(q.links) >= linksMax:
		return nil, errLinks
	case stranger && q.strangers >= linksStrangersMax:
		return nil, errLinksStrangers
	}
	l := newLink(q, id, Accepted, func() {})
	if l.stranger = stranger; stranger {
		q.strangers++
	}
	q.links[l.id] = l
	return l, nil
}
