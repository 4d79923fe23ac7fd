package sim

import (
	"strconv"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/replica"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
	"zoo/internal/wire"
)

// wallStart is the wall clock at the start of the play, in milliseconds.
const wallStart = 1_700_000_000_000

// server is one machine: a disk that outlives its processes, and the process
// that runs at the moment, if one does. It does for its replica what the shell
// does, in the shell's order.
type server struct {
	w     *World
	index int
	id    zoo.ServerID
	name  string

	disk storage
	log  shadow

	// process counts the processes of this machine; what was meant for an
	// earlier one is lost.
	process uint32
	alive   bool
	paused  bool
	// started is the zero of the monotonic clock, wallStep how far the wall
	// clock is off.
	started  time.Duration
	wallStep time.Duration
	// free is how much room there is on its disk.
	free int64

	replica *replica.Replica
	status  replica.Status
	// role counts changes of the role, so that a leadership can be named.
	role    uint32
	tree    *tree.Tree
	inbox   []replica.Event
	spare   []replica.Event
	turning bool
	timerAt time.Duration
	// reloading waits for the disk before the replica is replaced.
	reloading bool
	// deaf says that the quorum port has failed, and nobody has noticed.
	deaf bool
	// shut says that nobody reaches the quorum port.
	shut bool
	// uncut says that the disk refused a cut.
	uncut bool
	// logs says that the process keeps a log, also as an observer; sparing that it kept
	// its history in memory when its last turn ended.
	logs, sparing bool
	// heardOracle is the last word of the oracle that was on its way here.
	heardOracle bool
	// known is the configuration in force that it last told of.
	known *quorum.View

	conns    []*conn
	lastConn replica.ConnID

	// position is how much of the ledger's history has been applied here.
	position int
	// disturbed is the last time when a fault touched this server.
	disturbed time.Duration
	// pausedAt is when it last was paused, or long ago.
	pausedAt time.Duration
	// checks are the ledger's notes about the role.
	checks roleChecks
	// activatedAt is when it last changed its configurations, or long ago.
	activatedAt time.Duration
	// handsOverAt is when it last was asked to hand over its lead, or long ago.
	handsOverAt time.Duration
	// door is what the process does for its clients, openSince since when it takes them.
	door      door
	openSince time.Duration
	// facts are what happened here, for the stories.
	facts []string
}

func newServer(w *World, index int, m quorum.Member) *server {
	s := &server{
		w: w, index: index, id: m.ID,
		name:     "s" + strconv.Itoa(int(m.ID)),
		pausedAt: -time.Hour, activatedAt: -time.Hour, handsOverAt: -time.Hour, free: 2 * spaceMin,
	}
	s.disk.init(s)
	return s
}

func (s *server) clock() replica.Now {
	return replica.Now{
		Mono:       s.w.now - s.started,
		WallMillis: wallStart + int64((s.w.now+s.wallStep)/time.Millisecond),
	}
}

// listening tells whether the quorum port is open, or that for observers.
func (s *server) listening(master bool) bool {
	if master {
		return s.alive && s.status.Mastering
	}
	return s.alive && s.status.State == replica.Leading
}

// serving tells whether clients are answered.
func (s *server) serving() bool { return s.alive && !s.reloading && s.status.Serving }

// start begins a process on what the disk holds.
func (s *server) start() {
	if s.alive {
		return
	}
	s.process++
	s.w.trace.mix(stepStart, s.index, uint64(s.process))
	s.started = s.w.now
	s.disturbed = s.w.now
	recovered, err := s.disk.open()
	if err != nil {
		s.openFailed(err)
		return
	}
	s.alive, s.paused, s.reloading, s.logs = true, false, false, false
	s.door = door{}
	s.w.net.started(s)
	s.run(recovered)
	if s.alive {
		s.w.mesh.started(s)
	}
}

// openFailed is a recovery that an injected fault has ended; the next one may
// work. Any other failure means that the disk code lost its way.
func (s *server) openFailed(err error) {
	if !s.disk.injected(err) {
		s.w.violate("%s cannot recover: %v", s.name, err)
		return
	}
	process := s.process
	if s.disk.lostPower(err) {
		s.disk.losePower()
	}
	s.disk.calm()
	s.w.after(s.w.between(tickTime/2, 2*tickTime), func() {
		if s.process == process {
			s.start()
		}
	})
}

// run makes a replica of what was recovered.
func (s *server) run(recovered replica.Recovered) {
	if s.w.trace.on() {
		last := recovered.Tree.Zxid()
		if n := len(recovered.Tail); n > 0 {
			last = recovered.Tail[n-1].Zxid
		}
		s.w.trace.line(s.name, "starts: tree %v, log to %v, accepted %d, current %d",
			recovered.Tree.Zxid(), last, recovered.Epochs.Accepted, recovered.Epochs.Current)
	}
	s.w.ledger.recovered(s, &recovered)
	s.inbox = s.inbox[:0]
	drained := s.isDrained()
	s.status = replica.Status{}
	s.beginRole()
	s.timerAt, s.sparing = 0, false
	config := s.config()
	config.Drained = drained
	if s.w.options.Drains {
		config.Balance = balanceRule
	}
	s.replica = replica.New(config, recovered)
	s.known = s.replica.Members().Current
	s.replica.Step(s.clock(), replica.Space{Free: s.free})
	if s.w.options.Oracle {
		s.heardOracle = false
		s.readOracle()
	}
	s.tree = nil
	s.settle()
}

func (s *server) config() replica.Config {
	return replica.Config{
		ID: s.id, View: s.disk.members.Current, Next: s.disk.members.Next,
		ReconfigEnabled: s.w.options.Reconfigures, Oracle: s.w.options.Oracle,
		TickTime: tickTime, InitLimit: initLimit, SyncLimit: syncLimit,
		SnapCount:       s.w.plan.snapCount,
		SnapPause:       time.Millisecond,
		HistoryMin:      s.w.plan.historyMin,
		HistoryBytesMin: 1,
		EpochTurnAt:     s.w.plan.turnAt,
		CounterMax:      s.w.weather.counterMax,
		SpaceMin:        spaceMin,
		Reaping:         replica.Reaping{Interval: 4 * tickTime, NeverUsedMax: 8 * tickTime},
		LocalSessions:   s.w.plan.localSessions,
		ObserverMasters: s.w.plan.masters,

		ObserverUnlogged: s.w.options.Unlogged && !s.logs,
		// Without it an ephemeral would only be refused.
		LocalSessionsUpgrading: s.w.plan.localSessions,
		Seed:                   s.w.rng.Uint64(),
		Start:                  s.clock(),
		Planted:                s.w.options.Planted,
	}
}

// view is who decides, as this server sees it.
func (s *server) view() *quorum.View {
	if s.w.options.headcount && s.index%2 == 0 {
		heads := s.w.plan
		heads.hierarchy.Groups = nil
		return heads.view()
	}
	return s.w.view
}

// hear queues an event and makes sure that the server takes a turn soon.
func (s *server) hear(ev replica.Event) {
	if !s.alive || s.reloading {
		return
	}
	s.inbox = append(s.inbox, ev)
	s.wake()
}

// wake arranges a turn, now or a little later.
func (s *server) wake() {
	if s.turning || s.paused {
		return
	}
	s.turning = true
	delay := time.Duration(0)
	if s.w.chance(s.w.plan.slowTurn) {
		delay = s.w.between(0, 2*time.Millisecond)
	}
	process := s.process
	s.w.after(delay, func() {
		if s.process == process {
			s.turning = false
			s.turn()
		}
	})
}

// turn steps everything that has arrived, and a Tick behind it if one is due.
func (s *server) turn() {
	if !s.alive || s.paused || s.reloading {
		return
	}
	s.w.trace.mix(stepTurn, s.index, uint64(len(s.inbox)))
	events := s.inbox
	s.inbox = s.spare[:0]
	now := s.clock()
	for _, ev := range events {
		s.replica.Step(now, ev)
	}
	clear(events)
	s.spare = events[:0]
	if now.Mono >= s.replica.Deadline() {
		s.replica.Step(now, replica.Tick{})
	}
	s.settle()
}

// settle carries out effects until there are none, in the shell's order.
func (s *server) settle() {
	for process := s.process; s.alive && s.process == process && s.w.broken == nil; {
		effects := s.replica.Drain()
		s.carryOut(&effects)
		if effects.Reload {
			s.logs = s.logs || effects.KeepLog
			if s.sparing {
				s.w.stats.Recalled++
			}
			s.beginReload()
			return
		}
		if !effects.ApplyReady {
			break
		}
		s.apply()
	}
	if s.alive && s.w.broken == nil {
		s.count()
		s.w.ledger.settled(s)
		s.setTimer()
	}
}

func (s *server) carryOut(effects *replica.Effects) {
	if effects.Snapshot {
		s.disk.beginSnapshot(s.replica.Tree().Freeze())
	}
	s.disk.submit(effects.Disk)
	s.sendAll(effects.Send)
	for _, id := range effects.Hangup {
		if l, side := s.w.net.find(s, id); l != nil {
			l.hangup(side)
		}
	}
	for _, n := range effects.Notify {
		s.w.mesh.send(s, n.To, n.Notification)
	}
	if effects.Dial != 0 {
		s.w.net.dial(s, effects.Dial, effects.DialMaster)
	}
	for _, t := range effects.Trace {
		s.note(t)
	}
	if effects.Members != nil {
		s.w.ledger.knows(s)
	}
	if effects.Changed {
		s.changed()
	}
	for _, o := range effects.Opened {
		s.opened(o)
	}
	for _, id := range effects.CloseConns {
		s.closeConn(id)
	}
	s.attend(effects.SendAway)
}

func (s *server) note(t replica.Trace) {
	s.w.trace.mix(stepEvent, s.index, uint64(t.Zxid), uint64(t.Epoch), uint64(t.Peer))
	switch t.Stage {
	case "quorum synced":
		s.checks.broadcasts = true
	case "transfer":
		s.handsOverAt = s.w.now // A server that was paused hears of it late.
		s.checks.handsOver = true
	}
	if s.w.trace.on() {
		s.w.trace.line(s.name, "%s: peer=%d zxid=%v epoch=%d %s",
			t.Stage, t.Peer, t.Zxid, t.Epoch, t.Detail)
	}
}

// sendAll puts packets on their links, packets of one link together. A SNAP ends
// its group, because the tree travels behind it.
func (s *server) sendAll(all []zab.Outgoing) {
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].Link == all[0].Link &&
			all[n-1].Packet.Type != wire.PacketSnap {
			n++
		}
		s.sendGroup(all[:n])
		all = all[n:]
	}
}

func (s *server) sendGroup(group []zab.Outgoing) {
	l, side := s.w.net.find(s, group[0].Link)
	if l == nil || !l.open[side] {
		return
	}
	p := parcel{packets: make([]wire.QuorumPacket, len(group))}
	for i := range group {
		p.packets[i] = group[i].Packet
		s.w.ledger.sent(s, l, side, &group[i].Packet)
	}
	p.packets = s.w.repeated(p.packets)
	l.send(side, p)
	if group[len(group)-1].Packet.Type == wire.PacketSnap {
		l.sendTree(side, s.replica.Tree().Freeze())
	}
}

// receive takes a parcel of a link.
func (s *server) receive(l *link, p parcel) {
	if p.frozen != nil {
		s.receiveTree(l, p.frozen)
		return
	}
	for i := range p.packets {
		s.heard(l, &p.packets[i])
		s.w.troubleSync(s, l, p.packets[i].Type)
	}
	s.hear(replica.Received{Link: l.id, Packets: p.packets})
}

func (s *server) receiveTree(l *link, frozen *tree.Frozen) {
	t, err := thaw(frozen)
	if err != nil {
		s.w.violate("%s receives a broken tree: %v", s.name, err)
		return
	}
	s.hear(replica.SnapshotReceived{Link: l.id, Tree: t})
}

// heard counts and writes down a packet.
func (s *server) heard(l *link, p *wire.QuorumPacket) {
	s.w.trace.mix(stepPacket, s.index, uint64(p.Type), uint64(p.Zxid), uint64(l.id))
	switch p.Type {
	case wire.PacketDiff:
		s.w.stats.Diffs++
	case wire.PacketTrunc:
		s.w.stats.Truncs++
	case wire.PacketSnap:
		s.w.stats.Snaps++
	case wire.PacketUpToDate:
		if l.mastered {
			s.w.stats.Mastered++
		}
	case wire.PacketPing:
		return
	}
	s.remember(p)
	if s.w.trace.on() {
		from := l.side[0]
		if from == s {
			from = l.side[1]
		}
		s.w.trace.line(s.name, "gets %v %v from %s", p.Type, p.Zxid, from.name)
	}
}

// apply takes all that is ready into the tree.
func (s *server) apply() {
	for s.w.broken == nil {
		outcome, ok := s.replica.ApplyNext()
		if !ok {
			return
		}
		if outcome.Result != nil {
			s.w.ledger.applied(s, &outcome)
		}
		s.answer(&outcome)
	}
}

// changed looks at the new status: clients of a server that does not serve are
// sent away.
func (s *server) changed() {
	before := s.status
	s.status = s.replica.Status()
	s.w.trace.mix(stepEvent, s.index, uint64(s.status.State), uint64(s.status.Epoch))
	if s.w.trace.on() {
		s.w.trace.line(s.name, "is %v of %d epoch=%d serving=%v",
			s.status.State, s.status.Leader, s.status.Epoch, s.status.Serving)
	}
	s.w.ledger.changed(s, before)
	s.w.noteDrain(s, before)
	if before.State != s.status.State {
		s.beginRole()
		s.disk.roleEnded()
	}
	if !s.status.Serving {
		s.closeConns()
	}
}

func (s *server) beginRole() {
	s.role++
	s.deaf = false
	s.checks.begin(s.w)
}

// setTimer arranges the turn of the next Tick. An earlier timer that still runs asks again
// when it fires.
func (s *server) setTimer() {
	at := max(s.started+s.replica.Deadline(), s.w.now)
	if s.timerAt > s.w.now && s.timerAt <= at {
		return
	}
	s.timerAt = at
	process, role := s.process, s.replica
	s.w.after(at-s.w.now, func() {
		if s.process != process || s.replica != role || s.timerAt != at {
			return
		}
		s.timerAt = 0
		s.fire()
	})
}

func (s *server) fire() {
	if s.paused || s.reloading {
		return
	}
	if s.started+s.replica.Deadline() > s.w.now {
		s.setTimer()
		return
	}
	s.wake()
}

// beginReload drops everything that the replica held, and makes a new one from
// the disk as soon as that has done all it was asked.
func (s *server) beginReload() {
	s.w.stats.Reloads++
	s.reloading = true
	s.closeConns()
	for _, l := range s.w.net.links {
		for side := range l.side {
			if l.side[side] == s && l.process[side] == s.process {
				l.hangup(side)
			}
		}
	}
	if s.w.trace.on() {
		s.w.trace.line(s.name, "reloads")
	}
	s.disk.whenIdle(s.reload)
}

func (s *server) reload() {
	recovered, err := s.disk.open()
	if err != nil {
		s.fail(err)
		return
	}
	s.reloading = false
	recovered.Uncut, s.uncut = s.uncut, false
	s.run(recovered)
	if s.alive {
		s.w.mesh.reannounce(s)
	}
}

// fail ends the process after a disk error, as the shell does.
func (s *server) fail(err error) {
	switch {
	case !s.disk.injected(err):
		s.w.violate("%s: disk: %v", s.name, err)
	case s.disk.lostPower(err):
		s.losePower()
	default:
		s.w.stats.DiskFails++
		s.kill("disk error")
	}
	s.disk.calm()
	s.comeBack()
}

// comeBack starts the machine again after a while.
func (s *server) comeBack() {
	process := s.process
	s.w.after(s.w.between(tickTime/4, 8*tickTime), func() {
		if s.process == process {
			s.start()
		}
	})
}

// kill ends the process; the machine lives, and with it what was written.
func (s *server) kill(why string) {
	if !s.alive {
		return
	}
	s.w.stats.Kills++
	if s.w.trace.on() {
		s.w.trace.line(s.name, "dies: %s", why)
	}
	s.end(false)
}

// losePower ends the machine: what was not synced may be gone or torn.
func (s *server) losePower() {
	if !s.alive {
		return
	}
	s.w.stats.Crashes++
	if s.w.trace.on() {
		s.w.trace.line(s.name, "loses power")
	}
	s.end(true)
	s.disk.losePower()
}

func (s *server) end(abrupt bool) {
	s.w.trace.mix(stepFault, s.index, uint64(s.process))
	s.alive, s.paused, s.turning, s.reloading = false, false, false, false
	s.disturbed = s.w.now
	s.status = replica.Status{}
	s.inbox = s.inbox[:0]
	s.w.net.stopped(s, abrupt)
	s.w.mesh.stopped(s, abrupt)
	s.closeConns()
	s.disk.stop()
	s.replica, s.uncut = nil, false
	s.process++
}

// pause stops the process without ending it; what arrives waits.
func (s *server) pause() {
	if !s.alive || s.paused {
		return
	}
	s.w.stats.Pauses++
	s.paused = true
	s.disturbed = s.w.now
	if s.w.trace.on() {
		s.w.trace.line(s.name, "pauses")
	}
}

func (s *server) resume() {
	if !s.paused {
		return
	}
	s.paused = false
	s.disturbed, s.pausedAt = s.w.now, s.w.now
	if s.w.trace.on() {
		s.w.trace.line(s.name, "resumes")
	}
	for _, k := range s.conns {
		k.answerReads()
	}
	s.wake()
}

// remember keeps what a story may ask about.
func (s *server) remember(p *wire.QuorumPacket) {
	if s.w.stormy {
		return
	}
	switch p.Type {
	case wire.PacketDiff, wire.PacketTrunc, wire.PacketSnap:
		s.facts = append(s.facts, p.Type.String(), p.Type.String()+" to "+s.w.label(p.Zxid))
	}
}
