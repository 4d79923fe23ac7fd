package sim

import (
	"fmt"
	"io"
	"time"
)

// The kinds of steps that go into the hash.
const (
	stepEvent uint64 = iota + 1
	stepTurn
	stepDisk
	stepApply
	stepPacket
	stepNotify
	stepFault
	stepClient
	stepStart
)

// trace sums up everything that happens in one hash, and writes it down for a
// reader if it has a writer. It formats nothing otherwise.
type trace struct {
	hash uint64
	out  io.Writer
	now  *time.Duration
}

func newTrace(out io.Writer, now *time.Duration) trace {
	return trace{hash: fnvOffset, out: out, now: now}
}

// on tells whether somebody reads. Ask before formatting.
func (t *trace) on() bool { return t.out != nil }

// mix takes numbers into the hash.
func (t *trace) mix(kind uint64, server int, values ...uint64) {
	h := mix(t.hash, uint64(*t.now))
	h = mix(h, kind<<32|uint64(server))
	for _, v := range values {
		h = mix(h, v)
	}
	t.hash = h
}

// line writes one line of the story.
func (t *trace) line(who string, format string, args ...any) {
	at := float64(*t.now) / float64(time.Millisecond)
	fmt.Fprintf(t.out, "%9.3fms %-4s %s\n", at, who, fmt.Sprintf(format, args...))
}

// The parameters of FNV-1a.
const (
	fnvOffset uint64 = 14695981039346656037
	fnvPrime  uint64 = 1099511628211
)

// mix takes a word into a hash. It is FNV's step on words, with a shift because
// the step alone never lets high bits reach low ones.
func mix(h, v uint64) uint64 {
	h = (h ^ v) * fnvPrime
	return h ^ h>>29
}

// hashBytes is the hash of an entry, eight bytes at a time.
func hashBytes(b []byte) uint64 {
	h := fnvOffset
	for len(b) >= 8 {
		word := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
			uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
		h = mix(h, word)
		b = b[8:]
	}
	for _, c := range b {
		h = mix(h, uint64(c))
	}
	return h
}
