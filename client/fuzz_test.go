package client

import (
	"bytes"
	"testing"

	"zoo"
	"zoo/internal/check/alloc"
	"zoo/internal/wire"
)

// Whatever a server sends, the client takes it or leaves the server.
func FuzzWhatAServerSends(f *testing.F) {
	ok := wire.ReplyHeader{Xid: 1, Zxid: 5}
	f.Add(ok.AppendTo(nil))
	result := wire.AppendMultiResult(ok.AppendTo(nil), wire.OpDelete)
	f.Add(wire.AppendMultiEnd(wire.AppendMultiError(result, zoo.CodeNoNode)))
	event := wire.ReplyHeader{Xid: wire.XidNotification}
	body := wire.WatcherEvent{Type: zoo.EventNodeDeleted, State: 3, Path: "/a/b"}
	f.Add(body.AppendTo(event.AppendTo(nil)))
	f.Add((&wire.ReplyHeader{Xid: wire.XidAuth, Err: zoo.CodeAuthFailed}).AppendTo(nil))
	f.Fuzz(func(t *testing.T, frame []byte) {
		c := &Client{opts: Options{Chroot: "/a"}, events: newQueue(func() int { return 0 }),
			slots: make(chan struct{}, 1), changed: make(chan struct{})}
		c.events.close()
		c.watches.add(recursiveWatches, "/", NewWatcher(func(Event) {}))
		k := &call{op: wire.OpMulti, xid: 1, done: make(chan struct{})}
		c.slots <- struct{}{}
		l := &link{c: c, pending: []*call{k}}
		c.link = l
		before := alloc.Total()
		err := l.take(t.Context(), frame)
		alloc.Explained(t, len(frame), alloc.Total()-before)
		if err != nil || len(c.slots) > 0 {
			return
		}
		if _, err := c.multiResults(k, []Op{DeleteOp("/a", 0), GetOp("/b")}); err == nil {
			t.Log("a well-formed multi")
		}
	})
}

func FuzzFrames(f *testing.F) {
	f.Add([]byte{0, 0, 0, 2, 7, 7})
	f.Add([]byte{0x7f, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, stream []byte) {
		var frame []byte
		var err error
		alloc.Bounded(t, len(stream), func() {
			frame, err = readFrame(bytes.NewReader(stream), 1<<30)
		})
		if err == nil && !bytes.HasPrefix(stream[wire.FrameHeaderBytes:], frame) {
			t.Fatalf("%x is not what follows the length of %x", frame, stream)
		}
	})
}
