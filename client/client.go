package client

import (
	"context"
	"sync"
	"time"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// Client is one session. All methods may be called by many goroutines.
type Client struct {
	opts   Options
	events *queue
	// slots bounds the calls that are not answered yet, also those whose callers have
	// left.
	slots  chan struct{}
	counts counters
	// stop ends the keeper, which closes done when the watchers have heard everything.
	stop context.CancelFunc
	done chan struct{}

	mu sync.Mutex
	// The rest is under mu.

	state State
	// changed is closed, and made anew, when state changes.
	changed chan struct{}
	// broken is why there is no connection.
	broken  error
	session session
	// waiting are calls that no connection has taken yet.
	waiting []*call
	link    *link
	// servers are those of the last round, last is the address of the one that took the
	// session last, and next the one to try first, if there is one.
	servers []Server
	last    string
	next    *Server
	auth    []Auth
	watches registry
	// streams are the loops over Watch and Follow that go on.
	streams map[*stream]struct{}
	xid     int32
}

// session is what a reconnecting client presents.
type session struct {
	id      zoo.SessionID
	passwd  []byte
	timeout time.Duration
	seen    zoo.Zxid
	// written tells that a server that accepts writes knows the session. Until then a
	// read-only server has made it up, and another one will not know it.
	written bool
}

// callsMax is how many calls may wait for their answers; more wait for a place.
const callsMax = 1 << 14

// New starts a client, which connects in the background. Calls wait for the first
// connection. Close ends it.
func New(opts Options) (*Client, error) {
	opts, err := opts.settle()
	if err != nil {
		return nil, err
	}
	ctx, stop := context.WithCancel(context.Background())
	c := &Client{
		opts: opts, slots: make(chan struct{}, callsMax), stop: stop,
		done: make(chan struct{}), changed: make(chan struct{}), auth: opts.Auth,
		session: session{timeout: opts.SessionTimeout, passwd: make([]byte, wire.PasswordBytes)},
	}
	c.events = newQueue(func() int { return len(c.slots) })
	go c.keep(ctx)
	return c, nil
}

// Dial starts a client and waits until a server has taken its session.
func Dial(ctx context.Context, opts Options) (*Client, error) {
	c, err := New(opts)
	if err != nil {
		return nil, err
	}
	if err := c.WaitConnected(ctx); err != nil {
		c.stop()
		c.wait(ctx)
		return nil, err
	}
	return c, nil
}

// keep runs the session and its watchers until the end.
func (c *Client) keep(ctx context.Context) {
	delivered := make(chan struct{})
	go func() {
		defer close(delivered)
		c.events.deliver()
	}()
	c.live(ctx)
	c.events.close()
	<-delivered
	close(c.done)
}

// State is the session's now.
func (c *Client) State() State {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.state
}

// SessionID names the session; 0 before there is one.
func (c *Client) SessionID() zoo.SessionID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session.id
}

// SessionTimeout is what the server has granted, or what it will be asked for.
func (c *Client) SessionTimeout() time.Duration {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session.timeout
}

// WaitConnected waits until the session has a server. The error tells what the last
// attempt broke on.
func (c *Client) WaitConnected(ctx context.Context) error {
	for {
		c.mu.Lock()
		state, changed, broken := c.state, c.changed, c.broken
		c.mu.Unlock()
		if state.Connected() {
			return nil
		}
		if state.final() {
			return &Error{Op: "connect", Code: state.code(), Cause: broken}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return &Error{Op: "connect", Code: zoo.CodeConnectionLoss, Cause: c.why(ctx)}
		}
	}
}

// why is what broke the last connection, or else why the context is over.
func (c *Client) why(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.broken != nil {
		return c.broken
	}
	return ctx.Err()
}

// setStateLocked announces a state to the watcher of the session. The caller holds mu,
// and calls tell after it has let go.
func (c *Client) setStateLocked(s State) {
	c.state = s
	close(c.changed)
	c.changed = make(chan struct{})
}

// tell brings a state to those who hear of it: the watcher of the session and the loops
// over Watch, and everybody if it is the end.
func (c *Client) tell(s State) {
	heard := map[Watcher]struct{}{}
	if c.opts.Watcher != nil {
		heard[c.opts.Watcher] = struct{}{}
	}
	c.mu.Lock()
	for stream := range c.streams {
		heard[stream] = struct{}{}
	}
	if s.final() {
		for _, w := range c.watches.all() {
			heard[w] = struct{}{}
		}
		c.watches = registry{}
	}
	c.mu.Unlock()
	var all []Watcher
	for w := range heard {
		all = append(all, w)
	}
	c.events.add(delivery{Event{Type: zoo.EventNone, State: s, Zxid: -1}, all})
}

// Close ends the session, and with it its ephemeral znodes, and waits until the
// watchers have heard everything, or for the end of ctx: then they hear the rest in the
// background. The error tells that no server has confirmed it: then the session ends by
// its timeout.
func (c *Client) Close(ctx context.Context) error {
	err := c.goodbye(ctx)
	c.end(StateClosed, ErrClosed)
	c.stop()
	c.wait(ctx)
	return err
}

// wait returns when the client has ended, or with ctx.
func (c *Client) wait(ctx context.Context) {
	select {
	case <-c.done:
	case <-ctx.Done():
	}
}

// goodbye asks the server to end the session.
func (c *Client) goodbye(ctx context.Context) error {
	switch state := c.State(); {
	case state.final():
		return nil
	case !state.Connected():
		return &Error{Op: "closeSession", Code: zoo.CodeConnectionLoss, Cause: c.why(ctx)}
	}
	// The server hangs up behind its answer, which must not look like a lost connection.
	return c.do(ctx, &call{op: wire.OpCloseSession, then: func(code zoo.Code) {
		if code == zoo.CodeOK {
			c.end(StateClosed, ErrClosed)
		}
	}})
}

// end makes the session's last state known and fails all calls. Only the first end
// counts.
func (c *Client) end(s State, cause error) {
	c.mu.Lock()
	if c.state.final() {
		c.mu.Unlock()
		return
	}
	c.broken = cause
	c.setStateLocked(s)
	failed := c.waiting
	c.waiting = nil
	if c.link != nil {
		failed = append(failed, c.link.pending...)
		c.link.pending = nil
	}
	c.mu.Unlock()
	c.fail(failed, s.code(), cause)
	c.tell(s)
}

// fail answers calls that no server will answer.
func (c *Client) fail(calls []*call, code zoo.Code, cause error) {
	c.counts.unanswered.Add(uint64(len(calls)))
	for _, call := range calls {
		call.code, call.cause = code, cause
		c.finish(call)
	}
}

// finish lets a call's caller go on.
func (c *Client) finish(call *call) {
	<-c.slots
	close(call.done)
}

// call is one request and its answer. The answer belongs to the caller once done is
// closed.
type call struct {
	op      wire.Op
	path    string
	request jute.Record
	// then is called with an answer by the goroutine that reads, before it reads on: what
	// must be known before the next event comes.
	then func(zoo.Code)
	// settle is called under Client.mu just before the request is sent: what depends on
	// what was sent before it.
	settle func()
	// watcher will be in the list that lists gives for the answer's code.
	watcher Watcher
	lists   func(zoo.Code) (kind, bool)

	xid   int32
	frame []byte
	link  *link // link is the connection that it was sent on.
	done  chan struct{}
	code  zoo.Code
	cause error
	body  []byte
	// The rest is for Trace: how large the request was, when it was given to a
	// connection, and the zxid of the answer.
	size int
	sent time.Time
	zxid zoo.Zxid
}

// do sends a request and waits for its answer, or for the end of ctx; then the answer
// will go nowhere.
func (c *Client) do(ctx context.Context, call *call) error {
	if c.opts.Trace.Call == nil {
		return c.perform(ctx, call)
	}
	began := time.Now()
	err := c.perform(ctx, call)
	c.opts.Trace.Call(ctx, call.info(began, err))
	return err
}

func (c *Client) perform(ctx context.Context, call *call) error {
	if c.wantsLinearizable(ctx, call) {
		return c.doBehindSync(ctx, call)
	}
	if err := c.begin(ctx, call); err != nil {
		return err
	}
	return c.await(ctx, call)
}

// begin sends a request.
func (c *Client) begin(ctx context.Context, call *call) error {
	call.encode()
	if len(call.frame)-wire.FrameHeaderBytes > frameBytesMax {
		return call.failed(zoo.CodeBadArguments, errTooLarge)
	}
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return call.failed(zoo.CodeOperationTimeout, ctx.Err())
	}
	call.done = make(chan struct{})
	c.counts.calls.Add(1)
	c.events.hurry()
	c.submit(call)
	return nil
}

// await waits for the answer to what was begun.
func (c *Client) await(ctx context.Context, call *call) error {
	select {
	case <-call.done:
	case <-ctx.Done():
		c.abandon(call)
		return call.failed(zoo.CodeOperationTimeout, ctx.Err())
	}
	if call.code != zoo.CodeOK {
		return call.failed(call.code, call.cause)
	}
	return nil
}

func (k *call) failed(code zoo.Code, cause error) error {
	return &Error{Op: k.op.String(), Path: k.path, Code: code, Cause: cause}
}

// encode makes the frame; the xid is filled in when the call is sent.
func (k *call) encode() {
	b, mark := wire.BeginFrame(nil)
	header := wire.RequestHeader{Xid: k.xid, Type: k.op}
	b = header.AppendTo(b)
	if k.request != nil {
		start := len(b)
		b = k.request.AppendTo(b)
		k.size = len(b) - start
	}
	k.frame = wire.EndFrame(b, mark)
}

// decode reads the body of the answer, which nobody else has: the names of a hundred
// thousand children stay where they are.
func (k *call) decode(response jute.Record) error {
	d := jute.NewAliasDecoder(k.body)
	response.DecodeFrom(&d)
	if d.Err() != nil {
		return k.failed(zoo.CodeMarshallingError, d.Err())
	}
	return nil
}

// submit gives a call to the connection, or lets it wait for one.
func (c *Client) submit(call *call) {
	c.mu.Lock()
	switch {
	case c.state.final():
		state, cause := c.state, c.broken
		c.mu.Unlock()
		call.code, call.cause = state.code(), cause
		c.finish(call)
		return
	case c.link == nil || !c.state.Connected():
		c.waiting = append(c.waiting, call)
	case c.link.mustNotLocked(call):
		c.mu.Unlock()
		call.code, call.cause = zoo.CodeUnimplemented, errUnasked
		c.finish(call)
		return
	default:
		c.link.sendLocked(call)
	}
	c.mu.Unlock()
}

// abandon takes back a call that has not been sent.
func (c *Client) abandon(call *call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, waiting := range c.waiting {
		if waiting == call {
			c.waiting = append(c.waiting[:i], c.waiting[i+1:]...)
			<-c.slots
			return
		}
	}
}

// nextXidLocked counts from 1 and wraps to it: 0 and below have meanings of their own.
func (c *Client) nextXidLocked() int32 {
	if c.xid == 1<<31-1 {
		c.xid = 0
	}
	c.xid++
	return c.xid
}
