package server

import (
	"sync"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/replica"
	"zoo/internal/core/watch"
	"zoo/internal/disk/store"
	"zoo/internal/net/peer"
)

// loop is the owner of the replica. Everything here belongs to who holds mu: its
// own goroutine, or a reader or the log writer that lends it a turn.
type loop struct {
	server *Server
	// mu is taken before every other lock, and held for one turn.
	mu      sync.Mutex
	replica *replica.Replica
	status  replica.Status
	// now is the instant of the turn.
	now replica.Now

	// conns are the connections with a handshake under way or a session.
	conns map[replica.ConnID]*conn
	// dirty are the connections with output that nobody writes yet.
	dirty []*conn
	exec  exec
	// jobs is memory for a list of them. It is empty between two uses.
	jobs []job
	// answered counts the bytes of replies since the tree was locked.
	answered int
	// news is the event that watches are being called for.
	news news
	// deliver is deliverEvent, bound once.
	deliver func(watch.ConnID)
	// mismatches counts the transactions whose digest was not the tree's.
	mismatches uint64
	// followed is the transaction whose way to the tree is timed.
	followed followed
	// updates are times of writes that the metrics have not heard of yet.
	updates alike
	// tides tell when transactions passed their stages.
	tides tides
	// tracing is about the requests that are sampled.
	tracing tracing
	// roles is when this server changed its role.
	roles roleTimes

	timer   *time.Timer
	timerAt time.Duration
	heard   hearing

	links    links
	draining draining
	sending  sending
	// members is the configuration in force, and the one that is proposed; places is
	// where they are.
	members quorum.Ensemble
	places  places
	// restarting is set from Effects.Reload until there is a new replica.
	restarting bool
	// uncut says that the next replica is to ask for a tree.
	uncut bool
	// logs says that this process keeps a log, also as an observer.
	logs bool
	// replacing is what a restore puts in the place of all data, until that is done;
	// replaced is what it recovered, while old links are still there.
	replacing *restoring
	replaced  *store.Recovered
}

// links is what the loop knows of the connections to other servers.
type links struct {
	dialed map[peer.LinkID]zoo.ServerID
	up     map[peer.LinkID]bool
	// moved counts the bytes of each link when they were last looked at.
	moved    map[peer.LinkID]uint64
	streams  map[peer.LinkID][]*stream
	election map[zoo.ServerID]bool
	batches  []batch // empty between two uses
	// listening is where links are accepted; empty while they are not.
	listening []string
}

func newLoop(s *Server) *loop {
	l := &loop{
		server: s,
		conns:  make(map[replica.ConnID]*conn),
		exec:   exec{server: s},
		links: links{
			dialed:   make(map[peer.LinkID]zoo.ServerID),
			up:       make(map[peer.LinkID]bool),
			moved:    make(map[peer.LinkID]uint64),
			streams:  make(map[peer.LinkID][]*stream),
			election: make(map[zoo.ServerID]bool),
		},
		timer: time.NewTimer(time.Hour),
	}
	l.deliver = l.deliverEvent
	l.heard.at = l.touchInterval()
	return l
}

// run takes turns until the server closes.
func (l *loop) run() {
	defer l.timer.Stop()
	l.mu.Lock()
	l.tick()
	l.perform()
	l.rearm()
	l.mu.Unlock()
	for {
		fired := false
		select {
		case <-l.server.queue.wake:
		case <-l.timer.C:
			fired = true
		case <-l.server.closing:
			return
		}
		if !fired {
			l.server.gather()
		}
		l.mu.Lock()
		if fired {
			l.timerAt = 0
		}
		l.takeTurn()
		l.mu.Unlock()
	}
}

// takeTurn lets the replica take in all that has come, and carries out what it
// wants. The caller holds mu.
func (l *loop) takeTurn() {
	l.turn()
	l.perform()
	l.rearm()
	l.server.underWay.Store(int64(l.replica.Unapplied()))
}

// lend takes a turn on the goroutine that has just queued something, if nobody
// is at it: waking the loop's costs more than a turn in which little is to do.
// The caller holds no lock.
func (l *loop) lend() {
	if !l.mu.TryLock() {
		signal(l.server.queue.wake)
		return
	}
	defer l.server.catch("loop")
	defer l.mu.Unlock()
	select {
	case <-l.server.closing:
	default:
		l.takeTurn()
	}
}

// turn feeds the replica all that has come.
func (l *loop) turn() {
	l.tick()
	items := l.server.queue.take()
	for i := range items {
		if items[i].call != nil {
			items[i].call()
			continue
		}
		l.replica.Step(l.now, items[i].event)
	}
	l.server.queue.done(items)
	l.hearAll()
	if l.now.Mono >= l.replica.Deadline() {
		l.replica.Step(l.now, replica.Tick{})
	}
	if l.draining.pace != nil && l.now.Mono >= l.draining.at {
		l.part()
	}
	if l.sending.left > 0 && l.now.Mono >= l.sending.at {
		l.sendOne()
	}
}

func (l *loop) tick() {
	l.now = l.server.instant()
}

// rearm sets the timer if another instant is the next one.
func (l *loop) rearm() {
	at := l.heard.due(l.now.Mono)
	if l.draining.pace != nil {
		at = min(at, l.draining.at)
	}
	if l.sending.left > 0 {
		at = min(at, l.sending.at)
	}
	if !l.restarting {
		at = min(at, l.replica.Deadline())
	}
	if at == l.timerAt {
		return
	}
	l.timerAt = at
	l.timer.Reset(max(at-l.server.mono(), 0))
}

// perform carries out effects until there are none.
func (l *loop) perform() {
	for {
		eff := l.replica.Drain()
		l.tides.reach(l.replica.Progress(), l.nowTraced())
		l.trace(eff.Trace)
		l.persist(&eff)
		l.speak(&eff)
		if eff.ApplyReady {
			l.apply()
		}
		for i := range eff.Opened {
			l.open(&eff.Opened[i])
		}
		for _, id := range eff.CloseConns {
			l.close(id)
		}
		l.flush()
		if eff.Members != nil {
			l.follow(*eff.Members)
		}
		if eff.Changed {
			l.change()
		}
		if eff.SendAway > 0 {
			l.beginSending(eff.SendAway)
		}
		if eff.View != nil {
			l.showLog(eff.View)
		}
		if eff.Reload {
			l.logs = l.logs || eff.KeepLog
			l.reload()
		}
		if !eff.ApplyReady {
			return
		}
	}
}

// takesClients tells whether clients may connect: a leader may be kept free of
// them. They are turned away at once, and find another server.
func (l *loop) takesClients() bool {
	leading := l.status.State == replica.Leading
	return l.status.Serving && !(leading && l.server.cfg.LeaderAlone)
}

// change follows a change of role.
func (l *loop) change() {
	before := l.status
	l.status = l.replica.Status()
	l.measureRole(&before)
	l.measureAlarm()
	if !l.takesClients() {
		l.turnAway()
	}
	l.setTree(l.takesClients())
	l.followDrain()
	l.listenForLearners()
	l.server.changes.tell()
	if !l.status.Serving {
		l.tides = tides{} // The history may be cut.
		clear(l.tracing.underWay)
		return
	}
	if !l.status.ReadOnly {
		l.server.served(l.now.Mono)
	}
	l.server.gate.open()
}

// setTree shows the readers the current tree, or that there is none for them.
func (l *loop) setTree(serving bool) {
	s := l.server
	s.treeMu.Lock()
	defer s.treeMu.Unlock()
	s.tree, s.serving, s.extends = l.replica.View(), serving, l.status.Extends
	s.lists.clear()
}

// turnAway closes all client connections: another server may serve them.
func (l *loop) turnAway() {
	l.server.gate.shut()
	for id := range l.conns {
		l.close(id)
	}
	l.flush()
}
