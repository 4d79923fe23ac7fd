package sim

import "time"

// appointment is something that will happen. Two at the same instant happen in
// the order in which they were made, so that a seed has one course only.
type appointment struct {
	at  time.Duration
	seq uint64
	run func()
}

func (a appointment) before(b appointment) bool {
	if a.at != b.at {
		return a.at < b.at
	}
	return a.seq < b.seq
}

// agenda is a binary heap of appointments.
type agenda struct {
	heap []appointment
	seq  uint64
}

func (a *agenda) empty() bool { return len(a.heap) == 0 }

// next is the instant of the first appointment; there must be one.
func (a *agenda) next() time.Duration { return a.heap[0].at }

func (a *agenda) add(at time.Duration, run func()) {
	a.seq++
	a.heap = append(a.heap, appointment{at, a.seq, run})
	i := len(a.heap) - 1
	for i > 0 {
		parent := (i - 1) / 2
		if !a.heap[i].before(a.heap[parent]) {
			break
		}
		a.heap[i], a.heap[parent] = a.heap[parent], a.heap[i]
		i = parent
	}
}

func (a *agenda) take() appointment {
	first := a.heap[0]
	last := len(a.heap) - 1
	a.heap[0] = a.heap[last]
	a.heap[last] = appointment{}
	a.heap = a.heap[:last]
	a.sink(0)
	return first
}

func (a *agenda) sink(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2; child++ {
			if child < len(a.heap) && a.heap[child].before(a.heap[least]) {
				least = child
			}
		}
		if least == i {
			return
		}
		a.heap[i], a.heap[least] = a.heap[least], a.heap[i]
		i = least
	}
}
