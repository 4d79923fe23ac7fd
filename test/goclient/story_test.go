package goclient

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zoo"
	"zoo/client"
	"zoo/test/ensemble"
)

// limit bounds one story, on a machine that is busy with other tests.
const limit = 3 * time.Minute

// story is a client of three servers.
type story struct {
	*testing.T
	ctx context.Context
	*ensemble.Ensemble
	*client.Client
	// at is the address of the server that has the session.
	at atomic.Value
}

// both plays a story with either kind of servers.
func both(t *testing.T, play func(*story)) {
	t.Run("zoo", func(t *testing.T) {
		binary, err := ensemble.Build(t.Context(), t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		play(begin(t, ensemble.Zoo(binary)))
	})
	t.Run("java", func(t *testing.T) {
		ensemble.LeaveOut(t, "Java's ZooKeeper", ensemble.FindJava())
		play(begin(t, ensemble.Java("128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")))
	})
}

func begin(t *testing.T, program ensemble.Program) *story {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	s := &story{T: t, ctx: ctx}
	var err error
	s.Ensemble, err = ensemble.New(ensemble.Options{Dir: t.TempDir(), Voters: 3,
		Program: program, TickTime: time.Second})
	s.must(err)
	t.Cleanup(func() {
		if err := s.Ensemble.Close(); err != nil {
			t.Error(err)
		}
	})
	s.must(s.Start(ctx))
	s.must(s.WaitServing(ctx))
	root, err := client.Dial(ctx, client.Options{Servers: s.Addresses()})
	s.must(err)
	defer root.Close(ctx)
	_, err = root.Create(ctx, "/app", nil, client.CreateOptions{})
	s.must(err)
	s.Client = s.dial()
	return s
}

// dial begins a session below /app.
func (s *story) dial() *client.Client {
	s.Helper()
	var hosts client.StaticHosts
	for _, address := range s.Addresses() {
		hosts = append(hosts, client.Server{Address: address})
	}
	c, err := client.Dial(s.ctx, client.Options{Hosts: hosts, Chroot: "/app",
		Auth: []client.Auth{client.DigestAuth("ann", "secret")},
		Trace: client.Trace{Connect: func(i client.ConnectInfo) {
			if i.Err == nil {
				s.at.Store(i.Server.Address)
			}
		}}})
	s.must(err)
	s.Cleanup(func() {
		// The test's own context is over.
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		if err := c.Close(ctx); err != nil {
			s.Error(err)
		}
	})
	return c
}

func (s *story) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// serving is the server that has the session.
func (s *story) serving() *ensemble.Server {
	at := slices.IndexFunc(s.Servers, func(server *ensemble.Server) bool {
		return server.Address() == s.at.Load()
	})
	return s.Servers[at]
}

// The plot: a loop watches while the server of its session is killed. The moral: the
// session goes on with another server, its ephemeral znode is there, the loop is told that
// it may have missed something and hears what comes then, and leaves no watch behind.
func TestASessionAndItsWatchOutliveAServer(t *testing.T) {
	both(t, func(s *story) {
		session := s.SessionID()
		_, err := s.Create(s.ctx, "/me", nil, client.CreateOptions{Mode: zoo.Ephemeral})
		s.must(err)
		rearmed := 0
		for event, err := range s.Watch(s.ctx, "/", zoo.WatchPersistentRecursive) {
			s.must(err)
			switch {
			case event.Rearmed() && rearmed == 0:
				rearmed++
				s.must(s.serving().Kill())
			case event.Rearmed():
				rearmed++
				_, err = s.Set(s.ctx, "/me", []byte("x"), client.AnyVersion)
				if errors.Is(err, zoo.ErrConnectionLoss) {
					continue // The ensemble has no leader yet.
				}
				s.must(err)
			}
			if event.Type == zoo.EventNodeDataChanged {
				if event.Path != "/me" {
					s.Fatalf("heard %+v", event)
				}
				break
			}
		}
		stat, err := s.Exists(s.ctx, "/me", nil)
		if err != nil || stat.EphemeralOwner != session || s.SessionID() != session {
			s.Fatalf("%v owns %+v: %v", s.SessionID(), stat, err)
		}
		// The answer to sync is behind that to the removal.
		s.must(s.Sync(s.ctx, "/"))
		watches, err := s.serving().Ask(s.ctx, "wchs")
		if err != nil || !strings.Contains(watches, "Total watches:0") {
			s.Fatal(watches, err)
		}
	})
}

// The plot: every operation once, with what it must answer.
func TestEveryOperationIsAnswered(t *testing.T) {
	both(t, func(s *story) {
		s.writeAndRead()
		s.changeTogether()
		s.keepOthersOut()
		err := s.TryRemove(s.ctx, "/none", client.AnyVersion)
		java := strings.HasSuffix(s.Name(), "java")
		if java != errors.Is(err, zoo.ErrUnimplemented) {
			s.Fatal(err)
		}
	})
}

func (s *story) writeAndRead() {
	s.Helper()
	for _, mode := range []zoo.CreateMode{zoo.Persistent, zoo.Ephemeral, zoo.PersistentSequential,
		zoo.EphemeralSequential, zoo.Container} {
		path, stat, err := s.Create2(s.ctx, fmt.Sprintf("/n%d-", mode), []byte("1"),
			client.CreateOptions{Mode: mode})
		s.must(err)
		got, err := s.Exists(s.ctx, path, nil)
		// The answer of a container's creation has no Stat in Java.
		if s.must(err); mode != zoo.Container && got != stat {
			s.Fatalf("%s: %+v, %+v", path, got, stat)
		}
		watcher, came := client.OneEvent()
		data, _, err := s.Get(s.ctx, path, watcher)
		if err != nil || string(data) != "1" {
			s.Fatalf("%s holds %q: %v", path, data, err)
		}
		s.must(s.Delete(s.ctx, path, 0))
		if e := <-came; e.Type != zoo.EventNodeDeleted || e.Path != path {
			s.Fatalf("%s: heard %+v", path, e)
		}
	}
	if _, _, err := s.Get(s.ctx, "/none", nil); !errors.Is(err, zoo.ErrNoNode) {
		s.Fatal(err)
	}
}

func (s *story) changeTogether() {
	s.Helper()
	results, err := s.Transaction().Create("/t", nil, client.CreateOptions{}).
		Create("/t/a", nil, client.CreateOptions{}).Set("/t", []byte("2"), 0).
		Check("/t", 1).Commit(s.ctx)
	if err != nil || len(results) != 4 || results[1].Path != "/t/a" {
		s.Fatal(results, err)
	}
	if _, err = s.Transaction().Delete("/t/a", 0).Delete("/t", 0).Commit(s.ctx); !errors.Is(
		err, zoo.ErrBadVersion) {
		s.Fatal(err)
	}
	reads, err := s.MultiRead(s.ctx, client.GetOp("/t"), client.ChildrenOp("/t"),
		client.GetOp("/none"))
	if err != nil || string(reads[0].Data) != "2" || len(reads[1].Children) != 1 ||
		!errors.Is(reads[2].Err, zoo.ErrNoNode) {
		s.Fatal(reads, err)
	}
	if n, err := s.AllChildrenNumber(s.ctx, "/t"); n != 1 || err != nil {
		s.Fatal(n, err)
	}
	for name, err := range s.EachChild(s.ctx, "/t") {
		if name != "a" || err != nil {
			s.Fatal(name, err)
		}
	}
}

func (s *story) keepOthersOut() {
	s.Helper()
	acl := []zoo.ACL{{Perms: zoo.PermAll, ID: client.DigestID("bob", "secret")}}
	_, err := s.SetACL(s.ctx, "/t", acl, 0)
	s.must(err)
	if _, _, err := s.Get(client.Linearizable(s.ctx), "/t", nil); !errors.Is(err, zoo.ErrNoAuth) {
		s.Fatal(err)
	}
	s.must(s.AddAuth(s.ctx, client.DigestAuth("bob", "secret")))
	got, _, err := s.GetACL(s.ctx, "/t")
	if err != nil || got[0].ID.Scheme != "digest" {
		s.Fatal(got, err)
	}
	for value, err := range s.Follow(s.ctx, "/t") {
		if err != nil || string(value.Data) != "2" {
			s.Fatal(value, err)
		}
		break
	}
}
