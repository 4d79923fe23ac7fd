package sasl

import "errors"

// ErrRefused is the end of an exchange that did not authenticate its client. The
// error around it tells why, for the server's log and never for the client.
var ErrRefused = errors.New("SASL authentication refused")

// TokenBytesMax bounds a token of a client. Kerberos tickets with many groups in
// them are the longest, and Java's clients cannot take more either.
const TokenBytesMax = 64 << 10

// Mechanism makes exchanges of one SASL mechanism.
type Mechanism interface {
	// Begin starts the authentication of one client.
	Begin() Exchange
}

// Exchange is one client's authentication. It belongs to the client's connection.
type Exchange interface {
	// Respond takes the client's token and gives the next challenge: nil is none,
	// empty is an empty one. Done says that the client is authenticated. Errors
	// wrap ErrRefused, their texts never hold secrets, and an exchange that gave
	// one is over.
	Respond(token []byte) (challenge []byte, done bool, err error)
	// AuthorizationID is who the client is, once done.
	AuthorizationID() string
}

// Initiator is the client's side of one exchange; servers are clients of each other.
type Initiator interface {
	// Step takes the challenge, nil at first, and gives the token to answer with: nil is
	// none. Done says that the other end may say that all is well, and nothing else.
	// Errors wrap ErrRefused, and their texts never hold secrets.
	Step(challenge []byte) (token []byte, done bool, err error)
}
