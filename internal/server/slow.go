package server

import (
	"cmp"
	"slices"
	"strings"
	"sync"
	"time"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/jute"
	"zoo/internal/ops/admin"
	"zoo/internal/wire"
)

// The slowest requests of the last minutes are kept, some of each minute, so that one bad
// minute does not push out what happened in another.
const (
	// slowSpan is a minute, slowSpans how many there are, slowKept how many requests of each.
	slowSpan  = time.Minute
	slowSpans = 10
	slowKept  = 32
	// slowMin is the least time: what is quicker is of no concern, and costs nothing here.
	slowMin = 10 * time.Millisecond
)

// slowRequest is one of them.
type slowRequest struct {
	lastReply
	session      zoo.SessionID
	client, path string
	// passage is that of a write, zero for others.
	passage passage
}

// slowest keeps them. The zero value keeps none yet.
type slowest struct {
	// least is what a request has to take longer than until ends, when the minute is over.
	// Both are the loop's.
	least, ends time.Duration

	mu    sync.Mutex
	spans [slowSpans][]slowRequest // the newest one first
}

// wants tells whether a request is to be kept. Only the loop asks.
func (s *slowest) wants(now, took time.Duration) bool {
	return took >= slowMin && (took > s.least || now >= s.ends)
}

// keep keeps a request that is wanted, in place of the quickest of its minute. Only the loop
// calls it.
func (s *slowest) keep(r slowRequest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.at >= s.ends {
		oldest := s.spans[slowSpans-1]
		copy(s.spans[1:], s.spans[:])
		clear(oldest)
		s.spans[0], s.ends = oldest[:0], r.at+slowSpan
	}
	list := s.spans[0]
	if len(list) < slowKept {
		list = append(list, r)
	} else {
		list[quickest(list)] = r
	}
	s.spans[0], s.least = list, 0
	if len(list) == slowKept {
		s.least = list[quickest(list)].took
	}
}

func quickest(list []slowRequest) (at int) {
	for i := range list {
		if list[i].took < list[at].took {
			at = i
		}
	}
	return at
}

// list gives the slowest of the last minutes, the slowest one first.
func (s *slowest) list(now time.Duration, limit int) []slowRequest {
	p := shortlist[slowRequest]{limit: limit, order: func(a, b slowRequest) int {
		return cmp.Or(cmp.Compare(b.took, a.took), cmp.Compare(b.at, a.at),
			cmp.Compare(a.session, b.session), cmp.Compare(a.cxid, b.cxid))
	}}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range slices.Concat(s.spans[:]...) {
		if now-r.at <= slowSpans*slowSpan {
			p.add(r)
		}
	}
	return p.first()
}

// noteSlow keeps a request that had waited for long. What was asked is known of reads, what
// was done of the others. The caller holds conn.mu.
func (l *loop) noteSlow(c *conn, r lastReply, o *replica.Outcome, asked []byte) {
	s := &l.server.slow
	if !s.wants(r.at, r.took) {
		return
	}
	var p passage
	if o != nil && o.Result != nil {
		p = l.tides.passage(o.Result.Header.Zxid)
	}
	// The texts live on in buffers of others.
	s.keep(slowRequest{r, c.session, c.socket.RemoteAddr().String(),
		strings.Clone(znodeOf(o, asked)), p})
}

// stages are the times that a write took from one stage to the next; nil for what is no write,
// or whose passage is forgotten.
func (r *slowRequest) stages() *admin.Stages {
	p := r.passage
	if p.logged == 0 || p.ready() == 0 {
		return nil
	}
	return &admin.Stages{
		Propose: max(p.logged-(r.at-r.took), 0), Sync: p.durable - p.logged,
		Quorum: p.committed - p.logged, Apply: max(r.at-p.ready(), 0),
	}
}

// znodeOf is what a request was about: of a multi its first operation, empty for no znode.
func znodeOf(o *replica.Outcome, asked []byte) string {
	switch {
	case o == nil:
		d := jute.NewDecoder(asked)
		if path := d.String(); d.Err() == nil && strings.HasPrefix(path, "/") {
			return path
		}
		return ""
	case o.Result == nil:
		return o.Path
	case o.Result.Header.Type == wire.OpMulti && len(o.Result.Multi) > 0:
		return o.Result.Multi[0].Path
	}
	return o.Result.Path
}

// SlowRequests lists the slowest ones.
func (o operator) SlowRequests(limit int) []admin.SlowRequest {
	s := o.server
	var list []admin.SlowRequest
	for _, r := range s.slow.list(s.mono(), limit) {
		slow := admin.SlowRequest{Path: r.path, Session: r.session, Client: r.client,
			Xid: r.cxid, Zxid: r.zxid, Answered: s.wall(r.at), Took: r.took, Stages: r.stages()}
		if info, ok := r.op.Info(); ok {
			slow.Op = info.Name
		}
		list = append(list, slow)
	}
	return list
}
