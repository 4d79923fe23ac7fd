package client

import "sync"

// Watcher hears events. All watchers of a client are called by one goroutine, in the
// order in which the events came. Watchers are told apart by ==, as in a map: one that
// watches a path twice hears an event once.
type Watcher interface {
	// Process must return soon: it holds up the client's other events. It may call
	// the client, but not Close.
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

// eventsQueuedMax is how many events may wait for their watchers. Beyond it the
// connection is not read, so that the server keeps the rest.
const eventsQueuedMax = 4096

type delivery struct {
	event    Event
	watchers []Watcher
}

// queue brings events from the reader of the connection to the watchers.
type queue struct {
	mu     sync.Mutex
	cond   sync.Cond
	items  []delivery
	closed bool
}

func newQueue() *queue {
	q := &queue{}
	q.cond.L = &q.mu
	return q
}

// push waits while the queue is full. After close it does nothing.
func (q *queue) push(e Event, watchers []Watcher) {
	if len(watchers) == 0 {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.items) >= eventsQueuedMax && !q.closed {
		q.cond.Wait()
	}
	if !q.closed {
		q.items = append(q.items, delivery{e, watchers})
		q.cond.Broadcast()
	}
}

// mark lets a watcher hear that all that was pushed before is delivered. It never
// waits: one place more for each caller is bound enough.
func (q *queue) mark(w Watcher) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.items = append(q.items, delivery{Event{}, []Watcher{w}})
	q.cond.Broadcast()
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
