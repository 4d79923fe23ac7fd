package embed_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"

	"zoo"
	"zoo/client"
	"zoo/embed"
)

// Whatever the tests start, nothing of it is left.
func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is how long anything may take here.
const patience = 30 * time.Second

// start runs a server until the end of the test, or until it is told to end.
func start(t *testing.T, cfg embed.Config) *embed.Server {
	t.Helper()
	s, err := embed.Start(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { end(t, s) })
	return s
}

func end(t *testing.T, s *embed.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Error(err)
	}
}

func serving(t *testing.T, s *embed.Server) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := s.WaitServing(ctx); err != nil {
		t.Fatal(err)
	}
}

// connect opens a session, which ends before the servers do.
func connect(t *testing.T, address string) *client.Client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	c, err := client.Dial(ctx, client.Options{Servers: []string{address}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = c.Close(ctx)
	})
	return c
}

func create(t *testing.T, c *client.Client, path string) {
	t.Helper()
	_, err := c.Create(t.Context(), path, []byte("x"), client.CreateOptions{})
	if err != nil {
		t.Fatal(err)
	}
}

func has(t *testing.T, c *client.Client, path string) bool {
	t.Helper()
	if err := c.Sync(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	_, err := c.Exists(t.Context(), path, nil)
	if err != nil && !errors.Is(err, zoo.CodeNoNode) {
		t.Fatal(err)
	}
	return err == nil
}

// The plot: a program keeps something in a server of its own, ends it, and starts it again.
func TestAServerKeepsItsDataFromOneStartToTheNext(t *testing.T) {
	cfg := embed.Config{DataDir: filepath.Join(t.TempDir(), "data")}
	first := start(t, cfg)
	create(t, connect(t, first.Address()), "/kept")
	if mode := first.Mode(); mode != "standalone" {
		t.Errorf("it is %s", mode)
	}
	end(t, first)
	<-first.Done()
	if err := first.Err(); err != nil {
		t.Errorf("it was told to end, and says %v", err)
	}
	second := start(t, cfg)
	serving(t, second)
	if !has(t, connect(t, second.Address()), "/kept") {
		t.Error("what was acknowledged is gone")
	}
}

func TestServersOfOneProgramShareNothing(t *testing.T) {
	one := start(t, embed.Config{DataDir: t.TempDir()})
	other := start(t, embed.Config{DataDir: t.TempDir()})
	create(t, connect(t, one.Address()), "/mine")
	if has(t, connect(t, other.Address()), "/mine") {
		t.Error("a znode of one server is on the other")
	}
	end(t, one)
	create(t, connect(t, other.Address()), "/alone")
}

// freePorts takes them below those that systems give to outgoing connections.
func freePorts(t *testing.T, n int) []int {
	t.Helper()
	var list []int
	for tries := 0; len(list) < n && tries < 1000; tries++ {
		port := 20000 + rand.IntN(12000)
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		defer l.Close()
		list = append(list, port)
	}
	if len(list) < n {
		t.Fatal("no free ports")
	}
	return list
}

// The plot: three members in one program. What is written at one is read at each.
func TestMembersOfAnEnsembleFindEachOther(t *testing.T) {
	ports, members := freePorts(t, 6), map[zoo.ServerID]string{}
	for i := range 3 {
		members[zoo.ServerID(i+1)] = fmt.Sprintf("127.0.0.1:%d:%d", ports[2*i], ports[2*i+1])
	}
	var servers []*embed.Server
	for id := range zoo.ServerID(3) {
		servers = append(servers, start(t, embed.Config{
			DataDir: t.TempDir(), ID: id + 1, Servers: members,
			Settings: map[string]string{"forceSync": "no"},
		}))
	}
	leaders := 0
	for _, s := range servers {
		serving(t, s)
		if s.Mode() == "leader" {
			leaders++
		}
	}
	if leaders != 1 {
		t.Errorf("%d servers lead", leaders)
	}
	create(t, connect(t, servers[0].Address()), "/shared")
	for _, s := range servers {
		if !has(t, connect(t, s.Address()), "/shared") {
			t.Errorf("the %s does not know of it", s.Mode())
		}
	}
}

// The plot: a member is alone. Whoever waits for it to serve is told when it ends.
func TestWhoWaitsForAServerHearsOfItsEnd(t *testing.T) {
	ports := freePorts(t, 4)
	s := start(t, embed.Config{DataDir: t.TempDir(), ID: 1, Servers: map[zoo.ServerID]string{
		1: fmt.Sprintf("127.0.0.1:%d:%d", ports[0], ports[1]),
		2: fmt.Sprintf("127.0.0.1:%d:%d", ports[2], ports[3]),
	}})
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.WaitServing(over); !errors.Is(err, context.Canceled) {
		t.Errorf("the wait is over: %v", err)
	}
	if mode := s.Mode(); mode != "looking" {
		t.Errorf("it is %s", mode)
	}
	heard := make(chan error, 1)
	go func() { heard <- s.WaitServing(context.Background()) }()
	end(t, s)
	if err := <-heard; !errors.Is(err, embed.ErrEnded) {
		t.Errorf("the server is over: %v", err)
	}
}

func TestAServerEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := embed.Start(ctx, embed.Config{DataDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if err := s.Wait(); err != nil {
		t.Error(err)
	}
	if _, err := net.Dial("tcp", s.Address()); err == nil {
		t.Error("somebody still listens")
	}
}

func TestWhatCannotBeStartedSaysWhy(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		cfg  embed.Config
		want error
	}{
		"no data directory": {embed.Config{}, embed.ErrConfig},
		"a setting that is none": {embed.Config{DataDir: t.TempDir(),
			Settings: map[string]string{"tickTime": "soon"}}, embed.ErrConfig},
		"no number among the servers": {embed.Config{DataDir: t.TempDir(), ID: 3,
			Servers: map[zoo.ServerID]string{1: "a:1:2", 2: "b:1:2"}}, embed.ErrConfig},
		"no such file": {embed.Config{File: file + ".none"}, embed.ErrConfig},
		"a port that is taken": {embed.Config{DataDir: t.TempDir(),
			ClientAddress: taken.Addr().String()}, syscall.EADDRINUSE},
	} {
		if _, err := embed.Start(t.Context(), c.cfg); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	s, err := embed.Start(t.Context(), embed.Config{DataDir: file})
	if err == nil {
		err = s.Wait()
	}
	if !errors.Is(err, syscall.ENOTDIR) {
		t.Errorf("the data directory is a file: %v", err)
	}
}

// A program that keeps a zoo.cfg says itself where its data and its clients are.
func TestAFileIsOverriddenByTheProgram(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "zoo.cfg")
	text := "dataDir=/nowhere\nclientPort=1\nadmin.enableServer=false\nmaxSessionTimeout=7000\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	s := start(t, embed.Config{File: file, DataDir: filepath.Join(dir, "data"),
		ClientAddress: "127.0.0.1:0"})
	if got := connect(t, s.Address()).SessionTimeout(); got != 7*time.Second {
		t.Errorf("the session has %v", got)
	}
	if n := len(s.Addresses()); n != 1 {
		t.Errorf("%d ports", n)
	}
}
