package sketch

import (
	"math"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// The bounds of what is kept: some 2 MiB with the longest keys.
const (
	// Depths is how many depths of subtrees are told apart.
	Depths = 4
	// pathsMost and subtreesMost are how many paths are kept, and subtrees of each depth.
	pathsMost, subtreesMost = 1024, 256
	// keyBytesMax bounds a key. A longer path counts as the nearest one above that is not.
	keyBytesMax = 512
)

const (
	// samplesPerSecond is what sampling aims at, burstSamples after how many within one
	// second it takes half as many from then on.
	samplesPerSecond = 1000
	burstSamples     = 512
	// periodMax is how many requests one sample stands for at most.
	periodMax = 1024
)

// Paths has the rates of paths and subtrees. It is safe for many goroutines.
type Paths struct {
	// period is how many requests a sample stands for that is drawn now.
	period atomic.Uint32

	mu       sync.Mutex
	random   *rand.Rand
	clock    clock
	all      [kinds]float64
	paths    sketch
	subtrees [Depths]sketch
	// second is when the second began in which taken samples stood for weight requests.
	second time.Duration
	taken  int
	weight float64
}

// New begins to count now.
func New(now time.Duration, seed uint64) *Paths {
	p := &Paths{random: rand.New(rand.NewPCG(seed, seed))}
	p.period.Store(1)
	p.reset(now)
	return p
}

// Reset begins anew.
func (p *Paths) Reset(now time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.reset(now)
}

func (p *Paths) reset(now time.Duration) {
	p.clock = clock{base: now, begun: now}
	p.all = [kinds]float64{}
	p.paths = newSketch(pathsMost)
	for i := range p.subtrees {
		p.subtrees[i] = newSketch(subtreesMost)
	}
	p.second, p.taken, p.weight = now, 0, 0
}

// Sampler decides which requests are sampled. One belongs to a goroutine or to whoever holds a
// lock; many may feed the same Paths. Its zero value is ready.
type Sampler struct {
	// left is how many requests there are up to the next sample, and that one.
	left int32
	// period is what that sample stands for, 0 before the first is drawn.
	period uint32
}

// Skips tells of one request whether it is not to be sampled. If it may be, Note is to follow.
func (s *Sampler) Skips() bool {
	s.left--
	return s.left > 0
}

// Note counts a request that was not skipped.
func (s *Sampler) Note(p *Paths, now time.Duration, path string, kind Kind) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.period == 0 {
		// The first one: it may be a sample or not, as any other.
		if s.draw(p); s.left > 1 {
			s.left--
			return
		}
	}
	p.count(now, path, kind, float64(s.period))
	s.draw(p)
}

// draw chooses the next sample: each request is one with the same chance, whatever was before,
// so that a sampler may be used for one stream of requests after another.
func (s *Sampler) draw(p *Paths) {
	s.period, s.left = p.period.Load(), 1
	if s.period > 1 {
		skipped := math.Log(1-p.random.Float64()) / math.Log1p(-1/float64(s.period))
		s.left += int32(min(skipped, math.MaxInt32/2))
	}
}

func (p *Paths) count(now time.Duration, path string, kind Kind, requests float64) {
	p.adapt(now, requests)
	if by, due := p.clock.grown(now); due {
		p.scale(by)
	}
	weight := requests * p.clock.weight(now)
	p.all[kind] += weight
	path = shortened(path)
	p.paths.add(path, kind, weight)
	end := 0
	for depth := range p.subtrees {
		if end = nextEnd(path, end); end < 0 {
			break
		}
		p.subtrees[depth].add(path[:end], kind, weight)
	}
}

// adapt changes the period to the load: it rises within a second of many samples, and is set
// anew by what the last second had.
func (p *Paths) adapt(now time.Duration, requests float64) {
	if past := now - p.second; past >= time.Second {
		wanted := p.weight / past.Seconds() / samplesPerSecond
		period := uint32(1)
		for period < periodMax && float64(period) < wanted {
			period *= 2
		}
		p.period.Store(period)
		p.second, p.taken, p.weight = now, 0, 0
	}
	p.weight += requests
	p.taken++
	if p.taken%burstSamples == 0 {
		p.period.Store(min(2*p.period.Load(), periodMax))
	}
}

func (p *Paths) scale(by float64) {
	for k := range p.all {
		p.all[k] *= by
	}
	p.paths.scale(by)
	for i := range p.subtrees {
		p.subtrees[i].scale(by)
	}
}

// shortened cuts a path that is too long for a key above its last names.
func shortened(path string) string {
	if len(path) <= keyBytesMax {
		return path
	}
	if slash := strings.LastIndexByte(path[:keyBytesMax+1], '/'); slash > 0 {
		return path[:slash]
	}
	return "/"
}

// nextEnd is where the name ends behind an end, -1 for none.
func nextEnd(path string, end int) int {
	if end+1 >= len(path) {
		return -1
	}
	if slash := strings.IndexByte(path[end+1:], '/'); slash >= 0 {
		return end + 1 + slash
	}
	return len(path)
}

// Rates is what was counted.
type Rates struct {
	// Reads and Writes are all requests in a second.
	Reads, Writes float64
	// Period is how many requests a sample stands for now.
	Period int
	// Lines are the keys that are kept, in no order.
	Lines []Rate
}

// Rate is one path, or one subtree, with its requests in a second.
type Rate struct {
	Path          string
	Reads, Writes float64
	// Missed is at most what Reads and Writes are short of, from before the path was kept.
	Missed float64
}

// At gives the rates now: of paths at depth 0, otherwise of subtrees whose tops are that deep,
// Depths at most.
func (p *Paths) At(now time.Duration, depth int) Rates {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := &p.paths
	if depth > 0 {
		s = &p.subtrees[min(depth, Depths)-1]
	}
	f := p.clock.perSecond(now)
	rates := Rates{Reads: p.all[Read] * f, Writes: p.all[Write] * f, Period: int(p.period.Load()),
		Lines: make([]Rate, len(s.slots))}
	for i := range s.slots {
		x := &s.slots[i]
		rates.Lines[i] = Rate{Path: string(x.key), Reads: x.counted[Read] * f,
			Writes: x.counted[Write] * f, Missed: x.missed * f}
	}
	return rates
}
