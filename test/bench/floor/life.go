package main

import "sync"

// life is that of a server: it ends for all its goroutines at once.
type life struct {
	ended chan struct{}
	once  sync.Once
	err   error // set before ended is closed
}

func newLife() *life { return &life{ended: make(chan struct{})} }

// end ends the server; the first reason counts.
func (l *life) end(err error) {
	l.once.Do(func() {
		l.err = err
		close(l.ended)
	})
}

// await waits for a signal and is false when the server has ended.
func (l *life) await(wake <-chan struct{}) bool {
	select {
	case <-l.ended:
		return false
	case <-wake:
		return true
	}
}

// signal wakes the one who awaits. One that was not seen yet is enough for both.
func signal(wake chan<- struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}
