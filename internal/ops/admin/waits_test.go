package admin

import (
	"context"
	"testing"
)

// The plot: one more waits than may. The oldest ends, and the others wait on; a place
// that was given back is free.
func TestTheOldestWaitEndsForANewOne(t *testing.T) {
	var w waits
	var all []context.Context
	var ends []context.CancelFunc
	for range waitsMax {
		ctx, end := w.begin(t.Context())
		all, ends = append(all, ctx), append(ends, end)
	}
	ends[1]()
	w.begin(t.Context())
	if all[0].Err() != nil {
		t.Error("the oldest ended, though there was room")
	}
	w.begin(t.Context())
	if all[0].Err() == nil || all[2].Err() != nil {
		t.Errorf("the oldest: %v, the next: %v", all[0].Err(), all[2].Err())
	}
}
