package zootest

import "sync/atomic"

// halt is where everything waits that a paused server would read or write.
type halt struct{ goesOn atomic.Pointer[chan struct{}] }

// stop has everybody wait from now on.
func (h *halt) stop() {
	c := make(chan struct{})
	h.goesOn.Store(&c)
}

// end lets everybody go on.
func (h *halt) end() {
	if c := h.goesOn.Swap(nil); c != nil {
		close(*c)
	}
}

// wait returns when the server is not paused.
func (h *halt) wait() {
	if c := h.goesOn.Load(); c != nil {
		<-*c
	}
}
