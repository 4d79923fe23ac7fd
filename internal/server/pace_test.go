package server

import (
	"testing"
	"time"

	"zoo/internal/core/tree"
)

// A job that was held up goes on at its rate. It does not take all that it has missed at
// once, for then the log would wait behind it.
func TestAPaceDoesNotCatchUpInABurst(t *testing.T) {
	p := pace{rate: 1000, began: time.Second}
	if wait := p.wait(500, time.Second); wait != 500*time.Millisecond {
		t.Fatalf("half a second's bytes in no time wait %v", wait)
	}
	if wait := p.wait(500, 1499*time.Millisecond); wait != 0 {
		t.Fatalf("a millisecond is waited for: %v", wait)
	}
	if wait := p.wait(500, time.Minute); wait != 0 {
		t.Fatalf("late, it waits %v", wait)
	}
	if wait := p.wait(1500, time.Minute); wait != time.Second-paceBurst {
		t.Fatalf("a second's bytes after a minute's stall wait %v", wait)
	}
}

// A tree of a few znodes is written at the lowest rate, one of any size at what was
// configured.
func TestTheRateOfASnapshotFitsTheTree(t *testing.T) {
	frozen := tree.New().Freeze()
	if rate := snapshotRate(0, frozen); rate != snapshotRateMin {
		t.Fatalf("an empty tree at %d bytes a second", rate)
	}
	if rate := snapshotRate(12345, frozen); rate != 12345 {
		t.Fatalf("12345 was asked for and is %d", rate)
	}
}
