package server

import (
	"io"
	"net"
	"testing"
	"time"

	"zoo"
	"zoo/internal/wire"
)

// FuzzConn feeds a connection with anything: in front of the handshake, or
// behind it when the first byte is odd. Whatever comes, the server lives on.
func FuzzConn(f *testing.F) {
	for _, op := range []wire.Op{
		wire.OpExists, wire.OpGetData, wire.OpGetACL, wire.OpGetChildren, wire.OpGetChildren2,
		wire.OpAddWatch, wire.OpCheckWatches, wire.OpRemoveWatches, wire.OpAuth, wire.OpPing,
		wire.OpSync, wire.OpMulti, wire.OpCloseSession, wire.OpWhoAmI, wire.OpCheck,
		wire.OpMultiRead, wire.OpGetEphemerals, wire.OpGetAllChildrenNumber, wire.OpReconfig,
	} {
		f.Add(append([]byte{1}, request(1, op, &wire.ExistsRequest{Path: "/", Watch: true})...))
	}
	f.Add(append([]byte{1}, request(1, wire.OpCreate, create("/f", "x"))...))
	f.Add(append([]byte{1}, request(-8, wire.OpSetWatches, &wire.SetWatches{
		DataWatches: []string{"/"}, ChildWatches: []string{"/f"}})...))
	f.Add([]byte("\x00ruok"))
	f.Add(append([]byte{0}, frameOf(newSession().AppendTo(nil))...))
	s := startStandalone(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		if len(b) == 0 {
			return
		}
		near, far := net.Pipe()
		s.Attach(far)
		defer near.Close()
		_ = near.SetDeadline(time.Now().Add(patience))
		if b[0]&1 == 1 {
			_, _ = near.Write(frameOf(newSession().AppendTo(nil)))
		}
		go func() { _, _ = io.Copy(io.Discard, near) }()
		_, _ = near.Write(b[1:])
		select {
		case <-s.closing:
			t.Fatal(s.failure)
		default:
		}
	})
	s.connect().call(1, wire.OpExists, &wire.ExistsRequest{Path: "/"}, zoo.CodeOK)
}

func frameOf(payload []byte) []byte {
	return append([]byte{0, 0, byte(len(payload) >> 8), byte(len(payload))}, payload...)
}
