package replica

import (
	"math/rand/v2"
	"time"

	"zoo"
	"zoo/internal/check/invariant"
	"zoo/internal/core/acl"
	"zoo/internal/core/balance"
	"zoo/internal/core/election"
	"zoo/internal/core/prep"
	"zoo/internal/core/quorum"
	"zoo/internal/core/session"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// Config is what a replica must know before it starts. Zero limits take
// ZooKeeper's defaults.
type Config struct {
	ID zoo.ServerID
	// View is the ensemble's configuration in force; nil makes a standalone server.
	View *quorum.View
	// Next is the configuration that was proposed last, as far as the disk knows beside
	// the log; nil for none.
	Next     *quorum.View
	TickTime time.Duration
	// InitLimit and SyncLimit are in ticks.
	InitLimit, SyncLimit int
	// Patience is how long this server tries, and how long it rests in between.
	Patience Patience
	// SessionTimeoutMin and SessionTimeoutMax bound what clients may ask for:
	// 2 and 20 ticks.
	SessionTimeoutMin, SessionTimeoutMax time.Duration
	// SnapCount is how many transactions may lie between two snapshots:
	// 100,000. The distance is drawn anew each time from its upper half.
	SnapCount int
	// SnapLogBytes is how many bytes of transactions may lie between them, drawn
	// likewise; 0 is no bound.
	SnapLogBytes int64
	// SnapPause is the shortest time from the end of a snapshot to the next one: two
	// seconds. It is never shorter than half of what the last snapshot took, so that the
	// disk is at snapshots for two thirds of the time at most, whatever is written.
	SnapPause time.Duration
	// ResendMin and ResendMax bound the pause between two notifications of the
	// election; 0 is its default.
	ResendMin, ResendMax time.Duration
	// HistoryMin is how many committed transactions are kept for learners at
	// least: 500; HistoryBytesMin how many bytes of them: 16 MiB.
	HistoryMin, HistoryBytesMin int
	// CounterMax is the counter at which a leader ends its epoch for want of zxids:
	// zoo.CounterMax, and less only where that has to happen soon.
	CounterMax uint32
	Rules      acl.Rules
	// Types says which owner values of znodes are special here.
	Types tree.Types
	// EnforceQuota refuses writes beyond a hard quota, and tells of those beyond a
	// soft one.
	EnforceQuota bool
	// EntryBytesMax bounds a transaction: what every server of the ensemble can read
	// back. Zero is prep.EntryBytesMaxDefault. It does not bind what is replayed.
	EntryBytesMax int
	// Reaping bounds the deletion of containers and znodes with a time to live.
	Reaping Reaping
	// Undigested keeps the tree's digest out of transactions, EndsUnlisted the
	// ephemerals out of those that end sessions.
	Undigested, EndsUnlisted bool
	// ReconfigEnabled lets configurations change; otherwise View stays in force.
	ReconfigEnabled bool
	// VotersMin is how many voters a reconfiguration must leave: 1.
	VotersMin int
	// ObserverUnlogged keeps the history of an observer in memory: it writes no log and no
	// snapshots (syncEnabled=false). A voter, or an observer that is about to vote, writes
	// them all the same.
	ObserverUnlogged bool
	// Oracle says that an oracle decides for one of two voters, told by OracleSpoke.
	Oracle bool
	// ObserverMasters lets followers serve observers, and observers attach to them
	// (observerMasterPort).
	ObserverMasters bool
	// LocalSessions keeps new sessions out of the ensemble's history;
	// LocalSessionsUpgrading lets them become global when they need to.
	LocalSessions, LocalSessionsUpgrading bool
	// ReadOnly lets a server without a quorum serve reads, when it has looked
	// for a leader for ReadOnlyAfter: two seconds, or a tick if that is longer.
	ReadOnly      bool
	ReadOnlyAfter time.Duration
	// SpaceMin is how many bytes must be free on the disk; below it this server is
	// short of space. Zero is no mark.
	SpaceMin int64
	// LeaderAlone says that no clients are taken while this server leads (leaderServes=no).
	LeaderAlone bool
	// Balance says when a server that has more clients than others sends some to them.
	Balance balance.Rule
	// Drained says that this server is drained from the start, since it was before its data
	// was read anew.
	Drained bool
	// EpochTurnAt is the counter of a zxid beyond which a leader makes for the next epoch
	// while it leads: a million below the last.
	EpochTurnAt uint32
	// DiskSilenceMax is how long a leader's disk may leave an operation undone before
	// the leader hands over: syncLimit.
	DiskSilenceMax time.Duration
	// Seed makes this server's random choices.
	Seed uint64
	// Start is the instant of New.
	Start Now
	// Planted puts a known bug back; tests of the simulator only.
	Planted zab.Planted
}

// Recovered is what the data directory held.
type Recovered struct {
	// Tree is the newest snapshot.
	Tree *tree.Tree
	// Tail is the log behind it. Whether it was committed is not known.
	Tail   []txn.Entry
	Epochs zab.Epochs
	// Replayed and ReplayedBytes are what of the log is in the tree already, since it is
	// committed for sure. It counts for the next snapshot.
	Replayed      int
	ReplayedBytes int64
	// Uncut says that the log could not be cut back as a leader wanted, see CutRefused.
	Uncut bool
}

// Replica is the machine. All of it belongs to its one owner.
type Replica struct {
	cfg Config
	now Now
	rng *rand.Rand

	tree      *tree.Tree
	members   members
	history   *zab.History
	foresight foresight
	journal   *zab.Journal
	epochs    zab.Epochs
	out       zab.Output

	state   State
	serving bool
	// serveAt is what must be applied before serving; ready says that the role
	// has come so far.
	serveAt zoo.Zxid
	ready   bool

	election *election.Machine
	leader   *zab.Leader
	learner  *zab.Learner
	// strayed are voters that look for a leader again although we lead.
	strayed map[zoo.ServerID]bool
	dialing dialing
	masters masters
	rest    rest
	reach   reach
	// electedAt is when the present leader was elected.
	electedAt time.Duration

	// writer prepares transactions; nil unless this server leads or is alone.
	writer   *writer
	attached attached
	// localSessions are those that live here only; nil where there are none.
	localSessions *session.Tracker
	readOnly      readOnly
	logged        logged
	// established is the epoch that the election knows of.
	established zoo.Epoch
	// served says that this process knows what is committed, since it has
	// served before.
	served bool

	snapshots snapshots
	space     space
	// attendance is whether this server takes clients, drainTold what the shell knows of
	// that.
	attendance zab.Attendance
	drainTold  zab.Attendance
	stall      stall
	effects    Effects
	sizes      [3]int
	proposed   uint64
	quotas     quotaNotes
	// reload stops everything: the disk has to be recovered anew.
	reload bool
	// granted is the oracle's last word.
	granted bool
	// uncut says that the log cannot be cut back as a leader wanted, so that the next
	// one is asked for its tree.
	uncut bool
}

// writer is what only the server that makes transactions has.
type writer struct {
	prep    *prep.Preparer
	tracker *session.Tracker
	// expireAt is the next look at the sessions' deadlines.
	expireAt time.Duration
	reaper   reaper
}

// snapshots decides when the next one is due.
type snapshots struct {
	since, due int
	// bytes are those since the last one, bytesDue when they are enough; 0 never.
	bytes, bytesDue int64
	running         bool
	// began is when the last one was asked for; before until none begins.
	began, until time.Duration
	// wanted is set by an operator.
	wanted bool
}

// New makes a replica of what was recovered. It looks for a leader at once, or
// serves if it is alone.
func New(cfg Config, rec Recovered) *Replica {
	cfg = withDefaults(cfg)
	r := &Replica{
		cfg: cfg, now: cfg.Start,
		rng:    rand.New(rand.NewPCG(cfg.Seed, uint64(cfg.ID))),
		tree:   rec.Tree,
		epochs: rec.Epochs,
		uncut:  rec.Uncut,
	}
	if cfg.Drained {
		r.attendance.Drain = wire.DrainDone
	}
	r.tree.SetTypes(cfg.Types)
	r.history = zab.NewHistory(rec.Tree.Zxid(), rec.Tail)
	r.journal = zab.NewJournal(r.history.Last())
	r.attached = newAttached(session.FirstID(cfg.ID, cfg.Start.WallMillis))
	r.snapshots.due, r.snapshots.bytesDue = r.snapshotDistance()
	r.snapshots.since, r.snapshots.bytes = rec.Replayed, rec.ReplayedBytes
	r.effects.Changed = true
	if cfg.View == nil {
		r.serveAlone()
	} else {
		r.beginMembers(rec.Tail)
		r.election = election.New(election.Config{ID: cfg.ID, View: cfg.View,
			ResendMin: cfg.ResendMin, ResendMax: cfg.ResendMax,
			ShunMax: min(shunMax, r.initTime()/2),
			Oracle:  cfg.Oracle, WholeVotes: cfg.Planted == zab.Bug1732})
		r.election.SetMembers(r.members.Ensemble)
		r.look("start")
	}
	r.settle()
	return r
}

// epochTurnMargin is how many zxids are left when a leader makes for the next epoch: some
// seconds of proposals, for what takes a promise of a quorum.
const epochTurnMargin = 1 << 20

func withDefaults(cfg Config) Config {
	orDefault(&cfg.TickTime, 3*time.Second)
	orDefault(&cfg.InitLimit, 10)
	orDefault(&cfg.SyncLimit, 5)
	orDefault(&cfg.SessionTimeoutMin, 2*cfg.TickTime)
	orDefault(&cfg.SessionTimeoutMax, 20*cfg.TickTime)
	orDefault(&cfg.ReadOnlyAfter, max(2*time.Second, cfg.TickTime))
	orDefault(&cfg.SnapCount, 100_000)
	orDefault(&cfg.SnapPause, 2*time.Second)
	orDefault(&cfg.EpochTurnAt, zoo.CounterMax-epochTurnMargin)
	orDefault(&cfg.VotersMin, 1)
	orDefault(&cfg.HistoryMin, 500)
	orDefault(&cfg.CounterMax, zoo.CounterMax)
	orDefault(&cfg.HistoryBytesMin, 16<<20)
	orDefault(&cfg.DiskSilenceMax, time.Duration(cfg.SyncLimit)*cfg.TickTime)
	orDefault(&cfg.Patience.ConnectPause, dialPauseMax)
	orDefault(&cfg.Reaping.Interval, time.Minute)
	orDefault(&cfg.Reaping.PerMinuteMax, 10_000)
	return cfg
}

func orDefault[T comparable](value *T, fallback T) {
	var zero T
	if *value == zero {
		*value = fallback
	}
}

func (r *Replica) zabConfig() zab.Config {
	return zab.Config{
		ID: r.cfg.ID, Members: &r.members.Ensemble, Reconfigures: r.changesMembers(),
		Idle: r.cfg.Next, InTree: r.inTree(), Fuzzy: r.tree.Fuzzy(),
		Attendance: &r.attendance, LeaderAlone: r.cfg.LeaderAlone,
		Balance: r.cfg.Balance, Oracle: r.cfg.Oracle,
		TickTime:  r.cfg.TickTime,
		InitLimit: r.cfg.InitLimit, SyncLimit: r.cfg.SyncLimit,
		ConnectTime: r.cfg.Patience.Connect,
		CounterMax:  r.cfg.CounterMax, EpochTurnAt: r.cfg.EpochTurnAt,
		Planted: r.cfg.Planted,
	}
}

// Tree is the current tree. It is another one after a SNAP was taken in, which
// happens only while the replica does not serve.
func (r *Replica) Tree() *tree.Tree { return r.tree }

// View is the tree that readers are to see: Tree, but for a read-only server that
// does not know what is committed.
func (r *Replica) View() *tree.Tree {
	if r.readOnly.on && r.showsLog() {
		return r.logged.tree
	}
	return r.tree
}

// Step feeds one event to the machine. It never blocks and never fails.
func (r *Replica) Step(now Now, ev Event) {
	if r.reload {
		return
	}
	if now.Mono < r.now.Mono {
		invariant.Fail("time went from %v to %v", r.now.Mono, now.Mono)
	}
	r.passSilence(r.now.Mono, now.Mono)
	r.now = now
	switch ev := ev.(type) {
	case Submit:
		r.submit(ev.Requests)
	case Received:
		r.receive(ev)
	case DiskDone:
		r.persisted(ev.Seq)
	case Tick:
		r.tick()
	case Touched:
		r.touch(ev.Sessions)
	case Connect:
		r.connect(ev)
	case Disconnected:
		r.attached.disconnect(ev.Conn)
	default:
		r.stepData(ev)
	}
	r.settle()
}

// stepData takes in what concerns the data as a whole, and the disk that it is on.
func (r *Replica) stepData(ev Event) {
	switch ev := ev.(type) {
	case SnapshotDone:
		r.snapshots.end(r.now.Mono, r.cfg.SnapPause)
	case SnapshotWanted:
		r.snapshots.wanted = true
	case Transfer:
		if r.leader != nil {
			r.leader.Transfer(r.now.Mono, ev.To)
		}
	case Drain:
		r.drain()
	case Undrain:
		r.undrain()
	case Expire:
		r.expire(ev.Session)
	case Counted:
		r.attendance.Clients = ev.Clients
	case Replaced:
		r.reload, r.serving, r.effects.Changed = true, false, true
	case Viewed:
		r.viewed(ev)
	case OracleSpoke:
		r.hearOracle(ev)
	case Space:
		r.measured(ev.Free)
	case DiskLost:
		r.loseDisk("disk lost")
	case CutRefused:
		r.loseDisk("cut refused")
	default:
		r.stepPeer(ev)
	}
}

// stepPeer takes in what concerns the links to other servers.
func (r *Replica) stepPeer(ev Event) {
	switch ev := ev.(type) {
	case ElectionUp:
		r.election.LinkUp(ev.Peer)
	case ElectionDown:
		r.electionDown(ev.Peer)
	case Notified:
		r.notified(ev)
	case LinkUp:
		r.linkUp(ev)
	case LinkDown:
		r.linkDown(ev.Link)
	case DialFailed:
		r.dialFailed(ev.Leader)
	case SnapshotReceived:
		r.install(ev)
	case Moved:
		r.moved(ev.Link)
	default:
		invariant.Holds(false, "unknown event %T", ev)
	}
}

// settle draws the conclusions of a step: a role ended, an election decided, a
// server may serve.
func (r *Replica) settle() {
	if r.reload {
		return
	}
	if r.leader != nil {
		r.leader.Commit()
		r.syncsAnswered()
	}
	r.returnToElection()
	r.followMembers()
	if r.keepLog(); r.reload {
		return
	}
	r.endRole()
	r.takeRole()
	r.maybeServe()
	r.followEpoch()
	r.noteAlarm()
	r.noteDrain()
	r.noteSurplus()
}

func (r *Replica) persisted(seq uint64) {
	r.journal.Done(seq)
	r.stall.silent = 0
	switch {
	case r.state == Standalone:
		r.history.Commit(r.journal.Persisted())
	case r.leader != nil:
		r.leader.Persisted(r.now.Mono)
	case r.learner != nil:
		r.learner.Persisted()
	}
}

func (r *Replica) tick() {
	now := r.now.Mono
	if r.election != nil {
		r.endRest()
		r.stepIn()
		r.election.Tick(now)
	}
	if r.leader != nil {
		r.leader.Tick(now)
		r.judgeDisk()
	}
	if r.learner != nil {
		r.learner.Tick(now)
		r.redial()
	}
	if r.masters.serving != nil {
		r.masters.serving.Tick(now)
	}
	if r.writer != nil && now >= r.writer.expireAt {
		r.expireSessions()
	}
	r.expireLocal()
	r.maybeReadOnly()
	if r.writer != nil && now >= r.writer.reaper.at {
		r.reap()
	}
}

// Deadline is the next instant at which a Tick would change something.
func (r *Replica) Deadline() time.Duration {
	deadline := r.now.Mono + r.cfg.TickTime
	if !r.journal.Idle() {
		deadline = min(deadline, r.diskDeadline())
	}
	if r.election != nil {
		if at, ok := r.election.Deadline(); ok {
			deadline = min(deadline, at)
		}
	}
	if r.leader != nil {
		deadline = min(deadline, r.leader.Deadline())
	}
	if r.learner != nil {
		deadline = min(deadline, r.learner.Deadline())
	}
	if r.masters.serving != nil {
		deadline = min(deadline, r.masters.serving.Deadline())
	}
	if r.dialing.at != 0 {
		deadline = min(deadline, r.dialing.at)
	}
	if r.writer != nil {
		deadline = min(deadline, r.writer.expireAt, r.writer.reaper.at)
	}
	if r.rest.until != 0 {
		deadline = min(deadline, r.rest.until)
	}
	if r.reach.until != 0 {
		deadline = min(deadline, r.reach.until)
	}
	if r.readOnly.at != 0 {
		deadline = min(deadline, r.readOnly.at)
	}
	return deadline
}

// Drain returns what the outside must now do, and forgets it. After one Step or
// after many: batching is the caller's choice. Effects.Disk and Effects.Send are good until
// the next Drain, and the other slices are the caller's.
func (r *Replica) Drain() Effects {
	r.maybeSnapshot()
	r.traceNotes()
	eff := r.effects
	r.effects = Effects{}
	if r.election != nil {
		for _, n := range r.election.Drain() {
			eff.Notify = append(eff.Notify, Notice{n.To, n.Notification})
		}
	}
	eff.Disk = r.journal.Drain()
	eff.Send = r.out.Take()
	eff.Hangup = append(eff.Hangup, r.out.Hangup...)
	r.out.Hangup = r.out.Hangup[:0]
	eff.ApplyReady = r.applyReady()
	eff.Reload = r.reload
	if r.members.changed {
		r.members.changed = false
		e := r.members.Ensemble
		eff.Members = &e
	}
	return eff
}

// trace tells a fact, behind those that the role has noted before.
func (r *Replica) trace(t Trace) {
	r.traceNotes()
	r.effects.Trace = append(r.effects.Trace, t)
}

func (r *Replica) traceNotes() {
	for _, n := range r.out.Notes {
		r.effects.Trace = append(r.effects.Trace, Trace(n))
	}
	r.out.Notes = r.out.Notes[:0]
}

// maybeSnapshot asks for a snapshot when enough was applied since the last one.
// The log rolls with it, so that old files can go when they are not needed.
func (r *Replica) maybeSnapshot() {
	s := &r.snapshots
	if r.journal.Unlogged() {
		s.wanted = false
		return
	}
	due := s.since >= s.due || s.bytesDue > 0 && s.bytes >= s.bytesDue
	due = s.wanted || due && r.now.Mono >= s.until
	if s.running || !due || r.reload || r.space.low || r.withholds() {
		return
	}
	s.since, s.bytes, s.running, s.wanted, s.began = 0, 0, true, false, r.now.Mono
	s.due, s.bytesDue = r.snapshotDistance()
	r.journal.Roll()
	r.effects.Snapshot = true
}

// withholds tells whether the tree is one that the disk is yet to get.
func (r *Replica) withholds() bool { return r.learner != nil && r.learner.Withholds() }

// end is the end of a snapshot: the next one is at least half as far away as this one
// took. What is logged meanwhile is what the next start has to replay.
func (s *snapshots) end(now, pause time.Duration) {
	s.running = false
	s.until = now + max(pause, (now-s.began)/2)
}

// snapshotDistance keeps the members of an ensemble from taking their snapshots
// at the same moment.
func (r *Replica) snapshotDistance() (due int, bytesDue int64) {
	half := max(r.cfg.SnapCount/2, 1)
	due = half + r.rng.IntN(half)
	if bytes := r.cfg.SnapLogBytes / 2; bytes > 0 {
		bytesDue = bytes + r.rng.Int64N(bytes)
	}
	return due, bytesDue
}

// Progress is how far the history has got: what is in it, what of that is durable here, and
// what is committed.
type Progress struct{ Logged, Durable, Committed zoo.Zxid }

// Progress tells it, at the cost of three reads.
func (r *Replica) Progress() Progress {
	return Progress{r.history.Last(), r.journal.Persisted(), r.history.Committed()}
}

// Unapplied is how many transactions are on their way to the tree.
func (r *Replica) Unapplied() int { return r.history.Unapplied() }

// Status describes the replica.
func (r *Replica) Status() Status {
	s := Status{
		State: r.state, Epoch: r.epochs.Current,
		Serving: r.serving || r.readOnly.on, ReadOnly: r.readOnly.on,
		LastLogged: r.history.Last(), LastCommitted: r.history.Committed(),
		LastApplied: r.history.Applied(), Outstanding: r.attached.outstanding,
		Sessions: r.View().SessionCount(), ProposalBytes: r.sizes, Proposed: r.proposed,
	}
	s.Short, s.Unlogged = r.space.low, r.journal.Unlogged()
	s.Drain, s.DrainRefusal = r.attendance.Drain, r.attendance.Refusal
	s.Alarm, s.Free, s.Stalled = r.space.told, r.space.free, r.stall.aside
	if r.stall.silent >= r.cfg.DiskSilenceMax {
		s.DiskSilent = r.stall.silent
	}
	s.Extends = r.serving && (r.learner == nil || r.learner.Extends())
	if r.localSessions != nil {
		s.LocalSessions = r.localSessions.Len()
	}
	switch {
	case r.leader != nil:
		s.Leader, s.Epoch = r.cfg.ID, r.leader.Epoch()
		s.Proposals = len(r.history.Tail())
		s.Learners = r.leader.Learners()
	case r.learner != nil:
		s.Leader, s.Master = r.learner.Leader(), r.learner.Master()
	}
	if m := r.masters.serving; m != nil {
		s.Mastering, s.Learners = true, m.Observers()
	}
	return s
}

// TransferRefusal tells why this server cannot hand its lead to another, or to the voter
// that is most in sync for zero; empty if it can.
func (r *Replica) TransferRefusal(to zoo.ServerID) string {
	switch {
	case r.leader == nil:
		return "it does not lead"
	case !r.serving:
		return "it does not lead yet"
	}
	return r.leader.TransferRefusal(to)
}

// Round is the current round of the election, for logs.
func (r *Replica) Round() int64 {
	if r.election == nil {
		return 0
	}
	return r.election.Round()
}

// hearOracle takes in the oracle's word, which is worth a line of the log.
func (r *Replica) hearOracle(ev OracleSpoke) {
	if !r.cfg.Oracle || ev.Grants == r.granted {
		return
	}
	r.granted = ev.Grants
	r.election.SetGranted(ev.Grants)
	if r.leader != nil {
		r.leader.SetGranted(r.now.Mono, ev.Grants)
	}
	if !r.members.IsOneOfTwo(r.cfg.ID) {
		return
	}
	detail := "denies: only both voters decide"
	if ev.Grants {
		detail = "grants: this server decides alone while the other voter is not there"
	}
	r.trace(Trace{Stage: "oracle", Detail: detail})
}

// quorumRemains tells whether those that have not strayed are a quorum.
func (r *Replica) quorumRemains() bool {
	return r.members.Decides(func(id zoo.ServerID) bool {
		return r.leader.Registered(id) || r.election.Responsive(id) && !r.strayed[id]
	})
}

// receive takes in packets of a link.
func (r *Replica) receive(ev Received) {
	for i := range ev.Packets {
		if i%tree.ExpectMax == 0 {
			r.expectForwarded(ev.Packets[i:])
		}
		p := &ev.Packets[i]
		switch {
		case r.leader != nil:
			r.serveLearner(ev.Link, p, r.leader.Receive(r.now.Mono, ev.Link, p))
		case r.learner != nil && r.learner.Link() == ev.Link:
			r.obeyLeader(p, r.learner.Receive(r.now.Mono, p))
			if r.masters.serving != nil {
				r.masters.serving.Inform()
			}
		case r.masters.serving != nil:
			r.serveObserver(ev.Link, p)
		}
	}
}
