package load

import (
	"context"
	"fmt"
	"net"
)

// replace creates a znode and deletes it, again and again. A delete goes out together with the
// create that follows it: the ensemble takes them in this order, so the answer to the create is
// also that the delete is done, and nobody waits for it alone.
func (w *worker) replace(ctx context.Context, conn net.Conn) error {
	w.readAt.Store(w.run.now())
	if tcp, ok := conn.(*net.TCPConn); ok {
		w.conn.Store(tcp)
	}
	c := &caller{conn: conn}
	w.created = 1
	path := w.createdPath(0)
	remove, create := deleteFrame(path), createFrame(path, w.run.value, 0)
	// One of the link before may be there or not.
	if _, err := c.call(ctx, remove); err != nil {
		return err
	}
	frames := [][]byte{create}
	for !w.run.over.Load() {
		begun := w.run.now()
		codes, err := c.call(ctx, frames...)
		if err != nil {
			return err
		}
		now := w.run.now()
		w.readAt.Store(now)
		w.countOne(begun, now, refusal(codes))
		frames = [][]byte{remove, create}
	}
	// The run is over, and the session would expire by itself.
	_, err := c.call(ctx, closeFrame())
	return err
}

// refusal is the first code that is an error.
func refusal(codes []int32) error {
	for _, code := range codes {
		if code != 0 {
			return fmt.Errorf("code %d", code)
		}
	}
	return nil
}
