package zab

import (
	"fmt"
	"time"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// What a leader and an observer master make of who registers with them is the same.

// introduction reads FOLLOWERINFO or OBSERVERINFO of a learner. The refusal is why it must
// go, empty if it may stay: above all one that has heard of a newer configuration than the
// newest here is not to follow an older one.
func (x *learner) introduction(
	p *wire.QuorumPacket, newest zoo.Zxid,
) (info wire.LearnerInfo, refusal string) {
	d := jute.NewDecoder(p.Data)
	info.DecodeFrom(&d)
	switch {
	case d.Err() != nil || x.stage != connected:
		refusal = "malformed or repeated registration"
	case info.ConfigVersion > newest:
		refusal = fmt.Sprintf("its configuration %v is newer than ours", info.ConfigVersion)
	}
	return info, refusal
}

// enrol takes note of who a learner is.
func (x *learner) enrol(now time.Duration, p *wire.QuorumPacket, id zoo.ServerID) {
	x.id, x.observer = id, p.Type == wire.PacketObserverInfo
	x.accepted, x.extends = p.Zxid.Epoch(), wire.LearnerExtends(p.Data)
	x.stage, x.since = registered, now
}

// outlived is the one that is over of the two links of the server that registers on x, nil if it
// has no other. A server has one link at a time:
//
//  1. Server 1 dials its leader and registers. The network holds that up, server 1 waits for
//     as long as it may, dials anew, and follows.
//  2. The network heals. What was sent on the old link arrives behind all that, and the end of
//     the link behind it.
//
// So the link that was accepted last stays, and not the one that registers last: server 1
// follows by that one. See docs/adr/0066-two-links.md.
func outlived(all []*learner, x *learner, id zoo.ServerID) *learner {
	for _, other := range all {
		switch {
		case other == x || other.stage == connected || other.id != id:
		case other.link > x.link:
			return x
		default:
			return other
		}
	}
	return nil
}

const connectedAgain = "the server has connected again"
