package peer

import (
	"bufio"
	"errors"
	"math"
	"net"
	"net/netip"
	"strings"
	"time"

	"zoo"
	"zoo/internal/wire"
)

// greet starts the handshake of an accepted connection, if there is room.
func (e *Election) greet(conn net.Conn) {
	select {
	case e.admitting <- struct{}{}:
	default:
		e.cfg.Log.Warn("too many election handshakes", "remote", conn.RemoteAddr())
		_ = conn.Close()
		return
	}
	e.tasks.Go(func() {
		defer func() { <-e.admitting }()
		e.admit(conn)
	})
}

// admit reads who dialled and keeps the connection if the other's id is the
// larger: of two servers the larger id is the dialer in the end. A smaller one has
// said by dialling that it wants a connection, so it is dialled back. Observers
// follow the same rule: Java derives the direction from the ids alone, and a
// mixed ensemble must agree on it (ZOOKEEPER-4886 is its weakness, under SASL).
func (e *Election) admit(conn net.Conn) {
	reader := bufio.NewReaderSize(conn, electionReadBytes)
	from, err := e.introduce(conn, reader)
	switch {
	case err != nil:
		e.cfg.Log.Warn("election handshake refused", "remote", conn.RemoteAddr(), "error", err)
		_ = conn.Close()
	case from.ServerID < e.cfg.ID:
		_ = conn.Close()
		e.dialBack(from)
	default:
		e.install(from, conn, reader)
	}
}

// errOwnID refuses a peer that claims to be this server.
var errOwnID = errors.New("peer has the id of this server")

// observerWithoutID is what those send who have no id.
const observerWithoutID zoo.ServerID = math.MaxInt64

// errIDMissing refuses the observers without an id of very old releases.
var errIDMissing = errors.New("peer has no id")

// introduce reads the handshake of an accepted connection.
func (e *Election) introduce(
	conn net.Conn, reader *bufio.Reader,
) (from wire.ElectionHandshake, err error) {
	if !e.startIntroducing(conn) {
		return from, net.ErrClosed
	}
	defer e.endIntroducing(conn)
	_ = conn.SetReadDeadline(time.Now().Add(e.cfg.HandshakeTimeout))
	from, err = wire.ReadElectionHandshake(reader)
	switch {
	case err != nil:
		return from, err
	case from.ServerID == e.cfg.ID:
		return from, errOwnID
	case from.ServerID == observerWithoutID:
		return from, errIDMissing
	}
	// It fails when the other has left already, which a smaller id is to do.
	_ = conn.SetReadDeadline(time.Time{})
	return from, nil
}

func (e *Election) startIntroducing(conn net.Conn) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.closed {
		e.introducing[conn] = struct{}{}
	}
	return !e.closed
}

func (e *Election) endIntroducing(conn net.Conn) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.introducing, conn)
}

// dialable joins the addresses that lead somewhere: a wildcard does not.
func dialable(addresses []string) string {
	var list []string
	for _, address := range addresses {
		host, _, err := net.SplitHostPort(address)
		if err != nil {
			continue
		}
		if ip, err := netip.ParseAddr(host); err == nil && ip.IsUnspecified() {
			continue
		}
		list = append(list, address)
	}
	return strings.Join(list, addressSeparator)
}

// handshake is what this server says first to whom it dials. One address is said
// in the older way, which every release understands.
func (e *Election) handshake() []byte {
	e.mu.Lock()
	defer e.mu.Unlock()
	own := wire.ElectionHandshake{
		Protocol: wire.ElectionProtocolV1, ServerID: e.cfg.ID, Addresses: e.own,
	}
	if len(own.Addresses) > 1 {
		own.Protocol = wire.ElectionProtocolV2
	}
	return own.AppendTo(nil)
}
