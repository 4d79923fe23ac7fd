package zootest_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"zoo"
	"zoo/client"
	"zoo/zootest"
)

// Whatever the tests start and break, nothing of it is left.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func create(t testing.TB, c *client.Client, path string, mode zoo.CreateMode) {
	t.Helper()
	opts := client.CreateOptions{Mode: mode}
	if _, err := c.Create(t.Context(), path, nil, opts); err != nil {
		t.Fatal(err)
	}
}

// has tells whether there is a znode, as far as the leader knows.
func has(t testing.TB, c *client.Client, path string) bool {
	t.Helper()
	if err := c.Sync(t.Context(), "/"); err != nil {
		t.Fatal(err)
	}
	_, err := c.Exists(t.Context(), path, nil)
	if err != nil && !errors.Is(err, zoo.CodeNoNode) {
		t.Fatal(err)
	}
	return err == nil
}

// reconnected returns when a client has a server again after it has lost one.
func reconnected(t testing.TB, c *client.Client) {
	t.Helper()
	for {
		err := c.Sync(t.Context(), "/")
		if err == nil {
			return
		}
		if !errors.Is(err, zoo.CodeConnectionLoss) {
			t.Fatal(err)
		}
	}
}

// The plot: a server is killed and comes back. Its address, its data and the session of
// its client are still there.
func TestAServerSurvivesItsDeath(t *testing.T) {
	s := zootest.NewServer(t)
	c := s.Client(t)
	create(t, c, "/kept", zoo.Persistent)
	create(t, c, "/mine", zoo.Ephemeral)
	id, address := c.SessionID(), s.Address()
	s.Kill()
	if mode := s.Mode(); mode != "looking" {
		t.Errorf("it is killed, and %s", mode)
	}
	s.Restart()
	s.WaitServing()
	reconnected(t, c)
	if !has(t, c, "/kept") || !has(t, c, "/mine") {
		t.Error("znodes are gone")
	}
	if c.SessionID() != id || s.Address() != address {
		t.Errorf("session %v at %s, was %v at %s", c.SessionID(), s.Address(), id, address)
	}
}

// The plot: the leader dies, the others go on, and it learns what it has missed.
func TestAnEnsembleSurvivesItsLeader(t *testing.T) {
	e := zootest.NewEnsemble(t, 3, zootest.Observers(1))
	c := e.Client(t)
	create(t, c, "/before", zoo.Persistent)
	old := e.Leader()
	e.Kill(old)
	e.WaitServing()
	if now := e.Leader(); now == old {
		t.Fatalf("the dead server %d leads", old)
	}
	reconnected(t, c)
	create(t, c, "/after", zoo.Persistent)
	e.Restart(old)
	e.WaitServing()
	for i, s := range e.Servers() {
		at := s.Client(t)
		if !has(t, at, "/before") || !has(t, at, "/after") {
			t.Errorf("server %d does not know all", i)
		}
	}
	if mode := e.Servers()[3].Mode(); mode != "observer" {
		t.Errorf("the observer is %s", mode)
	}
}

// others are the numbers of three servers without one.
func others(i int) (a, b int) { return (i + 1) % 3, (i + 2) % 3 }

// The plot: the leader is on the smaller side. The larger side elects another one and
// goes on, a client of the smaller side waits, and in the end all know the same.
func TestTheSmallerSideOfAPartitionDoesNotServe(t *testing.T) {
	e := zootest.NewEnsemble(t, 3)
	old := e.Leader()
	a, b := others(old)
	lonely := e.Servers()[old].Client(t)
	e.Partition([]int{old}, []int{a, b})
	e.WaitServing(a, b)
	if now := e.Leader(); now == old {
		t.Fatal("it leads without a majority")
	}
	create(t, e.Servers()[a].Client(t), "/decided", zoo.Persistent)
	wait, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	if _, err := lonely.Create(wait, "/lost", nil, client.CreateOptions{}); err == nil {
		t.Error("a write on the smaller side was acknowledged")
	}
	e.Heal()
	e.WaitServing()
	reconnected(t, lonely)
	if !has(t, lonely, "/decided") || has(t, lonely, "/lost") {
		t.Error("the sides do not know the same")
	}
}

// The plot: a server is in no group, so that its client has to go to another one.
func TestWhoIsInNoGroupIsCutOffFromItsClients(t *testing.T) {
	e := zootest.NewEnsemble(t, 3)
	away := e.Leader()
	a, b := others(away)
	c := e.Client(t)
	stranger := e.Servers()[away].Client(t)
	e.Partition([]int{a, b})
	e.WaitServing(a, b)
	reconnected(t, c)
	create(t, c, "/here", zoo.Persistent)
	wait, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if err := stranger.Sync(wait, "/"); err == nil {
		t.Error("a client reaches it")
	}
	e.Heal()
	e.WaitServing()
	reconnected(t, stranger)
	if !has(t, stranger, "/here") {
		t.Error("it does not know what the others do")
	}
}

// The plot: a session at a follower expires. Its ephemeral goes at once, its watcher's
// client hears of it, and it hears itself that it is over.
func TestASessionExpiresWhenItIsTold(t *testing.T) {
	e := zootest.NewEnsemble(t, 3)
	follower, _ := others(e.Leader())
	c, other := e.Servers()[follower].Client(t), e.Client(t)
	create(t, c, "/mine", zoo.Ephemeral)
	e.ExpireSession(c.SessionID())
	if has(t, other, "/mine") {
		t.Error("its ephemeral is still there")
	}
	for {
		err := c.Sync(t.Context(), "/")
		if errors.Is(err, zoo.CodeSessionExpired) {
			break
		}
		if err != nil && !errors.Is(err, zoo.CodeConnectionLoss) {
			t.Fatal(err)
		}
	}
	if has(t, other, "/mine") {
		t.Error("its ephemeral is there again")
	}
}

// The plot: the only server is paused. Nothing is answered and nothing is lost; the time
// in between does not count, also for a session that is shorter.
func TestAPausedServerAnswersLater(t *testing.T) {
	s := zootest.NewServer(t)
	c := s.Client(t)
	s.Pause()
	answered := make(chan error, 1)
	go func() {
		_, err := c.Create(t.Context(), "/late", nil, client.CreateOptions{})
		answered <- err
	}()
	select {
	case err := <-answered:
		t.Errorf("it is paused, and answers: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	s.Resume()
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

// The plot: the leader is paused for longer than the others bear. They elect another one,
// and when it goes on it follows.
func TestAPausedLeaderIsReplaced(t *testing.T) {
	e := zootest.NewEnsemble(t, 3, zootest.Settings(map[string]string{"syncLimit": "10"}))
	old := e.Leader()
	a, b := others(old)
	e.Pause(old)
	e.WaitServing(a, b)
	create(t, e.Servers()[a].Client(t), "/meanwhile", zoo.Persistent)
	e.Resume(old)
	e.WaitServing()
	if !has(t, e.Servers()[old].Client(t), "/meanwhile") {
		t.Error("it does not know what was decided without it")
	}
}

// The plot: a client's connection breaks; its session goes on.
func TestADisconnectedClientKeepsItsSession(t *testing.T) {
	s := zootest.NewServer(t)
	lost := make(chan struct{}, 8)
	c := s.Client(t, func(o *client.Options) {
		o.Watcher = client.NewWatcher(func(ev client.Event) {
			if ev.State == client.StateDisconnected {
				lost <- struct{}{}
			}
		})
	})
	create(t, c, "/mine", zoo.Ephemeral)
	s.Disconnect()
	<-lost
	reconnected(t, c)
	if !has(t, c, "/mine") {
		t.Error("its session is over")
	}
}

// An ensemble of one is not a standalone server.
func TestOneMemberIsAnEnsemble(t *testing.T) {
	e := zootest.NewEnsemble(t, 1)
	if mode := e.Servers()[0].Mode(); mode != "leader" || e.Leader() != 0 {
		t.Errorf("it is %s", mode)
	}
	if got := e.ConnectString(); got != e.Servers()[0].Address() {
		t.Errorf("connect to %s", got)
	}
}

// scope is a test inside of a test: it may fail, and its Cleanup is called for.
type scope struct {
	testing.TB
	cleanups []func()
	failure  string
}

func (s *scope) Helper()          {}
func (s *scope) Cleanup(f func()) { s.cleanups = append(s.cleanups, f) }

func (s *scope) Fatal(args ...any) { s.fail(fmt.Sprint(args...)) }

func (s *scope) Fatalf(format string, args ...any) { s.fail(fmt.Sprintf(format, args...)) }

func (s *scope) fail(text string) {
	s.failure = text
	runtime.Goexit()
}

// run plays the test to its end, and tells why it has failed.
func (s *scope) run(test func(t testing.TB)) string {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for len(s.cleanups) > 0 {
				last := len(s.cleanups) - 1
				f := s.cleanups[last]
				s.cleanups = s.cleanups[:last]
				f()
			}
		}()
		test(s)
	}()
	<-done
	return s.failure
}

func TestWhatCannotBeDoneFailsTheTest(t *testing.T) {
	for want, test := range map[string]func(t testing.TB){
		"expire session": func(t testing.TB) { zootest.NewServer(t).ExpireSession(7) },
		"tickTime": func(t testing.TB) {
			zootest.NewServer(t, zootest.Settings(map[string]string{"tickTime": "soon"}))
		},
		"want 1 to 100": func(t testing.TB) { zootest.NewEnsemble(t, 0) },
		"no observers":  func(t testing.TB) { zootest.NewServer(t, zootest.Observers(1)) },
	} {
		s := &scope{TB: t}
		if why := s.run(test); !strings.Contains(why, want) {
			t.Errorf("it failed with %q, want %q", why, want)
		}
	}
}

// How long it takes until clients are served, and until all is gone again.
func BenchmarkServer(b *testing.B) {
	benchmark(b, func(t testing.TB) { zootest.NewServer(t) })
}

func BenchmarkEnsemble(b *testing.B) {
	benchmark(b, func(t testing.TB) { zootest.NewEnsemble(t, 3) })
}

func benchmark(b *testing.B, start func(t testing.TB)) {
	var serving time.Duration
	for b.Loop() {
		s := &scope{TB: b}
		begun := time.Now()
		why := s.run(func(t testing.TB) {
			start(t)
			serving += time.Since(begun)
		})
		if why != "" {
			b.Fatal(why)
		}
	}
	b.ReportMetric(float64(serving.Microseconds())/1000/float64(b.N), "ms/start")
}
