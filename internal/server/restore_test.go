package server

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// startAll starts all servers with admin servers, and gives the leader once all serve.
func (e *ensemble) startAll() zoo.ServerID {
	adjust := e.adjust
	e.adjust = func(c *Config) {
		operated(c)
		if adjust != nil {
			adjust(c)
		}
	}
	for id := range e.ports {
		e.start(id)
	}
	for id := range e.ports {
		e.session(id)
	}
	return e.leader()
}

// back opens a session at a server that may still be about to hang up.
func (e *ensemble) back(id zoo.ServerID) *client {
	e.t.Helper()
	for until := time.Now().Add(2 * patience); time.Now().Before(until); {
		w := writer{address: e.servers[id].address}
		if w.open() == nil {
			e.t.Cleanup(func() { w.nc.Close() })
			return &client{t: e.t, nc: w.nc, opened: w.opened}
		}
		w.nc.Close()
	}
	e.t.Fatalf("server %d takes no session", id)
	return nil
}

// The plot: an ensemble with an observer is given back what it had. A follower refuses
// and tells who leads; the leader does it, once, and all servers have it. Now the
// others take the same post, as scripts for ZooKeeper send it. Then once more, with
// what was written in between, and a server that was away for all of it.
func TestARestoreAtTheLeaderReachesEveryServer(t *testing.T) {
	e := newEnsemble(t, 3, 1)
	leader := e.startAll()
	away := leader%3 + 1
	c := e.session(leader)
	c.create("/a", "")
	before := e.servers[leader].get("/snapshot").body
	c.create("/later", "")
	e.expectOthersToRefuse(leader, before)
	e.kill(away)
	first := e.servers[leader].restored(before)
	if now := e.leader(); now != leader {
		t.Errorf("%d leads, want %d", now, leader)
	}
	for id, s := range e.servers {
		e.back(id).expectOnly("a")
		if id != leader {
			s.command(http.MethodPost, "/restore", anyone, before).fields(t, 200)
		}
	}
	e.back(leader).create("/b", "")
	between := e.servers[leader].get("/snapshot").body
	e.start(away)
	e.back(away).expectOnly("a", "b")
	e.meet(away)
	if again := e.servers[leader].restored(before); again <= first {
		t.Errorf("restored as %v, then as %v", first, again)
	}
	e.back(away).expectOnly("a")
	last := e.servers[leader].restored(between)
	for id := range e.servers {
		e.back(id).expectOnly("a", "b")
	}
	e.back(away).create("/c", "")
	status, _ := e.servers[leader].status()
	if status.LastApplied.Epoch() <= last.Epoch() {
		t.Errorf("%v follows %v in the same epoch", status.LastApplied, last)
	}
}

// expectOthersToRefuse posts a snapshot to all who do not lead. They hold what the leader
// holds: one that is late might have the data of the snapshot still, and be done.
func (e *ensemble) expectOthersToRefuse(leader zoo.ServerID, body []byte) {
	e.t.Helper()
	for id := range e.servers {
		e.session(id).call(1, wire.OpSync, &wire.SyncRequest{Path: "/"}, zoo.CodeOK)
	}
	want := fmt.Sprintf("server %d leads", leader)
	for id, s := range e.servers {
		if id == leader {
			continue
		}
		answer := s.command(http.MethodPost, "/restore", anyone, body)
		text := answer.fields(e.t, http.StatusConflict)["error"].(string)
		if !strings.Contains(text, want) {
			e.t.Errorf("server %d: %v, want %q", id, text, want)
		}
	}
}

// meet waits until a server that has come back can hear the votes of all others. One that
// cannot hear the leader's elects whom it can hear, and then the restored history loses.
func (e *ensemble) meet(id zoo.ServerID) {
	e.t.Helper()
	until(e.t, func() bool {
		for other, s := range e.servers {
			if other != id && !(e.servers[id].connected(other) && s.connected(id)) {
				return false
			}
		}
		return true
	})
}

// connected tells whether the server's election connection with another one is up.
func (r *running) connected(id zoo.ServerID) bool {
	r.peers.mu.Lock()
	defer r.peers.mu.Unlock()
	return r.peers.election.Connected(id)
}

// kill stops servers and forgets them.
func (e *ensemble) kill(ids ...zoo.ServerID) {
	e.t.Helper()
	for _, id := range ids {
		if err := e.servers[id].stop(); err != nil {
			e.t.Fatal(err)
		}
		delete(e.servers, id)
	}
}

// writer writes as a program does that comes back whenever it loses its server. It
// fails no test.
type writer struct {
	address string
	nc      net.Conn
	opened  wire.ConnectResponse
}

func (w *writer) open() (err error) {
	if w.nc, err = net.Dial("tcp", w.address); err != nil {
		w.nc, _ = net.Pipe()
		return err
	}
	_ = w.nc.SetDeadline(time.Now().Add(2 * patience))
	hello := newSession().AppendTo(nil)
	length := binary.BigEndian.AppendUint32(nil, uint32(len(hello)))
	payload, err := w.exchange(append(length, hello...))
	if err != nil {
		return err
	}
	d := jute.NewDecoder(payload)
	w.opened.DecodeFrom(&d)
	if w.opened.SessionID == 0 {
		return io.EOF
	}
	return d.Err()
}

// exchange sends a frame and reads one.
func (w *writer) exchange(frame []byte) ([]byte, error) {
	if _, err := w.nc.Write(frame); err != nil {
		return nil, err
	}
	var head [4]byte
	if _, err := io.ReadFull(w.nc, head[:]); err != nil {
		return nil, err
	}
	b := make([]byte, binary.BigEndian.Uint32(head[:]))
	_, err := io.ReadFull(w.nc, b)
	return b, err
}

// acknowledged are the paths that were created, by the zxids of the replies.
type acknowledged struct {
	mu    sync.Mutex
	paths map[string]zoo.Zxid
}

// run creates one znode after the other until stop, at whatever has become of the
// server.
func (w *writer) run(name string, acks *acknowledged, stop <-chan struct{}) {
	for n := 0; ; {
		for w.open() == nil {
			n++
			path := fmt.Sprintf("/%s-%d", name, n)
			payload, err := w.exchange(request(int32(n), wire.OpCreate, create(path, "")))
			if err != nil {
				break
			}
			var header wire.ReplyHeader
			d := jute.NewDecoder(payload)
			header.DecodeFrom(&d)
			if header.Err == zoo.CodeOK {
				acks.mu.Lock()
				acks.paths[path] = header.Zxid
				acks.mu.Unlock()
			}
			select {
			case <-stop:
				w.nc.Close()
				return
			default:
			}
			w.nc.Close()
		}
		w.nc.Close()
		select {
		case <-stop:
			return
		default:
		}
	}
}

// The plot: clients of every server write all the while, and the history is restored
// twice. Each write that was acknowledged is there if its zxid lies behind the last
// restore, and gone if it does not: no answer told of a write that no history has.
func TestAWriteAcknowledgedAfterARestoreIsKept(t *testing.T) {
	e := newEnsemble(t, 3, 0)
	leader := e.startAll()
	before := e.servers[leader].get("/snapshot").body
	acks := &acknowledged{paths: map[string]zoo.Zxid{}}
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for id, s := range e.servers {
		for n := range 2 {
			w := &writer{address: s.address}
			writers.Go(func() { w.run(fmt.Sprintf("w%d-%d", id, n), acks, stop) })
		}
	}
	progress := func() { acks.grow(t, &e.servers[leader].applied) }
	progress()
	e.servers[leader].restored(before)
	progress()
	restored := e.servers[leader].restored(before)
	progress()
	close(stop)
	writers.Wait()
	for id := range e.servers {
		acks.expectBehind(e.back(id), restored)
	}
}

// grow waits until a hundred more writes were acknowledged.
func (a *acknowledged) grow(t *testing.T, applied *bell) {
	const more = 100
	for want := a.count() + more; ; {
		next := applied.next()
		if a.count() >= want {
			return
		}
		select {
		case <-next:
		case <-time.After(patience):
			t.Fatal("no write goes on")
		}
	}
}

func (a *acknowledged) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.paths)
}

// expectBehind wants just those writes that were acknowledged behind a zxid.
func (a *acknowledged) expectBehind(c *client, restored zoo.Zxid) {
	c.t.Helper()
	c.call(700, wire.OpSync, &wire.SyncRequest{Path: "/"}, zoo.CodeOK)
	kept := 0
	for path, zxid := range a.paths {
		want := zoo.CodeNoNode
		if zxid > restored {
			want = zoo.CodeOK
			kept++
		}
		c.call(701, wire.OpExists, &wire.ExistsRequest{Path: path}, want)
	}
	c.t.Logf("%d of %d writes are kept, behind %v", kept, len(a.paths), restored)
}

// held is a disk that stops at an operation, once.
type held struct {
	kind          vfs.OpKind
	suffix        string
	reached, gone chan struct{}
	once          sync.Once
}

func holdAt(kind vfs.OpKind, suffix string) *held {
	return &held{kind: kind, suffix: suffix,
		reached: make(chan struct{}), gone: make(chan struct{})}
}

// adjust gives servers the disk.
func (h *held) adjust(c *Config) {
	c.Store.FS = vfs.NewFaulty(c.Store.FS, func(_ int, op vfs.Op) error {
		if op.Kind == h.kind && strings.HasSuffix(op.Name, h.suffix) {
			h.once.Do(func() {
				close(h.reached)
				<-h.gone
			})
		}
		return nil
	})
}

// wait waits until the disk has stopped.
func (h *held) wait(t *testing.T) {
	t.Helper()
	select {
	case <-h.reached:
	case <-time.After(patience):
		t.Fatalf("no %s of %s", h.kind, h.suffix)
	}
}

// restoreInBackground makes /a, and then /later on top of a restore of what was before,
// which is under way.
func (e *ensemble) restoreInBackground(leader zoo.ServerID) <-chan reply {
	s := e.servers[leader]
	e.session(leader).create("/a", "")
	before := s.get("/snapshot").body
	e.session(leader).create("/later", "")
	restored := make(chan reply, 1)
	go func() { restored <- s.command(http.MethodPost, "/restore", anyone, before) }()
	return restored
}

// The plot: both followers are killed while the leader is about to change its history.
// It is alone with the restored one, and the command waits. One follower comes back:
// the leader is elected, and the restore is done.
func TestFollowersMayDieDuringARestore(t *testing.T) {
	e, disk := newEnsemble(t, 3, 0), holdAt(vfs.OpCreate, "/zoo.plan.tmp")
	e.adjust = disk.adjust
	leader := e.startAll()
	restored := e.restoreInBackground(leader)
	disk.wait(t)
	first, second := leader%3+1, (leader+1)%3+1
	e.kill(first, second)
	close(disk.gone)
	e.start(first)
	(<-restored).fields(t, 200)
	e.back(leader).expectOnly("a")
	e.back(first).expectOnly("a")
	e.start(second)
	e.back(second).expectOnly("a")
	if now := e.leader(); now != leader {
		t.Errorf("%d leads, want %d", now, leader)
	}
}

// The plot: the disk of the leader takes so long over the change that the followers
// elect another leader, and clients write there. The restore has not happened, the
// command says so, and the server is sent what the others have.
func TestARestoreThatComesTooLateHasNotHappened(t *testing.T) {
	e, disk := newEnsemble(t, 3, 0), holdAt(vfs.OpRemove, "/zoo.plan")
	e.adjust = disk.adjust
	leader := e.startAll()
	restored := e.restoreInBackground(leader)
	disk.wait(t)
	other := leader%3 + 1
	next := e.servers[other].changes.next()
	for e.servers[other].mode() != replica.Looking {
		<-next // until it has lost its leader
		next = e.servers[other].changes.next()
	}
	e.back(other).create("/new", "")
	close(disk.gone)
	(<-restored).fields(t, http.StatusConflict)
	e.back(leader).expectOnly("a", "later", "new")
}

// The plot: between the writing of the posted data and its installation somebody removes
// the file. The command says that nothing was changed, and the server goes on with what it
// had, also after its next start.
func TestARestoreWhoseFileHasGoneChangesNothing(t *testing.T) {
	disk, held := vfs.NewMem(), holdAt(vfs.OpStat, ".install")
	cfg := standaloneConfig(disk)
	operated(&cfg)
	held.adjust(&cfg)
	s := start(t, disk, cfg)
	c := s.connect()
	c.create("/a", "")
	before := s.get("/snapshot").body
	c.create("/later", "")
	restored := make(chan reply, 1)
	go func() { restored <- s.command(http.MethodPost, "/restore", anyone, before) }()
	held.wait(t)
	dir := store.VersionDir(cfg.Store.DataDir)
	names, err := disk.List(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, ".install") {
			if err := disk.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
	}
	close(held.gone)
	(<-restored).fields(t, http.StatusConflict)
	s.connect().expectOnly("a", "later")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	start(t, disk, standaloneConfig(disk)).connect().expectOnly("a", "later")
}

// A restore needs room for all the data once more, and so does not begin below the reserve.
func TestAServerShortOfSpaceRefusesARestore(t *testing.T) {
	disk := vfs.NewMem()
	cfg := smallDisk(disk, 400<<10, 128<<10)
	operated(&cfg)
	s := start(t, disk, cfg)
	c := s.connect()
	c.create("/d", "")
	before := s.get("/snapshot").body
	c.createUntil("/d")
	s.command(http.MethodPost, "/restore", anyone, before).fields(
		t, http.StatusInsufficientStorage)
	disk.Limit(4 << 20)
	until(t, func() bool { return s.space.refuses.Load() == 0 })
}

// mode is what the server is, looking while it does not serve.
func (r *running) mode() replica.State {
	status, ok := r.status()
	if !ok || !status.Serving {
		return replica.Looking
	}
	return status.State
}
