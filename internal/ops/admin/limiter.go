package admin

import (
	"sync"
	"time"
)

// limiter lets one call pass in each interval.
type limiter struct {
	interval time.Duration

	mu   sync.Mutex
	next time.Time // when the next call may pass
}

// take lets a call pass, or not. The time of one that passes is what give needs.
func (l *limiter) take(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Before(l.next) {
		return false
	}
	l.next = now.Add(l.interval)
	return true
}

// give takes a call back that came to nothing: the next try need not wait.
func (l *limiter) give() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.next = time.Time{}
}
