package server

import (
	"context"
	"fmt"
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
	// adjust changes what all servers have in common, if it is set.
	adjust func(*Config)
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
	if e.adjust != nil {
		e.adjust(&cfg)
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

// The plot: an observer attaches to a follower, and gets all of the tree from it. The
// follower goes, and the observer finds another way. Here an observer master's port is its
// quorum port, which followers do not use.
func TestAnObserverAttachesToAFollower(t *testing.T) {
	e := newEnsemble(t, 3, 1)
	e.adjust = func(cfg *Config) {
		cfg.ObserverMasters = true
		cfg.MasterListen, cfg.Masters = cfg.QuorumListen, cfg.Leaders
	}
	for _, id := range e.view.Voters() {
		e.start(id)
	}
	for i := range 40 {
		e.session(1).create(fmt.Sprintf("/before-%d", i), "x")
	}
	e.start(4)
	c := e.session(4)
	e.expect(c, "/before-39", "x")
	c.create("/by-4", "y")
	status, _ := e.servers[4].status()
	master := status.Master
	if master == 0 || master == e.leader() {
		t.Fatalf("the observer is attached to %d, the leader is %d", master, e.leader())
	}
	served, _ := e.servers[master].status()
	if n := synced(served.Learners); n != 1 {
		t.Errorf("server %d serves %d observers, not 1", master, n)
	}
	if told := e.tells(4).ObserverMaster; told != master {
		t.Errorf("operators hear of %d, the observer is attached to %d", told, master)
	}
	if err := e.servers[master].stop(); err != nil {
		t.Fatal(err)
	}
	delete(e.servers, master)
	c.ended()
	c = e.session(4)
	c.create("/later", "z")
	e.expect(e.session(e.leader()), "/later", "z")
	if status, _ := e.servers[4].status(); status.Master == master {
		t.Errorf("the observer is attached to %d, which is gone", master)
	}
}

// tells is what a server tells operators about its part in the ensemble.
func (e *ensemble) tells(id zoo.ServerID) (o command.Overview) {
	status, _ := e.servers[id].status()
	source{e.servers[id].Server}.addEnsemble(&o, &status)
	return o
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
	if text := s.ask("isro"); text != "null" {
		t.Errorf("isro: got %q", text)
	}
}

// The plot: a session moves from server 1 to server 2. What the client still sends
// on the old connection is not done, and it is told why before it is hung up.
func TestAWriteAfterTheSessionMovedIsRefusedAloud(t *testing.T) {
	e := newEnsemble(t, 3, 0)
	for id := range e.ports {
		e.start(id)
	}
	before := e.session(1)
	after := e.servers[2].dial()
	after.handshake(before.resume())
	after.call(1, wire.OpCreate, ephemeral("/here"), zoo.CodeOK)
	before.call(7, wire.OpCreate, ephemeral("/there"), zoo.CodeSessionMoved)
	before.ended()
	after.call(2, wire.OpExists, &wire.ExistsRequest{Path: "/there"}, zoo.CodeNoNode)
}

// The plot: every server looks at ACLs before it asks the leader. A stranger's writes
// are refused in their turn, between a write that counts and another one, and make no
// transaction.
func TestAWriteThatIsForbiddenHereDoesNotReachTheLeader(t *testing.T) {
	e := newEnsemble(t, 3, 0)
	e.adjust = func(c *Config) { c.EagerACLCheck = true }
	for id := range e.ports {
		e.start(id)
	}
	owner := e.session(1)
	owner.call(wire.XidAuth, wire.OpAuth, digestAuth("u:p"), zoo.CodeOK)
	mine := create("/mine", "")
	mine.ACL = []zoo.ACL{{Perms: zoo.PermAll, ID: zoo.ID{Scheme: "auth"}}}
	owner.call(1, wire.OpCreate, mine, zoo.CodeOK)
	for id := range e.ports {
		stranger := e.session(id)
		stranger.call(1, wire.OpSync, &wire.SyncRequest{Path: "/"}, zoo.CodeOK)
		path := fmt.Sprintf("/by-%d", id)
		stranger.pipeline(
			request(2, wire.OpCreate, create(path, "")),
			request(3, wire.OpSetData, &wire.SetDataRequest{Path: "/mine", Version: -1}),
			request(4, wire.OpCreate, &wire.CreateRequest{Path: "/no-list"}),
			request(5, wire.OpSetData, &wire.SetDataRequest{Path: path, Version: -1}),
		)
		first := stranger.reply(2, zoo.CodeOK)
		if m := stranger.reply(3, zoo.CodeNoAuth); m.Zxid != 0 {
			t.Errorf("the refusal has zxid %v", m.Zxid)
		}
		stranger.reply(4, zoo.CodeInvalidACL)
		if m := stranger.reply(5, zoo.CodeOK); m.Zxid != first.Zxid+1 {
			t.Errorf("%v follows %v: a refusal made a transaction", m.Zxid, first.Zxid)
		}
	}
}

// The plot: a client moves to another server and leaves its old connection open and
// silent, as after a broken network. The old server lets go of it in time, though
// the session is alive.
func TestAConnectionThatNobodyUsesIsClosed(t *testing.T) {
	e := newEnsemble(t, 3, 0)
	for id := range e.ports {
		e.start(id)
	}
	e.session(1)
	e.session(2)
	hello := newSession()
	hello.TimeOut = 1
	before := e.servers[1].dial()
	before.handshake(hello)
	after := e.servers[2].dial()
	again := before.resume()
	again.TimeOut = 1
	after.handshake(again)
	gone := make(chan struct{})
	go func() { defer close(gone); before.ended() }()
	for xid := int32(1); ; xid++ {
		after.call(xid, wire.OpSync, &wire.SyncRequest{Path: "/"}, zoo.CodeOK)
		select {
		case <-gone:
			after.call(xid+1, wire.OpCreate, ephemeral("/alive"), zoo.CodeOK)
			return
		default:
		}
	}
}

// The plot: one server of three runs. Clients that can do with reading get a
// session of this server only, and the answer that clients probe for says so. When
// there is a leader again they must go and look for it.
func TestAServerWithoutAQuorumMayServeReads(t *testing.T) {
	e := newEnsemble(t, 3, 0)
	e.adjust = func(c *Config) {
		// Server 2 only comes to help.
		c.ReadOnly, c.ReadOnlyAfter = c.ID == 1, time.Second
	}
	s := e.start(1)
	hello := newSession()
	hello.ReadOnly = true
	reader := s.dial()
	reader.handshake(hello)
	if !reader.opened.ReadOnly || reader.opened.SessionID == 0 {
		t.Fatalf("opened %+v", reader.opened)
	}
	reader.call(1, wire.OpGetData, &wire.GetDataRequest{Path: "/zookeeper"}, zoo.CodeOK)
	reader.call(2, wire.OpCreate, create("/a", ""), zoo.CodeNotReadOnly)
	reader.call(3, wire.OpSync, &wire.SyncRequest{Path: "/"}, zoo.CodeNotReadOnly)
	writer := s.dial()
	writer.sendFrame(newSession().AppendTo(nil))
	writer.ended()
	if text := s.ask("isro"); text != "ro" {
		t.Errorf("isro: got %q", text)
	}
	e.start(2)
	reader.ended()
	e.session(2)
	e.session(1).create("/a", "")
	if text := s.ask("isro"); text != "rw" {
		t.Errorf("isro: got %q", text)
	}
}

// The plot: with local sessions the ensemble hears of a session when its client
// wants an ephemeral, and not before.
func TestALocalSessionIsUpgradedByItsFirstEphemeral(t *testing.T) {
	e := newEnsemble(t, 3, 0)
	e.adjust = func(c *Config) {
		c.LocalSessions, c.LocalSessionsUpgrading, c.Words = true, true, []string{"*"}
	}
	for id := range e.ports {
		e.start(id)
	}
	c := e.session(1)
	c.create("/a", "")
	sessions := func() (global, local int) {
		status, _ := e.servers[1].status()
		return status.Sessions, status.LocalSessions
	}
	if global, local := sessions(); global != 0 || local != 1 {
		t.Errorf("%d sessions and %d local ones", global, local)
	}
	expectMatch(t, e.servers[1].ask("dump"), `^SessionTracker dump:\nLocal Session Sets \(1\)/`)
	c.pipeline(request(2, wire.OpCreate, ephemeral("/e")),
		request(3, wire.OpGetData, &wire.GetDataRequest{Path: "/e"}))
	c.reply(2, zoo.CodeOK)
	c.reply(3, zoo.CodeOK)
	if global, local := sessions(); global != 1 || local != 0 {
		t.Errorf("%d sessions and %d local ones", global, local)
	}
	c.call(4, wire.OpCloseSession, nil, zoo.CodeOK)
}
