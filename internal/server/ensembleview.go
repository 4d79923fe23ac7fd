package server

import (
	"cmp"
	"slices"
	"strings"

	"zoo/internal/core/quorum"
	"zoo/internal/core/replica"
	"zoo/internal/core/zab"
	"zoo/internal/net/peer"
	"zoo/internal/ops/admin"
)

// Ensemble is the ensemble as this server knows it.
func (o operator) Ensemble() (admin.Ensemble, bool) {
	s := o.server
	view := s.view.Load()
	if view == nil {
		return admin.Ensemble{}, false
	}
	status, ok := s.status()
	if !ok {
		return admin.Ensemble{}, false
	}
	e := admin.Ensemble{Self: s.cfg.ID, Leader: status.Leader,
		Leads: status.State == replica.Leading, Phase: phaseOf(&status.Status),
		Applied: status.LastApplied}
	if e.Leads {
		e.Leader = s.cfg.ID
	}
	for _, m := range view.Members() {
		// Their lines could be read when the configuration was.
		line, _ := quorum.ParseServer(m.ID, m.Text)
		e.Members = append(e.Members, admin.MemberLine{ID: m.ID, Observer: m.Observer,
			Quorum: apart(line.QuorumAddresses()), Election: apart(line.ElectionAddresses()),
			Client: line.ClientAddress()})
	}
	return e, true
}

// apart splits what is joined with "|". A line that does not say where a server is has none.
func apart(addresses string) []string {
	if addresses == "" {
		return []string{}
	}
	return strings.Split(addresses, "|")
}

// phaseOf is what of the protocol goes on, in ZooKeeper's words. What it calls discovery is
// over before a synchronisation can be told from it, and counts as that.
func phaseOf(status *replica.Status) string {
	switch {
	case status.State == replica.Looking:
		return "election"
	case !status.Serving:
		return "synchronization"
	}
	return "broadcast"
}

// observersHere are those that learn from this server and are in sync.
func (s *Server) observersHere() []zab.LearnerStatus {
	status, _ := s.status()
	return slices.DeleteFunc(slices.Clone(status.Learners), func(l zab.LearnerStatus) bool {
		return !l.Observer || !l.Synced
	})
}

// Observers lists them with what passed over their links.
func (o operator) Observers() []admin.Observer {
	var list []admin.Observer
	for _, l := range o.server.observersHere() {
		link := o.server.peers.quorum.LinkStats(peer.LinkID(l.Link))
		if link.Remote == nil {
			continue // It has gone meanwhile.
		}
		list = append(list, admin.Observer{ID: l.ID, Remote: link.Remote.String(),
			Since: link.Since, Queued: link.Queued, QueuedBytes: link.QueuedBytes,
			Received: link.Received, Sent: link.Sent, Requests: link.Requests, Last: link.Last})
	}
	slices.SortFunc(list, func(a, b admin.Observer) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// ResetObservers begins the counts of their links anew.
func (o operator) ResetObservers() {
	for _, l := range o.server.observersHere() {
		o.server.peers.quorum.ForgetStats(peer.LinkID(l.Link))
	}
}
