// Package headroom decides how far the heap may grow between two collections of the
// garbage. Go's default lets it double, which for a server that holds a large tree
// means that as much memory again lies idle. But a tree is a few thousand large
// blocks without pointers, so that a collection costs little however large it is: it
// can come much earlier.
//
// It guarantees that a heap is never given less room than leastBytes or than what a
// collection has to read, so that a collection never costs a large share of the
// time; that a server which makes much garbage for more than a moment gets up to
// busyBytesMax beside that, and gives it back when it is idle; and that what an operator
// has set in GOGC or GOMEMLIMIT stays.
package headroom

import (
	"log/slog"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
	"time"
)

const (
	// leastBytes is the room of a small heap.
	leastBytes = 32 << 20
	// liveShare is the part of what lives that is added as room.
	liveShare = 8
	// percentLeast and percentMost bound what the runtime is told.
	percentLeast, percentMost = 2, 3200
	// limitShare is the part of a container's memory, in percent, that the heap and the
	// rest of the process may take before the collector works harder.
	limitShare = 90

	// busyBytesMax is what a busy server's room may have beyond leastBytes, and busyShare
	// the part of a container's memory that bounds it as well.
	busyBytesMax = 64 << 20
	busyShare    = 8
	// busyPace is how long a room should last.
	busyPace = time.Second / 2
	// rateMemory is how long it takes for a rate to be believed: a second of a thousand new
	// sessions is no reason to grow.
	rateMemory = 4 * time.Second
	// idleAfter is how long there is no collection before a larger room is looked at again.
	idleAfter = 10 * time.Second
)

// need is what the room depends on, in bytes: what lives, what of it a collection has to
// read, what is made in a second, and how much more that may bring.
type need struct{ live, scanned, rate, busy uint64 }

// room is how far a heap may grow: by what a collection has to read, which is what
// Go's default comes to where everything has pointers, and by a share of the rest; and
// within bounds by what is made meanwhile.
func (n need) room() uint64 {
	made := uint64(float64(n.rate) * busyPace.Seconds())
	return max(leastBytes, n.scanned+n.live/liveShare, min(made, leastBytes+n.busy))
}

// percent expresses the room as the runtime takes it: in hundredths of what a
// collection leaves. What is scanned beside the heap is a part of it.
func (n need) percent(beside uint64) int {
	return int(min(max(100*n.room()/max(n.live+beside, 1), percentLeast), percentMost))
}

// rate is how much is allocated in a second, of late.
type rate struct {
	perSecond float64
	allocated uint64 // allocated is all that ever was, at the instant at.
	at        time.Duration
}

// observe takes note of what was allocated until now. What is long ago counts little.
func (r *rate) observe(allocated uint64, now time.Duration) {
	passed := (now - r.at).Seconds()
	if passed <= 0 {
		return
	}
	weight := 1 - math.Exp(-passed/rateMemory.Seconds())
	r.perSecond += weight * (float64(allocated-r.allocated)/passed - r.perSecond)
	r.allocated, r.at = allocated, now
}

// Keeper looks after each collection at what lives, and sets the room for the next.
// There is one for the process.
type Keeper struct {
	log   *slog.Logger
	began time.Time
	// busy is what a busy server's room may have beyond leastBytes.
	busy uint64
	// collect is runtime.GC.
	collect func()

	mu      sync.Mutex // mu guards all below.
	samples []metrics.Sample
	// set is what the runtime was told, before is what it had been told until then.
	set, before int
	limited     bool
	limitBefore int64
	stopped     bool
	rate        rate
	// idle collects once more when a larger room was given and nobody uses it; nil if none was.
	idle *time.Timer

	// closing ends the goroutine that waits for a rest, which closes ended; nil where GOGC
	// is an operator's.
	closing, ended chan struct{}
}

// The figures of the runtime that the room depends on.
const (
	liveMetric    = "/gc/heap/live:bytes"
	scannedMetric = "/gc/scan/heap:bytes"
	globalsMetric = "/gc/scan/globals:bytes"
	stacksMetric  = "/gc/scan/stack:bytes"
	madeMetric    = "/gc/heap/allocs:bytes"
)

// Keep begins. An operator's GOGC and GOMEMLIMIT come first: what one of them says
// is left alone.
func Keep(log *slog.Logger) *Keeper {
	k := &Keeper{log: log, began: time.Now(), busy: busyBytesMax, collect: runtime.GC}
	k.samples = []metrics.Sample{
		{Name: liveMetric}, {Name: scannedMetric}, {Name: globalsMetric}, {Name: stacksMetric},
		{Name: madeMetric},
	}
	if bound, known := containerLimit(); known {
		k.busy = min(k.busy, bound/busyShare)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		k.limit()
	}
	if os.Getenv("GOGC") != "" {
		k.stopped = true
		return k
	}
	k.mu.Lock()
	k.set = need{}.percent(leastBytes / 8)
	k.before = debug.SetGCPercent(k.set)
	k.mu.Unlock()
	k.watch()
	k.closing, k.ended = make(chan struct{}), make(chan struct{})
	go k.watchRest()
	return k
}

// limit tells the runtime of the container's memory, if there is a bound.
func (k *Keeper) limit() {
	bound, known := containerLimit()
	if !known {
		return
	}
	soft := int64(bound / 100 * limitShare)
	k.limitBefore, k.limited = debug.SetMemoryLimit(soft), true
	k.log.Info("memory is limited by the container", "bytes", bound, "soft", soft)
}

// sentinel is an object that nothing refers to: its finalizer tells that a collection
// has ended. It must not be a part of a larger block, so it has a pointer.
type sentinel struct{ keeper *Keeper }

// watch makes the runtime call adjust after the next collection.
func (k *Keeper) watch() {
	runtime.SetFinalizer(&sentinel{k}, func(s *sentinel) {
		if s.keeper.adjust() {
			s.keeper.watch()
		}
	})
}

// adjust sets the room for the next collection. It is false when the keeper has been
// closed.
func (k *Keeper) adjust() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.stopped {
		return false
	}
	metrics.Read(k.samples)
	live, scanned := k.samples[0].Value.Uint64(), k.samples[1].Value.Uint64()
	beside := k.samples[2].Value.Uint64() + k.samples[3].Value.Uint64()
	k.rate.observe(k.samples[4].Value.Uint64(), time.Since(k.began))
	n := need{live, scanned, uint64(k.rate.perSecond), k.busy}
	k.lookAgain(n)
	wanted := n.percent(beside)
	// Each setting stops the world for a moment, so what is nearly right stays.
	if 16*max(wanted, k.set) > 17*min(wanted, k.set) {
		k.set = wanted
		debug.SetGCPercent(wanted)
	}
	return true
}

// lookAgain has a collection come when there is none for a while, so that a larger room does
// not stay with a server that has less to do, but does not rest: see watchRest. The runtime
// alone would take two minutes.
func (k *Keeper) lookAgain(n need) {
	least := need{live: n.live, scanned: n.scanned}
	switch {
	case n.room() == least.room():
		if k.idle != nil {
			k.idle.Stop()
		}
	case k.idle == nil:
		k.idle = time.AfterFunc(idleAfter, k.collect)
	default:
		k.idle.Reset(idleAfter)
	}
}

// Close puts back what was set before Keep.
func (k *Keeper) Close() {
	if k.closing != nil {
		close(k.closing)
		<-k.ended
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.set != 0 && !k.stopped {
		debug.SetGCPercent(k.before)
	}
	if k.limited {
		debug.SetMemoryLimit(k.limitBefore)
	}
	if k.idle != nil {
		k.idle.Stop()
	}
	k.stopped = true
}
