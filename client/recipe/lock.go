package recipe

import (
	"context"

	"zoo"
	"zoo/client"
)

// Lock is a lock that one session's Lease has at a time, in the order in which they came
// (ZooKeeper's recipe "Locks"). It is not reentrant: who holds it and acquires it waits for
// itself. All fields are read only.
type Lock struct {
	Client *client.Client
	// Path is the lock's directory, the same for all.
	Path string
	// Data is what others can read in the holder's znode.
	Data []byte
	// ACL is that of the znodes; nil means zoo.OpenACL.
	ACL []zoo.ACL
}

const lockKind = "lock-"

func (l *Lock) place() place { return place{l.Client, l.Path, l.ACL} }

func lockOrder() order { return order{lockKind: {lockKind}} }

// Acquire waits for the lock, or for the end of ctx; then it leaves the line, in the
// background if need be.
func (l *Lock) Acquire(ctx context.Context) (*Lease, error) {
	lease, err := l.place().contend(ctx, lockKind, l.Data, lockOrder())
	return lease, l.place().failed("lock", err)
}

// TryAcquire takes the lock if it is free and nobody waits for it. Otherwise the error is
// ErrHeld.
func (l *Lock) TryAcquire(ctx context.Context) (*Lease, error) {
	lease, err := l.place().attempt(ctx, lockKind, l.Data, lockOrder())
	return lease, l.place().failed("try lock", err)
}
