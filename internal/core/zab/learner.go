package zab

import (
	"fmt"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/tree"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// learnerPhase is how far a learner has come.
type learnerPhase uint8

const (
	// The first phase has no link to the leader yet.
	_ learnerPhase = iota
	// registering: FOLLOWERINFO or OBSERVERINFO is out.
	registering
	// promising: the leader's epoch is being written to acceptedEpoch.
	promising
	// comparing: ACKEPOCH is out, the sync decision is due.
	comparing
	// loading: a SNAP packet came, its tree did not yet.
	loading
	// receiving: taking in what was missing.
	receiving
	// settling: NEWLEADER came, currentEpoch is being written.
	settling
	// awaiting: NEWLEADER is acknowledged, UPTODATE is due.
	awaiting
	// following: up to date.
	following
)

// Learner is the learning half of the protocol: a follower, or an observer, of
// one leader. It ends with its link.
type Learner struct {
	cfg     Config
	history *History
	journal *Journal
	epochs  *Epochs
	out     *Output

	leader   zoo.ServerID
	observer bool
	// master is the follower that serves this observer; zero is the leader itself.
	master zoo.ServerID
	// asked is what the leader has to answer still.
	asked   questions
	link    LinkID
	phase   learnerPhase
	epoch   zoo.Epoch
	awaited uint64
	// promising is the operation that makes a promise of the next epoch durable, zero for
	// none.
	promising uint64
	// promised: this server had accepted the epoch before, so that its
	// ACKEPOCH must not count again.
	promised bool
	// kept is the end of the own log that the leader's sync decision left, and
	// committed the last commit heard since. Both are applied once the leader
	// has its quorum, which UPTODATE says, and not before: until then the
	// history is only the leader's, not the ensemble's (ZOOKEEPER-3911).
	kept, committed zoo.Zxid
	// snapshot is the zxid of the SNAP that is being received, and sent how far a leader of
	// ours says that its tree is ahead of that. Java's says nothing: its tree is withheld from
	// the journal, as it may hold parts of what follows. It is fuzzy, and behind are the
	// entries that have come since, see fuzzy.go.
	snapshot zoo.Zxid
	sent     tree.Fuzzy
	fuzzy    *tree.Tree
	behind   []txn.Entry
	// acked is the last proposal acknowledged, or settled without: the leader
	// wants an ACK for everything that it proposed since its sync decision, also
	// for what it has committed meanwhile.
	acked zoo.Zxid
	// forwards is the memory of forwarded requests.
	forwards jute.Room
	// held are entries that only a planted bug keeps from the journal.
	held []txn.Entry

	// leaders is the configuration that came with NEWLEADER, or was activated since; it
	// is in force at UPTODATE if it is committed. Nil for none.
	leaders *quorum.View
	// goesBy is the configuration that this role goes by: that in force when it began, or
	// at UPTODATE, or later. found is the one that was proposed when it began.
	goesBy, found *quorum.View
	// designated leads the configuration that was activated last, as the leader said.
	designated zoo.ServerID
	// successor leads once the configuration has changed; zero if an election decides.
	successor zoo.ServerID

	heard  time.Duration
	failed string
	// silent: it gave up because the leader said nothing for too long; unreached: because it
	// could not be followed.
	silent, unreached bool

	reload bool
	// extends tells that the leader takes the extensions of the protocol.
	extends bool
	// wantsTree says that the log cannot be cut back, so that only a SNAP helps.
	wantsTree bool
	// short says that this server is short of disk space, alarm who is.
	short bool
	alarm wire.Alarm
	// clientsTold is how many clients the leader knows of, surplus how many are to go to
	// other servers.
	clientsTold, surplus int
}

// NewLearner begins to follow a leader. The owner opens the link.
func NewLearner(
	now time.Duration, cfg Config, leader zoo.ServerID,
	h *History, j *Journal, epochs *Epochs, out *Output,
) *Learner {
	return &Learner{
		cfg: cfg, history: h, journal: j, epochs: epochs, out: out,
		leader: leader, observer: cfg.Members.Current.IsObserver(cfg.ID), heard: now,
		goesBy: cfg.Members.Current, found: cfg.Members.Next,
	}
}

// WantTree says that the log could not be cut back when a leader asked for that, since
// the oldest snapshot holds what was to go. Only a SNAP helps: it replaces all at once,
// and until then the log counts as it is.
func (l *Learner) WantTree() { l.wantsTree = true }

// Unanswered tells whether the leader has not said yet what becomes of the log.
func (l *Learner) Unanswered() bool { return l.phase == comparing }

// Leader is the server that is followed.
func (l *Learner) Leader() zoo.ServerID { return l.leader }

// Attach says to whom the link is that comes up next: a follower that serves observers, or
// zero, the leader.
func (l *Learner) Attach(master zoo.ServerID) { l.master = master }

// Master is the follower that serves this observer, zero if the leader does.
func (l *Learner) Master() zoo.ServerID { return l.master }

// Link is the link to the leader, or the observer master; zero before Connected.
func (l *Learner) Link() LinkID { return l.link }

// Epoch is the leader's epoch, zero before LEADERINFO.
func (l *Learner) Epoch() zoo.Epoch { return l.epoch }

// Following tells whether the learner is up to date and may serve.
func (l *Learner) Following() bool { return l.phase == following && l.failed == "" }

// Extends tells whether the leader takes the extensions of the protocol.
func (l *Learner) Extends() bool { return l.extends }

// Failed tells why the learner gave up; empty while it has not.
func (l *Learner) Failed() string { return l.failed }

// Silent tells whether it gave up because the leader said nothing for too long.
func (l *Learner) Silent() bool { return l.silent }

// GiveUp gives up, for the reason, a leader that cannot be followed.
func (l *Learner) GiveUp(reason string) {
	l.unreached = l.unreached || l.failed == ""
	l.Fail(reason)
}

// Unreached tells whether it gave up because the leader could not be followed, whether that
// was out of reach, silent, or led nobody for long.
func (l *Learner) Unreached() bool { return l.unreached }

// Reload tells whether the log had to be cut below what the tree holds.
func (l *Learner) Reload() bool { return l.reload }

// Fail gives up, for the reason.
func (l *Learner) Fail(reason string) {
	if l.failed == "" {
		l.release()
		l.failed = reason
		l.out.note(Note{Stage: "leave", Peer: l.leader, Epoch: l.epoch, Detail: reason})
	}
}

// Registering tells whether the leader has a link, and has not answered on it yet.
func (l *Learner) Registering() bool { return l.phase == registering && l.failed == "" }

// Answered tells whether the leader has said anything, which it does once it has its quorum.
func (l *Learner) Answered() bool { return l.phase > registering }

// Disconnected says that the link broke before the leader had said anything.
func (l *Learner) Disconnected() { l.link, l.phase = 0, 0 }

// Connected registers with the leader.
func (l *Learner) Connected(now time.Duration, link LinkID) {
	l.link, l.heard, l.phase = link, now, registering
	kind := wire.PacketFollowerInfo
	if l.observer {
		kind = wire.PacketObserverInfo
	}
	info := wire.LearnerInfo{
		ServerID: l.cfg.ID, ProtocolVersion: wire.LearnerProtocolVersion,
		ConfigVersion: l.cfg.Members.Current.Version(),
	}
	l.out.send(link, wire.QuorumPacket{
		Type: kind, Zxid: l.epochs.Accepted.Start(),
		Data: wire.AppendExtensionMark(info.AppendTo(nil)),
	})
}

// Receive takes in one packet. It reports what the owner must do for it.
func (l *Learner) Receive(now time.Duration, p *wire.QuorumPacket) Upcall {
	if l.failed != "" {
		return Nothing
	}
	l.heard = now
	switch p.Type {
	case wire.PacketProposal:
		l.log(p)
	case wire.PacketCommit:
		l.commit(p.Zxid)
	case wire.PacketInform:
		l.log(p)
		l.commit(p.Zxid)
	case wire.PacketCommitAndActivate, wire.PacketInformAndActivate:
		l.commitAndActivate(p)
	case wire.PacketPing:
		return l.heartbeat()
	case wire.PacketSync:
		return l.caughtUp(p)
	case wire.PacketRevalidate:
		return l.revalidated(p)
	case wire.PacketUpToDate:
		return l.follow()
	case wire.PacketAlarm:
		l.hearAlarm(p)
	case wire.PacketTransfer:
		l.followSuccessor(p)
	case wire.PacketDrain:
		l.hearDrain(p)
	case wire.PacketSurplus:
		l.hearSurplus(p)
	case wire.PacketNextEpoch:
		l.promiseNext(p.Zxid.Epoch())
	case wire.PacketEnterEpoch:
		l.enterNext(p.Zxid.Epoch())
	default:
		l.receiveSync(p)
	}
	return Nothing
}

// receiveSync takes in the packets of discovery and synchronisation.
func (l *Learner) receiveSync(p *wire.QuorumPacket) {
	switch {
	case p.Type == wire.PacketLeaderInfo && l.phase == registering:
		l.extends = wire.LeaderExtends(p.Data)
		l.promise(p.Zxid.Epoch())
	case l.wantsTree && l.phase == comparing && p.Type != wire.PacketSnap:
		l.Fail(fmt.Sprintf("the leader sends %v, where only SNAP helps", p.Type))
		return
	case p.Type == wire.PacketDiff && l.phase == comparing:
		l.kept, l.phase = l.history.Last(), receiving
	case p.Type == wire.PacketTrunc && l.phase == comparing:
		l.truncate(p.Zxid)
	case p.Type == wire.PacketSnap && l.phase == comparing:
		l.expect(p)
	case p.Type == wire.PacketNewLeader && l.phase == receiving:
		l.settle(p)
	default:
		l.Fail(fmt.Sprintf("unexpected %v from the leader", p.Type))
		return
	}
	l.out.note(Note{
		Stage: "leader sent " + p.Type.String(), Peer: l.leader, Zxid: p.Zxid,
		Epoch: l.epoch,
	})
}

// promise accepts the leader's epoch. The promise is durable before it is given.
func (l *Learner) promise(e zoo.Epoch) {
	if e >= epochEnd {
		l.Fail(fmt.Sprintf("the leader's epoch %d is impossible", e))
		return
	}
	if e < l.epochs.Accepted && !l.observer {
		l.Fail(fmt.Sprintf("the leader's epoch %d is below the accepted %d",
			e, l.epochs.Accepted))
		return
	}
	if l.master != 0 && e < l.epochs.Current {
		l.Fail(fmt.Sprintf("the epoch %d of the observer master is below ours, %d",
			e, l.epochs.Current))
		return
	}
	l.epoch, l.phase = e, promising
	// An observer is never counted, so an older promise of its binds nobody.
	l.promised = e <= l.epochs.Accepted
	if l.promised {
		// Nothing to write, but the end of the log must be durable before it
		// is told.
		l.awaited = l.journal.Barrier()
		return
	}
	// In memory at once: if this role ends before the disk is done, the next one
	// must not write a lower epoch behind it.
	l.epochs.Accepted = e
	l.awaited = l.journal.Accept(e)
}

// Persisted says that the disk has got further.
func (l *Learner) Persisted() {
	switch {
	case l.failed != "":
	case l.phase == promising && l.journal.Durable(l.awaited):
		l.tellEpoch()
	case l.phase == settling && l.journal.Durable(l.awaited):
		l.epochs.Current = l.epoch
		l.acceptLeader()
	case l.phase == following, l.cfg.Planted == Bug4685:
		l.acknowledge()
		l.tellPromise()
	}
}

func (l *Learner) tellEpoch() {
	last, ack := l.history.Last(), wire.AckEpoch{CurrentEpoch: int32(l.epochs.Current)}
	pretend := l.wantsTree && !l.extends
	if l.promised || pretend {
		ack.CurrentEpoch = -1
	}
	if pretend {
		// Java's leader sends SNAP to whoever has nothing. That is not true, so it
		// must not count when the leader compares itself with a quorum.
		last = 0
	}
	data := ack.AppendTo(nil)
	if l.wantsTree && l.extends {
		data = wire.AppendTreeMark(data)
	}
	l.phase = comparing
	l.out.send(l.link, wire.QuorumPacket{Type: wire.PacketAckEpoch, Zxid: last, Data: data})
}

// truncate cuts what the leader does not have.
func (l *Learner) truncate(z zoo.Zxid) {
	if l.master != 0 && z < l.history.Applied() {
		// It lags behind what an observer has heard elsewhere, all of it committed.
		l.Fail(fmt.Sprintf("the observer master has got to %v only, we to %v",
			z, l.history.Applied()))
		return
	}
	l.forgetProposed(z)
	if !l.history.Truncate(z) {
		// What the tree holds was committed once, or came in a fuzzy snapshot:
		// only the disk can tell. The owner recovers from there.
		l.reload = true
		if !l.journal.Unlogged() {
			l.journal.Truncate(z)
		}
		l.Fail(fmt.Sprintf("told to cut back to %v, behind what is applied: %v",
			z, l.history.Applied()))
		return
	}
	l.journal.Truncate(z)
	l.kept, l.phase = l.history.Last(), receiving
}

// Moved says that bytes have arrived. While a tree is on its way that is all that
// is heard of the leader, however long it takes.
func (l *Learner) Moved(now time.Duration) {
	if l.phase == loading {
		l.heard = now
	}
}

// Install takes in the tree that followed a SNAP packet. It reports whether the
// tree was expected; the owner then serves from it.
func (l *Learner) Install(now time.Duration, t *tree.Tree) bool {
	if l.phase != loading || l.failed != "" {
		return false
	}
	l.heard = now
	z := l.snapshot
	t.SetZxid(z)
	l.history.Replace(z)
	l.cfg.InTree = 0 // That tree is gone.
	l.proposedByTree(t, z)
	l.kept, l.phase = z, receiving
	if l.extends {
		t.SetFuzzy(l.sent)
		l.install(t)
	} else {
		l.withhold(t)
	}
	return true
}

// log takes in a proposal, or an observer's INFORM.
func (l *Learner) log(p *wire.QuorumPacket) {
	switch {
	case l.phase < receiving:
		l.Fail(fmt.Sprintf("%v came before the sync decision", p.Type))
		return
	case l.history.Has(p.Zxid) && l.cfg.Planted != BugRepeat:
		// The leader may repeat what a sync brought already.
		return
	case !l.history.Follows(p.Zxid) && l.cfg.Planted != Bug4925 && l.cfg.Planted != BugRepeat:
		l.Fail(fmt.Sprintf("%v does not follow %v", p.Zxid, l.history.Last()))
		return
	}
	e, err := txn.ParseEntry(p.Data)
	if err != nil || e.Zxid != p.Zxid {
		l.Fail(fmt.Sprintf("malformed proposal %v: %v", p.Zxid, err))
		return
	}
	if e.Op() == wire.OpReconfig && !l.propose(e) {
		return
	}
	l.history.Append(e)
	if l.cfg.Planted == Bug4925 && l.phase == receiving {
		l.history.hide(e.Zxid)
	}
	if l.cfg.Planted == Bug4643 && l.phase == receiving {
		l.held = append(l.held, e)
		return
	}
	l.store(e)
}

// commit takes in a COMMIT. During synchronisation it is only remembered.
func (l *Learner) commit(z zoo.Zxid) {
	if z > l.history.Last() {
		l.Fail(fmt.Sprintf("commit of %v, which was not proposed to us", z))
		return
	}
	if l.cfg.Planted == Bug4394 && (l.phase == settling || l.phase == awaiting) {
		l.Fail("COMMIT of what is not waiting any more")
		return
	}
	l.committed = max(l.committed, z)
	if l.phase == following || l.cfg.Planted == Bug3911 {
		l.history.Commit(l.committed)
	}
}

// settle ends the synchronisation at NEWLEADER: the journal's order makes the
// received history durable before currentEpoch, and the acknowledgement waits
// for both.
func (l *Learner) settle(p *wire.QuorumPacket) {
	if p.Zxid != l.epoch.Start() {
		l.Fail(fmt.Sprintf("NEWLEADER %v in epoch %d", p.Zxid, l.epoch))
		return
	}
	if !l.takeLeaders(p.Data) {
		return
	}
	l.phase = settling
	if l.fuzzy != nil {
		l.fuzzy.SetFuzzy(l.bounded())
		l.release()
	}
	l.acked = max(l.kept, l.committed)
	l.awaited = l.journal.Enter(l.epoch)
	for _, e := range l.held {
		l.journal.Append(e)
	}
	l.held = nil
	if l.cfg.Planted == Bug4646 {
		l.epochs.Current = l.epoch
		l.acceptLeader()
	}
}

func (l *Learner) acceptLeader() {
	l.phase = awaiting
	l.out.send(l.link, wire.QuorumPacket{Type: wire.PacketAck, Zxid: l.epoch.Start()})
}

// follow begins to serve at UPTODATE: a quorum has acknowledged the leader's
// history, so what was kept of ours and what was committed since may be applied.
func (l *Learner) follow() Upcall {
	if l.phase != awaiting {
		l.Fail("UPTODATE before NEWLEADER was acknowledged")
		return Nothing
	}
	l.phase = following
	l.history.start = l.epoch.Start()
	l.history.Commit(max(l.kept, l.committed))
	if l.cfg.Planted == Bug1367 {
		l.history.Forget()
	}
	l.tellDrained() // Before the ACK: a leader of ours counts on us from there on.
	l.out.send(l.link, wire.QuorumPacket{Type: wire.PacketAck, Zxid: l.epoch.Start()})
	l.acknowledge()
	if l.short {
		l.tellShort()
	}
	l.activateLeaders()
	return Established
}

// acknowledge acknowledges the proposals that have become durable: with one ACK for all
// of them where the leader is one of ours, for it reads an ACK so. Java's wants one for
// each. See docs/adr/0044-cumulative-acks.md.
func (l *Learner) acknowledge() {
	persisted := l.journal.Persisted()
	if l.observer || l.acked >= persisted || l.phase < receiving {
		return
	}
	h := l.history
	durable := h.entries[h.count(l.acked):h.count(persisted)]
	if n := len(durable); l.extends && n > 0 {
		durable = durable[n-1:]
	}
	for _, e := range durable {
		l.out.send(l.link, wire.QuorumPacket{Type: wire.PacketAck, Zxid: e.Zxid})
	}
	l.acked = persisted
}

// heartbeat takes in a PING. Before UPTODATE it is not answered: Java's leader sends it as
// soon as it has sent NEWLEADER, and hangs up if anything but the ACK comes back.
func (l *Learner) heartbeat() Upcall {
	if l.phase != following {
		return Nothing
	}
	return Ping
}

// javaTouchedMax is how many sessions a server of Java's reads in one packet with the
// default of jute.maxbuffer: 12 bytes each, in less than a MiB. Beyond that it hangs up.
const javaTouchedMax = 80_000

// Pong answers the leader's heartbeat with the touched sessions. None is an empty buffer
// and not a null one, which Java's leader cannot read. That one may be given several
// answers; ours counts them (confirm.go) and takes any number of sessions in one.
func (l *Learner) Pong(z zoo.Zxid, touched []wire.SessionTimeout) {
	for !l.extends && len(touched) > javaTouchedMax {
		l.pong(z, touched[:javaTouchedMax])
		touched = touched[javaTouchedMax:]
	}
	l.pong(z, touched)
	l.tellCount()
}

func (l *Learner) pong(z zoo.Zxid, touched []wire.SessionTimeout) {
	data := []byte{}
	for i := range touched {
		data = touched[i].AppendTo(data)
	}
	l.out.send(l.link, wire.QuorumPacket{Type: wire.PacketPing, Zxid: z, Data: data})
}

// forwardedHeaderBytes is what REQUEST has before the request's own record.
const forwardedHeaderBytes = 16

// Forward sends a client's request to the leader.
func (l *Learner) Forward(
	session zoo.SessionID, cxid int32, op wire.Op, body []byte, ids []zoo.ID,
) {
	q := wire.ForwardedRequest{Session: session, Cxid: cxid, Op: op, Body: body}
	if op == wire.OpSync {
		l.asked.syncs = append(l.asked.syncs, 0)
	}
	l.out.send(l.link, wire.QuorumPacket{
		Type: wire.PacketRequest, Zxid: -1, AuthInfo: ids,
		Data: l.forwards.End(q.AppendTo(l.forwards.Begin(forwardedHeaderBytes + len(body)))),
	})
}

// AskSession asks the leader whether a session is alive.
func (l *Learner) AskSession(session zoo.SessionID, timeout int32) {
	ask := wire.SessionTimeout{SessionID: session, TimeOut: timeout}
	l.asked.sessions = append(l.asked.sessions, askedSession{session: session})
	l.out.send(l.link, wire.QuorumPacket{
		Type: wire.PacketRevalidate, Zxid: -1, Data: ask.AppendTo(nil),
	})
}

// Deadline is the next instant at which Tick does something.
func (l *Learner) Deadline() time.Duration { return l.heard + l.patience() + 1 }

// Tick gives up on a leader that is silent for too long, or cannot be reached for as long as
// the configuration says.
func (l *Learner) Tick(now time.Duration) {
	switch {
	case now <= l.heard+l.patience():
	case l.link == 0 && l.cfg.ConnectTime > 0:
		l.GiveUp("the leader cannot be reached")
	default:
		l.silent = l.failed == ""
		l.GiveUp("the leader is silent")
	}
}

func (l *Learner) patience() time.Duration {
	switch {
	case l.phase == following:
		return l.cfg.syncTime()
	case l.link == 0 && l.cfg.ConnectTime > 0:
		return l.cfg.ConnectTime
	}
	return l.cfg.initTime()
}
