//go:build race

package alloc

// Pools tells whether what is given to a sync.Pool comes back: the race detector has some of it
// dropped, at random.
const Pools = false
