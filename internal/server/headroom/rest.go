package headroom

import (
	"runtime/debug"
	"runtime/metrics"
	"time"
)

// A process that has been busy and now rests keeps what it needed meanwhile: garbage, since
// no collection comes before the room is used up, and the memory of former garbage. So when
// it has rested for a while that is given back to the system, once for each burst.
const (
	restInterval = time.Second
	// restLooks is for how many looks in a row less than restBytes must have been allocated.
	restLooks = 2
	restBytes = 256 << 10
	// burstBytes is what must have been allocated since the last time for it to be worth it.
	burstBytes = 8 << 20
)

// rest finds the instants at which a process rests.
type rest struct {
	// seen is what had been allocated in all when it was looked last, and given when memory
	// was given back.
	seen, given uint64
	quiet       int
}

// look tells whether memory is to be given back now.
func (r *rest) look(allocated uint64) bool {
	r.quiet++
	if allocated-r.seen >= restBytes {
		r.quiet = 0
	}
	r.seen = allocated
	if r.quiet < restLooks || allocated-r.given < burstBytes {
		return false
	}
	r.given = allocated
	return true
}

// watchRest looks on until the keeper is closed.
func (k *Keeper) watchRest() {
	defer close(k.ended)
	ticker := time.NewTicker(restInterval)
	defer ticker.Stop()
	var r rest
	sample := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	for {
		select {
		case <-k.closing:
			return
		case <-ticker.C:
		}
		if metrics.Read(sample); r.look(sample[0].Value.Uint64()) {
			debug.FreeOSMemory()
		}
	}
}
