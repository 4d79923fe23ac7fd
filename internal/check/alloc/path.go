package alloc

import "testing"

// Path is a hot path: one table of them is what a package's benchmark measures and what its
// test guards, so that neither knows of a path that the other does not.
type Path struct {
	Title string
	// Most is how often Step may allocate.
	Most int
	// Bytes is what Step moves, for a rate; 0 for what moves nothing.
	Bytes int64
	// Step does the thing once, and again and again as if it were the first time.
	Step func()
}

// warmUp is how often a path is walked before it counts: its memory has grown then, and its
// pools are filled.
const warmUp = 50

// Guard fails the test if a path allocates more often than it may.
func Guard(t *testing.T, paths []Path) {
	t.Helper()
	for _, p := range paths {
		t.Run(p.Title, func(t *testing.T) { AtMost(t, p.Most, p.Step) })
	}
}

// AtMost fails the test if step allocates more often than it may. What other goroutines
// allocate meanwhile counts as well, and the average is rounded down.
func AtMost(t testing.TB, most int, step func()) {
	t.Helper()
	for range warmUp {
		step()
	}
	if n := testing.AllocsPerRun(2*warmUp, step); n > float64(most) {
		t.Errorf("%v allocations, want at most %d", n, most)
	}
}

// Measure makes a benchmark of each path.
func Measure(b *testing.B, paths []Path) {
	for _, p := range paths {
		b.Run(p.Title, func(b *testing.B) {
			b.SetBytes(p.Bytes)
			b.ReportAllocs()
			for b.Loop() {
				p.Step()
			}
		})
	}
}
