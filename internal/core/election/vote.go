package election

import (
	"math"

	"zoo"
	"zoo/internal/wire"
)

// Vote is a candidate for leadership with what it claims of its history.
type Vote struct {
	Leader zoo.ServerID
	Zxid   zoo.Zxid
	Epoch  zoo.Epoch
}

// observerVote is what a server that may not lead proposes: less than all.
var observerVote = Vote{Leader: math.MinInt64, Zxid: math.MinInt64, Epoch: math.MinInt64}

// beats is the total order of candidates: epoch, then zxid, then server id.
func (v Vote) beats(other Vote) bool {
	if v.Epoch != other.Epoch {
		return v.Epoch > other.Epoch
	}
	if v.Zxid != other.Zxid {
		return v.Zxid > other.Zxid
	}
	return v.Leader > other.Leader
}

// ballot is a vote as one peer last told it.
type ballot struct {
	vote  Vote
	round int64
	state wire.PeerState
}

// agrees tells whether the ballot supports the vote. Where both sides have
// already settled, round and zxid say nothing: a server that joined late holds
// other values than the founders of the same leadership (ZOOKEEPER-1732).
func (b ballot) agrees(v Vote, round int64, state wire.PeerState) bool {
	if b.state == wire.Looking || state == wire.Looking {
		return b.vote == v && b.round == round
	}
	return b.vote.Leader == v.Leader && b.vote.Epoch == v.Epoch
}
