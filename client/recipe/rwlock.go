package recipe

import (
	"context"

	"zoo"
	"zoo/client"
)

// RWLock is a lock that many readers or one writer hold, in the order in which they came: a
// reader waits for the writers before it, a writer for all (ZooKeeper's recipe "Shared
// Locks"). Neither is reentrant, and a reader does not become a writer. All fields are read
// only.
type RWLock struct {
	Client *client.Client
	// Path is the lock's directory, the same for all.
	Path string
	// Data is what others can read in a holder's znode.
	Data []byte
	// ACL is that of the znodes; nil means zoo.OpenACL.
	ACL []zoo.ACL
}

const (
	readKind  = "__READ__"
	writeKind = "__WRIT__"
)

func (l *RWLock) place() place { return place{l.Client, l.Path, l.ACL} }

func rwOrder() order {
	return order{readKind: {writeKind}, writeKind: {readKind, writeKind}}
}

// AcquireRead waits for the lock as a reader, or for the end of ctx.
func (l *RWLock) AcquireRead(ctx context.Context) (*Lease, error) {
	lease, err := l.place().contend(ctx, readKind, l.Data, rwOrder())
	return lease, l.place().failed("read lock", err)
}

// AcquireWrite waits for the lock as a writer, or for the end of ctx.
func (l *RWLock) AcquireWrite(ctx context.Context) (*Lease, error) {
	lease, err := l.place().contend(ctx, writeKind, l.Data, rwOrder())
	return lease, l.place().failed("write lock", err)
}

// TryAcquireRead becomes a reader if no writer has the lock or waits for it. Otherwise the
// error is ErrHeld.
func (l *RWLock) TryAcquireRead(ctx context.Context) (*Lease, error) {
	lease, err := l.place().attempt(ctx, readKind, l.Data, rwOrder())
	return lease, l.place().failed("try read lock", err)
}

// TryAcquireWrite becomes the writer if nobody has the lock or waits for it. Otherwise the
// error is ErrHeld.
func (l *RWLock) TryAcquireWrite(ctx context.Context) (*Lease, error) {
	lease, err := l.place().attempt(ctx, writeKind, l.Data, rwOrder())
	return lease, l.place().failed("try write lock", err)
}
