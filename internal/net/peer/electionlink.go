package peer

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"zoo/internal/wire"
)

// A message on an election connection, after the introduction:
//
//	offset  size  field
//	     0     4  length of the message, big-endian, 1 to 524288
//	     4     n  the message
const electionHeaderBytes = 4

// electionReadBytes holds any usual notification whole.
const electionReadBytes = 4096

// electionLink is one connection with one server, from its installation to its
// end. Two goroutines serve it: the reader, which is always in a read so that
// the end of the peer's process is noticed at once, and the writer.
type electionLink struct {
	election *Election
	remote   *remote
	conn     net.Conn
	reader   *bufio.Reader
	begun    time.Time
	before   *electionLink // reported Down before this one is reported Up
	wake     chan struct{} // something to write; of capacity one
	stop     chan struct{} // closed by the reader for the writer
	gone     chan struct{} // closed after Down
	heard    bool          // reader only, until it ends: a message has come
}

func newElectionLink(e *Election, p *remote, conn net.Conn, r *bufio.Reader) *electionLink {
	return &electionLink{
		election: e, remote: p, conn: conn, reader: r, before: p.latest,
		begun: time.Now(),
		wake:  make(chan struct{}, 1),
		stop:  make(chan struct{}),
		gone:  make(chan struct{}),
	}
}

// run is the reader's goroutine and the life of the link.
func (l *electionLink) run() {
	defer close(l.gone)
	if l.before != nil {
		<-l.before.gone
		l.before = nil // or every link would keep all its forebears
	}
	e, id := l.election, l.remote.id
	e.cfg.Log.Info("election connection up", "peer", int64(id))
	e.events.Up(id)
	writer := make(chan struct{})
	go func() { defer close(writer); l.write() }()
	err := l.read()
	_ = l.conn.Close()
	close(l.stop)
	<-writer
	e.drop(l)
	if wrong := (malformed{}); errors.As(err, &wrong) {
		e.cfg.Refused(l.conn.RemoteAddr(), fmt.Errorf("election peer %d: %w", id, err))
	} else {
		e.cfg.Log.Info("election connection down", "peer", int64(id), "error", err)
	}
	e.events.Down(id)
	e.gone(l)
}

// read reports messages until the connection ends, and returns why it did.
func (l *electionLink) read() error {
	for {
		message, err := readElectionMessage(l.reader)
		if err != nil {
			return err
		}
		if err := l.election.events.Received(l.remote.id, message); err != nil {
			return malformed{err}
		}
		l.heard = true
	}
}

// readElectionMessage reads one message. A length out of bounds means that the
// other end speaks something else, and nothing after it can be trusted.
func readElectionMessage(r *bufio.Reader) ([]byte, error) {
	var header [electionHeaderBytes]byte
	if _, err := io.ReadFull(r, header[:]); err != nil {
		return nil, err
	}
	n := int32(binary.BigEndian.Uint32(header[:]))
	if n < 1 || n > wire.ElectionFrameBytesMax {
		return nil, malformed{fmt.Errorf("election message of %d bytes", n)}
	}
	message := make([]byte, n)
	_, err := io.ReadFull(r, message)
	return message, err
}

// malformed is the error of what cannot be of this protocol.
type malformed struct{ error }

// Unwrap is what is wrong with it.
func (m malformed) Unwrap() error { return m.error }

// write sends the newest message whenever there is one. A write that fails ends
// the connection, which the reader then reports.
func (l *electionLink) write() {
	signal(l.wake) // a message may have been waiting for the connection
	for {
		select {
		case <-l.stop:
			return
		case <-l.wake:
		}
		if err := l.writeNewest(); err != nil {
			_ = l.conn.Close()
			return
		}
	}
}

func (l *electionLink) writeNewest() error {
	message, ok := l.takeNewest()
	if !ok {
		return nil
	}
	frame := make([]byte, 0, electionHeaderBytes+len(message))
	frame = binary.BigEndian.AppendUint32(frame, uint32(len(message)))
	frame = append(frame, message...)
	_ = l.conn.SetWriteDeadline(time.Now().Add(l.election.cfg.WriteTimeout))
	_, err := l.conn.Write(frame)
	return err
}

// takeNewest takes the message that waits, unless a newer link has come: then
// it is that one's to send.
func (l *electionLink) takeNewest() ([]byte, bool) {
	e := l.election
	e.mu.Lock()
	defer e.mu.Unlock()
	p := l.remote
	if p.link != l || p.unsent == nil {
		return nil, false
	}
	message := p.unsent
	p.unsent = nil
	return message, true
}
