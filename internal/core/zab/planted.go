package zab

// Planted is a known bug of ZooKeeper, put back on purpose so that a test can
// show that the simulator finds it. It is zero everywhere but in such tests.
type Planted uint8

// The planted bugs, by their ZOOKEEPER number.
const (
	PlantedNone Planted = iota
	// Bug2845 applies the uncommitted tail when a role ends.
	Bug2845
	// Bug3911 applies what DIFF brought before the leader has its quorum.
	Bug3911
	// Bug4643 writes currentEpoch before the history that belongs to it.
	Bug4643
	// Bug4646 acknowledges NEWLEADER before the received history is durable.
	Bug4646
	// Bug4685 acknowledges proposals before NEWLEADER; the leader gives up.
	Bug4685
	// Bug3642 takes a SNAP into memory only, and logs the DIFF behind it.
	Bug3642
	// Bug4882 takes a failed append for a durable one.
	Bug4882
	// Bug2355 forgets committed transactions that were not applied when the
	// role ended, such as a closeSession.
	Bug2355
	// Bug3701 takes a failed truncation of the log for one that happened.
	Bug3701
	// Bug1675 answers a sync without asking a quorum whether this server still leads.
	Bug1675
	// TurnUnpromised enters the next epoch without the promises of a quorum.
	TurnUnpromised
)
