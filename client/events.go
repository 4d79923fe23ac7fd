package client

import (
	"sync"
	"sync/atomic"

	"zoo"
)

// Watcher hears events. All watchers of a client are called by one goroutine, in the
// order in which the events came. Watchers are told apart by ==, as in a map: one that
// watches a path twice hears an event once.
type Watcher interface {
	// Process should return soon: it holds up the client's other events, though never
	// its session. It may call the client, but not Close, which would wait for itself.
	// Calls of which the answer may be behind more than 262,144 events need a context
	// that ends.
	Process(Event)
}

// NewWatcher is a Watcher that calls f.
func NewWatcher(f func(Event)) Watcher { return &funcWatcher{f} }

type funcWatcher struct{ f func(Event) }

// Process calls the function.
func (w *funcWatcher) Process(e Event) { w.f(e) }

// OneEvent is a Watcher for a single event, for those who wait on channels: the first
// event is sent, and then the channel is closed. It never blocks and never leaks,
// whether or not anybody receives.
func OneEvent() (Watcher, <-chan Event) {
	w := &oneWatcher{c: make(chan Event, 1)}
	return w, w.c
}

// oneWatcher's fields are used by the goroutine of the events only.
type oneWatcher struct {
	c    chan Event
	past bool
}

// Process sends the first event.
func (w *oneWatcher) Process(e Event) {
	if !w.past {
		w.past = true
		w.c <- e
		close(w.c)
	}
}

// How many events may wait for their watchers. Beyond eventsQueuedMax the connection is
// not read, so that the server keeps the rest; but while calls are open their answers are
// behind those events, and a watcher may be waiting for one, so that up to
// eventsQueuedCallsMax are taken in.
const (
	eventsQueuedMax      = 4096
	eventsQueuedCallsMax = 1 << 18
)

type delivery struct {
	event    Event
	watchers []Watcher
}

// queue brings events from the reader of the connection to the watchers.
type queue struct {
	// calls tells how many calls are open. Whoever opens one calls hurry.
	calls func() int
	// held tells that push waits.
	held atomic.Bool

	mu     sync.Mutex
	cond   sync.Cond
	items  []delivery
	closed bool
}

func newQueue(calls func() int) *queue {
	q := &queue{calls: calls}
	q.cond.L = &q.mu
	return q
}

// push waits while the queue is full, but not once the connection is over; then it is
// the last event that came by it. After close it does nothing.
func (q *queue) push(d delivery, over func() bool) {
	if len(d.watchers) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for q.fullLocked() && !over() {
		q.cond.Wait()
	}
	q.held.Store(false)
	q.appendLocked(d)
}

// fullLocked is asked anew whenever something has changed. It says that it holds the
// reader before it counts the calls: hurry is called behind the count.
func (q *queue) fullLocked() bool {
	if q.closed || len(q.items) < eventsQueuedMax {
		return false
	}
	q.held.Store(true)
	return q.calls() == 0 || len(q.items) >= eventsQueuedCallsMax
}

// hurry lets push look again whether it has to wait.
func (q *queue) hurry() {
	if q.held.Load() {
		q.wake()
	}
}

func (q *queue) wake() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.cond.Broadcast()
}

// add never waits: it is for what the client says itself. A state takes the place of the
// one before it if the queue is full and no event came between them, so that a watcher
// that is stuck while connections come and go costs no memory.
func (q *queue) add(d delivery) {
	if len(d.watchers) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	last := len(q.items) - 1
	if last >= eventsQueuedMax && d.isState() && q.items[last].isState() {
		q.items[last].event.State = d.event.State
		q.items[last].watchers = d.watchers
		return
	}
	q.appendLocked(d)
}

func (q *queue) appendLocked(d delivery) {
	if !q.closed {
		q.items = append(q.items, d)
		q.cond.Broadcast()
	}
}

// isState tells a change of the session's state from an event and from a mark.
func (d *delivery) isState() bool {
	return d.event.Type == zoo.EventNone && d.event.Zxid == -1
}

// mark lets a watcher hear that all that was pushed before is delivered. It never
// waits: one place more for each caller is bound enough.
func (q *queue) mark(w Watcher) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items = append(q.items, delivery{Event{}, []Watcher{w}})
	q.cond.Broadcast()
}

func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return len(q.items)
}

// close lets deliver end once all that was pushed before is delivered.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.cond.Broadcast()
}

// deliver calls the watchers until the queue is closed and empty.
func (q *queue) deliver() {
	for items := q.take(); items != nil; items = q.take() {
		for _, d := range items {
			for _, w := range d.watchers {
				w.Process(d.event)
			}
		}
	}
}

// take waits for events; nil is the end.
func (q *queue) take() []delivery {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) == 0 && !q.closed {
		q.cond.Wait()
	}
	items := q.items
	q.items = nil
	q.cond.Broadcast()
	return items
}
