package zab

import (
	"fmt"
	"slices"
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

// earlier is an older link of the server that registers on x, nil for none.
func earlier(all []*learner, x *learner, id zoo.ServerID) *learner {
	i := slices.IndexFunc(all, func(other *learner) bool {
		return other != x && other.stage != connected && other.id == id
	})
	if i < 0 {
		return nil
	}
	return all[i]
}
