package snapshot

import (
	"runtime"
	"sync"
	"sync/atomic"

	"zoo/internal/core/tree"
)

// aloneBatches is how many batches one goroutine decodes before it gets company: a
// small tree is loaded before others have even started, and in one order of reads.
const aloneBatches = 16

// znodes reads all znodes into the tree.
func (s *source) znodes(to *tree.Loader) {
	b := newBatch()
	for range aloneBatches {
		b.fill(s)
		b.prepare()
		s.keep(b.insert(to))
		if b.last || s.err != nil {
			return
		}
	}
	s.keep(newPipeline(s).run(to))
}

// keep notes an error of a znode that is before all that was refused so far.
func (s *source) keep(err error) {
	if err != nil {
		s.err = err
	}
}

// pipeline decodes znodes on all cores: a goroutine reads, as many as there are cores
// prepare, and the caller inserts. Batches come back to the reader when they are
// inserted, so that their number bounds the memory.
type pipeline struct {
	source  *source     // the reader's until all have ended
	free    chan *batch // to be filled
	filled  chan *batch // to be prepared, by anyone
	ordered chan *batch // the same in the order of the znodes
	stopped atomic.Bool // the reader shall end
	tasks   sync.WaitGroup
}

func newPipeline(s *source) *pipeline {
	// Beside those in preparation: one read, one inserted, and one waiting for each.
	batches := runtime.GOMAXPROCS(0) + 4
	p := &pipeline{source: s, free: make(chan *batch, batches),
		filled: make(chan *batch, batches), ordered: make(chan *batch, batches)}
	for range batches {
		p.free <- newBatch()
	}
	return p
}

// run returns when all goroutines have ended. The error is that of the first znode
// that does not fit; one of reading is left in the source.
func (p *pipeline) run(to *tree.Loader) error {
	p.tasks.Go(p.read)
	for range runtime.GOMAXPROCS(0) {
		p.tasks.Go(p.prepare)
	}
	defer p.tasks.Wait()
	var err error
	for b := range p.ordered {
		<-b.ready
		if err == nil {
			err = b.insert(to)
		}
		if err != nil {
			p.stopped.Store(true)
		}
		p.free <- b
	}
	return err
}

func (p *pipeline) read() {
	defer close(p.ordered)
	defer close(p.filled)
	for more := true; more && !p.stopped.Load(); {
		b := <-p.free
		b.fill(p.source)
		more = !b.last
		p.filled <- b
		p.ordered <- b
	}
}

func (p *pipeline) prepare() {
	for b := range p.filled {
		b.prepare()
		b.ready <- struct{}{}
	}
}
