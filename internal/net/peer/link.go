package peer

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/net/nowait"
	"zoo/internal/wire"
)

// snapshotWriteBytes is how much of a snapshot is written at a time.
const snapshotWriteBytes = 256 << 10

// link is one ordered link. Its reader's goroutine runs its life; a writer's
// goroutine lives within that.
type link struct {
	id     LinkID
	origin Origin
	quorum *Quorum
	cancel func()        // ends the dial
	wake   chan struct{} // something for the writer; of capacity one
	// stranger: it is of a server that is not a member.
	stranger bool
	written  atomic.Uint64 // bytes
	// received and requests count packets.
	received, requests atomic.Uint64

	mu      sync.Mutex // never held over I/O
	conn    net.Conn   // nil until the link is up
	in      *entrance  // likewise
	raw     syscall.RawConn
	writing bool // somebody writes what was taken from the queue
	inline  []piece
	queue   outbox
	flushBy time.Time // when hanging up: the end of writing
	reason  error     // why the link is ending; the first one counts
	ended   bool      // the conn is closed or about to be
	up      time.Time // when the link was
	// taken and done are how many packets the writer has begun to write, and has written.
	taken, done uint64
	// before is what LinkStats leaves out.
	before LinkStats
}

func newLink(q *Quorum, id LinkID, origin Origin, cancel func()) *link {
	return &link{
		id: id, origin: origin, quorum: q, cancel: cancel,
		wake: make(chan struct{}, 1),
	}
}

// run is the link from its opening to LinkDown.
func (l *link) run(open func() (*entrance, error)) {
	in, err := open()
	if err == nil {
		err = l.serve(in)
	}
	l.fail(err)
	l.quorum.forget(l.id)
	reason := l.endReason()
	l.tellEnd(in, reason)
	l.quorum.events.LinkDown(l.id, reason)
}

// tellEnd has one line for the end of a link, which tells more when the other end broke
// the protocol.
func (l *link) tellEnd(in *entrance, reason error) {
	cfg := &l.quorum.cfg
	if wrong := (malformed{}); in != nil && errors.As(reason, &wrong) {
		cfg.Refused(in.conn.RemoteAddr(), fmt.Errorf("quorum link %d: %w", l.id, reason))
		return
	}
	cfg.Log.Info("quorum link down", "link", uint64(l.id), "reason", reason)
}

// serve moves packets both ways until reading ends; a writer that ends first
// closes the connection and so ends the reading.
func (l *link) serve(in *entrance) error {
	conn := in.conn
	if !l.open(in) {
		return conn.Close()
	}
	l.quorum.cfg.Log.Info("quorum link up", "link", uint64(l.id), "remote", conn.RemoteAddr())
	l.quorum.events.LinkUp(l.id, l.origin, conn.RemoteAddr())
	var writer sync.WaitGroup
	writer.Go(func() { l.fail(l.writeAll(conn)) })
	defer writer.Wait()
	err := l.readAll(in)
	l.fail(err)
	return err
}

// open gives the link its connection, unless it was ended meanwhile.
func (l *link) open(in *entrance) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.ended {
		l.in, l.conn, l.raw = in, in.conn, nowait.Raw(in.conn)
		l.up = time.Now()
	}
	return !l.ended
}

// bytesRead is how much has come so far.
func (l *link) bytesRead() uint64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.in == nil {
		return 0
	}
	return l.in.read.Load()
}

// fail ends the link because of err. The connection is closed by a goroutine of
// its own, because under TLS closing says goodbye and may wait for that.
func (l *link) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failLocked(err)
}

func (l *link) failLocked(err error) {
	if l.reason == nil {
		l.reason = err
	}
	if l.ended {
		return
	}
	l.ended = true
	l.queue.clear()
	l.cancel()
	signal(l.wake)
	if conn := l.conn; conn != nil {
		l.quorum.tasks.Go(func() { _ = conn.Close() })
	}
}

func (l *link) endReason() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reason
}

// send encodes packets into the queue, one copy for each link, and writes them if
// the socket takes them at once. Otherwise the writer is woken: on an idle link
// that would cost more than the write itself.
func (l *link) send(packets []wire.QuorumPacket) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.takesLocked() {
		return
	}
	for i := range packets {
		l.queue.append(&packets[i])
		if l.queue.bytes > l.quorum.cfg.QueueBytesMax {
			l.failLocked(ErrBacklog)
			return
		}
	}
	if l.writing || l.raw == nil || !l.queue.isShort() {
		signal(l.wake)
		return
	}
	l.tryLocked()
}

// tryLocked writes a short queue without waiting, and leaves the rest to the
// writer. It lets go of mu meanwhile.
func (l *link) tryLocked() {
	l.writing = true
	l.inline, l.taken = l.queue.take(l.inline), l.queue.packets
	raw, p := l.raw, &l.inline[0]
	l.mu.Unlock()
	n, err := nowait.Write(raw, p.bytes)
	l.written.Add(uint64(n))
	l.mu.Lock()
	l.writing = false
	switch {
	case err != nil:
		l.failLocked(err)
	case n < len(p.bytes):
		l.queue.putBack(p, n)
		signal(l.wake)
	default:
		l.queue.written(p)
		l.done = l.taken
		if !l.flushBy.IsZero() || len(l.queue.pieces) > 0 {
			signal(l.wake)
		}
	}
}

func (l *link) sendSnapshot(write func(w io.Writer) error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.takesLocked() {
		l.queue.appendStream(write)
		signal(l.wake)
	}
}

// takesLocked says whether more may be queued.
func (l *link) takesLocked() bool { return !l.ended && l.flushBy.IsZero() }

// hangup lets the writer finish, within timeout. A link that is not yet up has
// nobody to finish for.
func (l *link) hangup(timeout time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.ended || !l.flushBy.IsZero():
	case l.conn == nil:
		l.failLocked(ErrHungUp)
	default:
		l.reason = ErrHungUp
		l.flushBy = time.Now().Add(timeout)
		_ = l.conn.SetWriteDeadline(l.flushBy) // for a write that is under way
		signal(l.wake)
	}
}

// writeAll writes what is queued until the link ends.
func (l *link) writeAll(conn net.Conn) error {
	to := &deadlineWriter{link: l, conn: conn}
	var pieces []piece
	for {
		var err error
		if pieces, err = l.takeQueue(pieces); err != nil {
			return err
		}
		if len(pieces) == 0 {
			<-l.wake
			continue
		}
		if err := l.writePieces(to, pieces); err != nil {
			return err
		}
	}
}

// takeQueue takes all that is queued. With nothing left on a link that was hung
// up, the writing is over.
func (l *link) takeQueue(last []piece) ([]piece, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.ended {
		return nil, net.ErrClosed
	}
	if l.writing {
		// The sender is at it, and signals when it leaves something.
		return nil, nil
	}
	pieces := l.queue.take(last)
	l.taken = l.queue.packets
	if len(pieces) == 0 && !l.flushBy.IsZero() {
		return nil, ErrHungUp
	}
	l.writing = len(pieces) > 0
	return pieces, nil
}

func (l *link) writePieces(to *deadlineWriter, pieces []piece) error {
	defer l.rest()
	for i := range pieces {
		if err := l.writePiece(to, &pieces[i]); err != nil {
			return err
		}
		l.mu.Lock()
		l.queue.written(&pieces[i])
		l.mu.Unlock()
	}
	return nil
}

// rest says that the writer has written what it took. Its deadline goes with it,
// or the sender's next try would meet it long after it has passed.
func (l *link) rest() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.writing, l.done = false, l.taken
	if l.flushBy.IsZero() {
		_ = l.conn.SetWriteDeadline(time.Time{})
	}
}

func (l *link) writePiece(to *deadlineWriter, p *piece) error {
	if p.stream != nil {
		return writeSnapshot(to, p.stream)
	}
	_, err := to.Write(p.bytes)
	return err
}

// writeSnapshot writes the snapshot and the signature that closes it.
func writeSnapshot(to io.Writer, stream func(io.Writer) error) error {
	buffered := bufio.NewWriterSize(to, snapshotWriteBytes)
	if err := stream(buffered); err != nil {
		return err
	}
	if _, err := buffered.Write(snapshotEnd()); err != nil {
		return err
	}
	return buffered.Flush()
}

// snapshotEnd is the signature as it stands on the wire.
func snapshotEnd() []byte { return jute.AppendString(nil, wire.SnapshotSignature) }

// deadlineWriter gives every write its own deadline, so that a long snapshot
// may take its time as long as it moves.
type deadlineWriter struct {
	link *link
	conn net.Conn
}

// Write writes p within WriteTimeout, or in what Hangup has left of it.
func (w *deadlineWriter) Write(p []byte) (int, error) {
	w.link.setWriteDeadline(w.conn)
	n, err := w.conn.Write(p)
	w.link.written.Add(uint64(n))
	return n, err
}

// setWriteDeadline holds mu so that it cannot undo the shorter one of hangup.
func (l *link) setWriteDeadline(conn net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.flushBy.IsZero() {
		_ = conn.SetWriteDeadline(time.Now().Add(l.quorum.cfg.WriteTimeout))
	}
}

// readAll reports packets until the link ends, and returns why it did.
func (l *link) readAll(in *entrance) error {
	if in.first != nil {
		l.count([]wire.QuorumPacket{*in.first})
		l.quorum.events.Received(l.id, []wire.QuorumPacket{*in.first})
	}
	packets := newPacketStream(in.reader, l.quorum.cfg.DataBytesMax)
	for {
		batch, err := packets.next()
		if err != nil {
			return broken(err)
		}
		l.count(batch)
		l.quorum.events.Received(l.id, batch)
		last := &batch[len(batch)-1]
		if last.Type != wire.PacketSnap {
			continue
		}
		if err := l.readSnapshot(last.Zxid, packets.reader); err != nil {
			return err
		}
	}
}

// broken tells what is no packet from a connection that has ended.
func broken(err error) error {
	if errors.Is(err, jute.ErrLength) || errors.Is(err, ErrSnapshotUnwanted) {
		return malformed{err}
	}
	return err
}

// readSnapshot has the owner read the snapshot that the stream now holds, and
// reports it only when the signature shows that nothing of it was left over.
func (l *link) readSnapshot(zxid zoo.Zxid, r *bufio.Reader) error {
	if l.origin != Dialed || l.quorum.cfg.ReadSnapshot == nil {
		return broken(ErrSnapshotUnwanted)
	}
	if err := l.quorum.cfg.ReadSnapshot(l.id, zxid, r); err != nil {
		return err
	}
	want := snapshotEnd()
	end := make([]byte, len(want))
	if _, err := io.ReadFull(r, end); err != nil {
		return err
	}
	if !bytes.Equal(end, want) {
		return ErrSignature
	}
	l.quorum.events.SnapshotReceived(l.id, zxid)
	return nil
}

// countingReader adds up what is read from a connection.
type countingReader struct {
	conn  net.Conn
	total *atomic.Uint64
}

// Read reads from the connection.
func (r *countingReader) Read(p []byte) (int, error) {
	n, err := r.conn.Read(p)
	r.total.Add(uint64(n))
	return n, err
}
