package admin

import (
	"strings"
	"time"

	"zoo"
	"zoo/internal/ops/command"
	"zoo/internal/ops/sketch"
)

// Finder answers who has what. Each answer is one page: the first ones behind a place, in
// order, that many at most. None keeps clients waiting for longer than a short hold of a
// lock, so that what changes meanwhile is in the answer or not.
type Finder interface {
	// Watchers are those of this server's clients, by path and session.
	Watchers(f WatchFilter, limit int) []Watcher
	// EphemeralOwners are the ephemeral znodes, by path.
	EphemeralOwners(f EphemeralFilter, limit int) []Ephemeral
	// SessionsAfter are the sessions of the ensemble, and those that only this server has,
	// by id.
	SessionsAfter(after zoo.SessionID, limit int) []Session
	// TopClients are the connections that have the most of a figure, the first one first.
	TopClients(by Figure, limit int) []Traffic
	// SlowRequests are the slowest of the last minutes, the slowest one first.
	SlowRequests(limit int) []SlowRequest
	// Rates are those of the busiest paths at depth 0, and of the busiest subtrees whose
	// tops are so deep, sketch.Depths at most.
	Rates(depth int) sketch.Rates
	// LargestSubtrees are those of a depth that have the most of a figure, any for 0. The
	// whole tree is walked over, in short pieces.
	LargestSubtrees(by Figure, depth, limit int) command.MemoryUse
	// Learners are those of a leader, or of a follower that serves observers, by id.
	Learners() []Learner
}

// Subtree is a path with all below it; the empty one and "/" are all paths.
type Subtree string

// Has tells whether a path is in it.
func (s Subtree) Has(path string) bool {
	top := strings.TrimSuffix(string(s), "/")
	return strings.HasPrefix(path, top) && (len(path) == len(top) || path[len(top)] == '/')
}

// WatchFilter says which watches are asked for: all conditions hold at once.
type WatchFilter struct {
	// Path is the only one, empty for all those in Below.
	Path  string
	Below Subtree
	// Session is the only one, zero for all.
	Session zoo.SessionID
	// After is the watch before the first one.
	After WatchKey
}

// WatchKey is the place of a watch in the order of an answer; the zero one is the begin.
type WatchKey struct {
	Path    string
	Session zoo.SessionID
}

// Watcher is a session that watches a path.
type Watcher struct {
	WatchKey
	// Client is its address.
	Client string
	// Kinds are data, child, persistent or recursive.
	Kinds []string
}

// EphemeralFilter says which ephemeral znodes are asked for.
type EphemeralFilter struct {
	Below Subtree
	// Session is the only owner, zero for all.
	Session zoo.SessionID
	// After is the path before the first one.
	After string
}

// Ephemeral is an ephemeral znode.
type Ephemeral struct {
	Path  string
	Owner zoo.SessionID
}

// Session is one session.
type Session struct {
	ID zoo.SessionID
	// Timeout is what was agreed upon.
	Timeout time.Duration
	// Local says that only this server knows it.
	Local bool
	// Ephemerals counts its znodes.
	Ephemerals int
	// Client is the address of its connection to this server, empty for none; then the
	// rest says nothing.
	Client string
	// Connected is for how long that has been there, Silent for how long nothing was heard.
	Connected, Silent time.Duration
}

// Figure is what clients, paths or subtrees are compared by.
type Figure string

// The figures.
const (
	ByRequests Figure = "requests"
	ByReceived Figure = "received_bytes"
	BySent     Figure = "sent_bytes"
	ByReads    Figure = "reads"
	ByWrites   Figure = "writes"
	ByMemory   Figure = "memory_bytes"
	ByData     Figure = "data_bytes"
	ByZnodes   Figure = "znodes"
)

// Traffic is what a connection did since it came, or since the figures were begun anew.
type Traffic struct {
	Client  string
	Session zoo.SessionID
	// Requests counts what came, pings included.
	Requests, ReceivedBytes, SentBytes uint64
	// Connected is for how long the connection has been there.
	Connected time.Duration
	// Mean and Greatest are the latencies of its requests.
	Mean, Greatest time.Duration
}

// Of is one of the figures.
func (t *Traffic) Of(f Figure) uint64 {
	switch f {
	case ByReceived:
		return t.ReceivedBytes
	case BySent:
		return t.SentBytes
	}
	return t.Requests
}

// SlowRequest is a request that was answered late.
type SlowRequest struct {
	// Op is the name of the operation, Path the znode's: of a multi that of the first
	// operation, empty for none.
	Op, Path string
	Session  zoo.SessionID
	Client   string
	// Xid is the client's number of it, Zxid what the server had applied.
	Xid  int32
	Zxid zoo.Zxid
	// Answered is when, Took for how long the client had waited here by then.
	Answered time.Time
	Took     time.Duration
	// Stages are those of a write, nil for others.
	Stages *Stages
}

// Stages are what a write took from one to the next. Sync and Quorum begin together.
type Stages struct {
	// Propose is from its being read to its being a proposal here, Sync from there until
	// this server's log had it on the disk, Quorum until it was committed, and Apply from the
	// later of the two to the answer.
	Propose, Sync, Quorum, Apply time.Duration
}

// Learner is a server that learns from this one.
type Learner struct {
	ID               zoo.ServerID
	Observer, Synced bool
	// Acked is the last transaction that it has acknowledged, and Lag how many of this
	// epoch are not; an observer acknowledges none.
	Acked zoo.Zxid
	Lag   uint32
	// Silent is for how long nothing was heard.
	Silent time.Duration
}
