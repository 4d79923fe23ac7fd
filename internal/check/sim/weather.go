package sim

import (
	"math/rand/v2"
	"slices"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/replica"
	"zoo/internal/core/zab"
	"zoo/internal/disk/vfs"
	"zoo/internal/wire"
)

// weather is what some seeds have besides the plan. It has a source of chance of its
// own, so that the storms of the others stay as they were.
type weather struct {
	rng *rand.Rand
	// counterMax lets epochs run out of zxids soon; zero does not.
	counterMax uint32
	// faults come besides those of the plan.
	faults []func(*server)
	// syncTrouble lets something go wrong just when a learner is brought up to date.
	syncTrouble bool
	// repeats lets leaders send proposals twice, as Java's may.
	repeats bool
	// hasty clients close a session whose ephemeral is still under way, and ask for more.
	hasty bool
	// ownVotes lets some followers tell a round and a zxid of their own with the vote
	// that they follow, as servers of Java do that came late.
	ownVotes bool
}

// chosen is one of how many seeds have each kind of weather.
const chosen = 6

func (w *World) drawWeather(rng *rand.Rand) {
	yes := func() bool { return rng.IntN(chosen) == 0 }
	w.weather = weather{
		rng: rng, syncTrouble: yes(), repeats: yes(), hasty: yes(), ownVotes: yes(),
	}
	if yes() {
		w.weather.counterMax = 16 + rng.Uint32N(40)
	}
	for _, fault := range []func(*server){
		w.portFault, w.newDiskFault, w.lagFault, w.transferFault,
	} {
		if yes() {
			w.weather.faults = append(w.weather.faults, fault)
		}
	}
}

// strikeMore brings one of the faults of the weather now and then.
func (w *World) strikeMore() {
	r := w.weather.rng
	if len(w.weather.faults) == 0 || r.IntN(2) == 0 {
		return
	}
	w.weather.faults[r.IntN(len(w.weather.faults))](w.servers[r.IntN(len(w.servers))])
}

// portFault breaks the quorum port of who leads. The shell ends the server then.
func (w *World) portFault(*server) {
	for _, s := range w.servers {
		if !s.listening(false) || s.deaf {
			continue
		}
		w.stats.Ports++
		if w.options.Planted == zab.Bug4203 {
			s.deaf = true
			return
		}
		s.kill("quorum port lost")
		s.comeBack()
		return
	}
}

// transferFault has the leader hand over, to anybody or to a certain server.
func (w *World) transferFault(s *server) {
	for _, leader := range w.servers {
		if !leader.serving() || leader.status.State != replica.Leading {
			continue
		}
		to := s.id
		if w.weather.rng.IntN(2) == 0 {
			to = 0
		}
		if leader.replica.TransferRefusal(to) == "" {
			w.stats.Transfers++
			leader.handsOverAt = w.now
			leader.hear(replica.Transfer{To: to})
		}
	}
}

// newDiskFault replaces the disk of a server by an empty one; its configuration files stay.
// An operator may do that to whoever votes in no configuration that is known anywhere, and
// to a voter if nothing is lost with it.
func (w *World) newDiskFault(s *server) {
	if !s.alive || !w.canSpare(s) {
		return
	}
	w.stats.NewDisks++
	s.losePower()
	// Nobody replaces a disk while a packet of it is on its way.
	for _, link := range w.net.links {
		if slices.Contains(link.side[:], s) && !link.broken {
			link.lose()
		}
	}
	if w.trace.on() {
		w.trace.line(s.name, "gets an empty disk")
	}
	s.disk.mem = vfs.NewMem()
	s.log = shadow{}
	s.comeBack()
}

// canSpare tells whether nobody counts a server, or all other voters have logged and promised
// what it has, and are a quorum without it. While configurations differ no voter can be
// spared: what it has said may count in one that the others have not heard of.
func (w *World) canSpare(s *server) bool {
	views := w.views()
	if !slices.ContainsFunc(views, func(v *quorum.View) bool { return v.IsVoter(s.id) }) {
		return true
	}
	view := views[0]
	if len(views) > 1 || !view.Decides(func(id zoo.ServerID) bool { return id != s.id }) {
		return false
	}
	for _, other := range w.servers {
		if other == s || !view.IsVoter(other.id) {
			continue
		}
		if other.log.accepted < s.log.accepted || other.log.current < s.log.current ||
			!other.log.covers(&s.log) {
			return false
		}
	}
	return true
}

// covers tells whether everything that is durable in the other log is so here.
func (l *shadow) covers(other *shadow) bool {
	if other.base > l.persisted() {
		return false
	}
	for _, e := range other.entries[:other.durable] {
		if !l.holds(&record{zxid: e.zxid, hash: e.hash}) {
			return false
		}
	}
	return true
}

// lagFault makes one direction of a quorum link slow for a while.
func (w *World) lagFault(*server) {
	if len(w.net.links) == 0 {
		return
	}
	r := w.weather.rng
	l := w.net.links[r.IntN(len(w.net.links))]
	side := r.IntN(2)
	w.stats.Lags++
	l.lag[side] = time.Duration(r.Int64N(int64(2 * tickTime)))
	w.after(time.Duration(r.Int64N(int64(10*tickTime))), func() { l.lag[side] = 0 })
}

// lags is how much longer the link takes at the moment. Nobody is to blame for it.
func (l *link) lags(side int) time.Duration {
	if l.lag[side] > 0 {
		l.since, l.heldAt = l.net.w.now, l.net.w.now
	}
	return l.lag[side]
}

// troubleSync lets something go wrong when a packet of the synchronisation arrives.
func (w *World) troubleSync(s *server, l *link, t wire.PacketType) {
	r := w.weather.rng
	if !w.stormy || !w.weather.syncTrouble || r.IntN(4) > 0 ||
		!isSyncDecision(t) && t != wire.PacketNewLeader {
		return
	}
	w.stats.SyncTroubles++
	switch r.IntN(4) {
	case 0:
		w.slowDiskFault(s)
	case 1:
		w.slowDiskFault(l.side[1])
	case 2:
		s.disk.arm(1+r.IntN(6), errPower)
	case 3:
		w.breakLink(l)
	}
}

// repeated adds proposals that are sent twice.
func (w *World) repeated(packets []wire.QuorumPacket) []wire.QuorumPacket {
	if !w.stormy || !w.weather.repeats {
		return packets
	}
	for _, p := range packets {
		if p.Type == wire.PacketProposal && w.weather.rng.IntN(8) == 0 {
			w.stats.Repeats++
			packets = append(packets, p)
		}
	}
	return packets
}

// hurry closes the session at once behind an ephemeral, and asks for another one.
func (c *client) hurry() {
	r := wire.CreateRequest{
		Path: "/h" + c.name, ACL: openToAll, Flags: zoo.EphemeralSequential,
	}
	c.submit(wire.OpCreate, r.AppendTo(nil))
	c.submit(wire.OpCloseSession, nil)
	c.submit(wire.OpCreate, r.AppendTo(nil))
}

// ownVote is what a follower tells of the vote that it follows.
func (w *World) ownVote(s *server, n wire.Notification) wire.Notification {
	if w.weather.ownVotes && s.index%2 == 1 && n.State == wire.Following {
		n.Round, n.Zxid = 1, s.log.last()
	}
	return n
}

// isExhausted tells whether a leader has used up its epoch.
func (s *server) isExhausted(status replica.Status) bool {
	limit := s.w.weather.counterMax
	return limit > 0 && status.LastLogged.Counter() >= limit-1
}
