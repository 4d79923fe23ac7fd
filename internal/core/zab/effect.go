package zab

import (
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/tree"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// LinkID names an ordered packet link to another server for as long as the process
// lives; zero is none. Of two links that were accepted the later one has the greater id.
type LinkID uint64

// DiskKind is what a DiskOp does.
type DiskKind uint8

// The disk operations. They run one after another; consecutive appends may
// share one sync.
const (
	// DiskAppend logs Entries and syncs them.
	DiskAppend DiskKind = iota
	// DiskTruncate cuts the log after Zxid, and removes newer snapshots.
	DiskTruncate
	// DiskAcceptedEpoch and DiskCurrentEpoch write Epoch to its file.
	DiskAcceptedEpoch
	DiskCurrentEpoch
	// DiskInstall makes Tree the only content of the data directory.
	DiskInstall
	// DiskRoll ends the current log file.
	DiskRoll
	// DiskConfigure writes Members: the configuration in force, and the one that is
	// proposed, or that none is.
	DiskConfigure
	// DiskBarrier does nothing; it is done when all before it is done.
	DiskBarrier
)

// DiskOp is one operation on the data directory. A failure of any ends the
// role of the server, and no later one may run.
type DiskOp struct {
	Seq  uint64
	Kind DiskKind
	// Entries are to be looked at no more once it is reported that the operation is done:
	// the journal uses the slice again, though not the bytes of the entries.
	Entries []txn.Entry
	Zxid    zoo.Zxid
	Epoch   zoo.Epoch
	Tree    *tree.Tree
	Members quorum.Ensemble
}

// Outgoing is a packet for a link.
type Outgoing struct {
	Link   LinkID
	Packet wire.QuorumPacket
}

// LearnerStatus is what a leader knows of one learner.
type LearnerStatus struct {
	ID       zoo.ServerID
	Link     LinkID
	Observer bool
	Synced   bool
	Acked    zoo.Zxid
	// LastHeard is the monotonic time of its last packet.
	LastHeard time.Duration
}
