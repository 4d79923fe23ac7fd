package client

import (
	"errors"
	"strconv"

	"zoo"
)

// Error tells which call failed. errors.Is finds its Code as well as its Cause.
type Error struct {
	// Op is the protocol's name of the operation, such as getData.
	Op string
	// Path is as the caller gave it; empty where an operation has none.
	Path string
	// Code is the server's answer, or what the client says for a server that does
	// not answer: CodeConnectionLoss, CodeSessionExpired, CodeAuthFailed.
	Code zoo.Code
	// Cause is what broke the connection, or nil.
	Cause error
}

// Error says what failed, where and why.
func (e *Error) Error() string {
	text := e.Op
	if e.Path != "" {
		text += " " + strconv.Quote(e.Path)
	}
	text += ": " + e.Code.Error()
	if e.Cause != nil {
		text += ": " + e.Cause.Error()
	}
	return text
}

// Unwrap gives the code and the cause.
func (e *Error) Unwrap() []error {
	if e.Cause == nil {
		return []error{e.Code}
	}
	return []error{e.Code, e.Cause}
}

var (
	// ErrOptions is the error of options that cannot be.
	ErrOptions = errors.New("invalid client options")
	// ErrClosed is the cause of calls that fail because Close was called.
	ErrClosed = errors.New("the client is closed")
	// ErrProtocol is the cause when a server breaks the protocol.
	ErrProtocol = errors.New("protocol error")
	// errSilent is the cause when a server has not been heard for two thirds of the
	// session timeout.
	errSilent = errors.New("the server is silent")
	// errLost is the cause when a connection ends within a SASL exchange: that is no
	// refusal, and the next server is tried.
	errLost = errors.New("the connection was lost")
	// errMoving is the cause when a read-only server is left for one that writes.
	errMoving = errors.New("moving to a server that accepts writes")
)
