package traces

import (
	"strings"
	"time"
	"unicode/utf8"

	"zoo"
	"zoo/internal/wire"
)

// pathBytesMax is how much of a path is told.
const pathBytesMax = 512

// Record is what one server has seen of one request.
type Record struct {
	Key     Key
	Session zoo.SessionID
	Xid     int32
	// Zxid is the reply's, which for a write is that of the transaction.
	Zxid zoo.Zxid
	Op   wire.Op
	// Path is empty for none.
	Path string
	Code zoo.Code
	// Whole says that the span of the whole request is told here: the client is.
	Whole bool
	// Role is the server's, if it is a member of an ensemble.
	Role string
	// Stages are those that were passed here; the Request and the Member are made of them.
	Stages [stages]Interval
}

// Interval is a part of the time; the zero value is none.
type Interval struct{ From, To time.Time }

func (i Interval) some() bool { return !i.From.IsZero() }

// whole is from the begin of the first stage to the end of the last.
func (r *Record) whole() (all Interval) {
	for _, s := range r.Stages {
		if s.some() && (!all.some() || s.From.Before(all.From)) {
			all.From = s.From
		}
		if s.To.After(all.To) {
			all.To = s.To
		}
	}
	return all
}

// spans counts those that it comes to.
func (r *Record) spans() (n int) {
	for _, s := range r.Stages {
		if s.some() {
			n++
		}
	}
	return n + 1
}

// clipped is a path that a collector takes: short, and of UTF-8.
func clipped(path string) string {
	if len(path) > pathBytesMax {
		path = path[:pathBytesMax]
		for r, n := utf8.DecodeLastRuneInString(path); r == utf8.RuneError && n == 1; {
			path = path[:len(path)-1]
			r, n = utf8.DecodeLastRuneInString(path)
		}
	}
	return strings.ToValidUTF8(path, "\uFFFD")
}
