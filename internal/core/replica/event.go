package replica

import (
	"time"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
	"zoo/internal/wire"
)

// ConnID names a client connection of this server for as long as the process
// lives. Zero is no connection.
type ConnID uint64

// LinkID names an ordered packet link between this server and another.
type LinkID = zab.LinkID

// Now is the instant of a Step. Deadlines use Mono only, so that a step of the
// wall clock can never expire a session or end a role.
type Now struct {
	// Mono is the time since an arbitrary start of this process; it never
	// goes back.
	Mono time.Duration
	// WallMillis is the wall clock, in milliseconds since 1970; it goes into
	// transactions and nowhere else.
	WallMillis int64
}

// Event is something that happened to the server. The types below are all there
// are.
type Event interface{ event() }

// Tick says that time has passed; the shell sends it at Replica.Deadline.
type Tick struct{}

// DiskDone says that every DiskOp up to and including Seq is durable.
type DiskDone struct{ Seq uint64 }

// SnapshotDone says that the background snapshot is on disk and verified.
type SnapshotDone struct{ Zxid zoo.Zxid }

// SnapshotWanted asks for a snapshot as soon as none is being written.
type SnapshotWanted struct{}

// Transfer has this server hand over its lead: to a server, or with zero to the voter that
// is most in sync. What TransferRefusal has something against is not done.
type Transfer struct{ To zoo.ServerID }

// Drain has this server part with its clients and take no new ones, if its leader lets it;
// Status.Drain tells. What DrainRefusal has something against is not done.
type Drain struct{}

// Counted tells how many connections with a session there are.
type Counted struct{ Clients int }

// Undrain has this server take clients again.
type Undrain struct{}

// Replaced says that other data is about to take the place of this replica's. It does
// nothing more, and the shell starts a new one when the disk is done.
type Replaced struct{}

// Space says how many bytes are free where the log and the snapshots go: the fewest,
// if those are two places.
type Space struct{ Free int64 }

// OracleSpoke brings the word of the oracle of an ensemble of two voters: whether this
// server may decide alone while the other one is not there.
type OracleSpoke struct{ Grants bool }

// DiskLost says that the disk has refused an operation and that no later one will be
// done. The role ends at once.
type DiskLost struct{}

// CutRefused says that the disk could not cut the log back, since the oldest snapshot
// holds what was to go, or the log does not hold what was to stay. Nothing was changed,
// and no later operation is done. The role ends, and what the disk holds is recovered.
type CutRefused struct{}

// Viewed brings the tree that Effects.View asked for, nil if it could not be made.
type Viewed struct{ Tree *tree.Tree }

// ElectionUp says that the election link to a peer works.
type ElectionUp struct{ Peer zoo.ServerID }

// ElectionDown says that the election link to a peer broke.
type ElectionDown struct{ Peer zoo.ServerID }

// Notified brings a notification of a peer.
type Notified struct {
	Peer         zoo.ServerID
	Notification wire.Notification
}

// LinkUp says that a link was opened: by a learner to the port at which we serve
// learners, or by us after Effects.Dial.
type LinkUp struct {
	Link LinkID
	// Leader is the server that we dialed, which may be a follower that serves
	// observers; zero for an accepted link.
	Leader zoo.ServerID
}

// DialFailed says that the attempt of Effects.Dial found nobody.
type DialFailed struct{ Leader zoo.ServerID }

// LinkDown says that a link is gone; nothing of it follows.
type LinkDown struct{ Link LinkID }

// Received brings packets of a link, in their order. Packet data is immutable
// from here on.
type Received struct {
	Link    LinkID
	Packets []wire.QuorumPacket
}

// SnapshotReceived brings the tree that followed a SNAP packet on a link. It
// comes between the SNAP packet and the packets after it.
type SnapshotReceived struct {
	Link LinkID
	Tree *tree.Tree
}

// Moved says that bytes have moved on a link since the last Moved of it, in the
// direction of a SNAP: read at a learner, written at a leader. A tree may take
// longer than any limit as long as it moves.
type Moved struct{ Link LinkID }

// Connect is the handshake of a client connection. The shell sends it only
// while the replica serves.
type Connect struct {
	Conn     ConnID
	LastZxid zoo.Zxid
	// Timeout is what the client asks for, in milliseconds.
	Timeout  int32
	Session  zoo.SessionID
	Password []byte
	// ReadOnly tells that the client takes a read-only server, too.
	ReadOnly bool
}

// Request is one client request that must pass through the ensemble: a write,
// a sync or a closeSession. Body is the record behind the RequestHeader and is
// immutable from here on.
type Request struct {
	Conn    ConnID
	Session zoo.SessionID
	Xid     int32
	Op      wire.Op
	Body    []byte
	IDs     []zoo.ID
}

// Submit brings requests of clients, in the order of each session.
type Submit struct{ Requests []Request }

// Disconnected says that a client connection is gone.
type Disconnected struct{ Conn ConnID }

// Touched lists the sessions whose connections were heard of since the last
// Touched.
type Touched struct{ Sessions []zoo.SessionID }

// Expire ends a session as if its client had been silent for its timeout. Only the leader
// or a standalone server does it, of a session that it knows.
type Expire struct{ Session zoo.SessionID }

func (Tick) event()             {}
func (DiskDone) event()         {}
func (SnapshotDone) event()     {}
func (Space) event()            {}
func (SnapshotWanted) event()   {}
func (Transfer) event()         {}
func (Drain) event()            {}
func (Undrain) event()          {}
func (Counted) event()          {}
func (Replaced) event()         {}
func (OracleSpoke) event()      {}
func (DiskLost) event()         {}
func (CutRefused) event()       {}
func (Viewed) event()           {}
func (ElectionUp) event()       {}
func (ElectionDown) event()     {}
func (Notified) event()         {}
func (LinkUp) event()           {}
func (DialFailed) event()       {}
func (LinkDown) event()         {}
func (Received) event()         {}
func (SnapshotReceived) event() {}
func (Moved) event()            {}
func (Connect) event()          {}
func (Submit) event()           {}
func (Disconnected) event()     {}
func (Touched) event()          {}
func (Expire) event()           {}
