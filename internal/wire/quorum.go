package wire

import (
	"errors"
	"slices"
	"strconv"

	"zoo"
	"zoo/internal/jute"
)

// PacketType is the kind of a QuorumPacket.
type PacketType int32

// The packet types between a leader and its learners.
const (
	PacketRequest           PacketType = 1
	PacketProposal          PacketType = 2
	PacketAck               PacketType = 3
	PacketCommit            PacketType = 4
	PacketPing              PacketType = 5
	PacketRevalidate        PacketType = 6
	PacketSync              PacketType = 7
	PacketInform            PacketType = 8
	PacketCommitAndActivate PacketType = 9
	PacketNewLeader         PacketType = 10
	PacketFollowerInfo      PacketType = 11
	PacketUpToDate          PacketType = 12
	PacketDiff              PacketType = 13
	PacketTrunc             PacketType = 14
	PacketSnap              PacketType = 15
	PacketObserverInfo      PacketType = 16
	PacketLeaderInfo        PacketType = 17
	PacketAckEpoch          PacketType = 18
	PacketInformAndActivate PacketType = 19
)

// PacketAlarm carries an Alarm between servers of ours that have shown each other the
// extension mark. Java's servers neither send nor get it.
const PacketAlarm PacketType = 100

// PacketNextEpoch and PacketEnterEpoch lead to the next epoch without an election, among
// the same servers: the leader asks for promises and the followers give them, then the
// leader tells all learners. Their zxid is the start of that epoch.
const (
	PacketNextEpoch  PacketType = 101
	PacketEnterEpoch PacketType = 102
)

// PacketTransfer tells the same servers who leads next: its data is that server's id, 8
// bytes.
const PacketTransfer PacketType = 103

var packetNames = [...]string{
	PacketRequest: "REQUEST", PacketProposal: "PROPOSAL", PacketAck: "ACK",
	PacketCommit: "COMMIT", PacketPing: "PING", PacketRevalidate: "REVALIDATE",
	PacketSync: "SYNC", PacketInform: "INFORM",
	PacketCommitAndActivate: "COMMITANDACTIVATE", PacketNewLeader: "NEWLEADER",
	PacketFollowerInfo: "FOLLOWERINFO", PacketUpToDate: "UPTODATE", PacketDiff: "DIFF",
	PacketTrunc: "TRUNC", PacketSnap: "SNAP", PacketObserverInfo: "OBSERVERINFO",
	PacketLeaderInfo: "LEADERINFO", PacketAckEpoch: "ACKEPOCH",
	PacketInformAndActivate: "INFORMANDACTIVATE",
}

// Valid tells whether ZooKeeper knows the type.
func (t PacketType) Valid() bool {
	return t >= PacketRequest && t <= PacketInformAndActivate
}

// String is ZooKeeper's name of the type, or its number where it has none.
func (t PacketType) String() string {
	if t.Valid() {
		return packetNames[t]
	}
	switch t {
	case PacketAlarm:
		return "ALARM"
	case PacketNextEpoch:
		return "NEXTEPOCH"
	case PacketEnterEpoch:
		return "ENTEREPOCH"
	case PacketTransfer:
		return "TRANSFER"
	case PacketClients:
		return "CLIENTS"
	case PacketDrain:
		return "DRAIN"
	case PacketSurplus:
		return "SURPLUS"
	}
	return "packet" + strconv.Itoa(int(t))
}

// LearnerProtocolVersion is what a leader and its learners speak since 3.4.
const LearnerProtocolVersion int32 = 0x10000

// SnapshotSignature ends a snapshot that a leader streams to a learner.
const SnapshotSignature = "BenWasHere"

// LearnerInfo is the data of FOLLOWERINFO and OBSERVERINFO:
//
//	offset  size
//	     0     8  server id
//	     8     4  protocol version; from 3.4 on
//	    12     8  zxid of the configuration known; from 3.5 on
//
// What an old learner leaves out reads as 0.
type LearnerInfo struct {
	ServerID        zoo.ServerID
	ProtocolVersion int32
	ConfigVersion   zoo.Zxid
}

// The sizes of a LearnerInfo that have been in use.
const (
	learnerInfoBytesOldest = 8
	learnerInfoBytesOld    = 12
)

// AppendTo appends the encoded record to b.
func (r *LearnerInfo) AppendTo(b []byte) []byte {
	b = jute.AppendLong(b, int64(r.ServerID))
	b = jute.AppendInt(b, r.ProtocolVersion)
	return jute.AppendLong(b, int64(r.ConfigVersion))
}

// DecodeFrom overwrites the record with the whole of what d holds.
func (r *LearnerInfo) DecodeFrom(d *jute.Decoder) {
	size := d.Len()
	*r = LearnerInfo{ServerID: zoo.ServerID(d.Long())}
	if size > learnerInfoBytesOldest {
		r.ProtocolVersion = d.Int()
	}
	if size > learnerInfoBytesOld {
		r.ConfigVersion = zoo.Zxid(d.Long())
	}
}

// ForwardedRequest is the data of REQUEST: a client's request on its way to the
// leader. The client's identities travel in the packet's AuthInfo.
type ForwardedRequest struct {
	Session zoo.SessionID
	Cxid    int32
	Op      Op
	Body    []byte // Body is the record behind the RequestHeader.
}

// AppendTo appends the encoded record to b.
func (r *ForwardedRequest) AppendTo(b []byte) []byte {
	b = jute.AppendLong(b, int64(r.Session))
	b = jute.AppendInt(b, r.Cxid)
	b = jute.AppendInt(b, int32(r.Op))
	return append(b, r.Body...)
}

// DecodeFrom overwrites the record with the whole of what d holds; Body shares
// its memory.
func (r *ForwardedRequest) DecodeFrom(d *jute.Decoder) {
	r.Session = zoo.SessionID(d.Long())
	r.Cxid = d.Int()
	r.Op = Op(d.Int())
	r.Body = d.Rest()
}

// extensionMark stands behind the LeaderInfo of a leader that takes the extensions
// from its learners, and behind the LearnerInfo of a learner that takes those of its
// leader. Servers written in Java read no further than the records, and would never
// answer an extension at all.
const extensionMark = "zoo1"

// AppendExtensionMark completes the data of a LEADERINFO, a FOLLOWERINFO or an
// OBSERVERINFO.
func AppendExtensionMark(b []byte) []byte { return append(b, extensionMark...) }

// LeaderExtends tells whether the leader that sent a LEADERINFO takes extensions.
func LeaderExtends(data []byte) bool {
	const at = 4
	return len(data) >= at && string(data[at:]) == extensionMark
}

// LearnerExtends tells whether the learner that sent a FOLLOWERINFO or OBSERVERINFO
// takes extensions.
func LearnerExtends(data []byte) bool {
	const at = learnerInfoBytesOld + 8
	return len(data) >= at && string(data[at:]) == extensionMark
}

// treeMark stands behind the AckEpoch of a learner that can take nothing but the tree.
// A leader that says that it takes extensions answers it with SNAP.
const treeMark = "snap"

// AppendTreeMark completes the data of an ACKEPOCH.
func AppendTreeMark(b []byte) []byte { return append(b, treeMark...) }

// WantsTree tells whether the learner that sent an ACKEPOCH wants the tree.
func WantsTree(data []byte) bool {
	const at = 4
	return len(data) >= at && string(data[at:]) == treeMark
}

// Alarm is the data of ALARM: a learner tells whether it is short of disk space
// itself, a leader what that means for the ensemble.
//
//	offset  size
//	     0     1  1 if writes that need space are refused
//	     1     4  n
//	     5    8n  the servers that are short of disk space, ascending
type Alarm struct {
	Refuses bool
	Short   []zoo.ServerID
}

// alarmServersMax is more servers than any ensemble has.
const alarmServersMax = 1024

// AppendTo appends the encoded record to b.
func (a *Alarm) AppendTo(b []byte) []byte {
	b = jute.AppendBool(b, a.Refuses)
	b = jute.AppendCount(b, len(a.Short))
	for _, id := range a.Short {
		b = jute.AppendLong(b, int64(id))
	}
	return b
}

// DecodeFrom overwrites the record.
func (a *Alarm) DecodeFrom(d *jute.Decoder) {
	*a = Alarm{Refuses: d.Bool()}
	n := d.Int()
	if n > alarmServersMax {
		d.Fail("alarm", errAlarmServers)
	}
	for ; n > 0 && d.Err() == nil; n-- {
		a.Short = append(a.Short, zoo.ServerID(d.Long()))
	}
}

// Equal tells whether two alarms say the same.
func (a *Alarm) Equal(b *Alarm) bool {
	return a.Refuses == b.Refuses && slices.Equal(a.Short, b.Short)
}

var errAlarmServers = errors.New("too many servers")
