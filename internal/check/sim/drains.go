package sim

import (
	"math/rand/v2"
	"slices"
	"time"

	"zoo"
	"zoo/internal/core/balance"
	"zoo/internal/core/replica"
	"zoo/internal/wire"
)

// drains are operators who drain servers and take it back, and an ensemble that spreads its
// clients; see docs/adr/0060-drain.md and docs/adr/0061-balance.md.
type drains struct {
	rng *rand.Rand
	// rolling is since when servers are drained one after the other with nothing else going
	// wrong, zero while they are not. No session that was there then may end.
	rolling time.Duration
}

// door is what a server's shell does for its clients.
type door struct {
	pace *balance.Pace
	// left are how many clients are to go to other servers, told is how many the replica
	// knows of.
	left, told int
	sent       balance.Sent
	// sentAway are the sessions that this process has sent away to spread them.
	sentAway map[zoo.SessionID]bool
	// looks says that it looks at its connections now and then.
	looks bool
}

const (
	partInterval = tickTime / 2
	partRate     = 100
	// settledTicks is how long a client is here before it may be sent away.
	settledTicks = 5
	// restingMin is how long a client has asked for nothing that rests.
	restingMin = partInterval
	// drainTicksMax is the time until a server is drained that may be, handing over included.
	drainTicksMax = 2 * electTicksMax
	// partTicksMax is the time until its clients are gone: those that never rest are
	// given BusyMax.
	partTicksMax = int(balance.BusyMax/tickTime) + 40
)

// rollingMin is the timeout in milliseconds from which on a session outlives a leader that
// hands over.
const rollingMin = 7 * int32(tickTime/time.Millisecond)

// crowdSome gives every second ensemble so many clients that they can be spread.
func (p *plan) crowdSome(rng *rand.Rand, o *Options) {
	if o.Drains && rng.IntN(2) == 0 {
		p.clients = 15 + rng.IntN(25)
		p.think *= 4
		p.snapCount = 1000
	}
}

// stormSteps is how long the storm is: a crowd asks for more, and operators take their time.
func (p *plan) stormSteps(o *Options) int {
	switch {
	case o.Steps != 0:
		return o.Steps
	case o.Drains:
		return stepsDefault + 200*p.clients
	}
	return stepsDefault
}

// beginDrains lets operators come during the storm.
func (w *World) beginDrains() {
	if w.options.Drains {
		w.after(w.drainsPause(), w.operate)
	}
}

func (w *World) drainsPause() time.Duration {
	return time.Duration(w.drains.rng.Int64N(int64(4 * tickTime)))
}

// operate is an operator's doing: servers are drained, by one or by two at once, the leader
// among them, and take clients again.
func (w *World) operate() {
	if !w.stormy {
		return
	}
	r := w.drains.rng
	one := w.servers[r.IntN(len(w.servers))]
	switch r.IntN(8) {
	case 6, 7:
		w.leadDrained()
	case 0, 1:
		w.undrain(one)
	case 2:
		for _, s := range w.servers {
			if s.status.State == replica.Leading {
				w.drain(s)
			}
		}
	case 3:
		for _, s := range w.servers {
			w.drain(s)
		}
	case 4:
		w.drain(w.servers[r.IntN(len(w.servers))])
		fallthrough
	default:
		w.drain(one)
	}
	w.after(w.drainsPause(), w.operate)
}

// leadDrained gives the lead to a server that is drained.
func (w *World) leadDrained() {
	i := slices.IndexFunc(w.servers, func(s *server) bool { return s.serving() && s.isDrained() })
	for _, leader := range w.servers {
		if i >= 0 && leader.serving() && leader.status.State == replica.Leading &&
			leader.replica.TransferRefusal(w.servers[i].id) == "" {
			w.handOver(leader, w.servers[i].id)
		}
	}
}

// drain is zoo member drain at one server: a leader hands over first.
func (w *World) drain(s *server) {
	switch {
	case !s.serving() || s.paused:
	case s.replica.DrainRefusal() != "":
		w.refusedDrain(s)
	case s.status.State != replica.Leading:
		s.hear(replica.Drain{})
	case s.replica.TransferRefusal(0) == "":
		w.handOver(s, 0)
		w.drainBehind(s, s.process, w.stormy)
	}
}

func (w *World) handOver(s *server, to zoo.ServerID) {
	w.stats.Transfers++
	s.handsOverAt = w.now
	s.hear(replica.Transfer{To: to})
}

// drainBehind drains a server when another one leads. The operators of the storm go with it.
func (w *World) drainBehind(s *server, process uint32, stormy bool) {
	w.after(tickTime/4, func() {
		switch {
		case s.process != process || w.stormy != stormy:
		case s.serving() && s.status.State != replica.Leading:
			s.hear(replica.Drain{})
		default:
			w.drainBehind(s, process, stormy)
		}
	})
}

func (w *World) undrain(s *server) {
	if s.serving() {
		s.hear(replica.Undrain{})
	}
}

func (s *server) isDrained() bool { return s.status.Drain == wire.DrainDone }

// refusedDrain checks that a leader knows who takes clients: it refuses nothing when another
// server has been there for them for some time.
func (w *World) refusedDrain(s *server) {
	if s.status.State != replica.Leading || w.calmSince == 0 {
		return
	}
	for _, other := range w.servers {
		link := w.ledger.link(other, s)
		if other != s && w.isOpen(other) && other.status.State == replica.Following &&
			other.status.Drain == wire.DrainNone && other.status.Leader == s.id &&
			link != nil && link.open[1] &&
			w.now-other.openSince > syncLimit*tickTime {
			w.violate("%s may not be drained, although %s takes clients", s.name, other.name)
		}
	}
}

// isOpen tells whether a server takes clients.
func (w *World) isOpen(s *server) bool { return s.serving() && !s.paused && !s.isDrained() }

// noteDrain is told of every new status: nobody is drained as the last of all servers, while
// all serve, and nobody who leads. The lead may be given to a server that is drained.
func (w *World) noteDrain(s *server, before replica.Status) {
	if w.isOpen(s) && (!before.Serving || before.Drain != wire.DrainNone) {
		s.openSince = w.now
	}
	if !w.options.Drains || s.status.Drain == before.Drain {
		return
	}
	if before.Drain == wire.DrainDone || s.status.Drain != wire.DrainDone {
		return
	}
	w.stats.Drains++
	if s.status.State == replica.Leading && before.State == replica.Leading {
		w.violate("%s is drained while it leads", s.name)
	}
	open := func(o *server) bool { return w.isOpen(o) || !o.serving() || o.paused }
	if !slices.ContainsFunc(w.members(), open) {
		w.violate("all servers are drained at once, %s as the last", s.name)
	}
}

// members are the servers that belong to the ensemble.
func (w *World) members() (all []*server) {
	for _, s := range w.servers {
		if w.belongs(s) {
			all = append(all, s)
		}
	}
	return all
}

// The shell's side.

// attend does what the shell does for its clients behind each turn: their number is told, and
// they are looked at while some are to go.
func (s *server) attend(sendAway int) {
	if !s.w.options.Drains {
		return
	}
	d := &s.door
	if sendAway > 0 {
		d.left = sendAway
	}
	switch {
	case !s.isDrained():
		d.pace = nil
	case d.pace == nil:
		d.pace = balance.NewPace(s.clock().Mono, partRate)
	}
	if (d.pace != nil || d.left > 0) && !d.looks {
		d.looks = true
		s.lookLater()
	}
}

// count tells the replica how many clients there are.
func (s *server) count() {
	if n := len(s.conns); s.w.options.Drains && n != s.door.told {
		s.door.told = n
		s.hear(replica.Counted{Clients: n})
	}
}

func (s *server) lookLater() {
	process := s.process
	s.w.after(partInterval, func() {
		if s.process == process {
			s.door.looks = false
			s.look()
			s.attend(0)
		}
	})
}

// look parts with clients that rest: all of a server that is drained, some of one that has
// too many.
func (s *server) look() {
	if s.paused || s.reloading {
		return
	}
	d, now := &s.door, s.clock().Mono
	switch {
	case d.pace != nil:
		d.pace.Look(now)
		for _, k := range slices.Clone(s.conns) {
			if s.partWith(k) == balance.Enough {
				break
			}
		}
	case d.left > 0:
		for _, k := range s.conns {
			if s.sendAway(k) {
				d.left--
				return
			}
		}
	}
}

func (k *conn) rests() bool {
	return k.ready && len(k.pending) == 0 && k.server.w.now-k.askedAt > restingMin
}

func (s *server) partWith(k *conn) balance.Verdict {
	verdict := s.door.pace.Judge(balance.Conn{Resting: k.rests(), Finishing: k.finishing})
	switch {
	case verdict == balance.Close, verdict == balance.Finish && len(k.pending) == 0:
		s.w.stats.Parted++
		s.closeConn(k.id)
	case verdict == balance.Finish:
		k.finishing = true
	}
	return verdict
}

func (s *server) sendAway(k *conn) bool {
	d, now, id := &s.door, s.clock().Mono, k.client.session
	c := balance.Client{
		Resting: k.rests(), Age: s.w.now - k.acceptedAt, SentBefore: d.sent.Has(now, id)}
	if !c.May(settledTicks * tickTime) {
		return false
	}
	d.sent.Add(now, id)
	if d.sentAway[id] {
		s.w.violate("%s sends session %v away again", s.name, id)
	}
	if d.sentAway == nil {
		d.sentAway = map[zoo.SessionID]bool{}
	}
	d.sentAway[id] = true
	s.w.stats.SentAway++
	s.closeConn(k.id)
	return true
}

// The calm.

// maintain is what drains are for: without anything else going wrong the leader is drained,
// stopped and started, and then another server. Nobody loses a session. At last the only server
// that takes clients is stopped, and others have to be there for them.
func (w *World) maintain() {
	if !w.options.Drains || w.broken != nil {
		return
	}
	w.plan.think = max(w.plan.think, calmThink/2)
	w.demandOpen()
	w.drains.rolling = w.now
	for _, leads := range []bool{true, false} {
		w.roll(func(s *server) bool { return (s.status.State == replica.Leading) == leads })
	}
	w.demandSpread()
	w.drains.rolling = 0
	w.desert()
}

// demandOpen has all servers take clients. Who cannot be asked is asked later.
func (w *World) demandOpen() {
	asked := time.Duration(-time.Hour)
	w.demand(electTicksMax, "all take clients", func() bool {
		shut := func(s *server) bool { return !w.isOpen(s) }
		if w.now-asked > syncLimit*tickTime {
			asked = w.now
			for _, s := range w.servers {
				w.undrain(s)
			}
		}
		return !slices.ContainsFunc(w.members(), shut)
	})
}

// isRolling tells whether a client has to keep its session.
func (w *World) isRolling(c *client) bool {
	since := w.drains.rolling
	return since > 0 && c.heardAt > since && !c.closing && !w.plan.localSessions &&
		c.timeout >= rollingMin
}

// spared gives the members without which there is a quorum, from a random one on.
func (w *World) spared() (all []*server) {
	for _, s := range w.members() {
		if w.view.Decides(func(id zoo.ServerID) bool { return id != s.id }) {
			all = append(all, s)
		}
	}
	if len(all) == 0 {
		return nil
	}
	n := w.drains.rng.IntN(len(all))
	return append(all[n:len(all):len(all)], all[:n]...)
}

// roll drains one server, stops it, and starts it again.
func (w *World) roll(suits func(*server) bool) {
	all := w.spared()
	i := slices.IndexFunc(all, suits)
	if i < 0 || w.broken != nil {
		return
	}
	s := all[i]
	if s.status.State == replica.Leading && s.replica.TransferRefusal(0) != "" {
		return // Nobody else may lead.
	}
	w.demandDrain(s)
	w.demand(partTicksMax, s.name+" has no clients", func() bool { return len(s.conns) == 0 })
	if w.broken != nil {
		return
	}
	s.kill("is stopped by an operator")
	s.comeBack()
	w.demand(electTicksMax, "every server serves", w.allServe)
	if w.broken == nil && s.isDrained() {
		w.violate("%s is drained behind its restart", s.name)
	}
}

// demandDrain drains a server. Who is told to try again does.
func (w *World) demandDrain(s *server) {
	w.drain(s)
	asked := w.now
	w.demand(drainTicksMax, s.name+" is drained", func() bool {
		if w.now-asked > electTicksMax*tickTime/4 && s.status.Drain == wire.DrainNone {
			asked = w.now
			w.drain(s)
		}
		return s.isDrained()
	})
	if w.broken == nil && s.status.State == replica.Leading {
		w.violate("%s leads on although it was drained", s.name)
	}
}

// demandSpread wants the clients to be spread, as far as they may be sent away.
func (w *World) demandSpread() {
	if w.plan.masters {
		return // The clients of observers behind observer masters do not count.
	}
	w.demand(spreadTicksMax, "the clients are spread", func() bool {
		return len(w.surplus()) == 0
	})
}

// spreadTicksMax is enough for all clients to go once, some in each round.
const spreadTicksMax = 600

// surplus are the servers that have too many clients, and some that may be sent away.
func (w *World) surplus() []balance.Server {
	var counts []balance.Server
	for _, s := range w.members() {
		counts = append(counts, balance.Server{ID: s.id, Clients: len(s.conns)})
	}
	return slices.DeleteFunc(balanceRule.Surplus(counts), func(b balance.Server) bool {
		s := w.server(b.ID)
		return !slices.ContainsFunc(s.conns, func(k *conn) bool {
			return !s.door.sentAway[k.client.session]
		})
	})
}

var balanceRule = balance.Rule{TolerancePercent: 20, RoundMax: 50}

// desert drains all servers but one, and stops that one: when it has been away for
// syncLimit others take clients.
func (w *World) desert() {
	all := w.spared()
	if len(all) == 0 || w.broken != nil {
		return
	}
	last := all[0]
	for _, s := range w.members() {
		if s != last && s.status.State == replica.Leading &&
			s.replica.TransferRefusal(last.id) == "" {
			w.handOver(s, last.id)
		}
	}
	w.demand(electTicksMax, "every server serves", w.allServe)
	for _, s := range w.members() {
		if s != last && w.broken == nil && s.status.State != replica.Leading &&
			!(s.status.State == replica.Observing && w.plan.masters) {
			w.demandDrain(s)
		}
	}
	if w.broken != nil {
		return
	}
	last.kill("was the last to take clients")
	acks := w.stats.Acks
	w.demand(electTicksMax, "somebody takes clients", func() bool {
		return slices.ContainsFunc(w.members(), w.isOpen)
	})
	w.demand(commitTicksMax, "a write is acknowledged", func() bool { return w.stats.Acks > acks })
	w.after(0, last.start)
	w.demand(electTicksMax, "every server serves", w.allServe)
}

// next is where a client goes that has lost its server: it walks along its list.
func (c *client) next() *server {
	if !c.w.options.Drains {
		return c.w.servers[c.w.rng.IntN(len(c.w.servers))]
	}
	c.at = (c.at + 1) % len(c.w.servers)
	return c.w.servers[c.at]
}
