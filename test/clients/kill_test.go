package clients

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-zookeeper/zk"

	"zoo/test/ensemble"
)

// writersCount clients write at once, spread over the servers.
const writersCount = 8

// The plot: clients write without pause. The leader is killed and comes back, then
// each of the others, one after another, the observer too. In the end every write
// that was acknowledged is there, and all servers hold the same tree.
func TestNothingAcknowledgedIsLostWhileServersAreKilled(t *testing.T) {
	s := begin(t)
	h := s.startWriting()
	h.progress(s)
	for _, victim := range s.killOrder() {
		mode, err := victim.Mode(s.ctx)
		s.must(err)
		before := h.acknowledged.Load()
		s.must(victim.Kill())
		h.progress(s)
		s.restart(victim)
		h.progress(s)
		t.Logf("killed the %s, server %d: %d writes meanwhile", mode, victim.ID,
			h.acknowledged.Load()-before)
	}
	h.stop()
	s.settle()
	tree := s.wantOneTree()
	for path, data := range h.created() {
		if !strings.HasPrefix(tree[path], data+" ") {
			t.Errorf("%s was acknowledged with %s and is now %q", path, data, tree[path])
		}
	}
	s.wantCounters(h)
	t.Logf("%d writes acknowledged, %d without an answer", h.acknowledged.Load(), h.unknown.Load())
}

// killOrder is the leader, then the followers, then the observer.
func (s *story) killOrder() []*ensemble.Server {
	s.Helper()
	return append(append([]*ensemble.Server{s.leader()}, s.followers()...), s.observer())
}

// envKills is how often all servers are killed at once: make soak says more.
const envKills = "ZOO_KILLS"

const killsDefault = 5

// killLimit is what one kill may take, with the start behind it.
const killLimit = startLimit + 30*time.Second

func kills(t *testing.T) int {
	text := os.Getenv(envKills)
	if text == "" {
		return killsDefault
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is not a number of kills", envKills, text)
	}
	return n
}

// All servers are killed at once by SIGKILL, with writes in flight, again and again. Each
// write creates a znode of its own, so that no later one covers up a loss.
func TestNothingAcknowledgedIsLostWhenAllAreKilled(t *testing.T) {
	count := kills(t)
	s := beginWithin(t, max(storyLimit, time.Duration(count)*killLimit))
	h := s.startWriting()
	for range count {
		h.progress(s)
		s.must(s.Close())
		ctx, cancel := context.WithTimeout(s.ctx, startLimit)
		s.must(s.Start(ctx))
		cancel()
	}
	h.progress(s)
	h.stop()
	s.settle()
	tree := s.wantOneTree()
	for path, data := range h.created() {
		if !strings.HasPrefix(tree[path], data+" ") {
			t.Errorf("%s was acknowledged with %s and is now %q", path, data, tree[path])
		}
	}
	s.wantCounters(h)
	t.Logf("%d kills: %d writes acknowledged, %d without an answer", count,
		h.acknowledged.Load(), h.unknown.Load())
}

// history is what writers know: which writes were acknowledged, and which may or
// may not have happened.
type history struct {
	acknowledged, unknown atomic.Int64

	mu      sync.Mutex
	paths   map[string]string // created: path to its data as dump shows it
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

// startWriting lets clients write until stop.
func (s *story) startWriting() *history {
	s.Helper()
	ctx, quit := context.WithCancel(s.ctx)
	h := &history{paths: map[string]string{}, counts: map[string]counter{},
		quit: quit, more: make(chan struct{}, 1)}
	s.Cleanup(h.stop)
	founder := s.dial(sessionTimeout, s.leader())
	for i := range writersCount {
		root := fmt.Sprintf("/writer-%d", i)
		s.create(founder, root, "0", 0)
		// Its own server first; the others when that one is down.
		c := s.dial(sessionTimeout, s.Servers...)
		h.writers.Go(func() { h.write(ctx, c, root) })
	}
	founder.Close()
	return h
}

// write creates znodes and counts up the root's value in turns, as fast as it can.
func (h *history) write(ctx context.Context, c *guest, root string) {
	defer c.Close()
	next := 1
	for i := 0; ctx.Err() == nil; i++ {
		path, data := fmt.Sprintf("%s/%06d", root, i), strconv.Itoa(i)
		_, err := c.Create(path, []byte(data), 0, everyone())
		h.note(err, func() { h.paths[path] = strconv.Quote(data) }, func() {})
		_, err = c.Set(root, []byte(strconv.Itoa(next)), -1)
		h.note(err, func() { h.counts[root] = counter{value: next} },
			func() {
				count := h.counts[root]
				count.unknown = next - count.value
				h.counts[root] = count
			})
		next++
	}
}

// refusals are answers that no write here can get unless an earlier one was lost or
// came twice. Other errors are about the connection or the session.
var refusals = []error{zk.ErrNoNode, zk.ErrNodeExists, zk.ErrBadVersion, zk.ErrNoAuth,
	zk.ErrInvalidACL, zk.ErrBadArguments}

// note files the outcome of one write.
func (h *history) note(err error, done, perhaps func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case err == nil:
		done()
		h.acknowledged.Add(1)
	case slices.ContainsFunc(refusals, func(r error) bool { return errors.Is(err, r) }):
		h.refused = err
	default:
		h.unknown.Add(1)
		perhaps()
	}
	select {
	case h.more <- struct{}{}:
	default:
	}
}

// progressStep is how many acknowledgements progress wants to see.
const progressStep = 1000

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

func (h *history) created() map[string]string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return maps.Clone(h.paths)
}

// wantCounters checks the last acknowledged setData of each writer: one writer's
// own writes are in order, so a later value may stand there but no earlier one.
func (s *story) wantCounters(h *history) {
	s.Helper()
	c := s.dial(sessionTimeout, s.Servers...)
	for root, count := range h.counts {
		data, _, err := c.Get(root)
		s.must(err)
		value, err := strconv.Atoi(string(data))
		s.must(err)
		if value < count.value || value > count.value+count.unknown {
			s.Errorf("%s holds %d, acknowledged %d, then %d without an answer",
				root, value, count.value, count.unknown)
		}
	}
}

// A killed leader must not keep the clients of the others waiting for as long as a
// session may last: they write again well within it.
func TestSurvivorsWriteSoonAfterTheLeaderDied(t *testing.T) {
	s := begin(t)
	follower := s.followers()[0]
	c := s.dial(sessionTimeout, follower, s.observer())
	s.at(c, follower)
	s.create(c, "/mine", "", zk.FlagEphemeral)
	session := c.SessionID()
	begun := time.Now()
	s.must(s.leader().Kill())
	for {
		_, err := c.Set("/mine", []byte("again"), -1)
		if err == nil {
			break
		}
		if !errors.Is(err, zk.ErrConnectionClosed) && !errors.Is(err, zk.ErrNoServer) {
			t.Fatal(err)
		}
	}
	if took := time.Since(begun); took > sessionTimeout {
		t.Errorf("the next write took %v", took)
	}
	if c.SessionID() != session {
		t.Error("the session was lost with the leader")
	}
}
