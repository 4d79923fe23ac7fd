package recipe

import (
	"errors"
	"strconv"
)

// Error tells which recipe failed. errors.Is looks through it.
type Error struct {
	// Op is what was tried, such as "lock".
	Op string
	// Path is the recipe's.
	Path string
	// Err is the reason: one of this package's, a *client.Error, or a context's.
	Err error
}

// Error says what failed, where and why.
func (e *Error) Error() string { return e.Op + " " + strconv.Quote(e.Path) + ": " + e.Err.Error() }

// Unwrap gives the reason.
func (e *Error) Unwrap() error { return e.Err }

var (
	// ErrLost tells that a place is lost: the session is over, or may be, or somebody has
	// deleted the znode.
	ErrLost = errors.New("lost")
	// ErrReleased is the cause of a lease's end when it was released.
	ErrReleased = errors.New("released")
	// ErrHeld tells that somebody else has what was tried for.
	ErrHeld = errors.New("held by another")
	// ErrUnknown tells that the session ended before the answer to a change came: whether it
	// was made is unknown.
	ErrUnknown = errors.New("the outcome is unknown")
	// ErrConfig tells that a recipe's fields cannot be.
	ErrConfig = errors.New("invalid recipe")
)
