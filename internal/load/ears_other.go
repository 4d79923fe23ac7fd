//go:build !linux

package load

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// ears are the connections of all watchers: here each has a goroutine that waits.
type ears struct{ conns held }

// eventBytesMax bounds a watch event with its path.
const eventBytesMax = 512

func newEars(conns held) (*ears, error) { return &ears{conns}, nil }

// arm sends a request to all, and has take take each answer.
func (e *ears) arm(ctx context.Context, request []byte, take func(answer []byte) error) error {
	defer e.closedBy(ctx)()
	deadline := time.Now().Add(tellTimeout)
	return each(len(e.conns), func(i int) error {
		if err := e.conns[i].SetDeadline(deadline); err != nil {
			return err
		}
		if _, err := e.conns[i].Write(request); err != nil {
			return err
		}
		answer, err := receive(e.conns[i])
		if err != nil {
			return err
		}
		return take(answer)
	})
}

// closedBy closes the connections if the context ends before it is called off.
func (e *ears) closedBy(ctx context.Context) (callOff func() bool) {
	return context.AfterFunc(ctx, func() {
		for _, conn := range e.conns {
			conn.Close()
		}
	})
}

// hear waits until take has taken a frame from each connection, and tells when each had
// come.
func (e *ears) hear(ctx context.Context, take func(event []byte) error) ([]time.Time, error) {
	defer e.closedBy(ctx)()
	heard := make([]time.Time, len(e.conns))
	errs := make([]error, len(e.conns))
	var group sync.WaitGroup
	for i, conn := range e.conns {
		group.Go(func() { heard[i], errs[i] = hearOne(conn, take) })
	}
	group.Wait()
	return heard, errors.Join(errs...)
}

func hearOne(conn net.Conn, take func(event []byte) error) (time.Time, error) {
	var b [eventBytesMax]byte
	for have := 0; have < len(b); {
		n, err := conn.Read(b[have:])
		if err != nil {
			return time.Time{}, fmt.Errorf("wait for a watch event: %w", err)
		}
		have += n
		if have >= 4 && have >= 4+int(binary.BigEndian.Uint32(b[:])) {
			return time.Now(), take(b[4:have])
		}
	}
	return time.Time{}, errors.New("a watch event is too long")
}

func (e *ears) close() { e.conns.close() }
