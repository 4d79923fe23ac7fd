package server

import (
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"zoo"
	"zoo/internal/check/alloc"
	"zoo/internal/core/tree"
	"zoo/internal/disk/vfs"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// pipelined is how many requests of a client the server has at once.
const pipelined = 100

// The plot: a client sends a hundred requests at once and reads the replies, again and again.
// Reads allocate nothing, from the socket to the socket. Writes share what is allocated for
// them: their bodies, the batch on its way to the loop and the events of the loop, some of
// each for every receive of the socket. A watch on a path that had none costs the path. A
// session costs its connection, of which Go makes a dozen things on either side.
func TestARequestOfManyAllocatesNothing(t *testing.T) { alloc.Guard(t, hotPaths(t)) }

func BenchmarkPipeline(b *testing.B) { alloc.Measure(b, hotPaths(b)) }

// The allocations that a hundred requests may share.
const (
	readsMost  = 5
	writesMost = 50
)

// sessionMost is for a session and its end, with what its client allocates.
const sessionMost = 58

var silent = slog.New(slog.DiscardHandler)

// hotDisk is for a server whose allocations count: a disk in memory has some of its own.
func hotDisk(tb testing.TB) (*vfs.Mem, Config) {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	cfg.Store.FS, cfg.Store.DataDir, cfg.Store.PreallocateBytes = vfs.OS{}, tb.TempDir(), 0
	return disk, cfg
}

func hotPaths(tb testing.TB) []alloc.Path {
	disk, cfg := hotDisk(tb)
	s := startLogging(tb, disk, cfg, silent)
	all := s.hotPaths()
	traced := sync.OnceValue(func() []alloc.Path { return tracesFew(tb).hotPaths() })
	for i := range all[:3] {
		again := all[i]
		again.Title += " of a server that traces others"
		again.Step = func() { traced()[i].Step() }
		all = append(all, again)
	}
	return all
}

// tracesFew is a server that traces, but so few requests that these are none of them.
func tracesFew(tb testing.TB) *running {
	disk, cfg := hotDisk(tb)
	cfg.Traces = TracesConfig{Endpoint: "http://127.0.0.1:4318/v1/traces"}
	return startLogging(tb, disk, cfg, silent)
}

func (r *running) hotPaths() []alloc.Path {
	c := r.connect()
	_ = c.nc.SetDeadline(time.Time{})
	kilobyte := make([]byte, 1024)
	c.create("/b", string(kilobyte))
	set := &wire.SetDataRequest{Path: "/b", Data: kilobyte, Version: -1}
	get := func(watch bool) []byte {
		return request(1000, wire.OpGetData, &wire.GetDataRequest{Path: "/b", Watch: watch})
	}
	exists := request(1000, wire.OpExists, &wire.ExistsRequest{Path: "/b"})
	update := request(1000, wire.OpSetData, set)
	statBytes := len(framed(&wire.SetDataResponse{}))
	dataBytes := len(framed(&wire.GetDataResponse{Data: kilobyte}))
	eventBytes := len(framed(&wire.WatcherEvent{Path: "/b"}))
	return []alloc.Path{
		c.pipelined("getData", readsMost, pipelined, dataBytes, get(false)),
		c.pipelined("exists", readsMost, pipelined, statBytes, exists),
		c.pipelined("setData", writesMost, pipelined, statBytes, update),
		c.pipelined("getData with a watch, setData", writesMost+pipelined/2, pipelined/2,
			dataBytes+eventBytes+statBytes, get(true), update),
		r.session(),
		replied(wire.OpSetData, &tree.Result{}),
		replied(wire.OpCreate, &tree.Result{Path: "/a/znode"}),
		replied(wire.OpMulti, &tree.Result{Multi: []tree.Result{
			{Header: txn.Header{Type: wire.OpSetData}},
			{Header: txn.Header{Type: wire.OpCreate}, Path: "/a/znode"}}}),
	}
}

// framed is the frame of a reply.
func framed(record jute.Record) []byte {
	b, mark := wire.BeginFrame(nil)
	header := wire.ReplyHeader{}
	return wire.EndFrame(record.AppendTo(header.AppendTo(b)), mark)
}

// pipelined sends the requests, all of them times times, and reads so many bytes for each.
func (c *client) pipelined(title string, most, times, replyBytes int, all ...[]byte) alloc.Path {
	var many []byte
	for range times {
		for _, one := range all {
			many = append(many, one...)
		}
	}
	replies := make([]byte, times*replyBytes)
	return alloc.Path{Title: title, Most: most, Bytes: int64(len(many) + len(replies)),
		Step: func() {
			c.write(many)
			if _, err := io.ReadFull(c.nc, replies); err != nil {
				c.t.Fatal(err)
			}
		}}
}

// session opens a session on a new connection, and ends it.
func (r *running) session() alloc.Path {
	dialer := net.Dialer{KeepAlive: -1}
	hello := newSession().AppendTo(nil)
	hello = append(binary.BigEndian.AppendUint32(nil, uint32(len(hello))), hello...)
	accepted := wire.ConnectResponse{Passwd: make([]byte, wire.PasswordBytes), HasReadOnly: true}
	answer := make([]byte, wire.FrameHeaderBytes+len(accepted.AppendTo(nil)))
	goodbye := request(1, wire.OpCloseSession, nil)
	reply := make([]byte, replyHeadBytes)
	return alloc.Path{Title: "a session opened and closed", Most: sessionMost, Step: func() {
		nc, err := dialer.Dial("tcp", r.address)
		if err != nil {
			r.t.Fatal(err)
		}
		defer nc.Close()
		for _, say := range []struct{ request, reply []byte }{{hello, answer}, {goodbye, reply}} {
			_, sent := nc.Write(say.request)
			if _, err := io.ReadFull(nc, say.reply); err != nil {
				r.t.Fatal(errors.Join(sent, err))
			}
		}
	}}
}

// replied is the reply to a write as the loop appends it.
func replied(op wire.Op, r *tree.Result) alloc.Path {
	r.Header.Type, r.Code = op, zoo.CodeOK
	var out []byte
	return alloc.Path{Title: "reply to " + op.String(), Step: func() {
		out = appendReply(out[:0], op, 1000, r)
	}}
}
