package load

import (
	"bytes"
	"net"
	"testing"
)

// listening is ears with one connection, and its other end.
func listening(t *testing.T) (*ears, net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	near, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	far, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	e, err := newEars(held{near})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		far.Close()
		e.close()
	})
	return e, far
}

// The plot: a frame that is larger than a read comes in two parts. It is taken when it is
// whole, and the next one is another; what nobody has asked for is an error.
func TestAFrameIsHeardWhenItIsWhole(t *testing.T) {
	e, far := listening(t)
	sent := finish(append(frame(7), bytes.Repeat([]byte("event"), earsBytes/4)...))
	written := make(chan error, 1)
	go func() {
		_, err := far.Write(sent[:earsBytes])
		written <- err
	}()
	for len(e.rests[0]) < earsBytes {
		if got, err := e.read(0); got != nil || err != nil {
			t.Fatalf("a part is taken: %d bytes, %v", len(got), err)
		}
	}
	if err := <-written; err != nil {
		t.Fatal(err)
	}
	go func() {
		_, err := far.Write(sent[earsBytes:])
		written <- err
	}()
	err := e.collect(t.Context(), 1, func(got []byte) error {
		if !bytes.Equal(got, sent[4:]) {
			t.Errorf("%d bytes instead of %d", len(got), len(sent)-4)
		}
		return nil
	})
	if err != nil || e.heard[0].IsZero() || <-written != nil {
		t.Fatalf("%v, heard at %v", err, e.heard[0])
	}
	if _, err := far.Write(append(finish(frame(1)), 0)); err != nil {
		t.Fatal(err)
	}
	if err := e.collect(t.Context(), 1, func([]byte) error { return nil }); err == nil {
		t.Error("a byte too much is no error")
	}
}
