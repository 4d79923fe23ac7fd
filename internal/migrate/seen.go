package migrate

import (
	"strconv"
	"strings"

	"zoo"
)

// Kind is whose server it is.
type Kind string

// The kinds.
const (
	Java Kind = "java"
	Zoo  Kind = "zoo"
)

// other is the kind that a server is replaced by.
func (k Kind) other() Kind {
	if k == Java {
		return Zoo
	}
	return Java
}

// untold stands for a figure that a server does not tell.
const untold = -1

// Seen is what a server said about itself when it was asked.
type Seen struct {
	ID zoo.ServerID `json:"id"`
	// Error is why the server does not serve; the rest then says nothing.
	Error   string   `json:"error,omitempty"`
	Kind    Kind     `json:"kind,omitempty"`
	Version string   `json:"version,omitempty"`
	Role    string   `json:"role,omitempty"`
	Zxid    zoo.Zxid `json:"zxid"`
	// Followers and Observers are a leader's learners in sync, Expired the sessions that
	// the process let expire, Mismatches the transactions after which its tree was not
	// what the leader had foretold. Each is -1 if mntr does not tell.
	Followers, Observers int   `json:"-"`
	Expired              int64 `json:"expired"`
	Mismatches           int64 `json:"mismatches"`
	// Sessions are those of the ensemble; nil if dump is not answered.
	Sessions []zoo.SessionID `json:"-"`
}

// Nothing is what is known of a server that has told nothing yet.
func Nothing(id zoo.ServerID) Seen {
	return Seen{ID: id, Followers: untold, Observers: untold, Expired: untold, Mismatches: untold}
}

// serves tells whether the server has a role in which it takes part.
func (s Seen) serves() bool { return s.Error == "" && s.Role != "" && s.Role != "read-only" }

func (s Seen) leads() bool { return s.Role == "leader" || s.Role == "standalone" }

// ReadMonitor takes what is needed from an answer to mntr. Java writes some counters as
// decimals.
func (s *Seen) ReadMonitor(text string) {
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "\t")
		f, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || f < 0 || f > 1<<53 {
			continue
		}
		switch name {
		case "zk_synced_followers":
			s.Followers = int(f)
		case "zk_synced_observers":
			s.Observers = int(f)
		case "zk_stale_sessions_expired":
			s.Expired = int64(f)
		case "zk_digest_mismatches_count":
			s.Mismatches = int64(f)
		}
	}
}

// ReadDump takes the sessions of the ensemble from an answer to dump. Those that only
// that server knows are left out: they come first, under a heading of their own. An
// answer that was too long to be read to the end of the sessions tells none.
func (s *Seen) ReadDump(text string) {
	_, rest, ok := strings.Cut(text, "SessionTracker dump:")
	trackers, _, whole := strings.Cut(rest, "ephemeral nodes dump:")
	if !ok || !whole {
		return
	}
	s.Sessions = []zoo.SessionID{}
	local := false
	for line := range strings.Lines(trackers) {
		switch word, _, _ := strings.Cut(strings.TrimSpace(line), " "); word {
		case "Local":
			local = true
		case "Global":
			local = false
		default:
			if id, err := ParseSession(word); err == nil && !local {
				s.Sessions = append(s.Sessions, id)
			}
		}
	}
}

// ParseSession reads a session id as ZooKeeper writes it, with 0x. What stands behind a
// tab is not part of it.
func ParseSession(text string) (zoo.SessionID, error) {
	text, _, _ = strings.Cut(text, "\t")
	digits, ok := strings.CutPrefix(text, "0x")
	if !ok {
		return 0, strconv.ErrSyntax
	}
	n, err := strconv.ParseUint(digits, 16, 64)
	return zoo.SessionID(n), err
}

// Comparison is what was found by reading every server's tree side by side.
type Comparison struct {
	// Zxid is one that all of the servers had applied, each after a sync.
	Zxid zoo.Zxid `json:"zxid"`
	// Compared are the servers; with fewer than two there is nothing to compare.
	Compared []zoo.ServerID `json:"compared"`
	// Znodes were read everywhere. Of those that are Unreadable not all could be, for
	// want of permissions, and those Moving changed each time they were read.
	Znodes, Unreadable, Moving int
	// Different counts the znodes that differ; Differences names a few.
	Different   int
	Differences []string
	// Owners are the sessions that own an ephemeral znode.
	Owners []zoo.SessionID `json:"-"`
	// Own are the sessions of who read.
	Own []zoo.SessionID `json:"-"`
	// Digests is how many digests of the admin server's hash were equal on two servers
	// at least, DigestsDiffer how many were not.
	Digests, DigestsDiffer int
	// Errors are why something could not be compared.
	Errors []string
}
