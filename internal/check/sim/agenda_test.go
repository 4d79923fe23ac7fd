package sim

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// The agenda gives what a stable sort would give.
func TestAgendaKeepsTimeAndOrder(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for range 200 {
		var a agenda
		var want, got []appointment
		for range rng.IntN(60) {
			at := time.Duration(rng.IntN(8))
			a.add(at, nil)
			want = append(want, appointment{at: at, seq: a.seq})
		}
		slices.SortStableFunc(want, func(x, y appointment) int { return int(x.at - y.at) })
		for !a.empty() {
			got = append(got, a.take())
		}
		same := func(x, y appointment) bool { return x.at == y.at && x.seq == y.seq }
		if !slices.EqualFunc(want, got, same) {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}
