package curves

import (
	"context"
	"errors"
	"io"
	"net"
	"strconv"
	"sync"
	"time"
)

// far is the way between servers that are not in one place: each byte takes its time, in
// both directions. That a connection is made costs nothing here, beyond a machine a way there
// and back. It ends with the context that it was made with.
type far struct {
	ctx     context.Context
	delay   time.Duration
	running sync.WaitGroup
}

// route opens a port that leads to another.
func (f *far) route(port int) (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	context.AfterFunc(f.ctx, func() { listener.Close() })
	f.running.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			f.running.Go(func() { f.join(conn, port) })
		}
	})
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// join moves bytes both ways until one side ends.
func (f *far) join(near net.Conn, port int) {
	distant, err := net.Dial("tcp", "127.0.0.1:"+strconv.Itoa(port))
	if err != nil {
		near.Close()
		return
	}
	hangUp := func() { near.Close(); distant.Close() }
	defer context.AfterFunc(f.ctx, hangUp)()
	f.running.Go(func() {
		defer hangUp()
		_ = carry(distant, near, f.delay) // whoever waits for the bytes sees the end
	})
	defer hangUp()
	_ = carry(near, distant, f.delay)
}

// piece is what one read brought, and when it arrives.
type piece struct {
	bytes []byte
	due   time.Time
}

// piecesMax are under way at once, each of at most pieceBytesMax.
const (
	piecesMax     = 1024
	pieceBytesMax = 64 << 10
)

// carry moves bytes until the source ends or the target does. Whoever is told of the end
// closes both, so that neither half waits for the other.
func carry(target io.Writer, source io.Reader, delay time.Duration) error {
	under := make(chan piece, piecesMax)
	written := make(chan error, 1)
	go func() {
		var err error
		for p := range under {
			if err == nil {
				err = deliver(target, p)
			}
		}
		written <- err
	}()
	var err error
	for err == nil {
		buf := make([]byte, pieceBytesMax)
		var n int
		n, err = source.Read(buf)
		if n > 0 {
			under <- piece{buf[:n:n], time.Now().Add(delay)}
		}
	}
	close(under)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return errors.Join(err, <-written)
}

// deliver writes a piece when it is due.
func deliver(target io.Writer, p piece) error {
	if wait := time.Until(p.due); wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		<-timer.C
	}
	_, err := target.Write(p.bytes)
	return err
}
