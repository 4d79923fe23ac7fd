package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
)

// follower logs what the leader says, and lets the leader order its clients' writes.
type follower struct {
	server *server
	out    *outbox
	wake   chan struct{}
	// pool is for batches of the leader, forwards for those to it, which are smaller.
	pool, forwards pool

	mu sync.Mutex
	// waits are for the commits of what was forwarded, in order; bytes are all of that.
	waits []wait
	bytes uint64
	// batches wait for the log.
	batches []*batch

	taken []*batch // run only
}

func newFollower(s *server, conn net.Conn) *follower {
	f := &follower{server: s, wake: make(chan struct{}, 1)}
	f.out = newOutbox(s.life, conn, f.forwards.give)
	go f.run()
	go func() { s.life.end(f.read(conn)) }()
	return f
}

func (f *follower) submit(frames [][]byte, w wait) {
	b := f.forwards.take()
	b.add(frames)
	b.seal(kindForward, 0)
	f.mu.Lock()
	f.bytes += uint64(len(b.data) - headBytes)
	w.bytes = f.bytes
	f.waits = append(f.waits, w)
	f.out.put(b) // in the order of waits
	f.mu.Unlock()
	f.out.push()
}

// read hears the leader.
func (f *follower) read(conn net.Conn) error {
	in := bufio.NewReaderSize(conn, inBytes)
	var h head
	for {
		if _, err := io.ReadFull(in, h[:]); err != nil {
			return err
		}
		switch h.kind() {
		case kindAppend:
			b := f.pool.take()
			b.data = slices.Grow(b.data, h.length())[:headBytes+h.length()]
			copy(b.data, h[:])
			if _, err := io.ReadFull(in, b.data[headBytes:]); err != nil {
				return err
			}
			f.mu.Lock()
			f.batches = append(f.batches, b)
			f.mu.Unlock()
			signal(f.wake)
		case kindCommit:
			f.commit(h.number())
		default:
			return fmt.Errorf("message of kind %d from the leader", h.kind())
		}
	}
}

// commit answers those whose forwarded bytes are committed.
func (f *follower) commit(bytes uint64) {
	f.mu.Lock()
	n := 0
	for n < len(f.waits) && f.waits[n].bytes <= bytes {
		n++
	}
	f.server.flusher.release(f.waits[:n])
	f.waits = f.waits[:copy(f.waits, f.waits[n:])]
	f.mu.Unlock()
	f.server.flusher.push()
}

// run syncs what has come, all with one sync, and acknowledges it.
func (f *follower) run() {
	for f.server.life.await(f.wake) {
		f.mu.Lock()
		f.taken, f.batches = f.batches, f.taken[:0]
		f.mu.Unlock()
		if len(f.taken) == 0 {
			continue
		}
		if err := f.server.log.store(f.taken...); err != nil {
			f.server.life.end(err)
			return
		}
		f.out.tell(kindAck, (*head)(f.taken[len(f.taken)-1].data).number())
		f.out.push()
		for _, b := range f.taken {
			f.pool.give(b)
		}
	}
}
