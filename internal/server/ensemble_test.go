package server

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/replica"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/net/peer"
	"zoo/internal/ops/command"
	"zoo/internal/wire"
)

// ensemble is several servers in this process, on real loopback connections.
type ensemble struct {
	t       *testing.T
	view    *quorum.View
	ports   map[zoo.ServerID]*ports
	servers map[zoo.ServerID]*running
	disks   map[zoo.ServerID]*vfs.Mem
}

// ports are a server's addresses between servers.
type ports struct{ election, quorum *port }

// port is a loopback address that was bound before anybody needed to know it.
type port struct {
	address string
	mu      sync.Mutex
	first   net.Listener // for the first who binds it
}

func newPort(t *testing.T) *port {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	return &port{address: listener.Addr().String(), first: listener}
}

func (p *port) bind(ctx context.Context, address string) (net.Listener, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if first := p.first; first != nil {
		p.first = nil
		return first, nil
	}
	var config net.ListenConfig
	return config.Listen(ctx, "tcp", address)
}

// dialQuorum refuses a port that is bound for its number's sake only.
func (e *ensemble) dialQuorum(ctx context.Context, address string) (net.Conn, error) {
	for _, p := range e.ports {
		if p.quorum.address == address && p.quorum.unused() {
			return nil, syscall.ECONNREFUSED
		}
	}
	var dialer net.Dialer
	return dialer.DialContext(ctx, "tcp", address)
}

func (p *port) unused() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.first != nil
}

func newEnsemble(t *testing.T, voters, observers int) *ensemble {
	e := &ensemble{
		t: t, ports: map[zoo.ServerID]*ports{},
		servers: map[zoo.ServerID]*running{}, disks: map[zoo.ServerID]*vfs.Mem{},
	}
	var members []quorum.Member
	for i := range voters + observers {
		id := zoo.ServerID(i + 1)
		e.ports[id] = &ports{newPort(t), newPort(t)}
		e.disks[id] = vfs.NewMem()
		members = append(members, quorum.Member{ID: id, Observer: i >= voters})
	}
	view, err := quorum.NewView(members, 0)
	if err != nil {
		t.Fatal(err)
	}
	e.view = view
	return e
}

func (e *ensemble) start(id zoo.ServerID) *running {
	cfg := Config{
		Config: replica.Config{
			ID: id, View: e.view, TickTime: 200 * time.Millisecond, InitLimit: 20, SyncLimit: 10,
			Seed: uint64(id), HistoryMin: 10, HistoryBytesMin: 1 << 10,
		},
		Store:        store.Config{FS: e.disks[id], DataDir: "/data", PreallocateBytes: 1 << 16},
		ClientListen: []string{"127.0.0.1:0"},
		Words:        command.SafeWords(),
		Election: peer.ElectionConfig{
			ID: id, Listen: []string{e.ports[id].election.address},
			Members: map[zoo.ServerID]string{}, Bind: e.ports[id].election.bind,
		},
		Quorum:       peer.QuorumConfig{Bind: e.ports[id].quorum.bind, Dial: e.dialQuorum},
		QuorumListen: []string{e.ports[id].quorum.address},
		Leaders:      map[zoo.ServerID]string{},
	}
	for other, p := range e.ports {
		cfg.Election.Members[other] = p.election.address
		cfg.Leaders[other] = p.quorum.address
	}
	e.servers[id] = start(e.t, e.disks[id], cfg)
	return e.servers[id]
}

// session opens a session at a server, however long it takes to serve.
func (e *ensemble) session(id zoo.ServerID) *client {
	e.t.Helper()
	hello := newSession()
	hello.TimeOut = int32(4 * patience / time.Millisecond)
	c := e.servers[id].dial()
	c.handshake(hello)
	if c.opened.SessionID == 0 {
		e.t.Fatalf("server %d refuses a session", id)
	}
	return c
}

// leader finds the server that leads.
func (e *ensemble) leader() zoo.ServerID {
	e.t.Helper()
	for id, s := range e.servers {
		if status, ok := s.status(); ok && status.Serving && status.State == replica.Leading {
			return id
		}
	}
	e.t.Fatal("nobody leads")
	return 0
}

// expect reads a value at a server, up to date with the leader.
func (e *ensemble) expect(c *client, path, want string) {
	e.t.Helper()
	c.call(900, wire.OpSync, &wire.SyncRequest{Path: path}, zoo.CodeOK)
	m := c.call(901, wire.OpGetData, &wire.GetDataRequest{Path: path}, zoo.CodeOK)
	if data := m.body.Buffer(); string(data) != want {
		e.t.Fatalf("%s is %q, want %q", path, data, want)
	}
}

// The plot: three voters and an observer. What one client writes at one server is
// there at each; then the leader goes, the others go on, and it comes back.
func TestAnEnsembleOutlivesItsLeader(t *testing.T) {
	e := newEnsemble(t, 3, 1)
	for id := range e.ports {
		e.start(id)
	}
	clients := map[zoo.ServerID]*client{}
	for id := range e.ports {
		clients[id] = e.session(id)
		clients[id].create(fmt.Sprintf("/by-%d", id), "x")
	}
	for _, c := range clients {
		for id := range e.ports {
			e.expect(c, fmt.Sprintf("/by-%d", id), "x")
		}
	}
	old := e.leader()
	if err := e.servers[old].stop(); err != nil {
		t.Fatal(err)
	}
	delete(e.servers, old)
	before := time.Now()
	for id := range e.servers {
		clients[id].ended()
		clients[id] = e.session(id)
		e.expect(clients[id], fmt.Sprintf("/by-%d", old), "x")
	}
	t.Logf("served again after %v", time.Since(before))
	survivor := e.leader()
	clients[survivor].create("/later", "y")
	e.start(old)
	e.expect(e.session(old), "/later", "y")
	if now := e.leader(); now != survivor {
		t.Errorf("%d leads, %d should still", now, survivor)
	}
}

// The plot: a follower is away while more is written than the leader keeps for
// it, so it is sent the whole tree.
func TestALearnerThatWasAwayTooLongGetsASnapshot(t *testing.T) {
	e := newEnsemble(t, 3, 0)
	e.start(1)
	e.start(2)
	leader := e.session(2)
	const znodes = 500
	value := string(make([]byte, 1<<10))
	for at := 0; at < znodes; at += 100 {
		var requests [][]byte
		for i := at; i < at+100; i++ {
			path := fmt.Sprintf("/n%d", i)
			requests = append(requests, request(int32(i+1), wire.OpCreate, create(path, value)))
		}
		leader.pipeline(requests...)
		for i := at; i < at+100; i++ {
			leader.reply(int32(i+1), zoo.CodeOK)
		}
	}
	e.start(3)
	e.expect(e.session(3), fmt.Sprintf("/n%d", znodes-1), value)
	sent := slices.ContainsFunc(e.servers[3].timeline.list(), func(s command.Stage) bool {
		return strings.Contains(s.Name, "SNAP")
	})
	if !sent {
		t.Errorf("no SNAP in %+v", e.servers[3].timeline.list())
	}
}

func TestAServerWithoutAQuorumTurnsClientsAway(t *testing.T) {
	e := newEnsemble(t, 3, 0)
	s := e.start(1)
	hello := newSession()
	hello.TimeOut = 200
	c := s.dial()
	c.sendFrame(hello.AppendTo(nil))
	c.ended()
	asker := s.dial()
	asker.write([]byte("isro"))
	if text, err := io.ReadAll(asker.nc); err != nil || string(text) != "null" {
		t.Errorf("isro: got %q, %v", text, err)
	}
}
