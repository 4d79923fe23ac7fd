package server

import (
	"cmp"
	"maps"
	"slices"
	"sync"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/replica"
	"zoo/internal/core/session"
	"zoo/internal/core/tree"
	"zoo/internal/core/watch"
	"zoo/internal/core/zab"
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
		Mode: mode(&status.Status), ReadOnly: status.ReadOnly, Sessions: status.Sessions,
		LocalSessions: status.LocalSessions,
		Outstanding:   int(s.inflight.Load()),
		Uptime:        s.mono() - time.Duration(s.servingSince.Load()),
	}
	sum, conns := s.conns.traffic()
	o.Received, o.Sent, o.Latency, o.Connections = sum.received, sum.sent, sum.latency, conns
	o.Bytes = sum.bytes()
	o.SlowSyncs, o.AuthFailures = s.slowSyncs.Load(), s.meters.auth.failed.Count()
	q.addTree(&o)
	if status.entersEpoch() && status.Epoch > o.Zxid.Epoch() {
		// As in Java, which begins an epoch with its zxid 0.
		o.Zxid = zoo.MakeZxid(status.Epoch, 0)
	}
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
	data, all := s.watches.counts()
	o.Watches = command.Watches{
		Connections: data.Conns, Paths: data.Paths, Total: data.Watches,
	}
	o.WatchCount = all
	// Java counts the root twice.
	o.Zxid, o.Nodes = s.tree.Zxid(), s.tree.Len()+1
	o.Ephemerals, o.DataBytes = s.tree.EphemeralCount(), s.tree.DataBytes()
	o.Digest = s.tree.Digest()
}

func (q source) addEnsemble(o *command.Overview, status *loopStatus) {
	view := q.server.view.Load()
	if view == nil {
		return
	}
	o.QuorumSize = len(view.Voters())
	o.PeerState = peerStates[status.State]
	if status.State == replica.Following {
		o.Follower = &command.Follower{SyncedObservers: synced(status.Learners)}
	}
	if status.State == replica.Observing {
		o.ObserverMaster = cmp.Or(status.Master, status.Leader)
	}
	if status.State != replica.Leading {
		return
	}
	o.Leader = &command.Leader{
		ProposalBytes: status.ProposalBytes, Proposals: status.Proposed,
		Uptime: q.server.mono() - status.leadingSince,
	}
	countLearners(o.Leader, view, status.Learners)
}

// countLearners counts a follower without a vote among the followers as well, as Java does.
func countLearners(into *command.Leader, view *quorum.View, learners []zab.LearnerStatus) {
	for _, l := range learners {
		into.Learners++
		switch {
		case !l.Synced:
		case l.Observer:
			into.SyncedObservers++
		default:
			into.SyncedFollowers++
			if !view.IsVoter(l.ID) {
				into.SyncedNonVoting++
			}
		}
	}
}

func synced(observers []zab.LearnerStatus) (n int) {
	for _, x := range observers {
		if x.Synced {
			n++
		}
	}
	return n
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

// Timeline lists the stages of the start-up; while the data directory is read, that is
// the last one.
func (q source) Timeline() []command.Stage {
	stages := q.server.timeline.list()
	if r := q.server.recovery.Load(); r != nil {
		stages = append(stages, r.stage(q.server.mono()))
	}
	return stages
}

// Sessions lists the sessions and what hangs on them.
func (q source) Sessions() command.Sessions {
	s := q.server
	var all command.Sessions
	answer, _ := ask(s, func() (t tracked) {
		t.expiries, t.here = s.loop.replica.Expiries()
		t.localExpiries, t.local = s.loop.replica.LocalExpiries()
		return t
	})
	all.Tracked, all.Buckets = answer.here, s.buckets(answer.expiries)
	all.HasLocal, all.Local = answer.local, s.buckets(answer.localExpiries)
	q.addSessions(&all)
	all.Connections = s.connBuckets()
	return all
}

// tracked is what the loop knows of when sessions expire: those of the ensemble, if
// they are tracked here, and those that only this server has, if it may have any.
type tracked struct {
	expiries, localExpiries []session.Expiry
	here, local             bool
}

func (s *Server) buckets(list []session.Expiry) []command.Bucket {
	buckets := make([]command.Bucket, len(list))
	for i, e := range list {
		buckets[i] = command.Bucket{Expires: s.wall(e.At), Sessions: e.Sessions}
	}
	return buckets
}

// addSessions adds what the tree knows of sessions.
func (q source) addSessions(all *command.Sessions) {
	s := q.server
	if !all.Tracked {
		all.Global = s.globalSessions(s.treeMu.RLocker())
	}
	all.Ephemerals = s.ephemerals(s.treeMu.RLocker())
}

// globalSessions are the sessions of the ensemble by their ids.
func (s *Server) globalSessions(lock sync.Locker) []command.GlobalSession {
	var list []command.GlobalSession
	s.readTree(lock, func(t *tree.Tree, next func() bool) {
		t.WalkSessions(func(id zoo.SessionID, timeout int32) bool {
			list = append(list, command.GlobalSession{ID: id, TimeoutMillis: timeout})
			return next()
		})
	})
	slices.SortFunc(list, func(a, b command.GlobalSession) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(list, func(a, b command.GlobalSession) bool { return a.ID == b.ID })
}

// ephemerals are the ephemeral znodes by their sessions and paths.
func (s *Server) ephemerals(lock sync.Locker) []command.EphemeralPaths {
	paths := map[zoo.SessionID][]string{}
	s.readTree(lock, func(t *tree.Tree, next func() bool) {
		t.WalkEphemerals(func(owner zoo.SessionID, path string) bool {
			paths[owner] = append(paths[owner], path)
			return next()
		})
	})
	list := make([]command.EphemeralPaths, 0, len(paths))
	for _, id := range slices.Sorted(maps.Keys(paths)) {
		slices.Sort(paths[id])
		list = append(list,
			command.EphemeralPaths{Session: id, Paths: slices.Compact(paths[id])})
	}
	return list
}

// DataWatches lists the table of data watches.
func (q source) DataWatches() []command.Watch {
	s := q.server
	return s.dataWatches(s.treeMu.RLocker())
}

func (s *Server) dataWatches(lock sync.Locker) (list []command.Watch) {
	sessions := s.conns.sessions()
	for at, more := uint32(0), true; more; more = at != 0 {
		lock.Lock()
		at = s.watches.walk(at, func(path string, id watch.ConnID) {
			if session, known := sessions[replica.ConnID(id)]; known {
				list = append(list, command.Watch{Path: path, Session: session})
			}
		})
		lock.Unlock()
	}
	return list
}

// sessions are the sessions by connection.
func (t *connTable) sessions() map[replica.ConnID]zoo.SessionID {
	sessions := map[replica.ConnID]zoo.SessionID{}
	for _, c := range t.all() {
		c.mu.Lock()
		sessions[c.id] = c.session
		c.mu.Unlock()
	}
	return sessions
}

// Digests lists the log of digests.
func (q source) Digests() []command.Digest {
	q.server.treeMu.RLock()
	defer q.server.treeMu.RUnlock()
	return append([]command.Digest(nil), q.server.digests...)
}

// ResetServer begins the figures of the whole server anew.
func (q source) ResetServer() {
	s := q.server
	s.conns.resetServer()
	s.slowSyncs.Store(0)
	s.hot.Reset(s.mono())
	ask(s, func() struct{} {
		s.loop.replica.ForgetProposals()
		s.loop.replica.ForgetQuotaRefusals()
		return struct{}{}
	})
}

// ResetClients begins the figures of the connections anew.
func (q source) ResetClients() { q.server.conns.resetClients() }

// loopStatus is the replica's view of itself, with what the loop adds.
type loopStatus struct {
	replica.Status
	leadingSince time.Duration
}

// entersEpoch tells whether srvr shows the begin of an epoch before there is a
// transaction in it.
func (s *loopStatus) entersEpoch() bool {
	return s.State == replica.Leading || s.State == replica.Observing
}

// status asks the loop for the replica's view of itself; false if the server
// ends, or does not run yet.
func (s *Server) status() (loopStatus, bool) {
	return ask(s, func() loopStatus {
		return loopStatus{s.loop.replica.Status(), s.loop.roles.leading}
	})
}

// ask has the loop answer; false if the server ends, or does not run yet.
func ask[T any](s *Server, question func() T) (answer T, ok bool) {
	answers := make(chan T, 1)
	s.queue.call(func() { answers <- question() })
	timer := time.NewTimer(statusMax)
	defer timer.Stop()
	select {
	case answer = <-answers:
		return answer, true
	case <-s.closing:
	case <-timer.C:
	}
	return answer, false
}

// statusMax is how long an operator waits for a server that is still recovering
// its data before it is told that it does not serve.
const statusMax = 500 * time.Millisecond
