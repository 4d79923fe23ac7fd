package server

import (
	"sync"
	"sync/atomic"
)

// bell tells whoever waits that something has happened. Its zero value is ready. To
// tell costs nothing while nobody waits.
type bell struct {
	waiting atomic.Bool

	mu   sync.Mutex
	rung chan struct{} // closed by the next tell; nil while nobody waits
}

// next is closed by the first tell after this call.
func (b *bell) next() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung == nil {
		b.rung = make(chan struct{})
		b.waiting.Store(true)
	}
	return b.rung
}

// tell wakes all who wait.
func (b *bell) tell() {
	if !b.waiting.Load() {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.rung != nil {
		close(b.rung)
		b.rung = nil
		b.waiting.Store(false)
	}
}
