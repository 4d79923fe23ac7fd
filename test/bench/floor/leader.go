package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"sync"
)

// leader orders the writes of all. While one batch is written and synced the next one
// fills; a batch is committed when a majority has synced it, in its order.
type leader struct {
	server   *server
	majority int
	links    []*link
	pool     pool
	work     chan *batch

	mu sync.Mutex
	// filling is the next batch. writing says that one is being synced here.
	filling *batch
	writing bool
	// open are the batches that were cut and are not committed; last is the number of the
	// last of them.
	open []*batch
	last uint64
}

// link is one follower. Its reader owns scratch.
type link struct {
	index   int
	conn    net.Conn
	out     *outbox
	scratch []byte

	// Under the leader's mu: the last batch that it has synced, and how many of its bytes
	// are committed.
	acked, committed uint64
}

func newLeader(s *server, conns []net.Conn) *leader {
	l := &leader{server: s, majority: (len(conns)+1)/2 + 1, work: make(chan *batch, 1)}
	l.filling = l.pool.take()
	for i, conn := range conns {
		l.links = append(l.links,
			&link{index: i, conn: conn, out: newOutbox(s.life, conn, l.used)})
	}
	go l.run()
	for _, k := range l.links {
		go func() { s.life.end(l.read(k)) }()
	}
	return l
}

func (l *leader) submit(frames [][]byte, w wait) {
	l.mu.Lock()
	l.filling.add(frames)
	l.filling.waits = append(l.filling.waits, w)
	b := l.cut()
	l.mu.Unlock()
	l.start(b)
}

// forwarded takes a follower's frames.
func (l *leader) forwarded(k *link, frames []byte) {
	l.mu.Lock()
	l.filling.data = append(l.filling.data, frames...)
	l.filling.from[k.index] += uint64(len(frames))
	b := l.cut()
	l.mu.Unlock()
	l.start(b)
}

// cut ends the batch that fills, unless it is empty or another one is being written. mu is
// held.
func (l *leader) cut() *batch {
	if l.writing || l.filling.empty() {
		return nil
	}
	b := l.filling
	l.filling, l.writing = l.pool.take(), true
	l.last++
	b.seal(kindAppend, l.last)
	b.uses = 1 + 1 + len(l.links) // its commit, the log, the links
	l.open = append(l.open, b)
	return b
}

// start begins to write a batch that whoever brings requests has cut. Alone it has nothing
// better to do than to write it, once, which saves a wake-up. A leader of others has: it
// hears their acknowledgements.
func (l *leader) start(b *batch) {
	if b == nil {
		return
	}
	l.replicate(b)
	if len(l.links) == 0 {
		b = l.persist(b)
	}
	if b != nil {
		l.work <- b
	}
}

// run writes batches as long as there are any.
func (l *leader) run() {
	for {
		select {
		case <-l.server.life.ended:
			return
		case b := <-l.work:
			for b != nil {
				b = l.persist(b)
			}
		}
	}
}

func (l *leader) replicate(b *batch) {
	for _, k := range l.links {
		k.out.put(b)
		k.out.push()
	}
}

// persist syncs a batch and returns the next one, on its way to the followers.
func (l *leader) persist(b *batch) *batch {
	if err := l.server.log.store(b); err != nil {
		l.server.life.end(err)
		return nil
	}
	l.mu.Lock()
	b.syncs++
	l.settle()
	l.drop(b)
	l.writing = false
	next := l.cut()
	l.mu.Unlock()
	if next != nil {
		l.replicate(next)
	}
	l.push()
	return next
}

// acknowledged counts what a follower has synced.
func (l *leader) acknowledged(k *link, number uint64) {
	l.mu.Lock()
	first := l.last - uint64(len(l.open)) + 1
	for n := max(k.acked+1, first); n <= number; n++ {
		l.open[n-first].syncs++
	}
	k.acked = number
	l.settle()
	l.mu.Unlock()
	l.push()
}

// settle commits what a majority has, in order: its clients are ready, and the followers
// will hear. mu is held.
func (l *leader) settle() {
	n := 0
	for ; n < len(l.open) && l.open[n].syncs >= l.majority; n++ {
		b := l.open[n]
		l.server.flusher.release(b.waits)
		for _, k := range l.links {
			if b.from[k.index] > 0 {
				k.committed += b.from[k.index]
				k.out.tell(kindCommit, k.committed)
			}
		}
		l.drop(b)
	}
	l.open = l.open[:copy(l.open, l.open[n:])]
}

// push sends what settle has left to send.
func (l *leader) push() {
	for _, k := range l.links {
		k.out.push()
	}
	l.server.flusher.push()
}

// drop counts one who needs the batch no more; mu is held. used is the same without it.
func (l *leader) drop(b *batch) {
	b.uses--
	if b.uses == 0 {
		l.pool.give(b)
	}
}

func (l *leader) used(b *batch) {
	l.mu.Lock()
	l.drop(b)
	l.mu.Unlock()
}

// read hears a follower.
func (l *leader) read(k *link) error {
	in := bufio.NewReaderSize(k.conn, inBytes)
	var h head
	for {
		if _, err := io.ReadFull(in, h[:]); err != nil {
			return err
		}
		switch h.kind() {
		case kindAck:
			l.acknowledged(k, h.number())
		case kindForward:
			if n := h.length(); n > len(k.scratch) {
				k.scratch = make([]byte, n)
			}
			frames := k.scratch[:h.length()]
			if _, err := io.ReadFull(in, frames); err != nil {
				return err
			}
			l.forwarded(k, frames)
		default:
			return fmt.Errorf("message of kind %d from a follower", h.kind())
		}
	}
}
