package server

import (
	"time"

	"zoo/internal/core/replica"
	"zoo/internal/core/watch"
	"zoo/internal/ops/command"
)

// source tells operators about a server.
type source struct{ server *Server }

// Overview asks the loop for the replica's view and adds the shell's own.
func (q source) Overview() (command.Overview, bool) {
	s := q.server
	status, ok := s.status()
	if !ok || !status.Serving {
		return command.Overview{}, false
	}
	o := command.Overview{
		Mode: mode(&status), ReadOnly: status.ReadOnly, Sessions: status.Sessions,
		Outstanding: int(s.inflight.Load()),
		Uptime:      s.mono() - time.Duration(s.servingSince.Load()),
	}
	sum, conns := s.conns.traffic()
	o.Received, o.Sent, o.Latency, o.Connections = sum.received, sum.sent, sum.latency, conns
	q.addTree(&o)
	q.addEnsemble(&o, &status)
	return o, true
}

// mode is the name of what the server does for clients.
func mode(status *replica.Status) string {
	if status.ReadOnly {
		return "read-only"
	}
	return status.State.String()
}

func (q source) addTree(o *command.Overview) {
	s := q.server
	s.treeMu.RLock()
	defer s.treeMu.RUnlock()
	counts := s.watches.counts()
	o.Watches = watchCounts(counts)
	// Java counts the root twice.
	o.Zxid, o.Nodes = s.tree.Zxid(), s.tree.Len()+1
	o.Ephemerals, o.DataBytes = s.tree.EphemeralCount(), s.tree.DataBytes()
	o.Digest = s.tree.Digest()
}

func watchCounts(c watch.Counts) command.Watches {
	return command.Watches{Connections: c.Conns, Paths: c.Paths, Total: c.Watches}
}

func (q source) addEnsemble(o *command.Overview, status *replica.Status) {
	view := q.server.cfg.View
	if view == nil {
		return
	}
	o.QuorumSize = len(view.Voters())
	o.PeerState = peerStates[status.State]
	if status.State != replica.Leading {
		return
	}
	o.Leader = &command.Leader{ProposalBytes: status.ProposalBytes}
	for _, l := range status.Learners {
		o.Leader.Learners++
		switch {
		case !l.Synced:
		case l.Observer:
			o.Leader.SyncedObservers++
		default:
			o.Leader.SyncedFollowers++
		}
	}
}

// peerStates are the names of mntr's peer_state.
var peerStates = [...]string{
	replica.Looking:    "looking",
	replica.Following:  "following - broadcast",
	replica.Leading:    "leading - broadcast",
	replica.Observing:  "observing - broadcast",
	replica.Standalone: "",
}

// Clients lists the client connections.
func (q source) Clients() []command.Client { return q.server.conns.clients() }

// Timeline lists the stages of the start-up.
func (q source) Timeline() []command.Stage { return q.server.timeline.list() }

// status asks the loop for the replica's view of itself; false if the server
// ends, or does not run yet.
func (s *Server) status() (replica.Status, bool) {
	answer := make(chan replica.Status, 1)
	s.queue.call(func() { answer <- s.loop.replica.Status() })
	timer := time.NewTimer(statusMax)
	defer timer.Stop()
	select {
	case status := <-answer:
		return status, true
	case <-s.closing:
	case <-timer.C:
	}
	return replica.Status{}, false
}

// statusMax is how long an operator waits for a server that is still recovering
// its data before it is told that it does not serve.
const statusMax = 500 * time.Millisecond
