package server

import (
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/replica"
	"zoo/internal/net/certs"
	"zoo/internal/ops/admin"
)

// placed is what the loop knows of the server's place.
type placed struct {
	status  replica.Status
	members quorum.Ensemble
	ok      bool
}

// Place tells what this server is in its ensemble, and whom it knows.
func (o operator) Place() admin.Place {
	s := o.server
	p := admin.Place{Server: s.cfg.ID, State: serverStates[0], Certificates: s.certified()}
	if !s.pulse.looping.Load() {
		return p
	}
	known, _ := ask(s, func() placed {
		if s.loop.restarting {
			return placed{}
		}
		return placed{s.loop.replica.Status(), s.loop.members, true}
	})
	if !known.ok {
		return p
	}
	status := &known.status
	p.State, p.Leader, p.Epoch = nameOf(status), status.Leader, status.Epoch
	p.Applied, p.Logged = status.LastApplied, status.LastLogged
	p.Short, p.Refuses = status.Alarm.Short, status.Alarm.Refuses
	if known.members.Current != nil {
		s.addMembers(&p, &known)
	}
	return p
}

func (s *Server) addMembers(p *admin.Place, known *placed) {
	view, status := known.members.Current, &known.status
	p.Version, p.Groups = view.Version(), view.Hierarchy() != nil
	if next := known.members.Next; next != nil {
		p.Proposed = next.Version()
	}
	if status.Serving && status.State == replica.Leading {
		spare := spareVoters(view, s.cfg.ID, status)
		p.Spare = &spare
	}
	mesh, now := s.peers.current(), s.mono()
	for _, m := range known.members.Members() {
		// Their lines could be read when the configuration was.
		line, _ := quorum.ParseServer(m.ID, m.Text)
		member := admin.Member{ID: m.ID, Observer: m.Observer, Weighs: view.Weighs(m.ID),
			Quorum: line.QuorumAddresses(), Election: line.ElectionAddresses(),
			Client: line.ClientAddress(), Secure: line.SecureAddress(),
			Connected: m.ID != s.cfg.ID && mesh != nil && mesh.Connected(m.ID)}
		member.Learner = learnerNamed(status, m.ID, now)
		p.Members = append(p.Members, member)
	}
}

// learnerNamed is one of the server's learners, nil if it is none.
func learnerNamed(status *replica.Status, id zoo.ServerID, now time.Duration) *admin.Learner {
	for i := range status.Learners {
		if l := &status.Learners[i]; l.ID == id {
			learner := learnerOf(status, l, now)
			return &learner
		}
	}
	return nil
}

func (s *Server) certified() (list []admin.Certificate) {
	tell := func(port string, of *certs.Context) {
		if of != nil && !of.NotAfter().IsZero() {
			list = append(list, admin.Certificate{Port: port, Ends: of.NotAfter()})
		}
	}
	tell("client", s.certificates.clients.Load())
	tell("quorum", s.certificates.servers.Load())
	tell("admin", s.certificates.operators.Load())
	tell("metrics", s.certificates.scrapers.Load())
	return list
}
