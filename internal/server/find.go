package server

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/core/tree"
	"zoo/internal/core/watch"
	"zoo/internal/core/zab"
	"zoo/internal/ops/admin"
	"zoo/internal/ops/browser"
)

// shortlist keeps the first things of many in an order, that many at most, and equal ones once.
type shortlist[T any] struct {
	limit int
	order func(a, b T) int
	list  []T
}

func (p *shortlist[T]) add(v T) {
	if p.list = append(p.list, v); len(p.list) >= 2*p.limit {
		p.first()
	}
}

// first gives them in order.
func (p *shortlist[T]) first() []T {
	slices.SortFunc(p.list, p.order)
	p.list = slices.CompactFunc(p.list, func(a, b T) bool { return p.order(a, b) == 0 })
	clear(p.list[min(p.limit, len(p.list)):])
	p.list = p.list[:min(p.limit, len(p.list))]
	return p.list
}

// get gives a connection, nil for one that is gone.
func (t *connTable) get(id replica.ConnID) *conn {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.conns[id]
}

// ofSession finds the connection of a session, nil for none.
func (t *connTable) ofSession(id zoo.SessionID) *conn {
	for _, c := range t.unordered(&t.mu) {
		if c.sessionNow() == id {
			return c
		}
	}
	return nil
}

func (c *conn) sessionNow() zoo.SessionID {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.session
}

// found is one watch in the table.
type found struct {
	path  string
	conn  watch.ConnID
	modes watch.Mode
}

// Watchers finds who watches.
func (o operator) Watchers(f admin.WatchFilter, limit int) []admin.Watcher {
	s := o.server
	s.censusMu.Lock()
	defer s.censusMu.Unlock()
	return s.watchers(f, limit, s.treeMu.RLocker())
}

func (s *Server) watchers(f admin.WatchFilter, limit int, lock sync.Locker) []admin.Watcher {
	p := shortlist[admin.Watcher]{limit: limit, order: func(a, b admin.Watcher) int {
		return orderOfWatches(a.WatchKey, b.WatchKey)
	}}
	of := watch.ConnID(0)
	if f.Session != 0 {
		c := s.conns.ofSession(f.Session)
		if c == nil {
			return nil
		}
		of = watch.ConnID(c.id)
	}
	var batch []found
	show := func(path string, id watch.ConnID, modes watch.Mode) {
		if f.Below.Has(path) && (f.Path == "" || f.Path == path) && (of == 0 || of == id) {
			batch = append(batch, found{path, id, modes})
		}
	}
	whole := false
	if f.Path != "" || of != 0 {
		lock.Lock()
		whole = s.watches.of(f.Path, of, show)
		lock.Unlock()
	}
	s.name(batch, f.After, &p)
	// Too many for one hold: the same by a walk over all, which takes many short ones.
	for at, more := uint32(0), !whole; more; more = at != 0 {
		batch = batch[:0]
		lock.Lock()
		at = s.watches.each(at, show)
		lock.Unlock()
		s.name(batch, f.After, &p)
	}
	return p.first()
}

func orderOfWatches(a, b admin.WatchKey) int {
	return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(uint64(a.Session), uint64(b.Session)))
}

// name tells whose watches those are, outside of the locks of tree and table.
func (s *Server) name(batch []found, after admin.WatchKey, p *shortlist[admin.Watcher]) {
	for _, w := range batch {
		if w.path < after.Path {
			continue
		}
		c := s.conns.get(replica.ConnID(w.conn))
		if c == nil {
			continue
		}
		key := admin.WatchKey{Path: w.path, Session: c.sessionNow()}
		if key.Session != 0 && orderOfWatches(key, after) > 0 {
			p.add(admin.Watcher{WatchKey: key, Client: c.socket.RemoteAddr().String(),
				Kinds: kindsOf(w.modes)})
		}
	}
}

func kindsOf(modes watch.Mode) (kinds []string) {
	for _, k := range []struct {
		mode watch.Mode
		name string
	}{{watch.Data, "data"}, {watch.Child, "child"}, {watch.Persistent, "persistent"},
		{watch.Recursive, "recursive"}} {
		if modes&k.mode != 0 {
			kinds = append(kinds, k.name)
		}
	}
	return kinds
}

// EphemeralOwners finds whose ephemeral znodes are.
func (o operator) EphemeralOwners(f admin.EphemeralFilter, limit int) []admin.Ephemeral {
	s := o.server
	s.censusMu.Lock()
	defer s.censusMu.Unlock()
	return s.ephemeralOwners(f, limit, s.treeMu.RLocker())
}

func (s *Server) ephemeralOwners(f admin.EphemeralFilter, limit int,
	lock sync.Locker) []admin.Ephemeral {
	p := shortlist[admin.Ephemeral]{limit: limit, order: func(a, b admin.Ephemeral) int {
		return cmp.Compare(a.Path, b.Path)
	}}
	s.readTree(lock, func(t *tree.Tree, next func() bool) {
		visit := func(owner zoo.SessionID, path string) bool {
			if path > f.After && f.Below.Has(path) {
				p.add(admin.Ephemeral{Path: path, Owner: owner})
			}
			return next()
		}
		if f.Session != 0 {
			t.WalkEphemeralsOf(f.Session, visit)
			return
		}
		t.WalkEphemerals(visit)
	})
	return p.first()
}

// SessionsAfter lists sessions.
func (o operator) SessionsAfter(after zoo.SessionID, limit int) []admin.Session {
	s := o.server
	s.censusMu.Lock()
	defer s.censusMu.Unlock()
	return s.sessionsAfter(after, limit, s.treeMu.RLocker())
}

func (s *Server) sessionsAfter(after zoo.SessionID, limit int,
	lock sync.Locker) []admin.Session {
	p := shortlist[admin.Session]{limit: limit, order: func(a, b admin.Session) int {
		return cmp.Compare(uint64(a.ID), uint64(b.ID))
	}}
	add := func(x admin.Session) {
		if uint64(x.ID) > uint64(after) {
			p.add(x)
		}
	}
	here := s.attended()
	s.readTree(lock, func(t *tree.Tree, next func() bool) {
		t.WalkSessions(func(id zoo.SessionID, timeout int32) bool {
			add(admin.Session{ID: id, Timeout: time.Duration(timeout) * time.Millisecond})
			return next()
		})
		for id, x := range here {
			if _, known := t.SessionTimeout(id); !known {
				add(admin.Session{ID: id, Timeout: x.Timeout, Local: true})
			}
			if !next() {
				return
			}
		}
		list := p.first()
		for i := range list {
			list[i].Ephemerals = t.EphemeralCountOf(list[i].ID)
		}
	})
	list := p.first()
	for i := range list {
		if x, ok := here[list[i].ID]; ok {
			list[i].Client, list[i].Connected, list[i].Silent = x.Client, x.Connected, x.Silent
		}
	}
	return list
}

// attended are the sessions that are connected here.
func (s *Server) attended() map[zoo.SessionID]admin.Session {
	here, now := map[zoo.SessionID]admin.Session{}, s.mono()
	for _, c := range s.conns.unordered(&s.conns.mu) {
		c.mu.Lock()
		if c.session != 0 && !c.ending {
			here[c.session] = admin.Session{ID: c.session, Timeout: c.timeout,
				Client: c.socket.RemoteAddr().String(), Connected: now - c.accepted,
				Silent: max(now-c.heardAt, 0)}
		}
		c.mu.Unlock()
	}
	return here
}

// TopClients finds who does the most.
func (o operator) TopClients(by admin.Figure, limit int) []admin.Traffic {
	s := o.server
	now := s.mono()
	p := shortlist[admin.Traffic]{limit: limit, order: func(a, b admin.Traffic) int {
		return cmp.Or(cmp.Compare(b.Of(by), a.Of(by)), cmp.Compare(a.Client, b.Client))
	}}
	for _, c := range s.conns.unordered(&s.conns.mu) {
		if t := c.describeTraffic(now); t.Session != 0 {
			p.add(t)
		}
	}
	return p.first()
}

func (c *conn) describeTraffic(now time.Duration) admin.Traffic {
	c.mu.Lock()
	defer c.mu.Unlock()
	shown := c.shownLocked()
	t := admin.Traffic{Client: c.socket.RemoteAddr().String(), Session: c.session,
		Requests: shown.received, ReceivedBytes: shown.receivedBytes,
		SentBytes: shown.replyBytes + shown.eventBytes, Connected: now - c.accepted,
		Greatest: shown.latency.Greatest}
	if n := shown.latency.Count; n > 0 {
		t.Mean = shown.latency.Total / time.Duration(n)
	}
	return t
}

// Learners lists who learns from this server.
func (o operator) Learners() []admin.Learner {
	s := o.server
	status, ok := s.status()
	if !ok {
		return nil
	}
	list := make([]admin.Learner, len(status.Learners))
	for i := range status.Learners {
		list[i] = learnerOf(&status.Status, &status.Learners[i], s.mono())
	}
	slices.SortFunc(list, func(a, b admin.Learner) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

func learnerOf(status *replica.Status, l *zab.LearnerStatus, now time.Duration) admin.Learner {
	return admin.Learner{ID: l.ID, Observer: l.Observer, Synced: l.Synced, Acked: l.Acked,
		Lag: lagOf(status.LastLogged, l.Acked), Silent: max(now-l.LastHeard, 0)}
}

// kinds tells what ends each of some znodes, which is a page of them at most.
func (o operator) kinds(paths []string) []browser.Kind {
	s := o.server
	s.treeMu.RLock()
	defer s.treeMu.RUnlock()
	kinds := make([]browser.Kind, len(paths))
	for i, path := range paths {
		kinds[i] = s.kindLocked(path)
	}
	return kinds
}

func (s *Server) kindLocked(path string) browser.Kind {
	if s.tree == nil {
		return browser.Kind{}
	}
	node, found := s.tree.Lookup(path)
	if !found {
		return browser.Kind{}
	}
	switch owner := node.Persisted().EphemeralOwner; s.tree.Types().Of(owner) {
	case tree.OwnerSession:
		return browser.Kind{Name: "ephemeral"}
	case tree.OwnerContainer:
		return browser.Kind{Name: "container"}
	case tree.OwnerTTL:
		return browser.Kind{Name: "ttl", TTLMillis: owner.TTL()}
	}
	return browser.Kind{Name: "persistent"}
}
