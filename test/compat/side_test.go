package compat

import (
	"bufio"
	"io"
	"net"
	"testing"

	"zoo"
	"zoo/internal/wire"
)

// barrierFrame is what a server that has come as far as a zxid answers to a barrier.
func barrierFrame(z zoo.Zxid) []byte {
	h := wire.ReplyHeader{Xid: barrierXid, Zxid: z}
	return appendFrame(nil, h.AppendTo(nil))
}

// The plot: a server answers barriers before it has applied what another one has told of.
// It is asked until it has, and the answers from before count for nothing.
func TestABarrierIsRepeatedUntilTheServerHasCaughtUp(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	l := &link{conn: near, r: bufio.NewReader(near), syncs: true}
	asked := len(l.appendBarrier(nil))
	go func() {
		for z := zoo.Zxid(1); z <= 3; z++ {
			if _, err := io.ReadFull(far, make([]byte, asked)); err != nil {
				return
			}
			_, _ = far.Write(barrierFrame(z))
		}
		far.Close()
	}()
	said := l.catchUp(l.talk(nil, nil), 3)
	if len(said) != 1 || said[0].sort != barrier || said[0].zxid != 3 {
		t.Fatalf("heard %v", said)
	}
}

// The plot: a server sleeps on a commit until another one comes. That one is sent, and the
// answer is heard.
func TestAServerThatIsSilentIsNudged(t *testing.T) {
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	l := &link{conn: near, r: bufio.NewReader(near)}
	l.nudge = func() error {
		go func() { _, _ = far.Write(barrierFrame(1)) }()
		return nil
	}
	if frame, end := l.frame(); frame == nil {
		t.Fatalf("heard %v", end)
	}
}
