package main

import (
	"encoding/binary"
	"sync"
)

// What servers say to each other are messages, all numbers big-endian:
//
//	0  int   kind
//	4  int   length of the payload
//	8  long  number
//	16       the payload
//
//	append   a batch of the leader: its number, and its requests as the clients sent
//	         them. The log holds the same bytes.
//	ack      every batch up to this number is synced
//	forward  requests of a follower's clients
//	commit   so many bytes that the follower has forwarded are committed
const (
	kindAppend = iota + 1
	kindAck
	kindForward
	kindCommit
)

const headBytes = 16

type head [headBytes]byte

func (h *head) set(kind uint32, length int, number uint64) {
	binary.BigEndian.PutUint32(h[0:], kind)
	binary.BigEndian.PutUint32(h[4:], uint32(length))
	binary.BigEndian.PutUint64(h[8:], number)
}

func (h *head) kind() uint32   { return binary.BigEndian.Uint32(h[0:]) }
func (h *head) length() int    { return int(binary.BigEndian.Uint32(h[4:])) }
func (h *head) number() uint64 { return binary.BigEndian.Uint64(h[8:]) }

// peersMax bounds the servers.
const peersMax = 9

// batch is one message with the room for its head in front, and who waits for it. It has
// one owner at a time, but for a leader's that was cut: see leader.
type batch struct {
	data []byte
	// waits are clients of this server. from tells of how many bytes of each follower the
	// batch consists.
	waits []wait
	from  [peersMax]uint64
	// uses are those who still need the batch, syncs the servers that have synced it.
	uses, syncs int
}

// wait is a client that has made so many submissions by now, the last of which is
// committed with the batch, or with so many forwarded bytes.
type wait struct {
	client *client
	number int64
	bytes  uint64
}

func (b *batch) add(frames [][]byte) {
	for _, f := range frames {
		b.data = append(b.data, f...)
	}
}

func (b *batch) empty() bool { return len(b.data) == headBytes }

// seal writes the head.
func (b *batch) seal(kind uint32, number uint64) {
	(*head)(b.data).set(kind, len(b.data)-headBytes, number)
}

// pool keeps batches, so that none is made twice.
type pool struct {
	mu   sync.Mutex
	free []*batch
}

func (p *pool) take() *batch {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.free); n > 0 {
		b := p.free[n-1]
		p.free = p.free[:n-1]
		return b
	}
	return &batch{data: make([]byte, headBytes, 64<<10)}
}

func (p *pool) give(b *batch) {
	clear(b.waits)
	*b = batch{data: b.data[:headBytes], waits: b.waits[:0]}
	p.mu.Lock()
	p.free = append(p.free, b)
	p.mu.Unlock()
}
