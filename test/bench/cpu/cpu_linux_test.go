package cpu

import (
	"os"
	"testing"
	"time"
)

// The name of a process may hold anything, and utime and stime are 14 and 15.
func TestCPUTimeIsReadBehindTheName(t *testing.T) {
	got, err := parse([]byte("7 (a) b) R 1 2 3 4 5 6 7 8 9 10 150 50 0 0"))
	if err != nil || got != 2*time.Second {
		t.Errorf("got %v (%v)", got, err)
	}
	if _, err := parse([]byte("7 (a) R 1")); err == nil {
		t.Error("a short line is taken")
	}
}

// This process works until its own time has moved by a few ticks: then the machine's has
// moved by as much at least, and so has what the system says of the process.
func TestWhatThisProcessWorksIsSeenEverywhere(t *testing.T) {
	read := func() (all [3]time.Duration) {
		var errs [3]error
		all[0], errs[0] = Own()
		all[1], errs[1] = Of(os.Getpid())
		all[2], errs[2] = Busy()
		for _, err := range errs {
			if err != nil {
				t.Fatal(err)
			}
		}
		return all
	}
	before := read()
	now := before
	for now[0]-before[0] < 5*Tick {
		now = read()
	}
	for i, name := range []string{"own", "of the process", "of the machine"} {
		if moved := now[i] - before[i]; moved < 2*Tick {
			t.Errorf("%s: %v", name, moved)
		}
	}
}
