package zab

import (
	"time"

	"zoo"
	"zoo/internal/core/balance"
	"zoo/internal/core/quorum"
	"zoo/internal/core/tree"
	"zoo/internal/wire"
)

// Config is what leader and learner need to know of the ensemble.
type Config struct {
	ID zoo.ServerID
	// Members is the ensemble. It belongs to the owner of the roles, and the role changes
	// it as configurations are proposed and come into force.
	Members *quorum.Ensemble
	// Attendance is what this server does for clients. As Members it belongs to the owner of
	// the roles; nil stands for a server that takes all of them.
	Attendance *Attendance
	// LeaderAlone says that a leader takes no clients (leaderServes=no).
	LeaderAlone bool
	// Balance says when a server that has more clients than others sends some to them.
	Balance balance.Rule
	// Reconfigures says that configurations may change (reconfigEnabled). Otherwise
	// Members stays what it is, whatever the history says.
	Reconfigures bool
	// Idle is the proposed configuration that the files have, where configurations do not
	// change; nil for none. It counts once they do.
	Idle *quorum.View
	// InTree is the version of the configuration in the tree, as the role found it; zero for
	// none.
	InTree zoo.Zxid
	// Fuzzy is how far the tree is ahead of its zxid, as the role found it.
	Fuzzy tree.Fuzzy
	// Oracle says that an oracle may let one of two voters decide alone.
	Oracle bool
	// TickTime is the unit of the limits. A leader pings every half tick.
	TickTime time.Duration
	// InitLimit bounds discovery and synchronisation, SyncLimit the silence of
	// a peer and the age of a proposal, both in ticks.
	InitLimit, SyncLimit int
	// ConnectTime bounds what a learner may take to reach its leader; zero is InitLimit.
	ConnectTime time.Duration
	// EpochTurnAt is the counter of a zxid beyond which a leader makes for the next epoch.
	EpochTurnAt uint32
	// CounterMax is the counter at which an epoch is used up: zoo.CounterMax.
	CounterMax uint32
	// Planted puts a known bug back; tests of the simulator only.
	Planted Planted
}

func (c Config) initTime() time.Duration { return time.Duration(c.InitLimit) * c.TickTime }
func (c Config) syncTime() time.Duration { return time.Duration(c.SyncLimit) * c.TickTime }

// Epochs are the two promises that survive a crash: AcceptedEpoch, the highest
// epoch whose leader this server has answered, and CurrentEpoch, the epoch that
// its history belongs to.
type Epochs struct{ Accepted, Current zoo.Epoch }

// Output gathers what a role wants done besides the disk. The owner drains it.
type Output struct {
	Send   []Outgoing
	Hangup []LinkID
	// Notes tell what happened, for logs.
	Notes []Note
	// taken is what the last Take gave, whose memory comes next.
	taken []Outgoing
}

// sendKept is how many packets the memory that is used again may hold: twice the proposals
// of a large batch to four followers. What is sent to a learner that lacks much is more.
const sendKept = 4096

// Take gives the packets to send, and forgets them. They are good until the next Take.
func (o *Output) Take() []Outgoing {
	clear(o.taken)
	next := o.taken[:0]
	if cap(next) > sendKept {
		next = nil
	}
	o.Send, o.taken = next, o.Send
	return o.taken
}

// Note is a fact for logs and the start-up timeline.
type Note struct {
	Stage  string
	Peer   zoo.ServerID
	Zxid   zoo.Zxid
	Epoch  zoo.Epoch
	Detail string
}

func (o *Output) send(link LinkID, p wire.QuorumPacket) {
	o.Send = append(o.Send, Outgoing{link, p})
}

func (o *Output) note(n Note) { o.Notes = append(o.Notes, n) }

// Upcall is what a packet asks of the owner of a role, besides what the role
// does itself.
type Upcall uint8

// The upcalls of Leader.Receive and Learner.Receive.
const (
	// Nothing needs to be done.
	Nothing Upcall = iota
	// Forwarded is a client's request from a learner (REQUEST).
	Forwarded
	// Revalidate is a learner's question about a session, or the leader's
	// answer to ours.
	Revalidate
	// Ping is the leader's heartbeat, to be answered with Learner.Pong, or a
	// learner's answer to it, with the sessions that it heard of.
	Ping
	// CaughtUp is the leader's answer to our oldest sync.
	CaughtUp
	// Established says that the learner is up to date and may serve.
	Established
)
