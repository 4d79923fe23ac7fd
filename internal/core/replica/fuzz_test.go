package replica

import (
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/tree"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// hostile is server 2 of three, among peers that send whatever they like.
type hostile struct {
	t    *testing.T
	r    *Replica
	mono time.Duration
	link LinkID
	up   map[LinkID]bool
	// over: the replica has asked to be replaced.
	over bool
}

func amongHostiles(t *testing.T) *hostile {
	t.Helper()
	view, err := quorum.NewView([]quorum.Member{{ID: 1}, {ID: 2}, {ID: 3}}, 0)
	if err != nil {
		t.Fatal(err)
	}
	cfg := Config{ID: 2, View: view, TickTime: time.Second, Types: tree.Types{Extended: true}}
	h := &hostile{t: t, up: map[LinkID]bool{}}
	h.r = New(cfg, Recovered{Tree: tree.New()})
	return h
}

// step feeds an event, and does what the replica wants: its disk is quick, its dials
// succeed, and it applies what it may.
func (h *hostile) step(ev Event) {
	h.r.Step(Now{Mono: h.mono, WallMillis: 1}, ev)
	for range 100 {
		eff := h.r.Drain()
		for _, link := range eff.Hangup {
			delete(h.up, link)
		}
		if h.over = eff.Reload; h.over {
			return
		}
		for _, ok := h.r.ApplyNext(); ok; _, ok = h.r.ApplyNext() {
		}
		switch {
		case len(eff.Disk) > 0:
			last := eff.Disk[len(eff.Disk)-1].Seq
			h.r.Step(Now{Mono: h.mono, WallMillis: 1}, DiskDone{Seq: last})
		case eff.Dial != 0:
			h.link++
			h.up[h.link] = true
			h.r.Step(Now{Mono: h.mono, WallMillis: 1},
				LinkUp{Link: h.link, Leader: eff.Dial})
		default:
			return
		}
	}
}

// take feeds the event that bytes stand for, and gives the rest of them.
func (h *hostile) take(b []byte) []byte {
	kind, peer, b := b[0]%8, zoo.ServerID(b[1]%4), b[2:]
	d := jute.NewDecoder(b)
	switch kind {
	case 0, 1:
		var n wire.Notification
		n.DecodeFrom(&d)
		if d.Err() == nil {
			h.step(Notified{Peer: peer, Notification: n})
		}
	case 2:
		h.step(ElectionUp{Peer: peer})
	case 3:
		h.mono += time.Second / 2
		h.step(Tick{})
	case 4:
		h.link++
		h.up[h.link] = true
		h.step(LinkUp{Link: h.link})
	default:
		var p wire.QuorumPacket
		p.DecodeFrom(&d)
		link := LinkID(peer)
		if d.Err() == nil && h.up[link] && p.Type != wire.PacketSnap {
			h.step(Received{Link: link, Packets: []wire.QuorumPacket{p}})
		}
	}
	return b[min(d.Offset(), len(b)):]
}

// hostileSeeds are how a leader and a follower come about.
func hostileSeeds() (leads, follows []byte) {
	vote := func(b []byte, from byte, state wire.PeerState, leader zoo.ServerID) []byte {
		n := wire.Notification{State: state, Leader: leader, Round: 1, Version: 2}
		return n.AppendTo(append(b, 0, from))
	}
	send := func(b []byte, link byte, kind wire.PacketType, z zoo.Zxid, data []byte) []byte {
		p := wire.QuorumPacket{Type: kind, Zxid: z, Data: data}
		return p.AppendTo(append(b, 5, link))
	}
	info := wire.LearnerInfo{ServerID: 1, ProtocolVersion: wire.LearnerProtocolVersion}
	ack, request := wire.AckEpoch{}, wire.ForwardedRequest{Session: 7, Op: wire.OpSync}
	epoch := zoo.Epoch(1).Start()
	leads = vote([]byte{2, 1}, 1, wire.Looking, 2)
	leads = append(leads, 3, 0, 4, 0)
	leads = send(leads, 1, wire.PacketFollowerInfo, 0, info.AppendTo(nil))
	leads = send(leads, 1, wire.PacketAckEpoch, 0, ack.AppendTo(nil))
	leads = send(leads, 1, wire.PacketAck, epoch, nil)
	leads = send(leads, 1, wire.PacketRequest, -1, request.AppendTo(nil))
	leads = send(leads, 1, wire.PacketPing, 0, nil)

	leader := wire.LeaderInfo{ProtocolVersion: wire.LearnerProtocolVersion}
	follows = vote([]byte{2, 3}, 3, wire.Looking, 3)
	follows = append(vote(follows, 3, wire.Leading, 3), 3, 0)
	follows = send(follows, 1, wire.PacketLeaderInfo, epoch, leader.AppendTo(nil))
	follows = send(follows, 1, wire.PacketDiff, 0, nil)
	follows = send(follows, 1, wire.PacketNewLeader, epoch, nil)
	follows = send(follows, 1, wire.PacketUpToDate, -1, nil)
	follows = send(follows, 1, wire.PacketCommit, epoch+1, nil)
	return leads, follows
}

// The seeds get where they are to get, or the fuzzer would not.
func TestHostilePeersAreHeardInEveryRole(t *testing.T) {
	leads, follows := hostileSeeds()
	for want, b := range map[State][]byte{Leading: leads, Following: follows} {
		h := amongHostiles(t)
		best := Looking
		for len(b) >= 2 && !h.over {
			b = h.take(b)
			if h.r.state == want {
				best = want
			}
		}
		if best != want {
			t.Errorf("never %v, at the end %v", want, h.r.state)
		}
	}
}

// FuzzPeers has other servers send anything, in any order: nothing of it may break an
// invariant, which would end the server.
func FuzzPeers(f *testing.F) {
	leads, follows := hostileSeeds()
	f.Add(leads)
	f.Add(follows)
	f.Fuzz(func(t *testing.T, b []byte) {
		h := amongHostiles(t)
		for len(b) >= 2 && !h.over {
			b = h.take(b)
		}
	})
}
