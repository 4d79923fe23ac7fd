package peer

import (
	"bufio"
	"errors"
	"fmt"
	"net"

	"zoo/internal/net/sasl"
	"zoo/internal/wire"
)

// Authentication between servers, on a connection that is open. Who has dialled begins:
//
//	dialer                        acceptor
//	IN_PROGRESS, token       ->
//	                         <-   IN_PROGRESS, challenge
//	...                           as often as the mechanism needs
//	                         <-   SUCCESS, the last challenge or none; or ERROR
//
// An acceptor that requires no proof goes on with whoever has none, or a bad one, as
// Java's does: that is how an ensemble gets from without to with.

// proofRoundsMax bounds the challenges of one authentication, as in Java.
const proofRoundsMax = 5

// The ends of an authentication that the other end has chosen.
var (
	errProofRefused = errors.New("the other server does not accept our proof; see its log")
	errProofRounds  = fmt.Errorf("more than %d challenges", proofRoundsMax)
	errProofEarly   = errors.New("the other server said that it has accepted our proof before " +
		"it has proved itself")
)

// prove proves who this server is to the one that was dialled at host.
func (s *Security) prove(conn net.Conn, r *bufio.Reader, host string) error {
	if s == nil || s.Prove == nil {
		return nil
	}
	if err := s.proveOn(conn, r, host); err != nil {
		return fmt.Errorf("authenticate at %s: %w", host, err)
	}
	return nil
}

func (s *Security) proveOn(conn net.Conn, r *bufio.Reader, host string) error {
	mine, err := s.Prove(host)
	if err != nil {
		return err
	}
	token, done, err := mine.Step(nil)
	for range proofRoundsMax + 1 {
		if err != nil {
			return err
		}
		if err := sendProof(conn, wire.AuthInProgress, token); err != nil {
			return err
		}
		answer, err := wire.ReadQuorumAuth(r, sasl.TokenBytesMax)
		switch {
		case err != nil:
			return err
		case answer.Status == wire.AuthError:
			return errProofRefused
		case answer.Status == wire.AuthSuccess:
			return accepted(mine, done, answer.Token)
		}
		if token, done, err = mine.Step(answer.Token); err != nil {
			return err
		}
	}
	return errProofRounds
}

// accepted looks at the last challenge, which may be the other end's own proof.
func accepted(mine sasl.Initiator, done bool, last []byte) error {
	if done {
		return nil
	}
	token, done, err := mine.Step(last)
	switch {
	case err != nil:
		return err
	case !done || token != nil:
		return errProofEarly
	}
	return nil
}

func sendProof(conn net.Conn, status wire.AuthStatus, token []byte) error {
	packet := wire.NewQuorumAuth(status, token)
	_, err := conn.Write(packet.AppendTo(nil))
	return err
}

// hear hears who has dialled, and puts what that proves into p.
func (s *Security) hear(conn net.Conn, r *bufio.Reader, p *proof) error {
	if s == nil || s.Mechanism == nil {
		return nil
	}
	offered, err := wire.NextIsQuorumAuth(r)
	switch {
	case !s.ProofRequired && (err != nil || !offered):
		// Whoever has said nothing may have gone, which is not our concern.
		return nil
	case err != nil:
		return err
	case !offered:
		return errProofAbsent
	}
	identity, err := s.hearOn(conn, r)
	if err != nil {
		_ = sendProof(conn, wire.AuthError, []byte{})
		if !s.ProofRequired {
			return nil
		}
		return err
	}
	if s.HostOf == nil {
		return nil
	}
	p.host, err = s.HostOf(identity)
	if err != nil && !s.ProofRequired {
		return nil
	}
	return err
}

// hearOn is an authentication from its first packet to the one before its error.
func (s *Security) hearOn(conn net.Conn, r *bufio.Reader) (identity string, err error) {
	theirs := s.Mechanism.Begin()
	for range proofRoundsMax + 1 {
		packet, err := wire.ReadQuorumAuth(r, sasl.TokenBytesMax)
		if err != nil {
			return "", err
		}
		challenge, done, err := theirs.Respond(packet.Token)
		switch {
		case err != nil:
			return "", err
		case done:
			return theirs.AuthorizationID(), sendProof(conn, wire.AuthSuccess, challenge)
		}
		if err := sendProof(conn, wire.AuthInProgress, challenge); err != nil {
			return "", err
		}
	}
	return "", errProofRounds
}
