package command

import (
	"io/fs"
	"math"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"zoo"
	"zoo/internal/ops/metrics"
)

// Build says which program answers.
type Build struct {
	// Version is this program's own, such as 0.1.0.
	Version string
	// Time is when it was built.
	Time time.Time
}

// protocolVersion is the release of ZooKeeper whose behaviour is ours. Clients
// and agents read features out of it.
const protocolVersion = "3.9.5"

// String is the version and the build date in the form that agents parse:
//
//	3.9.5-zoo-0.1.0, built on 11/22/2026 12:00 UTC
func (b Build) String() string {
	version := protocolVersion + "-zoo"
	if b.Version != "" {
		version += "-" + strings.Map(versionRune, b.Version)
	}
	return version + ", built on " + b.Time.UTC().Format("01/02/2006 15:04") + " UTC"
}

// versionRune keeps what the agents' patterns accept in a version.
func versionRune(r rune) rune {
	switch {
	case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '.', r == '-':
		return r
	}
	return '-'
}

// Source is the server that the answers are about. Its methods may be called
// from any goroutine, and may take as long as a short queue.
type Source interface {
	// Overview tells the state of a server that serves; false if it does not.
	Overview() (Overview, bool)
	// Timeline lists the stages of the start-up so far.
	Timeline() []Stage
	Health
	Lists
	Resets
}

// Lists are what a Source tells at length.
type Lists interface {
	// Clients lists the client connections.
	Clients() []Client
	// Sessions lists the sessions, their ephemeral znodes, and the connections.
	Sessions() Sessions
	// DataWatches lists the table of data watches.
	DataWatches() []Watch
	// Memory tells which subtrees hold the most, that many at most. It walks over the
	// whole tree, and changes go on meanwhile.
	Memory(limit int) MemoryUse
	// Digests lists the logged digests, oldest first.
	Digests() []Digest
}

// Resets begin figures anew.
type Resets interface {
	// ResetServer is about the figures of the whole server.
	ResetServer()
	// ResetClients is about those of the connections.
	ResetClients()
}

// Digest is the digest of the tree at a zxid.
type Digest struct {
	Zxid   zoo.Zxid
	Digest uint64
}

// Overview is a server's state in figures.
type Overview struct {
	// Mode is standalone, leader, follower, observer or read-only.
	Mode string
	// ReadOnly says that the server serves only read-only clients.
	ReadOnly bool
	// PeerState says the same in an ensemble; empty when standalone.
	PeerState string
	Zxid      zoo.Zxid
	// Uptime is the time since the server began to serve.
	Uptime time.Duration

	Latency        Latency
	Received, Sent uint64
	Bytes          Bytes
	Connections    int
	Outstanding    int

	Nodes, Ephemerals int
	DataBytes         int64
	// Digest is the rolling digest of the tree: equal on servers whose trees
	// are.
	Digest uint64
	// SlowSyncs counts the syncs of the log that took longer than they may, AuthFailures
	// the proofs of identity that were none; both since the figures were begun anew.
	SlowSyncs, AuthFailures uint64
	// Watches counts the data watches, WatchCount all of them.
	Watches    Watches
	WatchCount int
	// Sessions counts those of the ensemble, LocalSessions those that only this
	// server knows.
	Sessions, LocalSessions int

	// QuorumSize counts the voters; 0 when standalone.
	QuorumSize int
	// Leader is what only a leader knows; nil elsewhere.
	Leader *Leader
	// Follower is what only a follower knows; nil elsewhere.
	Follower *Follower
	// ObserverMaster is whom an observer learns from, the leader or a follower; zero for
	// none, and elsewhere.
	ObserverMaster zoo.ServerID
}

// Latency sums up the time from reading a request to the end of its reply.
type Latency struct {
	Count              uint64
	Total              time.Duration
	Shortest, Greatest time.Duration
}

// averageDigits is the precision of an average, as ZooKeeper has it.
const averageDigits = 1e4

// Average is the mean in milliseconds.
func (l Latency) Average() metrics.Number {
	if l.Count == 0 {
		return metrics.Fraction(0)
	}
	mean := float64(l.Total) / float64(time.Millisecond) / float64(l.Count)
	return metrics.Fraction(math.Round(mean*averageDigits) / averageDigits)
}

// Mean is the same as a time, cut to what is there of it.
func (l Latency) Mean() time.Duration {
	if l.Count == 0 {
		return 0
	}
	return l.Total / time.Duration(l.Count)
}

// Bytes counts what went over the clients' connections, and describes the sizes of
// single replies, -1 before the first one. Sizes are without the length in front.
type Bytes struct {
	Received, Responses, Events uint64
	Last, Smallest, Greatest    int
}

// Watches counts watches as wchs does.
type Watches struct{ Connections, Paths, Total int }

// Leader is the part of an Overview about the ensemble.
type Leader struct {
	Learners        int
	SyncedFollowers int
	// SyncedNonVoting are those of them that are in no configuration, or not as voters.
	SyncedNonVoting int
	SyncedObservers int
	// Uptime is the time since the server began to serve as the leader.
	Uptime time.Duration
	// ProposalBytes are the sizes of the last, smallest and largest proposal, -1
	// before the first one.
	ProposalBytes [3]int
	// Proposals is how many there were.
	Proposals uint64
}

// Follower is the part of an Overview about the observers that a follower serves.
type Follower struct{ SyncedObservers int }

// Stage is one finished step of the start-up.
type Stage struct {
	Name string
	// Start is the time since the process began.
	Start, Duration time.Duration
	Detail          string
}

// Setting is one line of conf.
type Setting struct {
	Key, Value string
	// SizeOf is a directory whose size in bytes is the value, when it is asked
	// for; empty for a Value.
	SizeOf string
}

// text is the value as it is now.
func (s Setting) text() string {
	if s.SizeOf == "" {
		return s.Value
	}
	return strconv.FormatInt(sizeOf(s.SizeOf), 10)
}

// sizeOf sums the files below a directory. What cannot be read counts nothing:
// files come and go while it looks.
func sizeOf(dir string) int64 {
	var sum int64
	_ = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return nil
		}
		if info, err := entry.Info(); err == nil {
			sum += info.Size()
		}
		return nil
	})
	return sum
}
