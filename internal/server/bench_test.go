package server

import (
	"io"
	"testing"
	"time"

	"zoo/internal/disk/vfs"
	"zoo/internal/wire"
)

// benchmarkPipeline measures the server's side of many requests in flight.
func benchmarkPipeline(b *testing.B, op wire.Op, record *wire.SetDataRequest) {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	cfg.Store.FS, cfg.Store.DataDir = vfs.OS{}, b.TempDir()
	s := start(b, disk, cfg)
	c := s.connect()
	_ = c.nc.SetDeadline(time.Time{})
	c.create("/b", string(make([]byte, 1024)))
	one := request(1000, wire.OpGetData, &wire.GetDataRequest{Path: "/b"})
	if op == wire.OpSetData {
		one = request(1000, op, record)
	}
	size := int64(len(c.replyBytes(one)))
	var many []byte
	for range 100 {
		many = append(many, one...)
	}
	b.ReportAllocs()
	b.ResetTimer()
	go func() {
		for sent := 0; sent < b.N; sent += 100 {
			if _, err := c.nc.Write(many[:min(100, b.N-sent)*len(one)]); err != nil {
				return
			}
		}
	}()
	if _, err := io.CopyN(io.Discard, c.nc, size*int64(b.N)); err != nil {
		b.Fatal(err)
	}
}

func BenchmarkGetData(b *testing.B) { benchmarkPipeline(b, wire.OpGetData, nil) }

func BenchmarkSetData(b *testing.B) {
	benchmarkPipeline(b, wire.OpSetData,
		&wire.SetDataRequest{Path: "/b", Data: make([]byte, 1024), Version: -1})
}

// replyBytes is the whole frame of the reply to a request.
func (c *client) replyBytes(request []byte) []byte {
	c.pipeline(request)
	return append(make([]byte, wire.FrameHeaderBytes), c.frame()...)
}

// BenchmarkRequestQueue has a connection with as many requests under way as it may have.
func BenchmarkRequestQueue(b *testing.B) {
	var q requestQueue
	for range queuedRequestsMax {
		q.push(queued{})
	}
	b.ReportAllocs()
	for b.Loop() {
		q.pop()
		q.push(queued{})
	}
}
