//go:build !race

package alloc

// Pools tells whether what is given to a sync.Pool comes back.
const Pools = true
