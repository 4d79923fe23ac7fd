package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	"zoo"
	"zoo/internal/jute"
)

// PeerState is what a server says it is doing, in a notification.
type PeerState int32

// The states of a server.
const (
	Looking PeerState = iota
	Following
	Leading
	Observing
)

// String is ZooKeeper's name of the state.
func (s PeerState) String() string {
	if s < Looking || s > Observing {
		return fmt.Sprintf("state%d", int32(s))
	}
	return [...]string{"LOOKING", "FOLLOWING", "LEADING", "OBSERVING"}[s]
}

// NotificationVersion is the layout that AppendTo writes, sent since 3.5.
const NotificationVersion int32 = 2

// ElectionFrameBytesMax is the limit of a frame on an election connection.
const ElectionFrameBytesMax = 512 << 10

// Notification is a vote, sent while electing and answered ever after. It is the
// payload of a frame, whose length decides the layout:
//
//	offset  size
//	     0     4  state of the sender
//	     4     8  server id of the proposed leader
//	    12     8  zxid of the proposed leader
//	    20     8  round of the election
//	    28     8  epoch of the proposed leader; before 3.4 absent, it is the zxid's
//	    36     4  version, 2; in messages of 40 bytes meaningless
//	    40     4  length of the configuration
//	    44     n  configuration of the ensemble, as text
type Notification struct {
	State     PeerState
	Leader    zoo.ServerID
	Zxid      zoo.Zxid
	Round     int64
	PeerEpoch zoo.Epoch
	Version   int32 // Version is what was received; AppendTo writes the newest.
	Config    string
}

// The sizes of the older layouts.
const (
	notificationBytesOldest = 28
	notificationBytesOld    = 40
)

// ErrPeerState means a notification in a state that does not exist.
var ErrPeerState = errors.New("unknown state")

// AppendTo appends the newest layout to b, whatever Version says: every server
// that can be in one ensemble with us reads it.
func (n *Notification) AppendTo(b []byte) []byte {
	b = jute.AppendInt(b, int32(n.State))
	b = jute.AppendLong(b, int64(n.Leader))
	b = jute.AppendLong(b, int64(n.Zxid))
	b = jute.AppendLong(b, n.Round)
	b = jute.AppendLong(b, int64(n.PeerEpoch))
	b = jute.AppendInt(b, NotificationVersion)
	return jute.AppendString(b, n.Config)
}

// DecodeFrom overwrites the notification with the whole of what d holds.
func (n *Notification) DecodeFrom(d *jute.Decoder) {
	size := d.Len()
	*n = Notification{
		State:  PeerState(d.Int()),
		Leader: zoo.ServerID(d.Long()),
		Zxid:   zoo.Zxid(d.Long()),
		Round:  d.Long(),
	}
	if n.State < Looking || n.State > Observing {
		d.Fail("notification", ErrPeerState)
		return
	}
	if size == notificationBytesOldest {
		n.PeerEpoch = n.Zxid.Epoch()
		return
	}
	n.PeerEpoch = zoo.Epoch(d.Long())
	if size == notificationBytesOld {
		return
	}
	if n.Version = d.Int(); n.Version >= NotificationVersion {
		n.Config = decodeConfig(d)
	}
}

// decodeConfig reads the configuration, which cannot be null.
func decodeConfig(d *jute.Decoder) string {
	if ahead := *d; ahead.Int() < 0 {
		d.Fail("configuration", jute.ErrLength)
	}
	return d.String()
}

// The versions of the handshake on an election connection.
const (
	// ElectionProtocolV1 names one address.
	ElectionProtocolV1 int64 = -65536
	// ElectionProtocolV2 may name several, where multiAddress.enabled is set.
	ElectionProtocolV2 int64 = -65535
)

// electionAddressBytesMax is the limit of the addresses in a handshake.
const electionAddressBytesMax = 2048

// ElectionHandshake is what the dialer of an election connection says first:
//
//	offset  size
//	     0     8  protocol version, negative; or else the server id and no more
//	     8     8  server id
//	    16     4  length of the addresses, 1 to 2048
//	    20     n  host:port, joined with | where there are several
type ElectionHandshake struct {
	// Protocol is ElectionProtocolV1 or V2, and 0 for a server before 3.5,
	// which names no address.
	Protocol  int64
	ServerID  zoo.ServerID
	Addresses []string
}

// ErrElectionProtocol means a handshake of a version we do not know.
var ErrElectionProtocol = errors.New("unknown election protocol")

// AppendTo appends the encoded handshake to b.
func (h *ElectionHandshake) AppendTo(b []byte) []byte {
	if h.Protocol == 0 {
		return jute.AppendLong(b, int64(h.ServerID))
	}
	b = jute.AppendLong(b, h.Protocol)
	b = jute.AppendLong(b, int64(h.ServerID))
	mark := len(b)
	b = jute.AppendInt(b, 0)
	for i, address := range h.Addresses {
		if i > 0 {
			b = append(b, '|')
		}
		b = append(b, address...)
	}
	binary.BigEndian.PutUint32(b[mark:], uint32(len(b)-mark-4))
	return b
}

// ReadElectionHandshake reads a handshake, and not a byte more.
func ReadElectionHandshake(r io.Reader) (ElectionHandshake, error) {
	var h ElectionHandshake
	if err := h.read(r); err != nil {
		return ElectionHandshake{}, fmt.Errorf("read election handshake: %w", err)
	}
	return h, nil
}

// read reads the fields of a handshake.
func (h *ElectionHandshake) read(r io.Reader) error {
	first, err := readBytes(r, 8)
	if err != nil {
		return err
	}
	h.Protocol = int64(binary.BigEndian.Uint64(first))
	switch {
	case h.Protocol >= 0:
		h.Protocol, h.ServerID = 0, zoo.ServerID(h.Protocol)
		return nil
	case h.Protocol != ElectionProtocolV1 && h.Protocol != ElectionProtocolV2:
		return fmt.Errorf("version %d: %w", h.Protocol, ErrElectionProtocol)
	}
	return h.readAddresses(r)
}

// readAddresses reads what follows a protocol version.
func (h *ElectionHandshake) readAddresses(r io.Reader) error {
	fixed, err := readBytes(r, 12)
	if err != nil {
		return err
	}
	h.ServerID = zoo.ServerID(binary.BigEndian.Uint64(fixed))
	n := int32(binary.BigEndian.Uint32(fixed[8:]))
	if n < 1 || n > electionAddressBytesMax {
		return fmt.Errorf("addresses of %d bytes: %w", n, jute.ErrLength)
	}
	text, err := readBytes(r, int(n))
	if err != nil {
		return err
	}
	h.Addresses = strings.Split(jute.Text(text), "|")
	return nil
}
