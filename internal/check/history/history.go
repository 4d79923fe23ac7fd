package history

import (
	"fmt"
	"time"

	"zoo"
)

// Kind is what an operation does.
type Kind uint8

// The kinds. Exists is a Read that does not show the value; Sync is any request of which
// only the place in the session counts; Rearm sets the watches anew on another server.
const (
	Create Kind = iota + 1
	Set
	Delete
	Read
	Exists
	Sync
	Rearm
)

// String is the operation's name.
func (k Kind) String() string {
	return [...]string{"?", "create", "set", "delete", "read", "exists", "sync", "rearm"}[k]
}

// Writes tells whether it may change the tree.
func (k Kind) Writes() bool { return k == Create || k == Set || k == Delete }

// AnyVersion matches whatever version a znode has.
const AnyVersion int32 = -1

// WatchID names one watch of one session; 0 is none. A watch that is asked for while it
// stands is the same one.
type WatchID int

// Operation is one request and its answer.
type Operation struct {
	Kind Kind
	Path string
	// Value was written, or was read. Who writes should write a new one each time.
	Value string
	// Version is the one that Set and Delete want.
	Version int32
	// Call and Return are when it was sent and answered, by one clock for all.
	Call, Return time.Duration
	// Answered is false when the answer, and so the outcome, is not known.
	Answered bool
	Code     zoo.Code
	// Stat is that of a Create, Set, Read or Exists with CodeOK.
	Stat zoo.Stat
	// Zxid is that of the answer's header, 0 if the client does not show it: the last
	// transaction that the server had applied.
	Zxid zoo.Zxid
	// Watch is the watch that a Read or an Exists has set.
	Watch WatchID
	// Fresh says that a Read came right behind a sync, which was sent at Since, so that
	// both together are linearizable.
	Fresh bool
	Since time.Duration
}

// mzxid is the zxid of the change that an answer with CodeOK tells of, 0 if it is not
// known.
func (op *Operation) mzxid() zoo.Zxid {
	switch op.Kind {
	case Delete:
		return op.Zxid
	case Sync, Rearm:
		return 0
	}
	return op.Stat.Mzxid
}

// String tells the operation in a line.
func (op *Operation) String() string {
	answer := "no answer"
	if op.Answered {
		answer = fmt.Sprintf("code %d, version %d, mzxid %v, at %v",
			int32(op.Code), op.Stat.Version, op.Stat.Mzxid, op.Zxid)
	}
	return fmt.Sprintf("%12v %12v  %v %s %q version %d: %s", op.Call, op.Return, op.Kind,
		op.Path, op.Value, op.Version, answer)
}

// Entry is one thing that happened to a session: an answer, or, when Operation is nil,
// an event.
type Entry struct {
	*Operation
	// Fired is the watch that an event came for, 0 if nobody had asked for it.
	Fired WatchID
	// Event is where it came from.
	Event string
}

// Stream is one session's life, in the order in which things came to it. It belongs to
// who writes it.
type Stream struct {
	Name    string
	Entries []Entry
}

// Add takes down an operation that has ended, with or without an answer.
func (s *Stream) Add(op Operation) { s.Entries = append(s.Entries, Entry{Operation: &op}) }

// Fire takes down an event of the znode at path.
func (s *Stream) Fire(w WatchID, path string) {
	s.Entries = append(s.Entries, Entry{Fired: w, Event: path})
}

// Violation is a promise that was broken.
type Violation struct {
	// Promise is the sentence that does not hold.
	Promise string
	// Stream is the session that saw it; empty when it took several.
	Stream string
	Detail string
}

// String is the whole of it.
func (v Violation) String() string {
	if v.Stream == "" {
		return v.Promise + ": " + v.Detail
	}
	return v.Promise + ": session " + v.Stream + ": " + v.Detail
}

// The promises.
const (
	promiseLinear  = "writes are linearizable"
	promiseDecided = "the linearizability of writes can be decided in time"
	promiseOrder   = "zxids are in the order of real time"
	promiseOne     = "a zxid names one transaction"
	promiseForward = "a session never goes back"
	promiseState   = "a read shows the state of its zxid"
	promiseEarly   = "an event comes before the change can be read"
	promiseOnce    = "a watch fires once"
	promiseAsked   = "an event was asked for"
)

// Check tells what is wrong with a history. Patience bounds the search for an order of
// the writes of each znode.
func Check(streams []*Stream, patience time.Duration) []Violation {
	j := &judge{streams: streams, paths: map[string]*path{}, zxids: map[zoo.Zxid]change{}}
	j.learn()
	j.inOrder()
	for _, s := range streams {
		j.follow(s)
	}
	j.linearizable(patience)
	return j.found
}

// judge gathers what is known of the one history that all saw parts of.
type judge struct {
	streams []*Stream
	paths   map[string]*path
	zxids   map[zoo.Zxid]change
	found   []Violation
}

func (j *judge) violate(promise string, s *Stream, format string, args ...any) {
	v := Violation{Promise: promise, Detail: fmt.Sprintf(format, args...)}
	if s != nil {
		v.Stream = s.Name
	}
	j.found = append(j.found, v)
}
