package server

import (
	"strconv"
	"sync/atomic"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/replica"
	"zoo/internal/net/certs"
	"zoo/internal/ops/metrics"
)

// What this server is, and how safe the ensemble is, for alerts. ZooKeeper has no figures
// for it; mntr does not show them.

// meterState makes these metrics.
func (s *Server) meterState() {
	set := s.meters.set
	set.States(metrics.State{Name: "server_state", Label: "state",
		Help: "1 for what this server is, 0 for what else it could be."}, s.eachState)
	set.States(metrics.State{Name: "zxid_epoch",
		Help: "The epoch of the last transaction that was applied."},
		s.stateOf(func(st *replica.Status) float64 { return float64(st.LastApplied.Epoch()) }))
	set.States(metrics.State{Name: "zxid_counter",
		Help: "The last transaction that was applied, by its number in the epoch."},
		s.stateOf(func(st *replica.Status) float64 { return float64(st.LastApplied.Counter()) }))
	set.States(metrics.State{Name: "quorum_spare_voters",
		Help: "Voters in sync that the ensemble can lose, whichever they are; a leader's."},
		s.eachSpare)
	set.States(metrics.State{Name: "learner_lag_transactions", Label: "learner",
		Help: "Proposals of this leader's log that a follower has not acknowledged."},
		s.eachLag)
	set.States(metrics.State{Name: "learner_silent_seconds", Label: "learner",
		Help: "Time since a learner of this server was last heard."}, s.eachSilence)
	set.States(metrics.State{Name: "certificate_expiry_timestamp_seconds", Label: "port",
		Help: "When the first of the server's own certificates ends, in seconds of Unix."},
		s.eachCertificate)
}

// serverStates are the values of server_state: first what a server is that does not serve.
var serverStates = [...]string{"starting", "looking", "synchronising", "read-only",
	"standalone", "leader", "follower", "observer"}

func (s *Server) eachState(show func(key string, value float64)) {
	is := "starting"
	if status, ok := s.observed(); ok {
		is = nameOf(&status)
	}
	for _, state := range serverStates {
		value := 0.0
		if state == is {
			value = 1
		}
		show(state, value)
	}
}

// nameOf is one of serverStates.
func nameOf(status *replica.Status) string {
	switch {
	case status.ReadOnly || status.Serving:
		return mode(status)
	case status.State == replica.Looking:
		return "looking"
	}
	return "synchronising"
}

// observed is the replica's view of itself; false while there is none, or it is read anew.
func (s *Server) observed() (replica.Status, bool) {
	if !s.pulse.looping.Load() {
		return replica.Status{}, false
	}
	status, ok := ask(s, func() *replica.Status {
		if s.loop.restarting {
			return nil
		}
		status := s.loop.replica.Status()
		return &status
	})
	if !ok || status == nil {
		return replica.Status{}, false
	}
	return *status, true
}

// stateOf is a figure of the replica's view of itself.
func (s *Server) stateOf(figure func(*replica.Status) float64) func(func(string, float64)) {
	return func(show func(string, float64)) {
		if status, ok := s.observed(); ok {
			show("", figure(&status))
		}
	}
}

// leading is the view of a leader that serves.
func (s *Server) leading() (replica.Status, bool) {
	status, ok := s.observed()
	return status, ok && status.Serving && status.State == replica.Leading
}

func (s *Server) eachSpare(show func(key string, value float64)) {
	view := s.view.Load()
	status, leads := s.leading()
	if !leads || view == nil {
		return
	}
	show("", float64(spareVoters(view, s.cfg.ID, &status)))
}

// spareVoters counts with those that are in sync, the leader among them.
func spareVoters(view *quorum.View, leader zoo.ServerID, status *replica.Status) int {
	synced := map[zoo.ServerID]bool{leader: true}
	for _, l := range status.Learners {
		synced[l.ID] = l.Synced
	}
	return view.Spare(func(id zoo.ServerID) bool { return synced[id] })
}

func (s *Server) eachLag(show func(key string, value float64)) {
	if status, leads := s.leading(); leads {
		lags(&status, show)
	}
}

// lags leaves observers out: they acknowledge nothing.
func lags(status *replica.Status, show func(key string, value float64)) {
	for _, l := range status.Learners {
		if l.Observer || !l.Synced {
			continue
		}
		show(learnerKey(l.ID), float64(lagOf(status.LastLogged, l.Acked)))
	}
}

// lagOf is how many transactions of the epoch are logged and not acknowledged.
func lagOf(logged, acked zoo.Zxid) uint32 {
	switch {
	case acked.Epoch() < logged.Epoch():
		return logged.Counter() // none of this epoch is acknowledged
	case acked < logged:
		return logged.Counter() - acked.Counter()
	}
	return 0
}

func (s *Server) eachSilence(show func(key string, value float64)) {
	status, ok := s.observed()
	if !ok {
		return
	}
	now := s.mono()
	for _, l := range status.Learners {
		show(learnerKey(l.ID), max(now-l.LastHeard, time.Duration(0)).Seconds())
	}
}

func learnerKey(id zoo.ServerID) string { return strconv.FormatInt(int64(id), 10) }

// ownCertificates are those in use: a nil pointer where there is no TLS.
type ownCertificates struct {
	clients, servers, operators, scrapers atomic.Pointer[certs.Context]
}

func (s *Server) eachCertificate(show func(key string, value float64)) {
	for _, c := range s.certified() {
		show(c.Port, float64(c.Ends.Unix()))
	}
}
