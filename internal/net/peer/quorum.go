package peer

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"

	"zoo"
	"zoo/internal/wire"
)

// The bounds of the quorum links.
const (
	linksMax = 1024 // links of one server at a time
	// linksStrangersMax are those of servers that are not members.
	linksStrangersMax = 64
	linkBytesMax      = 256 << 20 // queued on one link and not yet written
	// dataBytesMax is what Java accepts by default: jute.maxbuffer, and as much
	// again for what a server adds to a client's request.
	dataBytesMax = 2 * wire.FrameBytesMax
)

// flushTimeoutDefault is how long a link that is hung up may still write.
const flushTimeoutDefault = 500 * time.Millisecond

// The reasons for which LinkDown is reported when it was not the other end.
var (
	// ErrHungUp means that the owner ended the link.
	ErrHungUp = errors.New("hung up")
	// ErrBacklog means that the other end read too slowly for what it was sent.
	ErrBacklog = errors.New("too many bytes queued on the link")
	// ErrSignature means that a snapshot did not end where its reader stopped.
	ErrSignature = errors.New("snapshot without its closing signature")
	// ErrSnapshotUnwanted means that a learner sent a snapshot to its leader.
	ErrSnapshotUnwanted = errors.New("snapshot from the accepted side")
)

// LinkID names one link for the life of its Quorum; no id is used twice. Of two links that were
// accepted at one address the later one has the greater id, whenever it is up.
type LinkID uint64

// Origin is the end of a link that this server is.
type Origin uint8

// A learner dials and a leader accepts.
const (
	Dialed Origin = iota + 1
	Accepted
)

// QuorumEvents is who hears of the quorum links. The events of one link follow
// each other and come from one goroutine.
type QuorumEvents interface {
	// LinkUp says that packets now pass. It is the first event of a link, unless
	// its dial failed. A link that was accepted comes with a FOLLOWERINFO or an
	// OBSERVERINFO, which Received reports next, of a server that has proved to be it.
	LinkUp(link LinkID, origin Origin, remote net.Addr)
	// Received hands over packets in their order, as many as had arrived; there
	// is at least one. The slice and all it refers to belong to the receiver, and
	// the Data of one call share a block of memory that nobody writes again.
	Received(link LinkID, packets []wire.QuorumPacket)
	// SnapshotReceived says that the snapshot announced by the SNAP packet just
	// received was read by ReadSnapshot and is whole.
	SnapshotReceived(link LinkID, zxid zoo.Zxid)
	// LinkDown is the last event of every link, exactly once: of one that was
	// up, and of a dial that failed.
	LinkDown(link LinkID, reason error)
	// ListenFailed says that learners cannot reach this server, or no longer.
	ListenFailed(err error)
}

// QuorumConfig says how the links behave.
type QuorumConfig struct {
	// ReadSnapshot decodes the snapshot that follows a SNAP packet. It is called
	// by the goroutine that reads the link, after Received has delivered the
	// packet, and must read neither less nor more than the snapshot.
	ReadSnapshot func(link LinkID, zxid zoo.Zxid, r *bufio.Reader) error
	// ID is this server's own; 0 is none.
	ID zoo.ServerID
	// DialTimeout bounds a Dial, and HandshakeTimeout the introduction of who has dialled.
	DialTimeout, HandshakeTimeout time.Duration
	// WriteTimeout bounds every write: a peer that takes nothing for so long
	// loses the link.
	WriteTimeout time.Duration
	// FlushTimeout bounds what Hangup still writes.
	FlushTimeout time.Duration
	// QueueBytesMax bounds what is queued on one link, and DataBytesMax the data
	// of one packet received.
	QueueBytesMax, DataBytesMax int
	// Security protects the links, and Names are whom it may find at their other ends;
	// without either everybody counts as a member.
	Security *Security
	Names    *Names
	// Refused hears whom this server has hung up on, and why; nil logs it.
	Refused RefusedFunc
	// Dial and Bind replace TCP, for tests.
	Dial DialFunc
	Bind ListenFunc
	// Log hears what an operator wants to know; nil is silence.
	Log *slog.Logger
}

// withDefaults fills in what the owner left out.
func (c QuorumConfig) withDefaults() QuorumConfig {
	c.DialTimeout = positive(c.DialTimeout, dialTimeoutDefault)
	c.HandshakeTimeout = positive(c.HandshakeTimeout, dialTimeoutDefault)
	c.WriteTimeout = positive(c.WriteTimeout, writeTimeoutDefault)
	c.FlushTimeout = positive(c.FlushTimeout, flushTimeoutDefault)
	c.QueueBytesMax = positive(c.QueueBytesMax, linkBytesMax)
	c.DataBytesMax = positive(c.DataBytesMax, dataBytesMax)
	if c.Dial == nil {
		c.Dial = dialTCP
	}
	c.Dial = c.Security.dialer(c.Dial)
	if c.Security != nil && c.Names == nil {
		c.Names = NewNames(nil)
	}
	if c.Bind == nil {
		c.Bind = listenTCP
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Refused == nil {
		c.Refused = refusedLog(c.Log)
	}
	return c
}

// Quorum is all the links of one server on the quorum port. Its methods may be
// called from any goroutine, and none but Close waits for anything.
type Quorum struct {
	cfg    QuorumConfig // immutable after NewQuorum
	events QuorumEvents // immutable after NewQuorum
	cancel func()
	// attempt begins a context for one attempt to dial or to bind.
	attempt func() (context.Context, context.CancelFunc)
	tasks   sync.WaitGroup
	door    *door

	mu        sync.Mutex // never held over I/O
	closed    bool
	links     map[LinkID]*link
	strangers int // of links
	lastID    LinkID
	listening *listening // nil while not a leader
}

// NewQuorum makes a Quorum without links.
func NewQuorum(cfg QuorumConfig, events QuorumEvents) *Quorum {
	cfg = cfg.withDefaults()
	ctx, cancel := context.WithCancel(context.Background())
	return &Quorum{
		cfg: cfg, events: events, cancel: cancel,
		attempt: func() (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, cfg.DialTimeout)
		},
		door:  newDoor(handshakesMax),
		links: make(map[LinkID]*link),
	}
}

// Dial makes one attempt to reach a leader; several addresses of one are joined
// with "|". The outcome is reported as LinkUp or LinkDown of the id returned.
// Packets may be sent on it at once: they go out when the link is up. After
// Close nothing is dialled and nothing reported.
func (q *Quorum) Dial(addresses string) LinkID {
	ctx, cancel := q.attempt()
	q.mu.Lock()
	defer q.mu.Unlock()
	l := newLink(q, q.numberLocked(), Dialed, cancel)
	if q.closed {
		cancel()
		return l.id
	}
	q.links[l.id] = l
	q.tasks.Go(func() {
		defer cancel()
		l.run(func() (*entrance, error) { return q.enter(ctx, addresses) })
	})
	return l.id
}

// number gives the next id.
func (q *Quorum) number() LinkID {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.numberLocked()
}

func (q *Quorum) numberLocked() LinkID {
	q.lastID++
	return q.lastID
}

// link finds a link that has not been reported down; nil is none.
func (q *Quorum) link(id LinkID) *link {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.links[id]
}

func (q *Quorum) forget(id LinkID) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if l := q.links[id]; l != nil && l.stranger {
		q.strangers--
	}
	delete(q.links, id)
}

// Send queues packets behind what was queued before, encoding them at once, so
// that nothing of them is kept. A link whose queue is full is ended with
// ErrBacklog; on a link that is down the packets are dropped.
func (q *Quorum) Send(id LinkID, packets []wire.QuorumPacket) {
	if l := q.link(id); l != nil {
		l.send(packets)
	}
}

// SendSnapshot queues a raw stream behind what was queued before: what write
// writes, and then the signature that closes a snapshot. The SNAP packet must
// have been sent before. Write is called at most once, by the goroutine that
// writes the link, and never after LinkDown; its error ends the link.
func (q *Quorum) SendSnapshot(id LinkID, write func(w io.Writer) error) {
	if l := q.link(id); l != nil {
		l.sendSnapshot(write)
	}
}

// Hangup ends a link after what is queued has been written, within FlushTimeout.
// More may be received until LinkDown.
func (q *Quorum) Hangup(id LinkID) {
	if l := q.link(id); l != nil {
		l.hangup(q.cfg.FlushTimeout)
	}
}

// Cut ends a link at once.
func (q *Quorum) Cut(id LinkID) {
	if l := q.link(id); l != nil {
		l.fail(ErrHungUp)
	}
}

// Progress tells how many bytes a link has read and written so far. While a
// snapshot passes no packet does; an owner who sees these grow knows that the
// silence is not that of a dead peer.
func (q *Quorum) Progress(id LinkID) (read, written uint64) {
	l := q.link(id)
	if l == nil {
		return 0, 0
	}
	return l.bytesRead(), l.written.Load()
}

// Close stops listening, cuts every link, reports them down, and returns when no
// goroutine of q is left.
func (q *Quorum) Close() {
	q.StopListening()
	q.door.close()
	for _, l := range q.shut() {
		l.fail(ErrHungUp)
	}
	q.cancel()
	q.tasks.Wait()
}

// shut refuses all that is to come and returns the links there are.
func (q *Quorum) shut() []*link {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	links := make([]*link, 0, len(q.links))
	for _, l := range q.links {
		links = append(links, l)
	}
	return links
}

// listening is one leadership's hold of the quorum port.
type listening struct {
	done  chan struct{} // closed under Quorum.mu to end it
	ended chan struct{} // closed when all its listeners are closed
	// listeners is under Quorum.mu until done is closed, and fixed afterwards.
	listeners []net.Listener
}

// Listen opens the quorum port for learners, in place of an earlier Listen. It
// does not wait for it: failure is reported as ListenFailed.
func (q *Quorum) Listen(addresses ...string) {
	q.mu.Lock()
	before := q.endListeningLocked()
	if !q.closed {
		current := &listening{done: make(chan struct{}), ended: make(chan struct{})}
		q.listening = current
		q.tasks.Go(func() {
			defer close(current.ended)
			before.wait()
			q.listen(current, addresses)
		})
	}
	q.mu.Unlock()
	before.close()
}

// StopListening closes the quorum port. Links stay, and one that was being
// accepted at this moment may still come up.
func (q *Quorum) StopListening() {
	q.mu.Lock()
	ended := q.endListeningLocked()
	q.mu.Unlock()
	ended.close()
}

// endListeningLocked marks the current listening as over and returns it, nil if
// there is none; to close it is for after the lock.
func (q *Quorum) endListeningLocked() *listening {
	current := q.listening
	if current != nil {
		close(current.done)
	}
	q.listening = nil
	return current
}

// close closes the listeners, to which none is added any more.
func (l *listening) close() {
	if l == nil {
		return
	}
	for _, listener := range l.listeners {
		_ = listener.Close()
	}
}

// wait returns when the port is free.
func (l *listening) wait() {
	if l != nil {
		<-l.ended
	}
}

// listen binds every address and accepts until the listening is over. If one
// address fails, the others are given up: half a leader is none.
func (q *Quorum) listen(current *listening, addresses []string) {
	var accepting sync.WaitGroup
	defer accepting.Wait()
	for _, address := range addresses {
		listener, err := q.bind(current, address)
		if err != nil {
			q.abandon(current, fmt.Errorf("bind quorum address %s: %w", address, err))
			return
		}
		if !q.holds(current, listener) {
			_ = listener.Close()
			return
		}
		accepting.Go(func() {
			if err := acceptAll(listener, current.done, q.greet); err != nil {
				q.abandon(current, fmt.Errorf("accept on %s: %w", address, err))
			}
		})
	}
}

// bind binds an address of this server. A name that does not resolve may soon do so, and
// is no reason to end a server.
func (q *Quorum) bind(current *listening, address string) (net.Listener, error) {
	for pause := redialPauseMin; ; pause = min(2*pause, redialPauseMax) {
		listener, err := q.bindOnce(address)
		if err == nil || !Unresolved(err) {
			return listener, err
		}
		if pause == redialPauseMin {
			q.cfg.Log.Warn("quorum address does not resolve yet", "address", address,
				"error", err)
		}
		if !sleep(current.done, nil, pause) {
			return nil, err
		}
	}
}

func (q *Quorum) bindOnce(address string) (net.Listener, error) {
	ctx, cancel := q.attempt()
	defer cancel()
	return q.cfg.Bind(ctx, address)
}

// holds adds a listener to current, unless that is over.
func (q *Quorum) holds(current *listening, listener net.Listener) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.listening != current {
		return false
	}
	current.listeners = append(current.listeners, listener)
	return true
}

// abandon ends current because of err and reports it, unless it is over.
func (q *Quorum) abandon(current *listening, err error) {
	q.mu.Lock()
	over := q.listening != current
	if !over {
		q.endListeningLocked()
	}
	q.mu.Unlock()
	if over {
		return
	}
	current.close()
	q.cfg.Log.Error("quorum port lost", "error", err)
	q.events.ListenFailed(err)
}
