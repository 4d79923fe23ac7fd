package mixed

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/go-zookeeper/zk"

	"zoo/test/ensemble"
)

// writersCount clients write at once, spread over the servers.
const writersCount = 5

// survive kills each server in turn, the leader first, while clients write.
func (s *story) survive() {
	s.Helper()
	h := s.startWriting()
	keepers := s.keepers()
	h.progress(s)
	for _, victim := range s.leaderFirst() {
		// An observer may have no role yet after the server before.
		s.must(victim.WaitServing(s.ctx))
		mode, err := victim.Mode(s.ctx)
		s.must(err)
		before := h.acknowledged.Load()
		s.kills(victim)
		h.progress(s)
		s.starts(victim)
		h.progress(s)
		s.Logf("killed the %s, server %d (%c): %d writes meanwhile", mode, victim.ID,
			s.kind(victim), h.acknowledged.Load()-before)
	}
	s.verify(h, keepers)
}

// verify ends the writing: nothing that was acknowledged is lost, no session, and all
// servers hold the same.
func (s *story) verify(h *history, keepers []*keeper) {
	s.Helper()
	h.stop()
	s.Logf("%d writes acknowledged, %d without an answer", h.acknowledged.Load(),
		h.unknown.Load())
	s.must(h.refusal())
	for _, k := range keepers {
		if k.client.expired.Load() || k.client.SessionID() != k.session {
			s.Errorf("the session of %s was lost", k.path)
		}
		s.wantData(k.client, k.path, "mine")
	}
	tree := s.oneTree()
	for path, data := range h.created {
		if !strings.HasPrefix(tree[path], data+" ") {
			s.Errorf("%s was acknowledged with %s and is now %q", path, data, tree[path])
		}
	}
	for root, count := range h.counts {
		count.verify(s, root, tree[root])
	}
}

// leaderFirst are all servers, the leader and the followers first.
func (s *story) leaderFirst() []*ensemble.Server {
	s.Helper()
	leader := s.leader()
	rest := slices.DeleteFunc(slices.Clone(s.Servers), func(x *ensemble.Server) bool {
		return x == leader
	})
	return append([]*ensemble.Server{leader}, rest...)
}

// keeper is a client that wants nothing but to keep its session and its ephemeral.
type keeper struct {
	client  *guest
	session int64
	path    string
}

// keepers are one at each server; all know the other servers as well.
func (s *story) keepers() []*keeper {
	s.Helper()
	var all []*keeper
	for _, server := range s.Servers {
		k := &keeper{client: s.dial(sessionTimeout, s.Servers...),
			path: fmt.Sprintf("/keeper-%d", server.ID)}
		s.moveTo(k.client, server)
		s.create(k.client, k.path, "mine", zk.FlagEphemeral)
		k.session = k.client.SessionID()
		all = append(all, k)
	}
	return all
}

// history is what writers know: which writes were acknowledged, and which may or may
// not have happened.
type history struct {
	acknowledged, unknown atomic.Int64

	mu      sync.Mutex
	created map[string]string // path to its data as a dump shows it
	counts  map[string]counter
	refused error // the first refusal of a write
	quit    context.CancelFunc
	writers sync.WaitGroup
	// more tells progress of each acknowledgement.
	more chan struct{}
}

// counter is a znode that one writer counts up by setData.
type counter struct {
	// value was acknowledged; up to unknown writes beyond it may have happened.
	value, unknown int
}

func (c counter) verify(s *story, root, text string) {
	s.Helper()
	quoted, _, _ := strings.Cut(text, " ")
	data, err := strconv.Unquote(quoted)
	s.must(err)
	value, err := strconv.Atoi(data)
	s.must(err)
	if value < c.value || value > c.value+c.unknown {
		s.Errorf("%s holds %d, acknowledged %d, then %d without an answer",
			root, value, c.value, c.unknown)
	}
}

// startWriting lets clients write until stop, through all servers.
func (s *story) startWriting() *history {
	s.Helper()
	ctx, quit := context.WithCancel(s.ctx)
	h := &history{created: map[string]string{}, counts: map[string]counter{},
		quit: quit, more: make(chan struct{}, 1)}
	s.Cleanup(h.stop)
	founder := s.dial(sessionTimeout, s.Servers...)
	for i := range writersCount {
		root := fmt.Sprintf("/writer-%d", i)
		s.create(founder, root, "0", 0)
		c := s.dial(sessionTimeout, s.Servers...)
		s.moveTo(c, s.Servers[i%len(s.Servers)])
		h.writers.Go(func() { h.write(ctx, c, root) })
	}
	founder.Close()
	return h
}

// createEvery is how many writes of a writer one creates a znode; more of them would
// only make the trees too large to be compared soon.
const createEvery = 16

// write counts up the root's value, and creates znodes now and then, as fast as it can.
func (h *history) write(ctx context.Context, c *guest, root string) {
	defer c.Close()
	for i := 1; ctx.Err() == nil; i++ {
		if i%createEvery == 0 {
			path, data := fmt.Sprintf("%s/%06d", root, i), strconv.Itoa(i)
			_, err := c.Create(path, []byte(data), 0, everyone())
			h.note(err, func() { h.created[path] = strconv.Quote(data) }, func() {})
		}
		_, err := c.Set(root, []byte(strconv.Itoa(i)), -1)
		h.note(err, func() { h.counts[root] = counter{value: i} },
			func() {
				count := h.counts[root]
				count.unknown = i - count.value
				h.counts[root] = count
			})
	}
}

// connectionErrors are what a client may hear when its server ends, or before it has
// found another. Any other error is a refusal that no write here may meet.
var connectionErrors = []error{zk.ErrConnectionClosed, zk.ErrNoServer, zk.ErrClosing}

// note files the outcome of one write.
func (h *history) note(err error, done, perhaps func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err == nil:
		done()
		h.acknowledged.Add(1)
	case slices.ContainsFunc(connectionErrors, func(e error) bool { return errors.Is(err, e) }):
		h.unknown.Add(1)
		perhaps()
	default:
		h.refused = errors.Join(h.refused, err)
	}
	select {
	case h.more <- struct{}{}:
	default:
	}
}

// progressStep is how many acknowledgements progress wants to see.
const progressStep = 300

// progress waits until writes go on.
func (h *history) progress(s *story) {
	s.Helper()
	for want := h.acknowledged.Load() + progressStep; h.acknowledged.Load() < want; {
		s.must(h.refusal())
		select {
		case <-h.more:
		case <-s.ctx.Done():
			s.Fatalf("writing has stopped at %d", h.acknowledged.Load())
		}
	}
}

func (h *history) refusal() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.refused
}

func (h *history) stop() {
	h.quit()
	h.writers.Wait()
}
