package bench

import (
	"time"

	"zoo/test/bench/cpu"
)

// noise is how much others than the servers and the load have used the machine: a
// run on a busy machine compares nothing, and must not look as if it did.
type noise struct {
	pids  []int
	begun time.Time
	busy  time.Duration // of the whole machine, less what the servers had used
	err   error
}

func listen(pids []int) *noise {
	n := &noise{pids: pids, begun: time.Now()}
	n.busy, n.err = n.measure()
	return n
}

func (n *noise) measure() (time.Duration, error) {
	busy, err := cpu.Busy()
	if err != nil {
		return 0, err
	}
	for _, pid := range n.pids {
		used, err := cpu.Of(pid)
		if err != nil {
			return 0, err
		}
		busy -= used
	}
	return busy, nil
}

// heard is the noise in CPUs, when the load itself has used own. Where it cannot be
// measured there is none to report.
func (n *noise) heard(own time.Duration) (cpus float64, ok bool) {
	busy, err := n.measure()
	if n.err != nil || err != nil {
		return 0, false
	}
	others := busy - n.busy - own
	return max(0, others.Seconds()/time.Since(n.begun).Seconds()), true
}
