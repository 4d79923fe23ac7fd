package curves

import (
	"time"

	"zoo/test/bench/cpu"
)

// otherCPUs is the column of every table that confesses how much of the machine others have
// used while a point was measured: beyond a few tenths its rates say nothing.
const otherCPUs = "other_cpus"

// noise is how much others than the servers and the load use the machine.
type noise struct {
	begun     time.Time
	busy, own time.Duration
}

func listen() (*noise, error) {
	n := &noise{begun: time.Now()}
	var err error
	if n.busy, err = cpu.Busy(); err != nil {
		return nil, err
	}
	n.own, err = cpu.Own()
	return n, err
}

// heard is the noise in CPUs, once all children have ended.
func (n *noise) heard() (cpus float64, err error) {
	now, err := listen()
	if err != nil {
		return 0, err
	}
	others := now.busy - n.busy - (now.own - n.own)
	return max(0, others.Seconds()/time.Since(n.begun).Seconds()), nil
}
