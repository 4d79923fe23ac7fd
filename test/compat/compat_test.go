package compat

import (
	"cmp"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// slots is how many sessions a stream has at a time.
const slots = 4

// streams is how many a run of the test has for a server that is alone.
const streams = 4

// plan is one stream.
type plan struct {
	arena    *arena
	seed     uint64
	requests int // requests is how many are sent at least.
	steps    int // steps bounds the rounds, where it is not 0.
}

// number is an environment variable, or the fallback.
func number(t *testing.T, name string, fallback int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return fallback
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// plans are the streams of a run, or what the environment asks for.
func plans(t *testing.T) []plan {
	t.Helper()
	requests := number(t, "ZOO_COMPAT_REQUESTS", 43_500)
	steps := number(t, "ZOO_COMPAT_STEPS", 0)
	name := cmp.Or(os.Getenv("ZOO_COMPAT_ARENA"), alone.name)
	at := slices.IndexFunc(arenas, func(a arena) bool { return a.name == name })
	if at < 0 {
		t.Fatalf("ZOO_COMPAT_ARENA: there is no %q", name)
	}
	if seed := number(t, "ZOO_COMPAT_SEED", 0); seed != 0 {
		return []plan{{&arenas[at], uint64(seed), requests, steps}}
	}
	first, count := number(t, "ZOO_COMPAT_FIRST", 0), number(t, "ZOO_COMPAT_STREAMS", streams)
	if first == 0 {
		return usual(count, requests)
	}
	var all []plan
	for i := range count {
		all = append(all, plan{&arenas[at], uint64(first + i), requests, steps})
	}
	return all
}

// usual are the streams of a run for which nothing was asked.
func usual(count, requests int) []plan {
	var all []plan
	for _, a := range arenas[1:] {
		n := requests / 6
		if a.observers > 0 {
			n = requests * 2 / 5
		}
		all = append(all, plan{arena: &a, seed: 1, requests: n})
	}
	for i := range count {
		all = append(all, plan{arena: &arenas[0], seed: uint64(1 + i), requests: requests})
	}
	return all
}

// The plot: the same random requests go to Java's ZooKeeper and to zoo. Whatever
// they are, both answer alike, but for what the table of differences says.
func TestJavaAndZooAnswerAlike(t *testing.T) {
	leaveOut(t)
	book := newLedger()
	all := plans(t)
	t.Run("streams", func(t *testing.T) {
		for _, p := range all {
			t.Run(fmt.Sprintf("%s-%d", p.arena.name, p.seed), func(t *testing.T) {
				t.Parallel()
				p.play(t, book)
			})
		}
	})
	t.Logf("differences used:\n%v", book)
	for i, d := range differences {
		// Other streams than those of the test need not show all of them.
		if len(all) == streams+len(arenas)-1 && !t.Failed() && book.uses[i] == 0 {
			t.Errorf("no request has shown this difference any more: %s", d.name)
		}
	}
}

// repeatsMax is how often a stream that led to a disagreement is played again.
const repeatsMax = 2

// play plays one stream. Both servers decide some things by the moment at which a
// thread comes by, and what the streams avoid of that is not all: so a disagreement
// counts if the same stream leads to one again. One that does not is told loudly.
func (p plan) play(t *testing.T, book *ledger) {
	first := p.attempt(t, book)
	if first == nil {
		return
	}
	again := p
	again.steps = first.step
	for range repeatsMax {
		if second := again.attempt(t, book); second != nil {
			t.Errorf("%v\nplayed again, it disagrees at step %d:\n%v", first.text, second.step,
				second.text)
			return
		}
	}
	t.Logf("DISAGREED ONCE, AND NOT AGAIN IN %d REPEATS: chance on one of the sides\n%v",
		repeatsMax, first.text)
}

// finding is a disagreement at one step of a stream.
type finding struct {
	step int
	text string
}

// attempt plays a stream from its beginning, up to the first disagreement.
func (p plan) attempt(t *testing.T, book *ledger) *finding {
	d := p.arena.start(t, slots, book.allow)
	g := newGenerator(p.seed, slots)
	g.remote, g.frameMax = len(p.arena.roles) > 1, p.arena.frameMax
	start := time.Now()
	var past []round
	for step := 1; d.requests < p.requests && (p.steps == 0 || step <= p.steps); step++ {
		r := g.round()
		past = append(past, r)
		found, err := d.round(&r)
		if err != nil {
			t.Fatalf("seed %d, step %d: %v\n%s", p.seed, step, err, d.logs())
		}
		if found != nil {
			return &finding{step, p.report(step, past, found) + d.logs()}
		}
	}
	t.Logf("seed %d: %d requests, %d answers compared, %d zxids, %v", p.seed, d.requests,
		d.answers, len(d.known.zxids), time.Since(start).Round(time.Millisecond))
	return nil
}

// report tells what was found, what led to it, and how to see it again.
func (p plan) report(step int, past []round, found *disagreement) string {
	var b strings.Builder
	c := &found.clash
	fmt.Fprintf(&b, "seed %d, step %d: %v\nrequest: %v\n%v\n", p.seed, step, &past[step-1],
		c.request, c)
	if c.request != nil {
		b.WriteString(related(past, c.request))
	}
	for i, name := range []string{javaName, zooName} {
		fmt.Fprintf(&b, "%s heard, slot %d:\n%s", name, c.slot,
			lastOf(found.heard[i][c.slot], c, i))
	}
	fmt.Fprintf(&b, "replay: ZOO_COMPAT_ARENA=%s ZOO_COMPAT_SEED=%d ZOO_COMPAT_STEPS=%d "+
		"go test -count=1 -run TestJavaAndZooAnswerAlike ./test/compat\n", p.arena.name,
		p.seed, step)
	return b.String()
}

// related are the last requests about the same path.
func related(past []round, r *request) string {
	path := r.path()
	var found []string
	for step, round := range past {
		for i := range round.requests {
			other := &round.requests[i]
			if strings.Contains(string(other.payload), path) && path != "" {
				found = append(found,
					fmt.Sprintf("  step %d slot %d: %v\n", step+1, round.slot, other))
			}
			if other == r {
				break
			}
		}
	}
	const shown = 12
	return "the last requests that have " + strconv.Quote(path) + ":\n" +
		strings.Join(found[max(0, len(found)-shown):], "")
}

// lastOf are the messages around the clash.
func lastOf(all []message, c *clash, side int) string {
	at := c.java
	if side == 1 {
		at = c.zoo
	}
	var b strings.Builder
	for i := range all {
		if at == nil || &all[i] == at {
			for j := max(0, i-3); j < min(len(all), i+4); j++ {
				fmt.Fprintf(&b, "  %v\n", &all[j])
			}
			break
		}
	}
	return b.String()
}
