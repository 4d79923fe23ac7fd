package sim

import (
	"slices"
	"sort"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/replica"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// ledger is what the ensemble has promised so far: the one history, as those who
// were first to apply it made it, who led which epoch, and what was acknowledged.
// It looks at every step of every server and violates the world when they differ.
type ledger struct {
	w *World
	// view is the configuration at the end of the history.
	view *quorum.View
	// history is every transaction that any server has applied. A transaction
	// is in it once; all servers must go along it.
	history []record
	// leaders names the leadership of each epoch, by the epoch.
	leaders []leadership
	// acked is the last zxid that a client was told of.
	acked zoo.Zxid
	// requests are the executed requests of each session, to find one that was
	// executed twice.
	requests map[requestKey]zoo.Zxid
}

type record struct {
	zxid zoo.Zxid
	hash uint64
	// digest is the tree's after it, if that is known.
	digest uint64
}

type leadership struct {
	epoch   zoo.Epoch
	server  *server
	process uint32
	role    uint32
}

type requestKey struct {
	session zoo.SessionID
	cxid    int32
}

func newLedger(w *World) *ledger {
	return &ledger{w: w, view: w.view, requests: make(map[requestKey]zoo.Zxid)}
}

// end is the last zxid of the history.
func (l *ledger) end() zoo.Zxid {
	if n := len(l.history); n > 0 {
		return l.history[n-1].zxid
	}
	return 0
}

// upTo counts the records up to and including z.
func (l *ledger) upTo(z zoo.Zxid) int {
	return sort.Search(len(l.history), func(i int) bool { return l.history[i].zxid > z })
}

// applied checks one application: it is the next of the one history, durable in
// the server's own log without a hole before it, and gives the same tree as
// everywhere.
func (l *ledger) applied(s *server, o *replica.Outcome) {
	header := &o.Result.Header
	z := header.Zxid
	l.w.trace.mix(stepApply, s.index, uint64(z), uint64(header.Type))
	entry, durable := l.logged(s, z)
	if !durable {
		l.w.violate("%s applies %v, which is not durable in its log (durable to %v)",
			s.name, z, s.log.persisted())
		return
	}
	t := s.replica.Tree()
	r := record{zxid: z, hash: entry.hash, digest: t.Digest()}
	if s.position == len(l.history) {
		l.extend(s, r, o)
	}
	if l.w.broken != nil {
		return
	}
	known := &l.history[s.position]
	switch {
	case known.zxid != z:
		l.w.violate("%s applies %v where the history has %v", s.name, z, known.zxid)
	case known.hash != r.hash:
		l.w.violate("%s applies another transaction as %v", s.name, z)
	case known.digest != r.digest:
		l.w.violate("%s has another tree at %v: digest %x, not %x", s.name, z,
			r.digest, known.digest)
	case s.position > 0 && !s.spares() && !s.log.holds(&l.history[s.position-1]):
		l.w.violate("%s has a hole in its log before %v", s.name, z)
	}
	s.position++
	l.watchSession(s, header)
	if l.w.trace.on() {
		l.w.trace.line(s.name, "applies %v %v session=%v xid=%d code=%d",
			z, header.Type, header.Session, header.Cxid, o.Result.Code)
	}
}

// extend makes a transaction part of the history. A quorum must have it.
func (l *ledger) extend(s *server, r record, o *replica.Outcome) {
	if r.zxid <= l.end() {
		l.w.violate("%s applies %v behind %v", s.name, r.zxid, l.end())
		return
	}
	if !r.zxid.Follows(l.end()) {
		l.w.violate("%s applies %v behind %v: a hole", s.name, r.zxid, l.end())
		return
	}
	if !l.isHeldByQuorum(&r) {
		l.w.violate("%s applies %v, which no quorum has in its logs", s.name, r.zxid)
		return
	}
	l.history = append(l.history, r)
	l.w.stats.Commits++
	l.reconfigured(s, &r, o)
	l.executed(&o.Result.Header, o.Result.Code)
}

func (l *ledger) isHeldByQuorum(r *record) bool {
	holds := func(id zoo.ServerID) bool { return l.w.server(id).log.holds(r) }
	if target := l.w.restarts.target; target != nil && target.Decides(holds) {
		return true
	}
	return l.isGranted(r) || l.view.Decides(holds)
}

// executed checks that no request takes effect twice. Those without a session are
// the leader's own: it deletes containers.
func (l *ledger) executed(header *txn.Header, code zoo.Code) {
	if header.Type == wire.OpCreateSession || header.Type == wire.OpCloseSession ||
		header.Session == 0 {
		return
	}
	key := requestKey{header.Session, header.Cxid}
	if before, twice := l.requests[key]; twice {
		l.w.violate("request %d of session %v is executed as %v and as %v",
			header.Cxid, header.Session, before, header.Zxid)
	}
	l.requests[key] = header.Zxid
}

// watchSession checks the session that a transaction is of.
func (l *ledger) watchSession(s *server, header *txn.Header) {
	if header.Type == wire.OpCloseSession {
		l.closed(s, header.Session, header.Zxid)
		return
	}
	l.owned(s, header.Session, header.Zxid)
}

// closed checks that a session takes its ephemerals along.
func (l *ledger) closed(s *server, id zoo.SessionID, z zoo.Zxid) {
	l.w.stats.SessionsClosed++
	t := s.replica.Tree()
	if left := t.Ephemerals(id); len(left) > 0 {
		l.w.violate("%s keeps %v of session %v, closed by %v", s.name, left, id, z)
	}
	if _, known := t.SessionTimeout(id); known {
		l.w.violate("%s keeps session %v, closed by %v", s.name, id, z)
	}
}

// owned checks that a transaction leaves no ephemerals to a session that is gone.
func (l *ledger) owned(s *server, id zoo.SessionID, z zoo.Zxid) {
	t := s.replica.Tree()
	if _, known := t.SessionTimeout(id); known {
		return
	}
	if left := t.Ephemerals(id); len(left) > 0 {
		l.w.violate("%s makes %v of session %v, which does not exist at %v", s.name, left, id, z)
	}
}

// recovered compares what a disk gives back with what must be on it.
func (l *ledger) recovered(s *server, r *replica.Recovered) {
	log := &s.log
	base := r.Tree.Zxid()
	last := base
	if n := len(r.Tail); n > 0 {
		last = r.Tail[n-1].Zxid
	}
	log.resolve(s, base, last)
	switch {
	case last < log.persisted():
		l.w.violate("%s recovers to %v, but %v was durable", s.name, last, log.persisted())
	case r.Epochs.Accepted < log.accepted:
		l.w.violate("%s forgets accepted epoch %d", s.name, log.accepted)
	case r.Epochs.Current < log.current:
		l.w.violate("%s forgets current epoch %d", s.name, log.current)
	}
	fresh := shadow{base: base, accepted: r.Epochs.Accepted, current: r.Epochs.Current}
	fresh.appended(s, r.Tail)
	fresh.synced()
	for i := range log.durable {
		e := &log.entries[i]
		if e.zxid <= base {
			continue
		}
		if got, ok := fresh.find(e.zxid); !ok || got.hash != e.hash {
			l.w.violate("%s recovers without %v", s.name, e.zxid)
		}
	}
	s.log = fresh
}

// placed finds a tree that was loaded, not applied, in the history.
func (l *ledger) placed(s *server) {
	z := s.tree.Zxid()
	s.position = l.upTo(z)
	if s.position == 0 {
		if z.Counter() != 0 {
			l.w.violate("%s holds a tree of %v that nobody applied", s.name, z)
		}
		return
	}
	r := &l.history[s.position-1]
	switch {
	case r.zxid != z && z.Counter() != 0:
		l.w.violate("%s holds a tree of %v that nobody applied", s.name, z)
	case r.digest != s.tree.Digest():
		l.w.violate("%s holds another tree of %v: digest %x, not %x", s.name, z,
			s.tree.Digest(), r.digest)
	}
}

// settled looks at a server between its turns.
func (l *ledger) settled(s *server) {
	l.waits(s)
	if s.sparing = s.sparesNow(); s.sparing {
		l.w.stats.Spared++
	}
	if t := s.replica.Tree(); t != s.tree {
		s.tree = t
		l.placed(s)
	}
}

// cut checks what a truncation or an installation takes away: a committed
// transaction must remain with a quorum, whatever is about to be sent again.
func (l *ledger) cut(s *server, entries []logged) {
	for _, e := range entries {
		n := l.upTo(e.zxid)
		if n == 0 || l.history[n-1].zxid != e.zxid || l.history[n-1].hash != e.hash {
			continue
		}
		if r := &l.history[n-1]; !l.isHeldByQuorum(r) && !l.isWithOneOfTwo(r) {
			l.w.violate("%s cuts %v, which is committed, and leaves no quorum with it",
				s.name, e.zxid)
		}
	}
}

// cutBelow checks a truncation below the snapshot.
func (l *ledger) cutBelow(s *server, z, base zoo.Zxid) {
	if l.upTo(z) != l.upTo(base) {
		l.w.violate("%s cuts to %v, below its snapshot of %v", s.name, z, base)
	}
}

// syncRecord is what a learner must have durable before it enters the epoch of
// the link: everything that came before NEWLEADER.
type syncRecord struct {
	covers zoo.Zxid
	epoch  zoo.Epoch
}

// observe follows what is delivered on a link, for the checks.
func (l *link) observe(side int, p parcel) {
	if side == 1 {
		l.heardAt = l.net.w.now
	} else {
		l.toldAt = l.net.w.now
	}
	for i := range p.packets {
		packet := &p.packets[i]
		switch {
		case side == 1 && packet.Type == wire.PacketAck && packet.Zxid.Counter() == 0:
			l.acked = true
		case side == 1 && isRegistration(packet.Type):
			l.registeredAt = l.net.w.now
		case side == 1 && packet.Type == wire.PacketAckEpoch:
			d := jute.NewDecoder(packet.Data)
			var ack wire.AckEpoch
			ack.DecodeFrom(&d)
			l.barred = ack.CurrentEpoch == -1
		case side == 0 && l.synced.epoch == 0:
			l.synced.observe(packet)
			l.decided = l.decided || isSyncDecision(packet.Type)
		}
	}
}

func isRegistration(t wire.PacketType) bool {
	return t == wire.PacketFollowerInfo || t == wire.PacketObserverInfo
}

func isSyncDecision(t wire.PacketType) bool {
	return t == wire.PacketDiff || t == wire.PacketTrunc || t == wire.PacketSnap
}

func (r *syncRecord) observe(p *wire.QuorumPacket) {
	switch p.Type {
	case wire.PacketSnap, wire.PacketTrunc:
		r.covers = p.Zxid
	case wire.PacketProposal:
		r.covers = max(r.covers, p.Zxid)
	case wire.PacketNewLeader:
		r.epoch = p.Zxid.Epoch()
	}
}

// entered checks "history before epoch": a learner may write the epoch of a
// leader when everything that the leader sent before NEWLEADER is durable.
func (l *ledger) entered(s *server, epoch zoo.Epoch) {
	for _, link := range l.w.net.links {
		r := &link.synced
		if link.side[0] != s || link.process[0] != s.process || r.epoch != epoch ||
			!link.open[0] {
			continue // A voter that became an observer gives up what is not committed.
		}
		if s.log.persisted() < r.covers {
			l.w.violate("%s enters epoch %d with its log durable to %v, not to %v",
				s.name, epoch, s.log.persisted(), r.covers)
		}
	}
}

// sent checks the promises that packets carry.
func (l *ledger) sent(s *server, link *link, side int, p *wire.QuorumPacket) {
	switch {
	case p.Type == wire.PacketAck && side == 0:
		l.acknowledged(s, link, p.Zxid)
	case p.Type == wire.PacketAckEpoch && side == 0:
		if accepted := link.offered; s.log.accepted < accepted {
			l.w.violate("%s acknowledges epoch %d with %d on disk", s.name, accepted,
				s.log.accepted)
		}
	case (p.Type == wire.PacketNewLeader || p.Type == wire.PacketEnterEpoch) && side == 1 &&
		!link.mastered:
		l.leads(s, p.Zxid.Epoch())
	case (p.Type == wire.PacketCommitAndActivate || p.Type == wire.PacketInformAndActivate) &&
		side == 1 && !link.mastered:
		l.designates(s, p)
	case p.Type == wire.PacketTransfer && side == 1:
		s.handsOverAt = l.w.now // A leader that was paused comes to it late.
	case p.Type == wire.PacketLeaderInfo && side == 1:
		link.offered = p.Zxid.Epoch()
	}
}

// acknowledged checks an ACK: what it names is durable.
func (l *ledger) acknowledged(s *server, link *link, z zoo.Zxid) {
	if z.Counter() != 0 {
		if _, ok := s.log.find(z); !ok && z > s.log.base {
			l.w.violate("%s acknowledges %v, durable is %v", s.name, z, s.log.persisted())
		}
		return
	}
	if s.log.persisted() < link.synced.covers && !s.spares() {
		l.w.violate("%s acknowledges NEWLEADER with its log durable to %v, not to %v",
			s.name, s.log.persisted(), link.synced.covers)
	}
	if s.log.current < z.Epoch() && !s.isObserver() && !s.spares() {
		l.w.violate("%s acknowledges NEWLEADER of epoch %d in epoch %d",
			s.name, z.Epoch(), s.log.current)
	}
}

// leads checks that an epoch has one leader, and this one time only.
func (l *ledger) leads(s *server, epoch zoo.Epoch) {
	for i := range l.leaders {
		other := &l.leaders[i]
		if other.epoch != epoch {
			continue
		}
		if other.server != s || other.process != s.process || other.role != s.role {
			l.w.violate("%s leads epoch %d, which %s has led", s.name, epoch, other.server.name)
		}
		return
	}
	l.leaders = append(l.leaders, leadership{epoch, s, s.process, s.role})
	if l.goesOn(s, epoch) {
		// What it proposes in the new epoch is durable behind the epoch; see entered.
		l.w.stats.Turns++
		return
	}
	if s.log.current < epoch {
		l.w.violate("%s leads epoch %d with %d on disk", s.name, epoch, s.log.current)
	}
}

// goesOn tells whether a leader of an earlier epoch has entered this one while it led. It
// has told nobody of those between if there was nobody to tell.
func (l *ledger) goesOn(s *server, epoch zoo.Epoch) bool {
	return slices.ContainsFunc(l.leaders, func(led leadership) bool {
		return led.epoch < epoch && led.server == s && led.process == s.process &&
			led.role == s.role
	})
}

// changed looks at a change of a server's role.
func (l *ledger) changed(s *server, before replica.Status) {
	now := &s.status
	switch {
	case now.State == replica.Leading && now.Serving && !before.Serving:
		l.w.stats.Leaders++
		l.leads(s, now.Epoch) // It may have told nobody, by the grant of an oracle.
		l.checkLeader(s)
	case before.State == replica.Leading && now.State != replica.Leading:
		l.resigned(s, before)
	case before.Leader != 0 && before.State != now.State && before.State != replica.Leading:
		l.left(s, before)
	}
}

// checkLeader checks that a new leader has everything that anybody has applied in
// earlier epochs, and with it everything that was acknowledged. A leader that has
// slept may begin to serve when a later epoch has come already.
func (l *ledger) checkLeader(s *server) {
	for i := l.upTo(s.log.base); i < len(l.history); i++ {
		r := &l.history[i]
		if r.zxid.Epoch() > s.status.Epoch {
			return
		}
		if !s.log.holds(r) {
			l.w.violate("%s leads epoch %d without %v, which is committed", s.name,
				s.status.Epoch, r.zxid)
			return
		}
	}
}

// resigned checks that a leader did not give up for nothing.
func (l *ledger) resigned(s *server, before replica.Status) {
	switch status := s.replica.Status(); {
	case status.Stalled:
		l.w.stats.Stalls++
		return // Its disk was silent, and its clients would wait for ever.
	case s.isExhausted(status):
		l.w.stats.Exhausted++
		return // It has no zxid left.
	}
	if s.checks.handsOver {
		return // It was asked to, however long ago: it may have been paused.
	}
	if l.w.now-s.activatedAt < 3*tickTime {
		l.w.stats.Handovers++
		return // Somebody else leads the new configuration, or learners change their roles.
	}
	for _, other := range l.w.servers {
		// A server that has promised a later epoch can only be brought back by
		// one, so a leader may give up for it.
		if !other.isObserver() && other.log.accepted > before.Epoch {
			return
		}
	}
	loyal := s.replica.Members().Decides(func(id zoo.ServerID) bool {
		other := l.w.server(id)
		if before.Serving {
			return other == s || l.obeys(other, s)
		}
		return s.isQuiet(quietTime) && (other == s || l.follows(other, s))
	})
	if loyal {
		l.w.violate("%s gives up the lead of epoch %d although a quorum follows it",
			s.name, before.Epoch)
	}
}

// obeys tells whether a learner is in sync with a leader that serves, has not left it, has been
// heard of within the limit, and could acknowledge what it was sent.
func (l *ledger) obeys(learner, leader *server) bool {
	const recently = (syncLimit + 2) * tickTime
	link := l.link(learner, leader)
	return link != nil && link.open[0] && link.stands() && link.acked &&
		l.w.now-link.heardAt < (syncLimit-1)*tickTime &&
		l.w.now-link.heldAt > recently && l.w.now-learner.disk.slowAt > recently &&
		l.w.now-learner.pausedAt > recently
}

// link is the newest link between the present processes of the two.
func (l *ledger) link(learner, leader *server) *link {
	links := l.w.net.links
	for i := len(links) - 1; i >= 0; i-- {
		if links[i].side[0] == learner && links[i].process[0] == learner.process &&
			links[i].side[1] == leader && links[i].process[1] == leader.process {
			return links[i]
		}
	}
	return nil
}

// quietTime is what a leadership may take to be established, but for its last
// tick.
const quietTime = (initLimit - 1) * tickTime

// follows tells whether a server has tried to become a learner for as long as a
// leadership may take to be established, without any disturbance.
func (l *ledger) follows(learner, leader *server) bool {
	if learner.log.current > leader.log.current ||
		learner.log.current == leader.log.current && learner.log.last() > leader.log.last() {
		return false
	}
	net := l.w.net
	if net.blocked(learner, leader) || net.blocked(leader, learner) {
		return false
	}
	link := l.link(learner, leader)
	return learner.isQuiet(quietTime) && link != nil && link.open[0] && link.stands() &&
		!link.cut && !l.waitsInVain(link) && l.w.now-link.since > quietTime
}

// waitsInVain tells whether the learner's ACKEPOCH counts for nothing. Of two voters, as beside
// an oracle, the leader knows that at once, and does not wait for initLimit.
func (l *ledger) waitsInVain(link *link) bool { return link.barred && !l.w.options.Oracle }

// stands tells whether the leader had the link until this moment: one that gives
// up hangs up first.
func (l *link) stands() bool { return l.open[1] || l.hungUpAt[1] == l.net.w.now }

// isQuiet tells whether nothing has happened to a server for a while.
func (s *server) isQuiet(quiet time.Duration) bool {
	return s.alive && !s.paused && !s.reloading && s.disk.slow == 1 &&
		s.w.now-s.disturbed > quiet
}
