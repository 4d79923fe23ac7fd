// Package invariant states what must hold. A broken invariant is a bug of ours,
// never an answer to a client: it panics, in production too, because a server
// that goes on after it could acknowledge what it does not have.
package invariant

import "fmt"

// Broken is what a failed Holds panics with.
type Broken struct{ Message string }

// Error makes Broken an error, for whoever recovers it.
func (b *Broken) Error() string { return "invariant broken: " + b.Message }

// Holds panics with Broken unless cond is true. The arguments are formatted
// only on failure, but they are boxed on every call: on hot paths ask the
// question first and call Fail.
func Holds(cond bool, format string, args ...any) {
	if !cond {
		Fail(format, args...)
	}
}

// Fail panics with Broken.
func Fail(format string, args ...any) { panic(&Broken{fmt.Sprintf(format, args...)}) }
