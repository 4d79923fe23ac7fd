package main

import (
	"net"
	"sync"
)

// outbox is what waits to be written to one peer. Whoever puts something in writes it
// itself when nobody else does and it is little, which saves a wake-up; else the outbox'
// own goroutine does, all that has gathered with one call.
type outbox struct {
	life *life
	conn net.Conn
	// done takes back a batch that is written.
	done func(*batch)
	wake chan struct{}

	mu      sync.Mutex
	batches []*batch
	bytes   int
	// note is a message without a payload, of which the latest makes all before needless.
	note  head
	noted bool
	busy  bool

	// The rest belongs to the one who writes.
	taken  []*batch
	said   head
	space  [][]byte
	vector net.Buffers
}

// lentBytesMax is what a socket takes at once, so that nobody waits who only lends a hand.
const lentBytesMax = 128 << 10

func newOutbox(life *life, conn net.Conn, done func(*batch)) *outbox {
	o := &outbox{life: life, conn: conn, done: done, wake: make(chan struct{}, 1)}
	go o.run()
	return o
}

// put queues a batch, tell replaces the note; push must follow.
func (o *outbox) put(b *batch) {
	o.mu.Lock()
	o.batches = append(o.batches, b)
	o.bytes += len(b.data)
	o.mu.Unlock()
}

func (o *outbox) tell(kind uint32, number uint64) {
	o.mu.Lock()
	if !o.noted || number > o.note.number() {
		o.note.set(kind, 0, number)
		o.noted = true
	}
	o.mu.Unlock()
}

func (o *outbox) push() {
	o.mu.Lock()
	if o.busy || o.idle() {
		o.mu.Unlock()
		return
	}
	o.busy = true
	lent := o.bytes <= lentBytesMax
	o.mu.Unlock()
	if !lent || o.write() {
		signal(o.wake)
	}
}

func (o *outbox) idle() bool { return len(o.batches) == 0 && !o.noted }

func (o *outbox) run() {
	for o.life.await(o.wake) {
		for o.write() {
		}
	}
}

// write writes what is there and tells whether more has come meanwhile; if not, the next
// one to push writes.
func (o *outbox) write() (more bool) {
	o.gather()
	if _, err := o.vector.WriteTo(o.conn); err != nil {
		o.life.end(err)
	}
	for _, b := range o.taken {
		o.done(b)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.busy = !o.idle()
	return o.busy
}

func (o *outbox) gather() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.taken, o.batches = o.batches, o.taken[:0]
	o.bytes = 0
	o.space = o.space[:0]
	if o.noted {
		o.said, o.noted = o.note, false
		o.space = append(o.space, o.said[:])
	}
	for _, b := range o.taken {
		o.space = append(o.space, b.data)
	}
	o.vector = o.space
}
