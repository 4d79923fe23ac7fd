package server

import (
	"sync"

	"zoo/internal/core/replica"
)

// queueEventsMax is how many items may wait for the loop before those producers
// that can wait do so.
const queueEventsMax = 4096

// item is an event for the replica, or something else for the loop to do.
type item struct {
	event replica.Event
	call  func()
}

// queue is all that waits for the loop, in one order.
type queue struct {
	wake chan struct{} // something is there; of capacity one

	mu     sync.Mutex
	room   sync.Cond // fewer than queueEventsMax are there
	items  []item
	spare  []item // what the loop has done, for reuse
	closed bool
}

func newQueue() *queue {
	q := &queue{wake: make(chan struct{}, 1)}
	q.room.L = &q.mu
	return q
}

// push adds an event without waiting.
func (q *queue) push(ev replica.Event) { q.add(item{event: ev}) }

// call adds something to do without waiting.
func (q *queue) call(f func()) { q.add(item{call: f}) }

// put adds something to do before an event that comes next: it wakes nobody.
func (q *queue) put(f func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.addLocked(item{call: f})
}

// wait adds an event when there is room for it. It is for those whose own input
// can wait meanwhile: clients and links.
func (q *queue) wait(ev replica.Event) {
	q.leave(ev)
	signal(q.wake)
}

// leave is wait for somebody who lends the loop a turn next, or wakes it.
func (q *queue) leave(ev replica.Event) {
	q.mu.Lock()
	for len(q.items) >= queueEventsMax && !q.closed {
		q.room.Wait()
	}
	q.addLocked(item{event: ev})
	q.mu.Unlock()
}

func (q *queue) add(i item) {
	q.mu.Lock()
	q.addLocked(i)
	q.mu.Unlock()
	signal(q.wake)
}

func (q *queue) addLocked(i item) {
	if !q.closed {
		q.items = append(q.items, i)
	}
}

// take gives the loop all there is, until the next take.
func (q *queue) take() []item {
	q.mu.Lock()
	defer q.mu.Unlock()
	items := q.items
	q.items, q.spare = q.spare[:0], nil
	if len(items) >= queueEventsMax {
		q.room.Broadcast()
	}
	return items
}

// done gives back what was taken.
func (q *queue) done(items []item) {
	clear(items)
	q.mu.Lock()
	defer q.mu.Unlock()
	q.spare = items[:0]
}

// close drops what is there and what is to come.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed, q.items = true, nil
	q.room.Broadcast()
}
