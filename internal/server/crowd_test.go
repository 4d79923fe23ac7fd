package server

import (
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"

	"zoo"
	"zoo/internal/check/alloc"
	"zoo/internal/wire"
)

// assembly is clients that watch together, more than those who get a copy of an event.
const assembly = 5 * ownFrames

func (r *running) connectMany(n int) []*client {
	all := make([]*client, n)
	for i := range all {
		all[i] = r.connect()
	}
	return all
}

func setOf(xid int32, path, data string) []byte {
	return request(xid, wire.OpSetData,
		&wire.SetDataRequest{Path: path, Data: []byte(data), Version: -1})
}

// The plot: many clients watch two znodes, which one batch changes. Each hears of the first
// and then of the second, and what it reads behind that is new: also those whose output is
// a frame that they share.
func TestManyAreToldInOrderAndBeforeTheNewState(t *testing.T) {
	s := startStandalone(t)
	writer, watchers := s.connect(), s.connectMany(assembly)
	writer.create("/a", "0")
	writer.create("/b", "0")
	for i := 1; i <= 20; i++ {
		news := fmt.Sprint(i)
		for _, c := range watchers {
			c.call(1, wire.OpGetData, &wire.GetDataRequest{Path: "/a", Watch: true}, zoo.CodeOK)
			c.call(2, wire.OpGetData, &wire.GetDataRequest{Path: "/b", Watch: true}, zoo.CodeOK)
		}
		writer.pipeline(setOf(1, "/a", news), setOf(2, "/b", news))
		for _, c := range watchers {
			for _, path := range []string{"/a", "/b"} {
				if e := c.event(); e.Path != path || e.Type != zoo.EventNodeDataChanged {
					t.Fatalf("round %d: %+v, want one of %s", i, e, path)
				}
			}
			m := c.call(3, wire.OpGetData, &wire.GetDataRequest{Path: "/a"}, zoo.CodeOK)
			if data := string(m.body.Buffer()); data != news {
				t.Fatalf("round %d: %q is behind the event", i, data)
			}
		}
		writer.reply(1, zoo.CodeOK)
		writer.reply(2, zoo.CodeOK)
	}
}

// The plot: many clients watch a znode and read it again and again while it is changed.
// Whoever reads the new value has been told before.
func TestWhoeverOfManyReadsTheNewStateWasTold(t *testing.T) {
	s := startStandalone(t)
	writer, watchers := s.connect(), s.connectMany(assembly)
	writer.create("/a", "0")
	for i := 1; i <= 10; i++ {
		for _, c := range watchers {
			c.call(1, wire.OpGetData, &wire.GetDataRequest{Path: "/a", Watch: true}, zoo.CodeOK)
		}
		var group sync.WaitGroup
		for _, c := range watchers {
			group.Go(func() { c.readUntilNew("/a", fmt.Sprint(i)) })
		}
		writer.pipeline(setOf(2, "/a", fmt.Sprint(i)))
		group.Wait()
		writer.reply(2, zoo.CodeOK)
	}
}

// The plot: two connections have the same event as their output, and one of them is answered
// before that is written. The other's output stays as it was.
func TestASharedFrameIsNotAppendedTo(t *testing.T) {
	first, _ := departing(t)
	second, _ := departing(t)
	frame := &buffer{b: append(make([]byte, 0, 64), "event"...), shared: true}
	first.out, second.out = frame, frame
	first.say(" and answer")
	second.say("!")
	for c, want := range map[*conn]string{first: "event and answer", second: "event!"} {
		if got := string(c.out.b); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if string(frame.b) != "event" {
		t.Errorf("the frame became %q", frame.b)
	}
	first.server.outputs.give(frame)
	first.server.outputs.give(first.out)
	if b := first.server.outputs.take(); b.shared || cap(b.b) < outputBytes {
		t.Error("the pool has taken what is not its own")
	}
}

// Every connection of a list is written by one flusher, however many share it.
func TestFlushersShareAList(t *testing.T) {
	for n := 1; n < 10*flushPieceMax; n++ {
		list := newFlushList(make([]*conn, n))
		for i := range list.conns {
			list.conns[i] = &conn{}
		}
		var got []*conn
		pieces := 0
		for piece := list.next(); len(piece) > 0; piece = list.next() {
			got = append(got, piece...)
			pieces++
		}
		if !slices.Equal(got, list.conns) || pieces != list.pieces() || len(list.next()) > 0 {
			t.Fatalf("%d of %d connections are taken in %d pieces", len(got), n, pieces)
		}
	}
}

// The plot: a hundred clients watch a znode, it is changed, and all hear of that. What is
// allocated is the read's, the write's and the frame's, and nothing for each watcher.
func TestAnEventForManyAllocatesNothingForEach(t *testing.T) {
	const watchers, most = 100, 60
	disk, cfg := hotDisk(t)
	s := startLogging(t, disk, cfg, silent)
	writer, all := s.connect(), s.connectMany(watchers)
	writer.create("/a", "0")
	get := request(1, wire.OpGetData, &wire.GetDataRequest{Path: "/a", Watch: true})
	set := setOf(1, "/a", "0")
	answer := make([]byte, len(framed(&wire.GetDataResponse{Data: []byte("0")})))
	event := make([]byte, len(framed(&wire.WatcherEvent{Path: "/a"})))
	written := make([]byte, len(framed(&wire.SetDataResponse{})))
	exchange := func(c *client, request, reply []byte) {
		if request != nil {
			c.write(request)
		}
		if _, err := io.ReadFull(c.nc, reply); err != nil {
			t.Fatal(err)
		}
	}
	alloc.AtMost(t, most, func() {
		for _, c := range all {
			exchange(c, get, answer)
		}
		exchange(writer, set, written)
		for _, c := range all {
			exchange(c, nil, event)
		}
	})
}
