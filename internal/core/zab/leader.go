package zab

import (
	"fmt"
	"slices"
	"time"

	"zoo"
	"zoo/internal/check/invariant"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// leaderPhase is how far a leader has come.
type leaderPhase uint8

const (
	// discovering: gathering FOLLOWERINFO of a quorum.
	discovering leaderPhase = iota
	// accepting: the new epoch is being written to acceptedEpoch.
	accepting
	// proposing: LEADERINFO is out, gathering ACKEPOCH of a quorum.
	proposing
	// entering: the epoch is being written to currentEpoch.
	entering
	// synchronising: gathering the acknowledgements of NEWLEADER.
	synchronising
	// broadcasting: leading.
	broadcasting
)

// Leader is the leading half of the protocol, from the end of the election on.
type Leader struct {
	cfg     Config
	history *History
	journal *Journal
	epochs  *Epochs
	out     *Output

	phase leaderPhase
	epoch zoo.Epoch
	// initial is the end of the history that this leadership starts with.
	initial zoo.Zxid
	// awaited is the disk operation that ends accepting or entering.
	awaited uint64
	// deadline ends the phases before broadcasting.
	deadline time.Duration

	// learners are in the order of their links, so that the same events give
	// the same packets.
	learners []*learner
	// syncs wait for a commit and a confirmation, in order; ownSyncs are answered ones of
	// our own clients.
	syncs    []waitingSync
	ownSyncs []zoo.Zxid
	confirm  confirmation
	turn     turning
	transfer transfer
	// ages remember what was proposed at each heartbeat of the last syncLimit.
	ages []age

	pingAt, checkAt time.Duration
	resigned        string
	// forsaken says that it has resigned for want of followers.
	forsaken bool
	// successor leads the configuration that has just come into force; zero before
	// there was any change.
	successor zoo.ServerID
	// told says that the learners have had some time to hear of the successor.
	told bool

	// short says that this server is short of disk space, alarm who is.
	short bool
	alarm wire.Alarm
	// granted is the oracle's word.
	granted bool
	// deserted is since when all servers that are here have been drained, zero if some
	// server takes clients.
	deserted time.Duration
	// balancedAt is when clients were counted last, surplus how many of our own are to go.
	balancedAt time.Duration
	surplus    int
}

type age struct {
	at   time.Duration
	zxid zoo.Zxid
}

// learnerStage is how far the leader has brought a learner.
type learnerStage uint8

const (
	connected learnerStage = iota
	registered
	// acknowledged: ACKEPOCH came, the sync decision is due.
	acknowledged
	// syncing: everything up to NEWLEADER is sent.
	syncing
	// synced: NEWLEADER is acknowledged.
	synced
)

// learner is what a leader knows of a follower or observer, one per link.
type learner struct {
	link     LinkID
	id       zoo.ServerID
	observer bool
	stage    learnerStage
	upToDate bool
	// accepted is the epoch that it registered with, last the end of its log.
	accepted zoo.Epoch
	last     zoo.Zxid
	// counted: its ACKEPOCH counts; it had not accepted this epoch before. ahead: its
	// history went beyond ours then, see surpassed.
	counted, ahead bool
	acked          zoo.Zxid
	// commits are held back until UPTODATE is sent.
	commits []zoo.Zxid
	// heard is the time of its last packet, since that of its last stage.
	heard, since time.Duration
	// extends says that it takes the extensions of the protocol, short that it is
	// short of disk space, wantsTree that it can take nothing but a SNAP.
	extends, short, wantsTree bool
	// drain is whether it takes clients, clients how many it has. answered says that it
	// has acknowledged UPTODATE, and told before that if it is drained.
	drain    wire.Drain
	clients  int
	answered bool
	asked    asked
	// promised is the next epoch that it has promised us, see turning.
	promised zoo.Epoch
	// entered is the epoch that it knows to be in.
	entered zoo.Epoch
}

// NewLeader begins to lead, with what the server has in its history.
func NewLeader(
	now time.Duration, cfg Config, h *History, j *Journal, epochs *Epochs, out *Output,
) *Leader {
	l := &Leader{
		cfg: cfg, history: h, journal: j, epochs: epochs, out: out,
		initial:  h.Last(),
		deadline: now + cfg.initTime(),
		pingAt:   now + cfg.TickTime/2,
		checkAt:  now + cfg.TickTime,
	}
	l.discover(now)
	return l
}

// Resigned tells why the leader gave up; empty while it has not. The owner then
// closes all links and looks for a leader.
func (l *Leader) Resigned() string { return l.resigned }

// Broadcasting tells whether the leader may propose.
func (l *Leader) Broadcasting() bool { return l.phase == broadcasting && l.resigned == "" }

// Discovering tells whether the leader waits for a quorum to register.
func (l *Leader) Discovering() bool { return l.phase == discovering && l.resigned == "" }

// Epoch is the epoch of this leadership, zero before it is known.
func (l *Leader) Epoch() zoo.Epoch { return l.epoch }

// NextZxid is the zxid of the next proposal.
func (l *Leader) NextZxid() zoo.Zxid {
	last := max(l.history.Last(), l.epoch.Start())
	if l.cfg.Planted == Bug1277 && last.Counter() == l.cfg.CounterMax-1 {
		return (last.Epoch() + 1).Start()
	}
	return last.Next()
}

// Exhausted tells whether the epoch has no zxid left for a proposal.
func (l *Leader) Exhausted() bool {
	last := max(l.history.Last(), l.epoch.Start())
	return last.Counter() >= l.cfg.CounterMax-1 && l.cfg.Planted != Bug1277
}

// Resign gives up, for the reason.
func (l *Leader) Resign(reason string) {
	if l.resigned == "" {
		l.resigned = reason
		l.out.note(Note{Stage: "resign", Epoch: l.epoch, Detail: reason})
	}
}

// Forsake gives up, for the reason that too few have come to follow.
func (l *Leader) Forsake(reason string) {
	l.forsaken = l.forsaken || l.resigned == ""
	l.Resign(reason)
}

// Forsaken tells whether the leader gave up because too few have come to follow: its port for
// learners may be out of their reach, and they would elect it again.
func (l *Leader) Forsaken() bool { return l.forsaken }

// Connected takes in a link that a learner opened.
func (l *Leader) Connected(now time.Duration, link LinkID) {
	l.learners = append(l.learners, &learner{link: link, heard: now, since: now})
}

// Disconnected forgets a learner. The quorum check of the next tick decides what
// that means.
func (l *Leader) Disconnected(link LinkID) {
	l.learners = slices.DeleteFunc(l.learners, func(x *learner) bool { return x.link == link })
	l.syncs = slices.DeleteFunc(l.syncs, func(s waitingSync) bool { return s.link == link })
	l.updateAlarm()
	if l.HandsOver() && !l.Registered(l.successor) {
		l.maybeLeave()
	}
}

// Moved says that bytes to the learner have gone out. While a tree is on its way
// it says nothing itself.
func (l *Leader) Moved(now time.Duration, link LinkID) {
	if x := l.find(link); x != nil && x.stage == syncing {
		x.heard = now
	}
}

// Receive takes in one packet. It reports what the owner must do for it.
func (l *Leader) Receive(now time.Duration, link LinkID, p *wire.QuorumPacket) Upcall {
	x := l.find(link)
	if x == nil || l.resigned != "" {
		return Nothing
	}
	x.heard = now
	switch p.Type {
	case wire.PacketAck:
		l.acknowledge(now, x, p.Zxid)
	case wire.PacketRequest:
		return l.upcallOf(x, Forwarded)
	case wire.PacketRevalidate:
		return l.upcallOf(x, Revalidate)
	case wire.PacketPing:
		l.beatAnswered(x)
		return l.upcallOf(x, Ping)
	case wire.PacketNextEpoch:
		x.promised = p.Zxid.Epoch()
	case wire.PacketAlarm:
		l.hearAlarm(x, p)
	case wire.PacketClients:
		l.hearClients(x, p)
	case wire.PacketFollowerInfo, wire.PacketObserverInfo:
		l.register(now, x, p)
	case wire.PacketAckEpoch:
		l.acceptAckEpoch(now, x, p)
	default:
		l.drop(x, fmt.Sprintf("unexpected packet type %d", p.Type))
	}
	return Nothing
}

func (l *Leader) upcallOf(x *learner, u Upcall) Upcall {
	if x.stage != synced || l.phase != broadcasting {
		return Nothing
	}
	return u
}

// Member is the server at the other end of a link, zero before it has registered.
func (l *Leader) Member(link LinkID) zoo.ServerID {
	if x := l.find(link); x != nil {
		return x.id
	}
	return 0
}

func (l *Leader) find(link LinkID) *learner {
	for _, x := range l.learners {
		if x.link == link {
			return x
		}
	}
	return nil
}

// drop hangs up on a learner that broke the protocol or fell silent.
func (l *Leader) drop(x *learner, why string) {
	l.out.note(Note{Stage: "learner dropped", Peer: x.id, Detail: why})
	l.out.Hangup = append(l.out.Hangup, x.link)
	l.Disconnected(x.link)
}

// epochEnd is the first epoch whose zxids would be negative. None is ever led: who says
// that it has accepted it, or the one before, must not make the next one impossible.
const epochEnd zoo.Epoch = 1<<31 - 1

// register takes in FOLLOWERINFO or OBSERVERINFO.
func (l *Leader) register(now time.Duration, x *learner, p *wire.QuorumPacket) {
	info, refusal := x.introduction(p, l.cfg.Members.Latest().Version())
	if refusal == "" && p.Zxid.Epoch() >= epochEnd {
		refusal = fmt.Sprintf("it has accepted epoch %d, behind which there is none",
			p.Zxid.Epoch())
	}
	if refusal != "" {
		l.drop(x, refusal)
		return
	}
	if over := outlived(l.learners, x, info.ServerID); over != nil {
		l.drop(over, connectedAgain)
		if over == x {
			return
		}
	}
	x.enrol(now, p, info.ServerID)
	l.out.note(Note{Stage: "learner registered", Peer: x.id, Epoch: x.accepted})
	switch {
	case l.phase == discovering:
		l.discover(now)
	case x.accepted > l.epoch && l.awaitsTurn(x):
		l.turn.barred = true
		l.drop(x, "it has promised the next epoch, which is about to begin")
	case x.accepted > l.epoch && l.cfg.Members.IsVoter(x.id):
		// It has promised to follow nobody below that epoch, so it could never
		// join us. Only a new epoch above its promise brings it back.
		l.Resign(fmt.Sprintf("server %d has accepted epoch %d, ours is %d",
			x.id, x.accepted, l.epoch))
	case l.choseTooLow(x):
		l.Resign(fmt.Sprintf("server %d has accepted epoch %d, which was chosen without it",
			x.id, x.accepted))
	case l.phase >= proposing:
		l.offerEpoch(x)
	}
}

// discover picks the new epoch once a quorum has registered: above all epochs
// that anyone in it has accepted. It is durable here before anyone hears of it.
func (l *Leader) discover(now time.Duration) {
	if !l.quorum(func(x *learner) bool { return x.stage >= registered }) {
		return
	}
	l.epoch = l.epochs.Accepted
	for _, x := range l.learners {
		l.epoch = max(l.epoch, x.accepted)
	}
	l.epoch++
	// In memory at once: if this role ends before the disk is done, the next one
	// must not write a lower epoch behind it.
	l.epochs.Accepted = l.epoch
	l.phase = accepting
	l.deadline = now + l.cfg.initTime()
	l.establish()
	l.awaited = l.journal.Accept(l.epoch)
}

// quorum tells whether this server and the voters among its learners for which
// has is true decide.
func (l *Leader) quorum(has func(*learner) bool) bool {
	return l.alone() || l.cfg.Members.Decides(func(id zoo.ServerID) bool {
		if id == l.cfg.ID {
			return true
		}
		x := l.voter(id)
		return x != nil && has(x)
	})
}

func (l *Leader) voter(id zoo.ServerID) *learner {
	for _, x := range l.learners {
		if x.stage != connected && x.id == id && (!x.observer || l.rises(id)) {
			return x
		}
	}
	return nil
}

// Stray hangs up on a server that looks for another leader. It has left us, but the end of
// its link may never arrive: half open, that would count it among our voters until
// initLimit. If the word is an old one that the link has overtaken, it registers again.
func (l *Leader) Stray(id zoo.ServerID) {
	for _, x := range l.learners {
		if x.stage != connected && x.id == id && l.cfg.Planted != BugHalfOpen {
			l.drop(x, "it looks for another leader")
			return
		}
	}
}

// Registered tells whether a voter is connected as our follower.
func (l *Leader) Registered(id zoo.ServerID) bool {
	return id == l.cfg.ID || l.voter(id) != nil
}

func (l *Leader) offerEpoch(x *learner) {
	info := wire.LeaderInfo{ProtocolVersion: wire.LearnerProtocolVersion}
	l.out.send(x.link, wire.QuorumPacket{
		Type: wire.PacketLeaderInfo, Zxid: l.epoch.Start(),
		Data: wire.AppendExtensionMark(info.AppendTo(nil)),
	})
}

// acceptAckEpoch takes in ACKEPOCH: what the learner has.
func (l *Leader) acceptAckEpoch(now time.Duration, x *learner, p *wire.QuorumPacket) {
	d := jute.NewDecoder(p.Data)
	var ack wire.AckEpoch
	ack.DecodeFrom(&d)
	if d.Err() != nil || x.stage != registered || l.phase < proposing {
		l.drop(x, "malformed or unexpected ACKEPOCH")
		return
	}
	current := zoo.Epoch(ack.CurrentEpoch)
	x.last, x.counted = p.Zxid, current != -1 && p.Zxid != zoo.ZxidNone
	x.wantsTree = wire.WantsTree(p.Data)
	x.stage, x.since = acknowledged, now
	x.ahead = l.phase == proposing && x.counted && l.isBehind(current, p.Zxid)
	if l.dropSurpassing(); l.find(x.link) == nil {
		return
	}
	if l.phase >= synchronising {
		l.synchronise(now, x)
		return
	}
	l.maybeEnter(now)
}

// promises tells whether a learner has acknowledged the epoch, and nothing that it has and
// we have not could be lost with us.
func (l *Leader) promises(x *learner) bool {
	return x.countedEpoch() && (!x.ahead || !l.surpassed((*learner).countedEpoch))
}

func (x *learner) countedEpoch() bool { return x.stage >= acknowledged && x.counted }

func (l *Leader) isBehind(current zoo.Epoch, last zoo.Zxid) bool {
	if current != l.epochs.Current {
		return current > l.epochs.Current
	}
	return last > l.initial
}

// Persisted says that the disk has got further.
func (l *Leader) Persisted(now time.Duration) {
	if l.resigned != "" {
		return
	}
	switch l.phase {
	case accepting:
		l.offerAccepted(now)
	case entering:
		l.enter(now)
	case broadcasting:
		l.commit()
	}
}

func (l *Leader) offerAccepted(now time.Duration) {
	if !l.journal.Durable(l.awaited) {
		return
	}
	l.phase = proposing
	l.out.note(Note{Stage: "epoch proposed", Epoch: l.epoch})
	for _, x := range l.learners {
		if x.stage == registered {
			l.offerEpoch(x)
		}
	}
	l.maybeEnter(now)
}

// maybeEnter writes the epoch once a quorum has acknowledged it; a leader
// without followers is a quorum by itself.
func (l *Leader) maybeEnter(now time.Duration) {
	if l.phase == proposing && l.quorum(l.promises) {
		l.phase = entering
		l.deadline = now + l.cfg.initTime()
		l.awaited = l.journal.Enter(l.epoch)
	}
}

func (l *Leader) enter(now time.Duration) {
	if !l.journal.Durable(l.awaited) {
		return
	}
	l.epochs.Current = l.epoch
	l.phase = synchronising
	l.deadline = now + l.cfg.initTime()
	l.out.note(Note{Stage: "epoch entered", Epoch: l.epoch})
	for _, x := range l.learners {
		if x.stage == acknowledged {
			l.synchronise(now, x)
		}
	}
	l.activate(now)
}

// synchronise sends a learner what it lacks, what is outstanding, and NEWLEADER. One
// that wants the tree may have to wait for it until a later heartbeat.
func (l *Leader) synchronise(now time.Duration, x *learner) {
	h := l.history
	settled, processed := len(h.entries), h.Last()
	if l.phase == broadcasting {
		settled = h.committed
		processed = max(h.Committed(), l.epoch.Start())
	}
	p, ready := planSync(h, settled, processed, x.last), true
	if x.wantsTree {
		p, ready = planTree(h, settled, x.last)
	}
	if !ready || x.observer && l.phase == broadcasting && l.owesOld() {
		return
	}
	x.entered = l.epoch
	p = l.misplan(p)
	l.out.note(Note{
		Stage: "learner sync", Peer: x.id, Zxid: p.zxid, Epoch: l.epoch,
		Detail: p.kind.String(),
	})
	l.out.send(x.link, wire.QuorumPacket{Type: p.kind, Zxid: p.zxid, Data: l.fuzziness(p)})
	for _, e := range p.pending(h, settled) {
		if h.hidden[e.Zxid] {
			continue
		}
		l.out.send(x.link, proposal(wire.PacketProposal, e))
		l.out.send(x.link, wire.QuorumPacket{Type: wire.PacketCommit, Zxid: e.Zxid})
	}
	if !x.observer {
		for _, e := range h.entries[settled:] {
			l.out.send(x.link, proposal(wire.PacketProposal, e))
		}
	}
	x.acked = h.at(settled)
	x.stage, x.since = syncing, now
	l.out.send(x.link, wire.QuorumPacket{
		Type: wire.PacketNewLeader, Zxid: l.epoch.Start(),
		Data: []byte(l.cfg.Members.Latest().Text()),
	})
}

func proposal(kind wire.PacketType, e txn.Entry) wire.QuorumPacket {
	return wire.QuorumPacket{Type: kind, Zxid: e.Zxid, Data: e.Bytes}
}

// acknowledge takes in ACK: of NEWLEADER first, then of proposals. Learners log
// in order, so that one ACK speaks for all before it.
func (l *Leader) acknowledge(now time.Duration, x *learner, z zoo.Zxid) {
	switch {
	case x.stage == syncing && z == l.epoch.Start():
		x.stage, x.since = synced, now
		l.out.note(Note{Stage: "learner synced", Peer: x.id, Zxid: z, Epoch: l.epoch})
		if l.phase == broadcasting {
			l.tellUpToDate(now, x)
		} else {
			l.activate(now)
		}
	case x.stage == syncing && l.cfg.Planted == Bug4685:
		l.Resign("an ACK of a proposal came before that of NEWLEADER")
	case x.upToDate && z.Counter() == 0:
		x.answered = true
	case x.stage >= syncing && z.Counter() != 0 && z <= l.history.Last():
		// Before its ACK of NEWLEADER it may come as well: Java's followers log what was
		// outstanding beside that (ZOOKEEPER-4685), and acknowledge it only once.
		x.acked = max(x.acked, z)
	case z > l.history.Last() && z.Counter() != 0:
		l.drop(x, fmt.Sprintf("it acknowledges %v, which was not proposed", z))
	}
}

// activate begins to broadcast once a quorum has acknowledged NEWLEADER: the
// initial history is then committed, all of it.
func (l *Leader) activate(now time.Duration) {
	isSynced := func(x *learner) bool { return x.stage == synced }
	if l.phase != synchronising || !l.quorum(isSynced) {
		return
	}
	l.phase = broadcasting
	l.history.start = l.epoch.Start()
	l.history.Commit(l.initial)
	l.out.note(Note{Stage: "quorum synced", Zxid: l.initial, Epoch: l.epoch})
	if next := l.cfg.Members.Next; next != nil {
		l.activateNext(next)
	}
	l.paralyse()
	for _, x := range l.learners {
		if x.stage == synced {
			l.tellUpToDate(now, x)
		}
	}
	l.checkAt, l.balancedAt = now+l.cfg.TickTime, now
}

func (l *Leader) tellUpToDate(now time.Duration, x *learner) {
	// Its silence counts from here on: nobody has asked it anything before.
	x.upToDate, x.since, x.heard = true, now, now
	l.out.send(x.link, wire.QuorumPacket{Type: wire.PacketUpToDate, Zxid: -1})
	for _, z := range x.commits {
		l.out.send(x.link, wire.QuorumPacket{Type: wire.PacketCommit, Zxid: z})
	}
	x.commits = nil
	if l.alarm.Short != nil {
		l.tellAlarm(x)
	}
	l.askPromise(x)
	l.updateAlarm()
}

// Propose logs an entry and sends it to the followers. Its zxid is NextZxid.
func (l *Leader) Propose(e txn.Entry) {
	if next := l.NextZxid(); e.Zxid != next {
		invariant.Fail("propose %v, next is %v", e.Zxid, next)
	}
	l.history.Append(e)
	if e.Op() == wire.OpReconfig {
		l.proposeNext(e)
	}
	l.journal.Append(e)
	for _, x := range l.learners {
		if l.takesProposals(x) {
			l.out.send(x.link, proposal(wire.PacketProposal, e))
		}
	}
}

// Commit commits what a quorum has made durable by now. The owner calls it once
// after a batch of packets.
func (l *Leader) Commit() {
	if l.Broadcasting() {
		l.commit()
		l.turnEpoch()
		l.handOver()
	}
}

func (l *Leader) commit() {
	if l.HandsOver() {
		return
	}
	agreed := l.mayCommit(l.agreed())
	next := l.cfg.Members.Next
	if next == nil || agreed < next.Version() {
		l.commitTo(agreed)
		return
	}
	l.commitTo(next.Version() - 1)
	l.activateNext(next)
	l.commitTo(next.Version())
	l.commit() // what lies behind it, by the new configuration alone
}

func (l *Leader) commitTo(z zoo.Zxid) {
	before := l.history.committed
	l.history.Commit(z)
	for _, e := range l.history.entries[before:l.history.committed] {
		l.tellCommitted(e)
		// Before the next commit: a session whose write came after its sync must
		// not hear of the write first.
		l.releaseSyncs(e.Zxid)
	}
}

// reached is the end of what a voter has made durable.
func (l *Leader) reached(id zoo.ServerID) zoo.Zxid {
	if id == l.cfg.ID {
		return l.journal.Persisted()
	}
	if x := l.voter(id); x != nil && x.stage == synced {
		return x.acked
	}
	return 0
}

// tellCommitted tells the learners. A follower that is not up to date is told later: a
// COMMIT behind NEWLEADER of what was proposed before it ends a follower of Java's 3.8
// (ZOOKEEPER-4394), and none needs it before UPTODATE.
func (l *Leader) tellCommitted(e txn.Entry) {
	if e.Op() == wire.OpReconfig && l.cfg.Reconfigures {
		l.tellActivated(e)
		return
	}
	for _, x := range l.learners {
		switch {
		case x.stage < syncing:
		case x.observer:
			l.inform(x, e)
		case !x.upToDate:
			x.commits = append(x.commits, e.Zxid)
		default:
			l.out.send(x.link, wire.QuorumPacket{Type: wire.PacketCommit, Zxid: e.Zxid})
		}
	}
}

// Reply sends a packet to a learner, such as the answer to REVALIDATE.
func (l *Leader) Reply(link LinkID, p wire.QuorumPacket) { l.out.send(link, p) }

// Deadline is the next instant at which Tick does something.
func (l *Leader) Deadline() time.Duration {
	if l.phase != broadcasting {
		return min(l.deadline, l.pingAt)
	}
	if l.Transferring() && !l.HandsOver() {
		return min(l.pingAt, l.checkAt, l.transfer.until)
	}
	return min(l.pingAt, l.checkAt)
}

// Tick sends heartbeats, drops silent learners and gives up without a quorum.
func (l *Leader) Tick(now time.Duration) {
	if l.phase != broadcasting && now >= l.deadline {
		l.Forsake("no quorum within initLimit")
		return
	}
	l.stopWaiting(now)
	l.dropSurpassing()
	if now >= l.pingAt {
		l.pingAt = now + l.cfg.TickTime/2
		l.ping(now)
		l.proceedAlone(now)
	}
	if l.phase == broadcasting && now >= l.checkAt {
		l.checkAt = now + l.cfg.TickTime
		l.endDrains(now)
		l.balance(now)
		if l.told {
			l.maybeLeave()
		}
		l.told = l.HandsOver()
		// A learner that has come back and is being synchronised counts, as in
		// Java: ping drops it if that takes too long. Two short breaks of two
		// links must not cost the leadership.
		if !l.alone() && !l.cfg.Members.Decides(l.present) {
			l.Resign("a quorum of followers is no longer in sync")
		}
		if l.cannotTurn() {
			l.Resign(fmt.Sprintf("epoch %d takes one who has promised it before", l.turn.epoch))
		}
	}
}

func (l *Leader) ping(now time.Duration) {
	due := l.due(now)
	for _, x := range slices.Clone(l.learners) {
		switch {
		case x.upToDate && now-x.heard > l.cfg.syncTime():
			l.drop(x, "it was silent for longer than syncLimit")
		case !x.upToDate && now-max(x.since, x.heard) > l.cfg.initTime()+l.cfg.syncTime():
			l.drop(x, "it did not come into sync within initLimit and syncLimit")
		case x.upToDate && !x.observer && x.acked < due && now-x.since > l.cfg.syncTime():
			l.drop(x, fmt.Sprintf("it has not acknowledged %v within syncLimit", due))
		case x.stage == acknowledged && l.phase >= synchronising:
			l.synchronise(now, x)
		case x.upToDate:
			l.beat(x)
		}
	}
}

// due is the last zxid that was proposed longer than syncLimit ago.
func (l *Leader) due(now time.Duration) zoo.Zxid {
	l.ages = append(l.ages, age{now, l.history.Last()})
	var due zoo.Zxid
	n := 0
	for n < len(l.ages) && now-l.ages[n].at > l.cfg.syncTime() {
		due = l.ages[n].zxid
		n++
	}
	// The newest age that is over stays, or the next heartbeat would forget it.
	l.ages = l.ages[max(n-1, 0):]
	return due
}

// Learners describes the learners for operators.
func (l *Leader) Learners() []LearnerStatus {
	var all []LearnerStatus
	for _, x := range l.learners {
		if x.stage == connected {
			continue
		}
		all = append(all, LearnerStatus{
			ID: x.id, Link: x.link, Observer: x.observer, Synced: x.upToDate, Acked: x.acked,
			LastHeard: x.heard,
		})
	}
	return all
}

// Links lists the links of all learners, in order.
func (l *Leader) Links() []LinkID {
	links := make([]LinkID, len(l.learners))
	for i, x := range l.learners {
		links[i] = x.link
	}
	return links
}
