package server

import (
	"encoding/binary"
	"runtime"
	"strings"
	"testing"
	"time"

	"zoo"
	"zoo/internal/check/alloc"
	"zoo/internal/wire"
)

// The begin of a frame waits without a buffer, the bytes of a large one with it, and
// what was taken in whole leaves nothing.
func TestTheBeginOfAFrameIsKeptInItsBytesOnly(t *testing.T) {
	in := input{pool: newBufferPool(inputBytes)}
	frame := append([]byte{0, 0, 0x40, 0}, make([]byte, 1<<14)...)
	for at, b := range frame {
		in.arrived(copy(in.space(), []byte{b}))
		if _, whole, err := in.next(1 << 20); err != nil || whole != (at == len(frame)-1) {
			t.Fatalf("at byte %d: whole %v, %v", at, whole, err)
		}
		in.park()
		kept := cap(in.parked)
		if in.buf != nil {
			kept = cap(in.buf.b)
		}
		if small := at < parkedBytesMax; small && kept > 2*(at+1)+8 {
			t.Fatalf("%d bytes cost %d", at+1, kept)
		}
	}
	if in.buf != nil || len(in.pending()) > 0 {
		t.Error("a buffer is left behind a whole frame")
	}
}

// The plot: the loop has begun to write to a client and waits for it, while the client
// asks for far more. The reader stops at the bound, and goes on when there is room.
func TestAReaderDoesNotPileUpWhatSomebodyElseWrites(t *testing.T) {
	s := startStandalone(t)
	c := s.connect()
	c.create("/large", strings.Repeat("x", 500_000))
	near := s.conns.all()[0]
	for taken := false; !taken; runtime.Gosched() {
		near.mu.Lock()
		if taken = !near.writing && !near.dirty && near.out == nil; taken {
			near.writing = true
		}
		near.mu.Unlock()
	}
	const asked = 40
	var requests [][]byte
	for i := range int32(asked) {
		requests = append(requests,
			request(i, wire.OpGetData, &wire.GetDataRequest{Path: "/large"}))
	}
	c.pipeline(requests...)
	for until := time.Now().Add(patience); ; runtime.Gosched() {
		near.mu.Lock()
		stalled, unsent := near.stalled, 0
		if near.out != nil {
			unsent = len(near.out.b)
		}
		near.mu.Unlock()
		if unsent > 2*unsentBytesPause || time.Now().After(until) {
			t.Fatalf("%d bytes wait for the client, stalled %v", unsent, stalled)
		}
		if stalled {
			break
		}
	}
	near.mu.Lock()
	go near.writeLocked(nil, 0)
	for i := range int32(asked) {
		c.reply(i, zoo.CodeOK)
	}
}

// The plot: a frame of the size that is parked for the longest comes byte by byte, each
// after a wait. Its copies are not worth more than it explains.
func TestAFrameThatTricklesIsNotCopiedIntoFreshMemoryEachTime(t *testing.T) {
	frame := binary.BigEndian.AppendUint32(nil, parkedBytesMax)
	frame = append(frame, make([]byte, parkedBytesMax)...)
	in := input{pool: newBufferPool(inputBytes)}
	alloc.Pooled(t, len(frame), func() {
		for i := range frame {
			in.arrived(copy(in.space(), frame[i:i+1]))
			in.park()
		}
		if _, whole, err := in.next(parkedBytesMax); err != nil || !whole {
			t.Errorf("the frame is whole: %v, %v", whole, err)
		}
		in.rest()
	})
	if in.buf != nil || in.parked != nil {
		t.Error("memory is left behind a whole frame")
	}
}

// The plot: frames of many sizes arrive in pieces, in whole or no further than their
// first quarter. All buffers on the way together take at most twice what arrived.
func TestALargeFrameIsNotReadIntoMoreThanTwiceItsBytes(t *testing.T) {
	for _, size := range []int{1 << 10, 100 << 10, 1 << 20, 1<<20 + 5, 7 << 20} {
		frame := binary.BigEndian.AppendUint32(nil, uint32(size))
		frame = append(frame, make([]byte, size)...)
		for _, arrived := range []int{len(frame), len(frame) / 4} {
			var in input
			alloc.Bounded(t, arrived, func() {
				in = input{pool: newBufferPool(inputBytes)}
				for left := frame[:arrived]; len(left) > 0; {
					n := copy(in.space(), left)
					in.arrived(n)
					left = left[n:]
				}
			})
			if arrived == len(frame) && size > inputBytes && cap(in.buf.b) != len(frame) {
				t.Errorf("%d bytes are in a buffer of %d", len(frame), cap(in.buf.b))
			}
			_, whole, err := in.next(size)
			if err != nil || whole != (arrived == size+wire.FrameHeaderBytes) {
				t.Errorf("%d of %d bytes: whole %v, %v", arrived, len(frame), whole, err)
			}
		}
	}
}

// The plot: a client sends one large frame after the other. The moral: the second one finds
// the memory into which the first one has grown.
func TestLargeFramesShareTheMemoryThatTheFirstOneGrewInto(t *testing.T) {
	const size = 1 << 20
	frame := binary.BigEndian.AppendUint32(nil, size)
	frame = append(frame, make([]byte, size)...)
	in := input{pool: newBufferPool(inputBytes)}
	receive := func() {
		for left := frame; len(left) > 0; {
			n := copy(in.space(), left)
			in.arrived(n)
			left = left[n:]
		}
		if _, whole, err := in.next(size); err != nil || !whole {
			t.Errorf("whole %v, %v", whole, err)
		}
		in.rest()
	}
	receive()
	least := alloc.Total()
	for range 20 { // A pool forgets now and then what it was given, if races are looked for.
		before := alloc.Total()
		receive()
		least = min(least, alloc.Total()-before)
	}
	if least > inputBytes {
		t.Errorf("%d bytes are allocated for a frame of %d", least, size)
	}
}
