package sketch

import (
	"hash/maphash"
	"math"
	"time"
)

// Span is the time constant of a rate: what happened so long ago counts 1/e.
const Span = time.Minute

const (
	// rescaleSpans is after how many spans the weights are scaled down: they grow by e with
	// each, and a float64 takes 700 of them.
	rescaleSpans = 64
	// windowMin is the least time that a rate is taken over, so that the first request is
	// none of a million in a second.
	windowMin = time.Second
)

// Kind is what a request does.
type Kind uint8

// The kinds.
const (
	Read Kind = iota
	Write
	kinds
)

// sketch keeps the busiest keys. Its weights are of the time base: a request at another time
// weighs e more for each span in between, so that nothing need be decayed until it is shown.
type sketch struct {
	most  int
	seed  maphash.Seed
	slots []slot
	// heads and slot.next are the chains of a hash table, as slots counted from 1.
	heads []int32
	// heap has the slots, the least first.
	heap []int32
}

type slot struct {
	key  []byte
	hash uint64
	next int32
	at   int32 // in heap
	// counted is the weight by kind since the key is kept, missed at most what it had before.
	counted [kinds]float64
	missed  float64
}

func (s *slot) sum() float64 { return s.counted[Read] + s.counted[Write] + s.missed }

func newSketch(most int) sketch {
	heads := 1
	for heads < 2*most {
		heads *= 2
	}
	return sketch{most: most, seed: maphash.MakeSeed(), heads: make([]int32, heads)}
}

// add counts a weight for a key.
func (s *sketch) add(key string, kind Kind, weight float64) {
	hash := maphash.String(s.seed, key)
	at := s.find(key, hash)
	if at < 0 {
		at = s.take(key, hash)
	}
	s.slots[at].counted[kind] += weight
	s.sink(int(s.slots[at].at))
}

func (s *sketch) head(hash uint64) *int32 { return &s.heads[hash&uint64(len(s.heads)-1)] }

func (s *sketch) find(key string, hash uint64) int32 {
	for at := *s.head(hash) - 1; at >= 0; at = s.slots[at].next - 1 {
		if x := &s.slots[at]; x.hash == hash && string(x.key) == key {
			return at
		}
	}
	return -1
}

// take gives a key a slot: a new one, or that of the least key, whose weight it may have had.
func (s *sketch) take(key string, hash uint64) int32 {
	var at int32
	if len(s.slots) < s.most {
		at = int32(len(s.slots))
		s.slots = append(s.slots, slot{at: at})
		s.heap = append(s.heap, at)
		// Its weight is nothing, the least of all.
		s.rise(int(at))
	} else {
		at = s.heap[0]
		s.unlink(at)
	}
	x, head := &s.slots[at], s.head(hash)
	x.missed, x.counted = x.sum(), [kinds]float64{}
	x.key, x.hash, x.next = append(x.key[:0], key...), hash, *head
	*head = at + 1
	return at
}

// unlink takes a slot out of its chain.
func (s *sketch) unlink(at int32) {
	link := s.head(s.slots[at].hash)
	for *link != at+1 {
		link = &s.slots[*link-1].next
	}
	*link = s.slots[at].next
}

// sink moves a slot down the heap that has become larger, rise one up that is smaller.
func (s *sketch) sink(i int) {
	for {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < len(s.heap); child++ {
			if s.less(child, least) {
				least = child
			}
		}
		if least == i {
			return
		}
		s.swap(i, least)
		i = least
	}
}

func (s *sketch) rise(i int) {
	for i > 0 && s.less(i, (i-1)/2) {
		s.swap(i, (i-1)/2)
		i = (i - 1) / 2
	}
}

func (s *sketch) less(i, j int) bool { return s.slots[s.heap[i]].sum() < s.slots[s.heap[j]].sum() }

func (s *sketch) swap(i, j int) {
	s.heap[i], s.heap[j] = s.heap[j], s.heap[i]
	s.slots[s.heap[i]].at, s.slots[s.heap[j]].at = int32(i), int32(j)
}

// scale multiplies all weights, which leaves their order.
func (s *sketch) scale(by float64) {
	for i := range s.slots {
		x := &s.slots[i]
		x.missed *= by
		for k := range x.counted {
			x.counted[k] *= by
		}
	}
}

// clock turns times into weights.
type clock struct {
	// base is when a weight is one, begun when counting began.
	base, begun time.Duration
}

func spans(d time.Duration) float64 { return float64(d) / float64(Span) }

// weight is that of a request now.
func (c *clock) weight(now time.Duration) float64 { return math.Exp(spans(now - c.base)) }

// perSecond turns a sum of weights into a rate: the mean over what has been of the span.
func (c *clock) perSecond(now time.Duration) float64 {
	window := max(now-c.begun, windowMin)
	return 1 / (c.weight(now) * Span.Seconds() * -math.Expm1(-spans(window)))
}

// grown tells whether the weights are to be scaled, and by what.
func (c *clock) grown(now time.Duration) (by float64, due bool) {
	if spans(now-c.base) < rescaleSpans {
		return 1, false
	}
	by = 1 / c.weight(now)
	c.base = now
	return by, true
}
