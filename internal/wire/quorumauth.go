package wire

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
)

// QuorumAuthMagic begins every packet of SASL between servers. No packet of the protocol
// has a type that begins so.
const QuorumAuthMagic int64 = 0x5f2435013501edcc

// AuthStatus is how far an authentication between servers is.
type AuthStatus int32

// The states of an authentication.
const (
	AuthError      AuthStatus = -1
	AuthInProgress AuthStatus = 0
	AuthSuccess    AuthStatus = 1
)

// The errors of an authentication that is none.
var (
	ErrQuorumAuthMagic  = errors.New("no packet of SASL between servers")
	ErrQuorumAuthStatus = errors.New("unknown status of SASL between servers")
)

// NewQuorumAuth is a packet with a token; nil is none.
func NewQuorumAuth(status AuthStatus, token []byte) QuorumAuthPacket {
	return QuorumAuthPacket{Magic: QuorumAuthMagic, Status: status, Token: token}
}

// quorumAuthHead is the size of a packet's magic and status.
const quorumAuthHead = 12

// ReadQuorumAuth reads a packet whose token has at most tokenBytesMax bytes, and not a
// byte more, but for what r reads ahead.
func ReadQuorumAuth(r *bufio.Reader, tokenBytesMax int) (QuorumAuthPacket, error) {
	var p QuorumAuthPacket
	if err := p.read(r, tokenBytesMax); err != nil {
		return QuorumAuthPacket{}, fmt.Errorf("read SASL packet: %w", err)
	}
	return p, nil
}

func (p *QuorumAuthPacket) read(r *bufio.Reader, tokenBytesMax int) error {
	head, err := r.Peek(quorumAuthHead)
	if err != nil {
		return unexpected(err)
	}
	p.Magic = int64(binary.BigEndian.Uint64(head))
	p.Status = AuthStatus(binary.BigEndian.Uint32(head[8:]))
	switch {
	case p.Magic != QuorumAuthMagic:
		return ErrQuorumAuthMagic
	case p.Status < AuthError || p.Status > AuthSuccess:
		return fmt.Errorf("%d: %w", p.Status, ErrQuorumAuthStatus)
	}
	if err := discard(r, quorumAuthHead); err != nil {
		return err
	}
	p.Token, err = readBuffer(r, tokenBytesMax)
	return unexpected(err)
}

// NextIsQuorumAuth tells whether the next packet on a stream is one of SASL. It reads
// ahead and takes nothing.
func NextIsQuorumAuth(r *bufio.Reader) (bool, error) {
	head, err := r.Peek(8)
	if err != nil {
		return false, unexpected(err)
	}
	return int64(binary.BigEndian.Uint64(head)) == QuorumAuthMagic, nil
}
