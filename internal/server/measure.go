package server

import (
	"fmt"
	"strings"
	"time"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/core/tree"
	"zoo/internal/ops/command"
	"zoo/internal/ops/metrics"
	"zoo/internal/ops/sketch"
	"zoo/internal/wire"
)

// What the loop notes for its operators. None of it changes what is done.

// noteAnswer takes note of one reply to a request that had waited, with what noteSlow wants
// to know. The caller holds conn.mu.
func (l *loop) noteAnswer(c *conn, r lastReply, o *replica.Outcome, asked []byte) {
	c.traffic.note(1, r.took)
	c.noteLast(r)
	l.noteSlow(c, r, o, asked)
	m := &l.server.meters.latency
	if info, _ := r.op.Info(); info.Class == wire.ClassWrite || r.op == wire.OpCloseSession {
		l.updates.add(m.update, r.took)
		return
	}
	m.read.Observe(r.took)
}

// alike are times that are the same, one behind the other, as those of one client's batch that
// is applied in one go: they are told together, which is cheaper than one by one.
type alike struct {
	took time.Duration
	n    uint64
}

func (a *alike) add(t *metrics.Timer, took time.Duration) {
	if took != a.took {
		a.tell(t)
		a.took = took
	}
	a.n++
}

// tell has the timer know of them.
func (a *alike) tell(t *metrics.Timer) {
	t.ObserveN(a.took, a.n)
	a.n = 0
}

// noteOpened takes note of a session that was created for a connection here.
func (l *loop) noteOpened(o *replica.Opened, now time.Duration) {
	c := l.conns[o.Conn]
	if c == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	took := now - c.asked
	c.traffic.countLatency(1, took)
	c.noteLast(lastReply{op: wire.OpCreateSession, zxid: l.exec.tree.Zxid(), at: now, took: took})
	l.server.meters.latency.update.Observe(took)
}

// measure takes note of a transaction that was applied.
func (l *loop) measure(r *tree.Result) {
	m := l.server.meters
	m.latency.propagation.Observe(
		time.Duration(max(l.now.WallMillis-r.Header.Time, 0)) * time.Millisecond)
	l.followed.applied(r.Header.Zxid, l.now.Mono, m.disk.commit)
	if r.DigestDiffers && !l.server.cfg.Undigested {
		l.noteMismatch(r)
	}
	if l.status.Serving && l.status.State == replica.Leading {
		m.quorum.commits.Inc()
	}
	l.measureWrite(r)
	for i := range r.Multi {
		l.measureWrite(&r.Multi[i])
	}
}

// noteMismatch counts a transaction after which the tree is not what it was foretold to be.
// It tells of the first, and each time that they are twice as many: a tree that differs once
// differs from then on.
func (l *loop) noteMismatch(r *tree.Result) {
	l.server.meters.disk.mismatches.Inc()
	l.mismatches++
	if n := l.mismatches; n&(n-1) == 0 {
		l.server.log.Warn("the tree is not what the transaction foretold",
			"zxid", r.Header.Zxid, "op", r.Header.Type.String(), "count", n,
			"foretold", fmt.Sprintf("%#x", r.Foretold),
			"digest", fmt.Sprintf("%#x", l.exec.tree.Digest()))
	}
}

// measureWrite takes note of a change to one znode.
func (l *loop) measureWrite(r *tree.Result) {
	if r.Code == zoo.CodeOK && r.Path != "" && !l.exec.sampler.Skips() {
		l.exec.sampler.Note(l.server.hot, l.now.Mono, r.Path, sketch.Write)
	}
	top := topOf(r.Path)
	if r.Code != zoo.CodeOK || top == "" {
		return
	}
	l.server.meters.latency.writesOf.Of(top).Observe(
		int64(len(r.Path)) + int64(r.Stat.DataLength))
}

// roleTimes are the instants that times of an ensemble are counted from. They are
// the loop's.
type roleTimes struct {
	// looking is when the server began to look for a leader, syncing when its
	// leader told how it would bring it up to date, stopped when the server did
	// not serve any more.
	looking, syncing, stopped time.Duration
	// leading is when it began to serve as the leader.
	leading time.Duration
}

// stageSync is how the stages begin in which a leader brings this server up to date.
const stageSync = "leader sent "

// measureStage takes note of what the replica tells of its ways.
func (l *loop) measureStage(n *replica.Trace) {
	m, now := &l.server.meters.quorum, l.now.Mono
	switch {
	case n.Stage == stageLooking:
		m.looking.Inc()
		l.roles.looking, l.roles.syncing = now, 0
	case n.Stage == "elected":
		m.electionTime.Observe(now - l.roles.looking)
	case n.Stage == "session expired":
		l.server.meters.conns.expired.Inc()
	case l.roles.syncing == 0 && strings.HasPrefix(n.Stage, stageSync):
		l.roles.syncing = now
	}
}

// measureRole takes note of a change between serving and not serving.
func (l *loop) measureRole(before *replica.Status) {
	now := l.now.Mono
	switch {
	case l.server.peers == nil || l.status.Serving == before.Serving:
	case before.Serving:
		l.roles.stopped = now
	default:
		l.measureUnavailable(now)
	}
}

func (l *loop) measureUnavailable(now time.Duration) {
	m := &l.server.meters.quorum
	away := now - l.roles.stopped
	m.unavailable.Observe(away)
	switch l.status.State {
	case replica.Leading:
		m.leaderUnavailable.Observe(away)
		l.roles.leading = now
	case replica.Following:
		m.followerSync.Observe(now - l.roles.syncing)
	case replica.Observing:
		m.observerSync.Observe(now - l.roles.syncing)
	}
}

// measurePackets counts what came from another server.
func (s *Server) measurePackets(packets []wire.QuorumPacket) {
	proposals, commits := uint64(0), uint64(0)
	for i := range packets {
		switch packets[i].Type {
		case wire.PacketProposal:
			proposals++
		case wire.PacketCommit, wire.PacketCommitAndActivate:
			commits++
		}
	}
	if proposals+commits > 0 {
		s.meters.quorum.proposalsReceived.Add(proposals)
		s.meters.quorum.commitsReceived.Add(commits)
	}
}

// measureSent counts a packet that goes to another server.
func (l *loop) measureSent(p *wire.QuorumPacket) {
	m := &l.server.meters.quorum
	switch p.Type {
	case wire.PacketDiff:
		m.diffs.Inc()
	case wire.PacketSnap:
		m.snaps.Inc()
	case wire.PacketRevalidate:
		if l.status.State == replica.Leading {
			m.revalidations.Inc()
		}
	}
}

// The bounds of the log of digests, as in ZooKeeper.
const (
	digestInterval = 128
	digestsMax     = 1024
)

// logDigest keeps the tree's digest at every zxid that is a multiple of
// digestInterval. The caller holds the tree's write lock.
func (l *loop) logDigest(o *replica.Outcome) {
	if o.Result == nil || o.Result.Header.Zxid%digestInterval != 0 {
		return
	}
	s := l.server
	if len(s.digests) == digestsMax {
		s.digests = append(s.digests[:0], s.digests[1:]...)
	}
	s.digests = append(s.digests, command.Digest{
		Zxid: o.Result.Header.Zxid, Digest: l.exec.tree.Digest(),
	})
}
