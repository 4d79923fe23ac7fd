package client

import (
	"context"
	"errors"
	"iter"
	"sync"

	"zoo"
	"zoo/internal/wire"
)

// streamEventsMax bounds the events that wait for the loop over a Watch. Beyond it they
// are dropped all together, and one that is Rearmed takes their place.
const streamEventsMax = 4096

// stream is the Watcher behind one Watch. It hears of the session's state as well.
type stream struct {
	c *Client
	// path is as the caller gave it, and list where the registry has it.
	path string
	list kind
	// ready has room for one, and holds it when there is something new.
	ready chan struct{}
	// closed is under Client.mu: nobody listens any more.
	closed bool

	mu sync.Mutex
	// armed tells that an event that is Rearmed has come. What comes before is what other
	// watches of the same path have brought.
	armed  bool
	events []Event
	err    error
}

// Rearmed tells that a watch has just been armed, for the first time or again: every
// change from here on will be heard of, while what was read before may be old. It is
// time to read.
func (e Event) Rearmed() bool { return e.Type == zoo.EventNone && e.State.Connected() }

// Watch yields the changes of a znode, or of all below it as well, for as long as the
// loop goes on. The znode need not exist.
//
//	for event, err := range c.Watch(ctx, "/config", zoo.WatchPersistentRecursive) {
//		switch {
//		case err != nil:
//			return err
//		case event.Rearmed():
//			// Read all that matters: something may have been missed.
//		default:
//			// event.Path has changed.
//		}
//	}
//
// The first event is Rearmed: the server has the watch. When the connection is lost there
// is one of StateDisconnected, and another that is Rearmed once a server has the watch
// again: what happened between is told by no server. It is Rearmed also when the loop was
// so slow that 4,096 events waited; those are dropped. Nothing else is missed, and a slow
// loop holds up nobody but itself.
//
// Leaving the loop ends the watch, on the server too, and so do the end of ctx, the end of
// the session, a server that refuses, and RemoveWatches for everybody; these four are
// told by an error, which is the last that is yielded (zoo.ErrOperationTimeout,
// zoo.ErrSessionExpired and its like, zoo.ErrNoWatcher). Without a connection it waits for
// one. It starts no goroutine. A second loop over the same value is a watch of its own.
func (c *Client) Watch(
	ctx context.Context, path string, mode zoo.AddWatchMode) iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		s, err := c.listen(ctx, path, mode)
		if err != nil {
			yield(Event{}, err)
			return
		}
		defer s.close()
		for {
			e, err := s.next(ctx)
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// listen begins to watch. The registry has the stream before the server is asked: should
// the connection break, the next one arms the watch.
func (c *Client) listen(
	ctx context.Context, path string, mode zoo.AddWatchMode) (*stream, error) {
	s := &stream{c: c, path: path, list: persistentWatches, ready: make(chan struct{}, 1)}
	if mode == zoo.WatchPersistentRecursive {
		s.list = recursiveWatches
	}
	k := &call{op: wire.OpAddWatch, path: path, then: s.answered,
		request: &wire.AddWatchRequest{Path: c.outside(path), Mode: mode}}
	if err := zoo.ValidatePath(path); err != nil {
		return nil, k.failed(zoo.CodeBadArguments, err)
	}
	c.mu.Lock()
	if state, cause := c.state, c.broken; state.final() {
		c.mu.Unlock()
		return nil, k.failed(state.code(), cause)
	}
	if c.streams == nil {
		c.streams = map[*stream]struct{}{}
	}
	c.streams[s] = struct{}{}
	c.watches.add(s.list, c.outside(path), s)
	connected := c.state.Connected()
	c.mu.Unlock()
	if connected {
		if err := c.begin(ctx, k); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

// answered hears of the server's answer to addWatch, by the goroutine that reads. A loop
// that was left before is forgotten only now.
func (s *stream) answered(code zoo.Code) {
	s.c.mu.Lock()
	state, closed := s.c.state, s.closed
	switch {
	case code != zoo.CodeOK:
		s.c.watches.drop(s.list, s.c.outside(s.path), s)
	case closed:
		s.c.unwatchLocked(s.path, s.list)
	}
	s.c.mu.Unlock()
	switch {
	case code != zoo.CodeOK:
		s.finish(code, nil)
	case !closed && state.Connected():
		// It goes the way of the events, so as not to overtake any. The zxid tells it from
		// the session's states, which take each other's places.
		s.c.events.add(delivery{Event{Type: zoo.EventNone, State: state}, []Watcher{s}})
	}
}

// Process takes an event. It never waits.
func (s *stream) Process(e Event) {
	switch {
	case e.Type == zoo.EventNone && e.State.final():
		s.c.mu.Lock()
		cause := s.c.broken
		s.c.mu.Unlock()
		s.finish(e.State.code(), cause)
	case e.Type == zoo.EventPersistentWatchRemoved:
		s.put(e)
		s.finish(zoo.CodeNoWatcher, nil)
	case e.Type != zoo.EventNone:
		s.put(e)
	case e.State.Connected() || e.State == StateDisconnected:
		e.Zxid = -1
		s.put(e)
	}
}

// put adds an event. Behind too many of them a state says all that there is to say: after
// a StateDisconnected comes one that is Rearmed, too.
func (s *stream) put(e Event) {
	s.mu.Lock()
	if s.armed = s.armed || e.Rearmed(); !s.armed {
		s.mu.Unlock()
		return
	}
	if len(s.events) >= streamEventsMax {
		if e.Type != zoo.EventNone {
			e = Event{Type: zoo.EventNone, State: StateSyncConnected, Zxid: -1}
		}
		s.events = nil
	}
	s.events = append(s.events, e)
	s.mu.Unlock()
	s.wake()
}

// finish makes err what comes behind the events.
func (s *stream) finish(code zoo.Code, cause error) {
	s.mu.Lock()
	if s.err == nil {
		s.err = s.failed(code, cause)
	}
	s.mu.Unlock()
	s.wake()
}

func (s *stream) failed(code zoo.Code, cause error) error {
	return &Error{Op: wire.OpAddWatch.String(), Path: s.path, Code: code, Cause: cause}
}

func (s *stream) wake() {
	select {
	case s.ready <- struct{}{}:
	default:
	}
}

// next waits for an event, or for the end.
func (s *stream) next(ctx context.Context) (Event, error) {
	for ctx.Err() == nil {
		if e, ok, err := s.poll(); ok || err != nil {
			return e, err
		}
		select {
		case <-s.ready:
		case <-ctx.Done():
		}
	}
	return Event{}, s.failed(zoo.CodeOperationTimeout, ctx.Err())
}

// poll takes the first event if there is one; an error comes behind all of them.
func (s *stream) poll() (e Event, ok bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.events) == 0 {
		return Event{}, false, s.err
	}
	e = s.events[0]
	s.events = s.events[1:]
	return e, true, nil
}

// close ends the watch and waits for nobody.
func (s *stream) close() {
	s.c.mu.Lock()
	defer s.c.mu.Unlock()
	s.closed = true
	delete(s.c.streams, s)
	if s.c.watches.drop(s.list, s.c.outside(s.path), s) {
		s.c.unwatchLocked(s.path, s.list)
	}
}

// unwatchLocked asks the server to forget a watch whose last watcher has gone, if nobody
// needs it any more. It does so in one step with the question whether anybody
// does: who begins to watch afterwards is heard by the server afterwards. While another
// one begins, or all places for calls are taken, the server keeps a watch of which nobody
// hears. The caller holds mu.
func (c *Client) unwatchLocked(inside string, list kind) {
	path := c.outside(inside)
	if c.link == nil || !c.state.Connected() || len(c.watches[list][path]) > 0 {
		return
	}
	alone := true
	for k := range c.watches {
		alone = alone && len(c.watches[k][path]) == 0
	}
	for _, k := range c.link.pending {
		if k.path != inside || k.then == nil {
			continue
		}
		if k.op == wire.OpAddWatch {
			return
		}
		alone = false
	}
	// Servers before 3.9 know no other type that persistent watches are of.
	kind := zoo.WatcherAny
	if !alone {
		kind = zoo.WatcherPersistent + zoo.WatcherType(list-persistentWatches)
	}
	k := &call{op: wire.OpRemoveWatches, path: inside, done: make(chan struct{}),
		request: &wire.RemoveWatchesRequest{Path: path, Type: kind}}
	k.encode()
	select {
	case c.slots <- struct{}{}:
		c.link.sendLocked(k)
	default:
	}
}

// Value is what a znode holds at one time.
type Value struct {
	// Exists is false where there is no znode; then the rest is empty.
	Exists bool
	Data   []byte
	Stat   zoo.Stat
}

// Follow yields the value of a znode, now and whenever it has changed, for as long as the
// loop goes on: what a program needs to follow a configuration. Of changes that come
// fast only the last is sure to be seen, and never does it go back. While there is no
// connection it waits for one. It ends as Watch does, and by any other error of Get than
// zoo.ErrNoNode, which is a value, too.
func (c *Client) Follow(ctx context.Context, path string) iter.Seq2[Value, error] {
	return func(yield func(Value, error) bool) {
		s, err := c.listen(ctx, path, zoo.WatchPersistent)
		if err != nil {
			yield(Value{}, err)
			return
		}
		defer s.close()
		for last, first := (Value{}), true; ; {
			if err := s.changed(ctx); err != nil {
				yield(Value{}, err)
				return
			}
			now, err := c.value(ctx, path)
			switch {
			case errors.Is(err, zoo.CodeConnectionLoss) && ctx.Err() == nil:
				continue // The watch will be rearmed, or the session ends.
			case err != nil:
				yield(Value{}, err)
				return
			case !first && now.Exists == last.Exists && now.Stat.Mzxid == last.Stat.Mzxid:
				continue
			case !yield(now, nil):
				return
			}
			last, first = now, false
		}
	}
}

// value reads what a znode holds.
func (c *Client) value(ctx context.Context, path string) (Value, error) {
	data, stat, err := c.Get(ctx, path, nil)
	if errors.Is(err, zoo.CodeNoNode) {
		return Value{}, nil
	}
	return Value{Exists: true, Data: data, Stat: stat}, err
}

// changed waits until the value may be another, and takes all events that have come.
func (s *stream) changed(ctx context.Context) error {
	e, err := s.next(ctx)
	for changed := false; err == nil; {
		changed = changed || e.Rearmed() || e.Type == zoo.EventNodeCreated ||
			e.Type == zoo.EventNodeDeleted || e.Type == zoo.EventNodeDataChanged
		var more bool
		if e, more, err = s.poll(); more || err != nil {
			continue
		}
		if changed {
			return nil
		}
		e, err = s.next(ctx)
	}
	return err
}
