package main

import "sync"

// flusher writes the answers of clients whose writes are committed: a few at once on the
// goroutine of who commits, which saves a wake-up, many on its own.
type flusher struct {
	life *life
	wake chan struct{}

	mu    sync.Mutex
	ready []*client
	busy  bool

	taken []*client // of the one who flushes
}

// lentClientsMax is how many clients somebody answers who has other work.
const lentClientsMax = 2

func newFlusher(life *life) *flusher {
	f := &flusher{life: life, wake: make(chan struct{}, 1)}
	go f.run()
	return f
}

// release lets the answers of those who have waited go; push must follow. Calls are in the
// order of the commits.
func (f *flusher) release(waits []wait) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, w := range waits {
		w.client.committed.Store(w.number)
		if !w.client.ready.Swap(true) {
			f.ready = append(f.ready, w.client)
		}
	}
}

func (f *flusher) push() {
	f.mu.Lock()
	if f.busy || len(f.ready) == 0 {
		f.mu.Unlock()
		return
	}
	f.busy = true
	lent := len(f.ready) <= lentClientsMax
	f.mu.Unlock()
	if !lent || f.flush() {
		signal(f.wake)
	}
}

func (f *flusher) run() {
	for f.life.await(f.wake) {
		for f.flush() {
		}
	}
}

// flush answers those who are ready and tells whether there are more by now.
func (f *flusher) flush() (more bool) {
	f.mu.Lock()
	f.taken, f.ready = f.ready, f.taken[:0]
	f.mu.Unlock()
	for _, c := range f.taken {
		c.ready.Store(false)
		c.mu.Lock()
		c.flush()
		c.mu.Unlock()
	}
	clear(f.taken)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.busy = len(f.ready) > 0
	return f.busy
}
