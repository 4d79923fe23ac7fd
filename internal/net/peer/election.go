package peer

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"time"

	"zoo"
	"zoo/internal/wire"
)

// The bounds and pauses of the election connections.
const (
	strangersMax   = 64                    // peers that are not members
	redialPauseMin = 50 * time.Millisecond // after the first failure
	redialPauseMax = time.Second           // growing to this
)

// The timeouts of a config that names none; Java's cnxTimeout is the dial's.
const (
	dialTimeoutDefault  = 5 * time.Second
	writeTimeoutDefault = 10 * time.Second
)

// ElectionEvents is who hears of the election connections. For one peer Up,
// any number of Received, and Down follow each other; different peers are
// reported by different goroutines.
type ElectionEvents interface {
	// Up says that messages to and from id now pass.
	Up(id zoo.ServerID)
	// Received hands over one message; its bytes belong to the receiver. An error says
	// that the other end speaks something else, and ends the connection.
	Received(id zoo.ServerID, message []byte) error
	// Down says that the connection with id has ended, as soon as it has.
	Down(id zoo.ServerID)
	// ListenFailed says that peers can no longer reach this server.
	ListenFailed(err error)
}

// ElectionConfig says who this server is and whom it talks to.
type ElectionConfig struct {
	// ID is this server's own.
	ID zoo.ServerID
	// Listen are the host:port to bind; a wildcard host is allowed.
	Listen []string
	// Members are the election addresses of the ensemble, several of one server
	// joined with "|". This server's own entry, or else Listen, is what it tells
	// the others to dial back.
	Members map[zoo.ServerID]string
	// DialTimeout bounds one attempt and HandshakeTimeout the introduction.
	DialTimeout, HandshakeTimeout time.Duration
	// WriteTimeout bounds the writing of one message.
	WriteTimeout time.Duration
	// HandshakesMax bounds the introductions under way, a quarter of them of one address;
	// 0 is handshakesMax.
	HandshakesMax int
	// Security protects the connections, and Names are whom it may find at their other
	// ends; they follow the members. Without Names they are made of Members.
	Security *Security
	Names    *Names
	// Refused hears whom this server has hung up on, and why; nil logs it.
	Refused RefusedFunc
	// Dial and Bind replace TCP, for tests.
	Dial DialFunc
	Bind ListenFunc
	// Jitter gives numbers in [0, 1) that spread the attempts to dial; without
	// it they are not spread.
	Jitter func() float64
	// Log hears what an operator wants to know; nil is silence.
	Log *slog.Logger
}

// withDefaults fills in what the owner left out.
func (c ElectionConfig) withDefaults() ElectionConfig {
	c.DialTimeout = positive(c.DialTimeout, dialTimeoutDefault)
	c.HandshakeTimeout = positive(c.HandshakeTimeout, dialTimeoutDefault)
	c.WriteTimeout = positive(c.WriteTimeout, writeTimeoutDefault)
	c.HandshakesMax = positive(c.HandshakesMax, handshakesMax)
	if c.Dial == nil {
		c.Dial = dialTCP
	}
	c.Dial = c.Security.dialer(c.Dial)
	if c.Bind == nil {
		c.Bind = listenTCP
	}
	if c.Names == nil {
		c.Names = NewNames(nil)
	}
	if c.Jitter == nil {
		c.Jitter = func() float64 { return 1 }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Refused == nil {
		c.Refused = refusedLog(c.Log)
	}
	return c
}

// RefusedFunc hears of a peer that was hung up on because of what it is or sent.
type RefusedFunc func(remote net.Addr, why error)

func refusedLog(log *slog.Logger) RefusedFunc {
	return func(remote net.Addr, why error) {
		log.Warn("peer refused", "remote", remote.String(), "error", why)
	}
}

// positive is value, or other when value says nothing.
func positive[T int | time.Duration](value, other T) T {
	if value > 0 {
		return value
	}
	return other
}

// Election is the mesh of election connections of one server. Its methods may
// be called from any goroutine.
type Election struct {
	cfg       ElectionConfig // immutable after Start
	events    ElectionEvents // immutable after Start
	listeners []net.Listener // immutable after Start
	cancel    func()
	done      <-chan struct{}
	dial      func(addresses string) (net.Conn, error)
	door      *door
	tasks     sync.WaitGroup

	mu      sync.Mutex // never held over I/O
	closed  bool
	own     []string // the addresses others dial back
	remotes map[zoo.ServerID]*remote
}

// remote is what an Election knows of one other server; under Election.mu.
type remote struct {
	id        zoo.ServerID
	addresses string
	member    bool
	link      *electionLink // nil while not connected
	latest    *electionLink // the last one begun; nil when its Down is reported
	unsent    []byte        // newest message given to Send; nil once a writer has taken it
	dialing   bool          // a goroutine runs dialUntilLinked
	tried     bool          // that goroutine has dialled
	retry     backoff
	// wake ends that goroutine's pause early; of capacity one.
	wake chan struct{}
}

// Start binds the addresses and begins to dial every member.
func Start(cfg ElectionConfig, events ElectionEvents) (*Election, error) {
	cfg = cfg.withDefaults()
	ctx, cancel := context.WithCancel(context.Background())
	e := &Election{
		cfg: cfg, events: events, cancel: cancel, done: ctx.Done(), own: cfg.Listen,
		door:    newDoor(cfg.HandshakesMax),
		remotes: make(map[zoo.ServerID]*remote),
	}
	e.dial = func(addresses string) (net.Conn, error) {
		ctx, cancel := context.WithTimeout(ctx, cfg.DialTimeout)
		defer cancel()
		return dialAny(ctx, cfg.Dial, addresses)
	}
	if err := e.bind(ctx); err != nil {
		e.Close()
		return nil, err
	}
	// Whoever is let in before the members are known is a stranger, who is dialled back at
	// the address that it gives, which may be another than the configuration's.
	e.SetMembers(cfg.Members)
	for _, listener := range e.listeners {
		e.tasks.Go(func() { e.accept(listener) })
	}
	return e, nil
}

func (e *Election) bind(ctx context.Context) error {
	for _, address := range e.cfg.Listen {
		listener, err := e.cfg.Bind(ctx, address)
		if err != nil {
			return fmt.Errorf("bind election address %s: %w", address, err)
		}
		e.listeners = append(e.listeners, listener)
	}
	return nil
}

// SetMembers replaces the members, as a reconfiguration does. New ones are
// dialled; a connection with one that is gone stays until it breaks.
func (e *Election) SetMembers(members map[zoo.ServerID]string) {
	e.cfg.Names.set(members)
	e.mu.Lock()
	defer e.mu.Unlock()
	for id, p := range e.remotes {
		if _, stays := members[id]; !stays {
			p.member = false
			e.forgetLocked(p)
		}
	}
	for id, addresses := range members {
		if id == e.cfg.ID {
			e.own = strings.Split(addresses, addressSeparator)
			continue
		}
		p := e.remoteLocked(id)
		p.member, p.addresses = true, addresses
		e.dialLocked(p)
	}
}

// Send makes message the one that id must hear. It replaces an earlier one that
// was not yet sent: in an election only the newest opinion counts. It waits for a
// connection, so it must not be changed afterwards, and may be lost with one: whoever
// looks for a leader says so again when it is Up, and is answered. A message to an
// unknown server, or to this one, is dropped.
func (e *Election) Send(to zoo.ServerID, message []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.remotes[to]
	if p == nil {
		return
	}
	p.unsent = message
	e.reachLocked(p)
}

// Connect dials id at once if it is known and not connected.
func (e *Election) Connect(id zoo.ServerID) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if p := e.remotes[id]; p != nil {
		e.reachLocked(p)
	}
}

// Connected says whether there is a connection with id.
func (e *Election) Connected(id zoo.ServerID) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.remotes[id]
	return p != nil && p.link != nil
}

// Addresses are the bound addresses, in the order of Listen.
func (e *Election) Addresses() []net.Addr {
	addresses := make([]net.Addr, len(e.listeners))
	for i, listener := range e.listeners {
		addresses[i] = listener.Addr()
	}
	return addresses
}

// Close ends every connection, reports them Down, and returns when no goroutine
// of e is left.
func (e *Election) Close() {
	e.cancel()
	for _, listener := range e.listeners {
		_ = listener.Close()
	}
	e.door.close()
	for _, conn := range e.shut() {
		_ = conn.Close()
	}
	e.tasks.Wait()
}

// shut refuses all that is to come and returns the connections there are.
func (e *Election) shut() []net.Conn {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	var conns []net.Conn
	for _, p := range e.remotes {
		if p.link != nil {
			conns = append(conns, p.link.conn)
		}
	}
	return conns
}

func (e *Election) accept(listener net.Listener) {
	err := acceptAll(listener, e.done, e.greet)
	if err == nil {
		return
	}
	e.cfg.Log.Error("election listener ended", "address", listener.Addr(), "error", err)
	e.events.ListenFailed(err)
}

// install makes conn the one connection with a server, in place of another that
// may still be there: the dialer knows best whether its old one is dead. The old
// one is reported Down before the new one is reported Up.
func (e *Election) install(
	with wire.ElectionHandshake, conn net.Conn, reader *bufio.Reader,
) {
	e.mu.Lock()
	p := e.metLocked(with)
	if e.closed || p == nil {
		e.mu.Unlock()
		_ = conn.Close()
		return
	}
	before := p.link
	p.link = newElectionLink(e, p, conn, reader)
	p.latest = p.link
	e.tasks.Go(p.link.run)
	e.mu.Unlock()
	if before != nil {
		_ = before.conn.Close()
	}
}

// dialBack answers a dial of a server with a smaller id.
//
// When both servers dial at the same time the smaller one's dial may be read only
// after our own connection stands, and to break that one, as Java does, would
// report a healthy peer as down. A dial that crossed ours so began before the
// connection did, and arrives while that is younger than an attempt may take:
// then it is ignored. Later it is believed: the peer dials because it has lost a
// connection whose end we did not hear of, as after a loss of power.
func (e *Election) dialBack(from wire.ElectionHandshake) {
	e.mu.Lock()
	p := e.metLocked(from)
	if e.closed || p == nil {
		e.mu.Unlock()
		return
	}
	stale := p.link
	if stale != nil && time.Since(stale.begun) < e.cfg.DialTimeout {
		e.mu.Unlock()
		return
	}
	p.link = nil
	p.retry.reset() // who dials is alive
	e.reachLocked(p)
	e.forgetLocked(p) // if it gave no address
	e.mu.Unlock()
	if stale != nil {
		_ = stale.conn.Close()
	}
}

// metLocked is the remote that has introduced itself. A server that is not a
// member is accepted, for a joiner has to be heard before it is one, and the
// address it gives is used; nil means that there are too many of them.
func (e *Election) metLocked(from wire.ElectionHandshake) *remote {
	p := e.remotes[from.ServerID]
	if p == nil && e.strangersLocked() >= strangersMax {
		return nil
	}
	p = e.remoteLocked(from.ServerID)
	if addresses := dialable(from.Addresses); !p.member && addresses != "" {
		p.addresses = addresses
	}
	return p
}

func (e *Election) strangersLocked() int {
	n := 0
	for _, p := range e.remotes {
		if !p.member {
			n++
		}
	}
	return n
}

func (e *Election) remoteLocked(id zoo.ServerID) *remote {
	p := e.remotes[id]
	if p == nil {
		p = &remote{id: id, wake: make(chan struct{}, 1)}
		e.remotes[id] = p
	}
	return p
}

// forgetLocked drops a stranger with whom nothing is going on.
func (e *Election) forgetLocked(p *remote) {
	if !p.member && p.latest == nil && !p.dialing {
		delete(e.remotes, p.id)
	}
}

// reachLocked gets the attention of p: its writer's, or a dial at once.
func (e *Election) reachLocked(p *remote) {
	if p.link != nil {
		signal(p.link.wake)
		return
	}
	e.dialLocked(p)
	signal(p.wake)
}

// signal sets a flag channel of capacity one.
func signal(flag chan struct{}) {
	select {
	case flag <- struct{}{}:
	default:
	}
}

// drop takes link out of the mesh after its end and has a member dialled again:
// at once when the link had been of use for a while.
func (e *Election) drop(link *electionLink) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := link.remote
	if p.link != link {
		return
	}
	p.link = nil
	// One that says something and hangs up at once is not worth a hurry each time.
	if link.heard && time.Since(link.begun) >= redialPauseMax {
		p.retry.reset()
		signal(p.wake)
	}
	if p.member {
		e.dialLocked(p)
	}
}

// gone takes note that link was reported Down.
func (e *Election) gone(link *electionLink) {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := link.remote
	if p.latest == link {
		p.latest = nil
		e.forgetLocked(p)
	}
}
