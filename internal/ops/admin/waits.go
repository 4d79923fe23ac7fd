package admin

import (
	"context"
	"slices"
	"sync"
)

// waitsMax bounds the commands that wait for something to come.
const waitsMax = 16

// waits are those that wait, the oldest first. There is always room for another one:
// the oldest ends before its time, and its client asks again.
type waits struct {
	mu   sync.Mutex
	ends []*wait
}

// wait ends one waiting. Its address tells it from others.
type wait struct{ end context.CancelFunc }

// begin gives the context in which to wait, and what ends it.
func (w *waits) begin(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, end := context.WithCancel(ctx)
	begun := &wait{end}
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.ends) >= waitsMax {
		w.ends[0].end()
		w.ends = slices.Delete(w.ends, 0, 1)
	}
	w.ends = append(w.ends, begun)
	return ctx, func() {
		end()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.ends = slices.DeleteFunc(w.ends, func(e *wait) bool { return e == begun })
	}
}
