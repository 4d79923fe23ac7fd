package mixed

import (
	order "encoding/binary"
	"errors"
	"io"
	"net"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
	"zoo/test/ensemble"
)

// extensions: a client that asks one of our servers for the extensions of the protocol
// gets them unless a server of Java's leads, which would never answer them. What comes of
// them Java's servers hear as the transactions that they know.
func (s *story) extensions() {
	s.Helper()
	leads := s.kind(s.leader())
	for _, server := range s.Servers {
		if s.kind(server) != ours {
			continue
		}
		root := "/extended-" + server.Address()
		c := s.dial(sessionTimeout, server)
		s.create(c, root, "", 0)
		s.create(c, root+"/child", "", 0)
		r := s.raw(server)
		asked := r.ask(wire.OpGetData, &wire.GetDataRequest{Path: "/keeper/feature_flags"})
		remove := wire.RemoveRecursiveRequest{Path: root, Limit: 9}
		removed := r.ask(wire.OpRemoveRecursive, &remove)
		want := [2]zoo.Code{zoo.CodeOK, zoo.CodeOK}
		if leads == javas {
			want = [2]zoo.Code{zoo.CodeNoNode, zoo.CodeUnimplemented}
		}
		if got := [2]zoo.Code{asked, removed}; got != want {
			s.Errorf("server %d under %c answers %v, want %v", server.ID, leads, got, want)
		}
		if leads == ours {
			s.wantGone(s.dial(sessionTimeout, s.Servers...), root)
		}
		c.Close()
	}
}

// rawClient speaks the protocol frame by frame.
type rawClient struct {
	*story
	conn net.Conn
	xid  int32
}

func (s *story) raw(server *ensemble.Server) *rawClient {
	s.Helper()
	conn, err := net.Dial("tcp", server.Address())
	s.must(err)
	s.Cleanup(func() { conn.Close() })
	if deadline, ok := s.ctx.Deadline(); ok {
		s.must(conn.SetDeadline(deadline))
	}
	c := &rawClient{story: s, conn: conn}
	hello := wire.ConnectRequest{TimeOut: 10000, Passwd: make([]byte, 16)}
	c.exchange(hello.AppendTo(nil))
	return c
}

// exchange sends a frame and gives the one that comes back.
func (c *rawClient) exchange(frame []byte) []byte {
	c.Helper()
	_, err := c.conn.Write(append(jute.AppendInt(nil, int32(len(frame))), frame...))
	c.must(err)
	var size [4]byte
	_, err = io.ReadFull(c.conn, size[:])
	c.must(err)
	answer := make([]byte, order.BigEndian.Uint32(size[:]))
	_, err = io.ReadFull(c.conn, answer)
	c.must(err)
	return answer
}

// ask gives the code of the reply.
func (c *rawClient) ask(op wire.Op, r interface{ AppendTo([]byte) []byte }) zoo.Code {
	c.Helper()
	c.xid++
	h := wire.RequestHeader{Xid: c.xid, Type: op}
	answer := c.exchange(r.AppendTo(h.AppendTo(nil)))
	d := jute.NewDecoder(answer)
	var reply wire.ReplyHeader
	reply.DecodeFrom(&d)
	if d.Err() != nil || reply.Xid != c.xid {
		c.must(errors.Join(d.Err(), errors.New("another reply came")))
	}
	return reply.Err
}
