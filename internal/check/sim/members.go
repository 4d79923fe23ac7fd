package sim

import (
	"encoding/binary"
	"fmt"
	"slices"
	"strings"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/replica"
	"zoo/internal/wire"
)

// sparesMax is how many machines there are besides the first members, where members come
// and go.
const sparesMax = 2

// addSpares makes machines that are in nobody's configuration but their own, where they
// are observers.
func (w *World) addSpares() {
	if !w.options.Reconfigures {
		return
	}
	members := w.view.Members()
	for range 1 + w.rng.IntN(sparesMax) {
		m := member(len(w.servers)+1, true)
		view, err := quorum.NewView(append(members[:len(members):len(members)], m), 0)
		if err != nil {
			panic(err)
		}
		s := newServer(w, len(w.servers), m)
		s.disk.members.Current = view
		w.servers = append(w.servers, s)
	}
}

// isObserver tells whether the server believes to be one.
func (s *server) isObserver() bool {
	if s.replica == nil {
		return s.disk.members.Current.IsObserver(s.id)
	}
	return s.replica.Members().Current.IsObserver(s.id)
}

// belongs tells whether the server is a member in the end.
func (w *World) belongs(s *server) bool {
	view := w.ledger.view
	if w.restarts.target != nil {
		view = w.restarts.target
	}
	_, ok := view.Member(s.id)
	return ok
}

// activates tells whether the server has just brought a configuration into force that nobody
// has applied yet: others will hear of it in a moment, and who belongs to it is another
// question until then.
func (w *World) activates(s *server) bool {
	return s.known != nil && s.known.Version() > w.ledger.view.Version() &&
		w.now-s.activatedAt < tickTime
}

// proposesMembers tells whether a member knows a configuration that is not in force yet.
func (w *World) proposesMembers() bool {
	return slices.ContainsFunc(w.members(), func(s *server) bool {
		return s.replica.Members().Next != nil
	})
}

// views are the configurations that any server has in its files or knows, in force or
// proposed.
func (w *World) views() []*quorum.View {
	all := []*quorum.View{w.ledger.view}
	note := func(v *quorum.View) {
		if v != nil && !slices.ContainsFunc(all, v.SameMembers) {
			all = append(all, v)
		}
	}
	for _, s := range w.servers {
		note(s.disk.members.Current)
		note(s.disk.members.Next)
		if s.replica != nil {
			known := s.replica.Members()
			note(known.Current)
			note(known.Next)
		}
	}
	return all
}

// maybeReconfigure has a client ask for another ensemble, now and then.
func (c *client) maybeReconfigure() {
	w := c.w
	if !w.options.Reconfigures || !w.stormy || w.rng.IntN(8) > 0 || len(c.conn.pending) > 0 {
		return
	}
	r := wire.ReconfigRequest{CurConfigID: -1}
	switch w.rng.IntN(3) {
	case 0:
		r.NewMembers = w.newMembers()
	case 1:
		r.LeavingServers = fmt.Sprint(1 + w.rng.IntN(len(w.servers)))
		fallthrough
	default:
		r.JoiningServers = w.joiner(1 + w.rng.IntN(len(w.servers)))
	}
	c.submitAs(wire.OpReconfig, wire.AppendReconfig(nil, &r), super)
}

// super is who may change the ensemble.
var super = []zoo.ID{{Scheme: "super"}}

// joiner is the line of a machine. Sometimes it moves to another port, so that a leader
// has to hand over.
func (w *World) joiner(id int) string {
	role := []string{"observer", "participant", "participant"}[w.rng.IntN(3)]
	port := 2888 - w.rng.IntN(8)/7
	return fmt.Sprintf("server.%d=host%d:%d:3888:%s;2181", id, id, port, role)
}

// newMembers is a whole new ensemble.
func (w *World) newMembers() string {
	var lines []string
	for id := range len(w.servers) {
		if w.rng.IntN(3) > 0 {
			lines = append(lines, w.joiner(id+1))
		}
	}
	return strings.Join(lines, ",")
}

// reconfigured takes a committed reconfiguration into account: a quorum of the new
// configuration must have it, too.
func (l *ledger) reconfigured(s *server, r *record, o *replica.Outcome) {
	if o.Result.Header.Type != wire.OpReconfig {
		return
	}
	n, _ := s.replica.Tree().Lookup("/zookeeper/config")
	view, err := quorum.ParseView(string(n.Data()))
	switch {
	case err != nil:
		l.w.violate("%s applies %v, which is no configuration: %v", s.name, r.zxid, err)
		return
	case view.Version() != r.zxid:
		l.w.violate("%s has configuration %v at %v", s.name, view.Version(), r.zxid)
		return
	}
	l.view = view
	l.w.stats.Reconfigs++
	if !l.isHeldByQuorum(r) {
		l.w.violate("%s applies %v, which no quorum of its configuration has", s.name, r.zxid)
	}
}

// knows checks what a server takes for the configuration in force: it was committed.
func (l *ledger) knows(s *server) {
	s.activatedAt = l.w.now
	s.known = s.replica.Members().Current
	if v := s.replica.Members().Current.Version(); v.Counter() != 0 && v > l.end() {
		l.proposedInForce(s, v)
	}
}

// proposedInForce looks whether a configuration that nobody has applied yet is committed
// all the same: a quorum of the one before has it, and of its own.
func (l *ledger) proposedInForce(s *server, z zoo.Zxid) {
	next := s.replica.Members().Current
	holds := func(id zoo.ServerID) bool {
		_, ok := l.w.server(id).log.find(z)
		return ok || l.w.server(id).log.base >= z
	}
	if !l.view.Decides(holds) || !next.Decides(holds) {
		l.w.violate("%s takes configuration %v for one in force, which is not committed",
			s.name, z)
	}
}

// designates checks whom a leader names with the commit of a reconfiguration: itself, if it
// votes on at the same address.
func (l *ledger) designates(s *server, p *wire.QuorumPacket) {
	if len(p.Data) < 8 {
		return
	}
	leader := zoo.ServerID(binary.BigEndian.Uint64(p.Data))
	before, after := s.known, s.replica.Members().Current
	if leader != s.id && after.IsVoter(s.id) && after.Weighs(s.id) &&
		quorumAddress(before, s.id) == quorumAddress(after, s.id) {
		l.w.violate("%s hands over to server %d, and votes on where it is", s.name, leader)
	}
}

func quorumAddress(v *quorum.View, id zoo.ServerID) string {
	s, _ := v.Server(id)
	return s.QuorumAddresses()
}
