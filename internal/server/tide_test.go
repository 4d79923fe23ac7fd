package server

import (
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/replica"
)

// The plot: the history gets further in steps of three. Each transaction was there with the
// step that brought it, one that has not come was not, and what is too old is forgotten rather
// than taken for something later.
func TestATideTellsWhenATransactionWasThere(t *testing.T) {
	var f tide
	if f.when(1) != 0 {
		t.Error("something was there before the first mark")
	}
	f.reach(10, time.Second)
	for i := range 10 {
		f.reach(zoo.Zxid(10+3*i), time.Duration(i+1)*time.Second)
	}
	for zxid, want := range map[zoo.Zxid]time.Duration{
		9: time.Second, 10: time.Second, 11: 2 * time.Second, 13: 2 * time.Second,
		35: 10 * time.Second, 37: 10 * time.Second, 38: 0,
	} {
		if got := f.when(zxid); got != want {
			t.Errorf("%v was there at %v, want %v", zxid, got, want)
		}
	}
	for i := range tideMarks {
		f.reach(zoo.Zxid(1000+i), time.Minute)
	}
	for _, zxid := range []zoo.Zxid{11, 37, 999, 1000} {
		if got := f.when(zxid); got != 0 {
			t.Errorf("%v, which is forgotten, was there at %v", zxid, got)
		}
	}
	if got := f.when(1001); got != time.Minute {
		t.Errorf("the oldest but one was there at %v", got)
	}
}

// The plot: a transaction is committed by others before the own disk has it.
func TestATransactionIsReadyWithTheLaterOfDiskAndQuorum(t *testing.T) {
	var all tides
	all.reach(replica.Progress{Logged: 5}, 1*time.Second)
	all.reach(replica.Progress{Logged: 5, Committed: 5}, 2*time.Second)
	if got := all.passage(5); got.ready() != 0 {
		t.Errorf("ready at %v, before it is durable", got.ready())
	}
	all.reach(replica.Progress{Logged: 5, Committed: 5, Durable: 5}, 3*time.Second)
	want := passage{logged: 1 * time.Second, durable: 3 * time.Second, committed: 2 * time.Second}
	if got := all.passage(5); got != want || got.ready() != 3*time.Second {
		t.Errorf("passage %v, ready at %v", got, got.ready())
	}
}
