package headroom

import "testing"

// The plot: a server starts and rests; thousands of sessions come, which takes four looks; then
// they rest, but for their pings; later there is a short burst, and at last one that is worth
// it. Memory is given back once after the start, once after the sessions, and once more.
func TestMemoryIsGivenBackOnceForEachBurst(t *testing.T) {
	const mib, ping = 1 << 20, 100 << 10
	var r rest
	var allocated uint64
	for i, step := range []struct {
		bytes uint64
		gives bool
	}{
		{10 * mib, false}, {0, false}, {ping, true}, {0, false}, {0, false},
		{20 * mib, false}, {10 * mib, false}, {10 * mib, false}, {mib, false},
		{ping, false}, {ping, true}, {ping, false}, {ping, false}, {ping, false},
		{2 * mib, false}, {0, false}, {0, false}, {0, false},
		{6 * mib, false}, {0, false}, {0, true}, {0, false},
	} {
		allocated += step.bytes
		if gives := r.look(allocated); gives != step.gives {
			t.Errorf("look %d, at %d KiB: gives back is %v", i, allocated>>10, gives)
		}
	}
}

// A trickle never looks like a burst, and a load is no rest.
func TestALoadKeepsItsMemory(t *testing.T) {
	var r rest
	for i := uint64(1); i <= 1000; i++ {
		if r.look(i * restBytes) {
			t.Fatalf("memory is given back at look %d of a load", i)
		}
	}
}
