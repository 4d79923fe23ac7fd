package config

import (
	"net"
	"slices"
	"strconv"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
)

// Config is everything a server is told from outside. Immutable after Load.
type Config struct {
	// File is where the settings came from; empty for the embedded defaults.
	File string
	// Properties are the -D options as given, for files that refer to them. Some are
	// secret.
	Properties map[string]string
	// Given are the lines of File and the -D options in their order, without comments, for
	// operators to read: the values that are secret are masked.
	Given []Line

	// ID is this server's number: from myid in an ensemble, 1 when standalone.
	ID zoo.ServerID
	// Servers is the ensemble by ascending id; empty when standalone.
	Servers []Server
	// Hierarchy is the lines group.N and weight.N; nil lets the majority decide.
	Hierarchy *quorum.Hierarchy
	// DynamicFile is where Servers came from, empty for File itself; Version is that of
	// its configuration, which its name tells.
	DynamicFile string
	Version     zoo.Zxid
	// Next is the configuration that was proposed last, nil for none.
	Next *quorum.View
	// Observer tells that this server never votes.
	Observer bool
	// QuorumListenOnAllIPs binds the quorum and election ports to every address.
	QuorumListenOnAllIPs bool
	// StandaloneEnabled lets a single configured server run without a quorum.
	StandaloneEnabled bool

	// Tick is the unit of every limit below.
	Tick time.Duration
	// InitLimitTicks bounds joining a leader, up to the NEWLEADER acknowledgement.
	InitLimitTicks int
	// SyncLimitTicks bounds silence between a leader and a learner.
	SyncLimitTicks int

	// DataDir holds snapshots, epochs and myid.
	DataDir string
	// DataLogDir holds the transaction logs; DataDir when not set.
	DataLogDir string

	// ClientListen is the host:port clients connect to, SecureListen that for TLS;
	// empty for none.
	ClientListen, SecureListen string
	// ListenBacklog is how many connections the system keeps until they are
	// accepted; -1 lets it decide.
	ListenBacklog int
	// ClientKeepAlive switches TCP keep-alive on for clients.
	ClientKeepAlive bool
	// ConnsPerHostMax bounds the connections of one address; 0 is no bound.
	ConnsPerHostMax int
	// SessionTimeoutMin and SessionTimeoutMax clamp what a client asks for.
	SessionTimeoutMin, SessionTimeoutMax time.Duration
	// Commands are the four-letter words that are answered; see Allows.
	Commands []string

	// SnapCount is how many transactions lie between snapshots.
	SnapCount int
	// PreallocBytes is how far a log file is extended ahead of its end.
	PreallocBytes int64
	// CommitLogCount is how many committed proposals are kept for DIFF.
	CommitLogCount int
	// FrameBytesMax bounds a client frame (jute.maxbuffer).
	FrameBytesMax int
	// OutstandingMax bounds the requests in process (globalOutstandingLimit).
	OutstandingMax int

	// SkipACL switches every ACL check off.
	SkipACL bool
	// SuperDigest is the super user as super:<hash>; empty for none.
	SuperDigest string

	// ReconfigEnabled lets clients change the ensemble.
	ReconfigEnabled bool
	// ExtendedTypes allows nodes with a time to live; TTL353 reads those in the
	// layout of 3.5.3 as well (extendedTypesEnabled, emulate353TTLNodes).
	ExtendedTypes, TTL353 bool

	Containers Containers
	Sessions   Sessions
	Limits     Limits
	Storage    Storage
	Peers      Peers
	Admin      Admin
	Metrics    Metrics
	Audit      Audit
	Traces     Traces
	Auth       Auth
	SASL       SASL
	TLS        TLS
}

// Standalone tells whether the server runs alone, without quorum ports.
func (c *Config) Standalone() bool { return len(c.Servers) == 0 }

// InitLimit is InitLimitTicks as a time.
func (c *Config) InitLimit() time.Duration { return time.Duration(c.InitLimitTicks) * c.Tick }

// SyncLimit is SyncLimitTicks as a time.
func (c *Config) SyncLimit() time.Duration { return time.Duration(c.SyncLimitTicks) * c.Tick }

// View is the ensemble with its rule of who decides. There is none when standalone.
func (c *Config) View() (*quorum.View, error) {
	members := make([]quorum.Member, len(c.Servers))
	for i, s := range c.Servers {
		members[i] = quorum.Member{ID: s.ID, Observer: s.Observer, Text: s.String()}
	}
	if c.Hierarchy != nil {
		return quorum.NewHierarchicalView(members, *c.Hierarchy, c.Version)
	}
	return quorum.NewView(members, c.Version)
}

// Server is the ensemble's entry for an id.
func (c *Config) Server(id zoo.ServerID) (Server, bool) {
	for _, s := range c.Servers {
		if s.ID == id {
			return s, true
		}
	}
	return Server{}, false
}

// commandsAlways are answered whatever the whitelist says: srvr as in Java, and
// strt, which tells start-up times and nothing else.
var commandsAlways = []string{"srvr", "strt"}

// Allows tells whether a four-letter word is answered.
func (c *Config) Allows(word string) bool {
	return slices.Contains(c.Commands, "*") || slices.Contains(c.Commands, word) ||
		slices.Contains(commandsAlways, word)
}

// ClientPort is the number in ClientListen; 0 for none.
func (c *Config) ClientPort() int {
	_, port, err := net.SplitHostPort(c.ClientListen)
	if err != nil {
		return 0
	}
	n, _ := strconv.Atoi(port)
	return n
}
