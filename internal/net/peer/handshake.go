package peer

import (
	"bufio"
	"errors"
	"fmt"
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
	if err := e.door.enter(conn); err != nil {
		e.refuse(conn, err)
		return
	}
	e.tasks.Go(func() { e.admit(conn) })
}

// refuse hangs up on who is not let in.
func (e *Election) refuse(conn net.Conn, why error) {
	_ = conn.Close()
	if errors.Is(why, net.ErrClosed) {
		return // it is we who leave
	}
	e.cfg.Refused(conn.RemoteAddr(), fmt.Errorf("election handshake: %w", why))
}

// admit reads who dialled and keeps the connection if the other's id is the
// larger: of two servers the larger id is the dialer in the end. A smaller one has
// said by dialling that it wants a connection, so it is dialled back. Observers
// follow the same rule: Java derives the direction from the ids alone, and a
// mixed ensemble must agree on it. A smaller id has proved who it is before it leaves,
// and so do we to it when we dial back (ZOOKEEPER-4886).
func (e *Election) admit(conn net.Conn) {
	from, secured, reader, err := e.introduce(conn)
	e.door.leave(conn)
	switch {
	case err != nil:
		e.refuse(conn, err)
	case from.ServerID < e.cfg.ID:
		_ = secured.Close()
		e.dialBack(from)
	default:
		e.install(from, secured, reader)
	}
}

// The ids that nobody else can have.
var (
	errOwnID      = errors.New("it has the id of this server; see its myid")
	errIDMissing  = errors.New("it has no id, as observers of very old releases have none")
	errIDNegative = errors.New("its id is negative")
)

// observerWithoutID is what those send who have no id.
const observerWithoutID zoo.ServerID = math.MaxInt64

// introduce reads the handshake of an accepted connection and what proves it. It takes
// HandshakeTimeout at most, however slowly the bytes come.
func (e *Election) introduce(conn net.Conn) (
	from wire.ElectionHandshake, secured net.Conn, reader *bufio.Reader, err error,
) {
	security := e.cfg.Security
	secured, shown, err := security.receive(conn, time.Now().Add(e.cfg.HandshakeTimeout))
	if err != nil {
		return from, secured, nil, err
	}
	reader = bufio.NewReaderSize(secured, electionReadBytes)
	if from, err = wire.ReadElectionHandshake(reader); err != nil {
		return from, secured, reader, err
	}
	if err = checkID(from.ServerID, e.cfg.ID); err != nil {
		return from, secured, reader, err
	}
	if err = security.hear(secured, reader, &shown); err != nil {
		return from, secured, reader, err
	}
	// It fails when the other has left already, which a smaller id is to do.
	_ = conn.SetDeadline(time.Time{})
	who := claim{id: from.ServerID, hosts: hostsOf(from.Addresses)}
	return from, secured, reader, e.cfg.Names.check(who, shown)
}

// checkID refuses what cannot be the id of another server.
func checkID(id, own zoo.ServerID) error {
	switch {
	case id == own:
		return errOwnID
	case id == observerWithoutID:
		return errIDMissing
	case id < 0:
		return errIDNegative
	}
	return nil
}

// strangerAddressesMax bounds the addresses of one stranger that are dialled.
const strangerAddressesMax = 16

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
		if len(list) == strangerAddressesMax {
			break
		}
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
