package sketch

import (
	"fmt"
	"testing"
	"time"

	"zoo/internal/check/alloc"
)

// What every request passes through, and what a sampled one costs: one of a path that is kept,
// and one of a path that takes the place of another at each depth.
func hotPaths(testing.TB) []alloc.Path {
	var skipped Sampler
	skipped.left = 1 << 30
	warm := New(0, 1)
	many := make([]string, 4*pathsMost)
	for i := range many {
		many[i] = fmt.Sprintf("/s%d/%d/%d/%d", i%1000, i%900, i%800, i)
		warm.count(0, many[i], Read, 1)
	}
	now, i := time.Duration(0), 0
	return []alloc.Path{
		{Title: "skipped", Step: func() {
			if !skipped.Skips() {
				skipped.left = 1 << 30
			}
		}},
		{Title: "sampled, a known path", Step: func() {
			now += time.Millisecond
			var s Sampler
			s.period, s.left = 1, 1
			s.Note(warm, now, "/app/config/x/y", Read)
		}},
		{Title: "sampled, another path each time", Step: func() {
			now += time.Millisecond
			i++
			var s Sampler
			s.period, s.left = 1, 1
			s.Note(warm, now, many[i%len(many)], Write)
		}},
	}
}

func TestNoRequestAllocates(t *testing.T) { alloc.Guard(t, hotPaths(t)) }

func BenchmarkRequest(b *testing.B) { alloc.Measure(b, hotPaths(b)) }
