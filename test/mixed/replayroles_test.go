package mixed

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/replica"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
	"zoo/internal/disk/store"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// viewOf reads the configuration that Java's servers send each other.
func viewOf(t *testing.T, text string) *quorum.View {
	t.Helper()
	view, err := quorum.ParseView(text)
	if err != nil {
		t.Fatal(err)
	}
	if view.Text() != text {
		t.Errorf("the configuration is written as %q, and was %q", view.Text(), text)
	}
	return view
}

// viewIn is the configuration that a leader has sent.
func viewIn(t *testing.T, all []heard) *quorum.View {
	t.Helper()
	return viewOf(t, string(first(t, all, wire.PacketNewLeader).Data))
}

// player is a server of ours without a network, whose disk is done at once.
type player struct {
	t       *testing.T
	replica *replica.Replica
	wall    int64
	// invented says that it began with transactions that nobody has overheard, so that its
	// tree is its own.
	invented bool
	// store is its disk, nil for none; snapshots is how many were to be written to it.
	store     *store.Store
	snapshots int
	// sent is what it has said, but for heartbeats.
	sent []wire.QuorumPacket
}

// theLink is the only one that a player has.
const theLink = 7

func play(t *testing.T, cfg replica.Config, rec replica.Recovered) *player {
	t.Helper()
	cfg.TickTime, cfg.InitLimit, cfg.SyncLimit = tick, 10, 5
	cfg.SessionTimeoutMax = 20 * time.Second
	return &player{t: t, replica: replica.New(cfg, rec)}
}

// step feeds an event and does what comes of it.
func (p *player) step(ev replica.Event) {
	p.t.Helper()
	p.replica.Step(replica.Now{WallMillis: p.wall}, ev)
	for {
		eff := p.replica.Drain()
		p.carryOut(eff.Disk)
		if eff.Snapshot {
			p.snapshots++
		}
		for _, out := range eff.Send {
			if out.Packet.Type != wire.PacketPing {
				p.sent = append(p.sent, out.Packet)
			}
		}
		if len(eff.Disk) == 0 && !eff.ApplyReady {
			return
		}
		p.apply()
		if n := len(eff.Disk); n > 0 {
			done := replica.DiskDone{Seq: eff.Disk[n-1].Seq}
			p.replica.Step(replica.Now{WallMillis: p.wall}, done)
		}
	}
}

func (p *player) apply() {
	p.t.Helper()
	for {
		o, more := p.replica.ApplyNext()
		if !more {
			return
		}
		if o.Result != nil && o.Result.DigestDiffers && !p.invented {
			p.t.Errorf("the digest after %v is not the one that Java's server has sent",
				o.Result.Header.Zxid)
		}
	}
}

// hear feeds a packet.
func (p *player) hear(h heard) {
	p.t.Helper()
	p.step(replica.Received{Link: theLink, Packets: []wire.QuorumPacket{h.packet}})
	if h.znodes != nil {
		p.step(replica.SnapshotReceived{Link: theLink, Tree: h.znodes})
	}
}

// first is the first packet of the type in a talk.
func first(t *testing.T, all []heard, kind wire.PacketType) *wire.QuorumPacket {
	t.Helper()
	at := slices.IndexFunc(all, func(h heard) bool { return h.packet.Type == kind })
	if at < 0 {
		t.Fatalf("there is no %v", kind)
	}
	return &all[at].packet
}

// Our learner that hears what Java's leader has said to Java's learner says what that
// has said, serves, and finds every digest to be its own.
func TestOurLearnerDoesAsJavasDid(t *testing.T) {
	past := entriesOf(load(t, "work.txt").read(t))
	for _, name := range quorumTalks {
		t.Run(name, func(t *testing.T) {
			o := load(t, name)
			all := o.read(t)
			rec, invented := stateOf(t, all, past)
			p := play(t, replica.Config{ID: zoo.ServerID(o.learner()), View: viewIn(t, all)}, rec)
			p.invented = invented && name != "snap.txt"
			p.learn(o, all)
			status := p.replica.Status()
			if last := lastOf(all); !status.Serving || status.LastApplied != last {
				t.Errorf("serving %v at %v, want %v", status.Serving, status.LastApplied, last)
			}
		})
	}
}

// learn lets the player hear what the leader has said, and compares what it says with what
// Java's learner has said.
func (p *player) learn(o *overheard, all []heard) {
	p.t.Helper()
	p.follow(o.leader(), first(p.t, all, wire.PacketLeaderInfo).Zxid.Epoch())
	var said []wire.QuorumPacket
	for _, h := range all {
		if h.by == o.leader() {
			p.hear(h)
		} else {
			said = append(said, h.packet)
		}
	}
	wantPackets(p.t, p.sent, said, settledIn(all))
}

// follow lets the player learn from two others who leads.
func (p *player) follow(leader int, epoch zoo.Epoch) {
	p.t.Helper()
	for _, id := range p.replica.Members().Voters() {
		state := wire.Following
		if id == zoo.ServerID(leader) {
			state = wire.Leading
		}
		p.step(replica.ElectionUp{Peer: id})
		p.step(replica.Notified{Peer: id, Notification: wire.Notification{
			State: state, Leader: zoo.ServerID(leader), Round: 9, PeerEpoch: epoch}})
	}
	p.step(replica.LinkUp{Link: theLink, Leader: zoo.ServerID(leader)})
}

// entriesOf are the transactions that were proposed in a talk.
func entriesOf(all []heard) []txn.Entry {
	var entries []txn.Entry
	for _, h := range all {
		if h.packet.Type != wire.PacketProposal {
			continue
		}
		if e, err := txn.ParseEntry(h.packet.Data); err == nil {
			entries = append(entries, e)
		}
	}
	return entries
}

// stateOf is what Java's learner has come with, as far as it was overheard; what was not
// is invented.
func stateOf(
	t *testing.T, all []heard, past []txn.Entry,
) (rec replica.Recovered, invented bool) {
	t.Helper()
	rec = replica.Recovered{Tree: tree.New()}
	ack := first(t, all, wire.PacketAckEpoch)
	var current wire.AckEpoch
	d := jute.NewDecoder(ack.Data)
	current.DecodeFrom(&d)
	rec.Epochs = zab.Epochs{Current: zoo.Epoch(current.CurrentEpoch),
		Accepted: all[0].packet.Zxid.Epoch()}
	if current.CurrentEpoch < 0 {
		rec.Epochs.Current = rec.Epochs.Accepted // It had promised the epoch before.
	}
	next := zoo.MakeZxid(1, 1)
	for _, e := range past {
		if e.Zxid == next && e.Zxid <= ack.Zxid {
			rec.Tail, next = append(rec.Tail, e), next.Next()
		}
	}
	for ; next <= ack.Zxid; next = next.Next() {
		if next.Epoch() != ack.Zxid.Epoch() || next.Counter() > 1000 {
			next = zoo.MakeZxid(ack.Zxid.Epoch(), 1)
		}
		h := txn.Header{Zxid: next, Type: wire.OpError}
		rec.Tail = append(rec.Tail, txn.NewEntry(h, &txn.ErrorTxn{}, nil))
		invented = true
	}
	return rec, invented
}

// lastOf is the last transaction that the leader has committed, or sent in its tree.
func lastOf(all []heard) zoo.Zxid {
	var last zoo.Zxid
	for _, h := range all {
		switch h.packet.Type {
		case wire.PacketCommit, wire.PacketCommitAndActivate, wire.PacketInform,
			wire.PacketInformAndActivate, wire.PacketSnap, wire.PacketTrunc:
			last = h.packet.Zxid
		}
	}
	return last
}

// settledIn are the transactions that came committed, before NEWLEADER: Java's followers
// acknowledge them as well, which tells the leader nothing.
func settledIn(all []heard) map[zoo.Zxid]bool {
	settled := map[zoo.Zxid]bool{}
	for _, h := range all {
		if h.packet.Type == wire.PacketNewLeader {
			break
		}
		if h.packet.Type == wire.PacketCommit {
			settled[h.packet.Zxid] = true
		}
	}
	return settled
}

// wantPackets compares what a learner has to say by itself. Ours adds its mark.
func wantPackets(t *testing.T, got, want []wire.QuorumPacket, settled map[zoo.Zxid]bool) {
	t.Helper()
	want = slices.DeleteFunc(want, func(p wire.QuorumPacket) bool {
		return p.Type == wire.PacketPing || p.Type == wire.PacketRequest ||
			p.Type == wire.PacketRevalidate || p.Type == wire.PacketAck && settled[p.Zxid]
	})
	if len(got) != len(want) {
		t.Errorf("our learner says\n%v\nJava's said\n%v", got, want)
		return
	}
	for i := range want {
		same := got[i].Type == want[i].Type && got[i].Zxid == want[i].Zxid &&
			bytes.HasPrefix(got[i].Data, want[i].Data)
		if !same {
			t.Errorf("our learner says %v, Java's said %v", got[i], want[i])
		}
	}
}

// Our leader that hears what Java's follower has said to Java's leader says what that has
// said, byte by byte: the same transactions with the same digests, and all else. It adds
// its mark, and the tree's digest to the transactions of refused writes.
func TestOurLeaderDoesAsJavasDid(t *testing.T) {
	o := load(t, "work.txt")
	all := o.read(t)
	p := play(t, replica.Config{ID: zoo.ServerID(o.leader()), View: viewIn(t, all)},
		replica.Recovered{Tree: tree.New()})
	p.teach(o, all)
}

// teach lets the player lead the follower, and compares what it says with what Java's
// leader has said.
func (p *player) teach(o *overheard, all []heard) {
	t := p.t
	t.Helper()
	p.lead(o)
	times := timesOf(t, all)
	start := first(t, all, wire.PacketLeaderInfo).Zxid
	var said []wire.QuorumPacket
	for _, h := range all {
		switch {
		case h.by != o.leader():
			p.wall = times[max(p.replica.Status().LastLogged, start).Next()]
			p.hear(h)
		case h.packet.Type != wire.PacketPing:
			said = append(said, h.packet)
		}
	}
	if len(p.sent) != len(said) {
		t.Fatalf("our leader says\n%v\nJava's said\n%v", p.sent, said)
	}
	for i := range said {
		got := p.sent[i]
		if addsTo(said[i]) {
			got.Data = got.Data[:min(len(got.Data), len(said[i].Data))]
		}
		if !bytes.Equal(got.AppendTo(nil), said[i].AppendTo(nil)) {
			t.Errorf("our leader says\n%v %x\nJava's said\n%v %x", got.Type, got.AppendTo(nil),
				said[i].Type, said[i].AppendTo(nil))
		}
	}
}

// timesOf are the times that Java's leader has given to its transactions.
func timesOf(t *testing.T, all []heard) map[zoo.Zxid]int64 {
	t.Helper()
	times := map[zoo.Zxid]int64{}
	for _, e := range entriesOf(all) {
		h, err := e.Header()
		if err != nil {
			t.Fatal(err)
		}
		times[e.Zxid] = h.Time
	}
	return times
}

// addsTo tells whether our leader says more than this packet of Java's.
func addsTo(p wire.QuorumPacket) bool {
	if p.Type == wire.PacketProposal {
		e, err := txn.ParseEntry(p.Data)
		h, _ := e.Open()
		return err == nil && h.Type == wire.OpError
	}
	return p.Type == wire.PacketLeaderInfo
}

// lead lets the player be elected by the follower, which then connects.
func (p *player) lead(o *overheard) {
	p.t.Helper()
	p.step(replica.ElectionUp{Peer: zoo.ServerID(o.learner())})
	p.step(replica.Notified{Peer: zoo.ServerID(o.learner()), Notification: wire.Notification{
		State: wire.Looking, Leader: zoo.ServerID(o.leader()), Round: 1}})
	p.step(replica.LinkUp{Link: theLink})
}
