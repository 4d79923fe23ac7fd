package server

import "testing"

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
