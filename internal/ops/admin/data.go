package admin

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"zoo"
)

// Data is what the commands about data need of a server. Its methods may be called
// from any goroutine. An error may be a *Refusal, which has a status code.
type Data interface {
	// Allows tells whether somebody who authenticates like this, from this address,
	// has all permissions at the root: nil, ErrUnknown or ErrForbidden.
	Allows(scheme string, auth []byte, address string) error
	// Subject is the name of a certificate's subject, given in DER, as ACLs have it.
	Subject(der []byte) (string, error)
	// AllowsSubject is Allows for who has proved to be the subject of a certificate.
	AllowsSubject(der []byte) error
	// Copy is a snapshot of this moment in the form of a file.
	Copy(ctx context.Context) (Stream, error)
	// Log is what was applied beyond a zxid, in the form of a file of the log.
	Log(ctx context.Context, after zoo.Zxid) (Stream, error)
	// Await returns when there is something for Log to give, when it has waited so
	// long, or when nothing can come; Log tells which.
	Await(ctx context.Context, after zoo.Zxid, wait time.Duration)
	// TakeSnapshot has the server write a snapshot to its own directory.
	TakeSnapshot(ctx context.Context) (Snapshot, error)
	// LastSnapshot is the newest one there; false before the first.
	LastSnapshot() (Snapshot, bool)
	// Restore makes a snapshot, in the form of a file, the history of the ensemble.
	// It returns when that is so.
	Restore(ctx context.Context, body io.Reader) (zoo.Zxid, error)
	// HandOver has this server give its lead to another, or to the voter that is most in
	// sync for 0. It returns when somebody else leads, and tells who.
	HandOver(ctx context.Context, to zoo.ServerID) (zoo.ServerID, error)
	Drainer
	Finder
	Members
	Placed
}

// Drainer is a server that may part with its clients.
type Drainer interface {
	// Drain has this server take no new clients, and send away those that it has, so many
	// in a second at most. One that leads hands over first. It returns when no new clients
	// are taken.
	Drain(ctx context.Context, perSecond int) error
	// Undrain has this server take clients again.
	Undrain(ctx context.Context) error
	// Attendance tells what has become of the clients.
	Attendance() Attendance
}

// Attendance is what a server does for clients.
type Attendance struct {
	Server zoo.ServerID
	// State is open, draining or drained: clients are taken, some are left, none is.
	State string
	// Clients counts the connections of clients.
	Clients int
	// Leads says that stopping this server would cost an election.
	Leads bool
	// Reason is why clients are taken although the server was to be drained; empty for
	// none.
	Reason string
}

// Snapshot is a snapshot in the server's directory.
type Snapshot struct {
	Zxid zoo.Zxid
	// Taken is when it was complete.
	Taken time.Time
	// Bytes is its size, 0 if that is not known.
	Bytes int64
}

// Stream is data to be sent. It must be closed.
type Stream interface {
	io.WriterTo
	io.Closer
	// Zxid is the last transaction in it.
	Zxid() zoo.Zxid
	// Bytes is how many bytes WriteTo writes; -1 if nobody knows.
	Bytes() int64
}

// The ways in which Data.Allows refuses.
var (
	ErrUnknown   = errors.New("not authenticated")
	ErrForbidden = errors.New("not authorized")
)

// Refusal is an error that has a status code of its own.
type Refusal struct {
	Status int
	Text   string
}

// Error is the text, which says what to do about it.
func (r *Refusal) Error() string { return r.Text }

// refused is the answer to an error.
func refused(err error) answer {
	var r *Refusal
	if errors.As(err, &r) {
		return failed(r.Status, r.Text)
	}
	return failed(http.StatusInternalServerError, err.Error())
}
