package replica

import (
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// Effects is what the outside must now do. Everything in one Effects may run in
// parallel, with three exceptions: disk operations run in order of Seq, packets
// keep their order per link, and the tree that follows a SNAP packet is frozen
// before the next Replica.ApplyNext.
type Effects struct {
	// Disk operations, ascending in Seq. Completion is reported by DiskDone.
	Disk []zab.DiskOp
	// Send lists packets for links. A SNAP packet is followed on the link by
	// the tree as it is now, whose zxid the packet carries.
	Send []zab.Outgoing
	// Hangup lists links to close; what was sent to them before may be lost.
	Hangup []LinkID
	// Notify lists election notifications; only the last one to each peer
	// matters.
	Notify []Notice
	// Dial asks for one attempt to open a link to this leader; zero is none.
	Dial zoo.ServerID
	// DialMaster tells that Dial is for the port at which a follower serves observers.
	DialMaster bool
	// Opened answers Connect events.
	Opened []Opened
	// CloseConns lists client connections to close after what was written to
	// them before.
	CloseConns []ConnID
	// SendAway is how many clients are to go to other servers, which have fewer; those that
	// were asked for before and did not go yet count no more. Zero changes nothing.
	SendAway int
	// ApplyReady says that ApplyNext has something to give.
	ApplyReady bool
	// Snapshot asks for a snapshot of the tree as it is now, in the background.
	Snapshot bool
	// View asks for a copy of the tree as it is now with these entries applied,
	// in the background, reported by Viewed.
	View []txn.Entry
	// Members is the configuration in force and the one that is proposed, when either has
	// changed: who is to be linked, and where. The disk writes them by DiskConfigure.
	Members *quorum.Ensemble
	// Changed says that Status differs from what it was: the state, the
	// leader, whether the server serves.
	Changed bool
	// Trace tells what happened, for logs and the start-up timeline.
	Trace []Trace
	// Reload says that the log was cut below what the tree holds, or that what the disk
	// holds has to be found out anew. After the
	// disk operations are done the shell must recover from disk and start a
	// new Replica.
	Reload bool
	// KeepLog comes with Reload: this server is about to vote, and as long as the process
	// lives its replicas keep a log, whatever Config.ObserverUnlogged says.
	KeepLog bool
}

// Notice is an election notification to one peer.
type Notice struct {
	To           zoo.ServerID
	Notification wire.Notification
}

// Opened is the outcome of a client's handshake. Session zero is a refusal: the
// client is told that its session has expired.
type Opened struct {
	Conn     ConnID
	Session  zoo.SessionID
	Timeout  int32
	Password [16]byte
	// ReadOnly tells the client that this server takes no writes for now.
	ReadOnly bool
}

// Outcome is one thing that became true, in the order of history: a transaction
// that was applied to the tree, or a sync that has caught up.
type Outcome struct {
	// Result is what the transaction did. It is valid until the next
	// ApplyNext, and nil for what is answered without a transaction: a sync,
	// the end of a local session, or with Code a refusal.
	Result *tree.Result
	Code   zoo.Code
	// Conn is the connection that waits for this, zero if none does here.
	Conn ConnID
	Xid  int32
	Op   wire.Op
	// Path is the path of a sync.
	Path string
	// Opened is set for a createSession of a connection here.
	Opened *Opened
	// Closes is the connection that ends with its session.
	Closes ConnID
}

// Trace is a fact for logs and timelines. It never influences anything.
type Trace struct {
	// Stage is a constant name such as "election" or "sync".
	Stage string
	// Peer is the other server, zero if none.
	Peer zoo.ServerID
	Zxid zoo.Zxid
	// Epoch is the epoch that it is about, zero if none.
	Epoch zoo.Epoch
	// Detail is a short text.
	Detail string
}

// State is the role of a server as its operators know it.
type State uint8

// The states. Standalone serves alone and never looks.
const (
	Looking State = iota
	Following
	Leading
	Observing
	Standalone
)

// String is the name that ZooKeeper's tools print.
func (s State) String() string {
	return [...]string{"looking", "follower", "leader", "observer", "standalone"}[s]
}

// Status is the replica's view of itself, for operators and for the shell.
type Status struct {
	State  State
	Leader zoo.ServerID
	// Master is the follower that serves this observer, zero if the leader does.
	Master zoo.ServerID
	// Mastering tells that this follower serves observers; Learners lists them.
	Mastering bool
	Epoch     zoo.Epoch
	Serving   bool
	// ReadOnly tells that the server serves reads only, for want of a quorum.
	ReadOnly bool
	// Extends tells that whoever leads takes the extensions of the protocol.
	Extends bool
	// Alarm is who of the ensemble is short of disk space, Free how many bytes are
	// left on this server's disk.
	Alarm wire.Alarm
	Free  int64
	// Short tells that this server is short of disk space itself.
	Short bool
	// Unlogged tells that the history is kept in memory only.
	Unlogged bool
	// Stalled tells that this server keeps out of elections until its disk answers.
	Stalled bool
	// DiskSilent is for how long the disk has owed something and finished nothing, if
	// that is longer than a leader may take.
	DiskSilent time.Duration
	// Drain is whether this server takes clients, DrainRefusal why it does although it was
	// to be drained; empty if it was not.
	Drain        wire.Drain
	DrainRefusal string
	// LastLogged is the end of the log, LastCommitted what is known to be
	// committed, LastApplied what the tree holds.
	LastLogged, LastCommitted, LastApplied zoo.Zxid
	// Outstanding counts requests of local clients that wait for the ensemble.
	Outstanding int
	// Proposals counts proposals that wait for a quorum (leader only).
	Proposals int
	// Sessions counts the sessions of the ensemble, LocalSessions those that
	// live on this server only.
	Sessions, LocalSessions int
	// Learners lists the leader's learners, or the observers of a follower.
	Learners []zab.LearnerStatus
	// ProposalBytes are the sizes of the last, smallest and largest proposal, -1
	// before the first one; Proposed is how many there were.
	ProposalBytes [3]int
	Proposed      uint64
}
