package server

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
	"zoo/internal/disk/snapshot"
	"zoo/internal/jute"
	"zoo/internal/net/peer"
	"zoo/internal/wire"
)

// peers are the connections to the other servers; nil when standalone. Their
// events go into the loop's queue.
type peers struct {
	server *Server
	names  *peer.Names
	// The others are made while the server starts, and are nil until then.
	security *peer.Security
	quorum   *peer.Quorum

	mu sync.Mutex
	// election is the mesh of election connections; another one takes its place when
	// this server's address for the election changes.
	election *peer.Election
	// received are trees that were read off links and not reported yet.
	received map[peer.LinkID]*tree.Tree
}

func newPeers(s *Server) *peers {
	return &peers{
		server: s, received: make(map[peer.LinkID]*tree.Tree),
		names: peer.NewNames(s.cfg.Election.Members),
	}
}

// prepare makes all that the links need, before there is any.
func (p *peers) prepare() error {
	security, err := p.protect()
	if err != nil {
		return err
	}
	p.security = security
	cfg := p.server.cfg.Quorum
	cfg.ID, cfg.ReadSnapshot, cfg.Log = p.server.cfg.ID, p.readSnapshot, p.server.log
	cfg.Security, cfg.Names, cfg.Refused = security, p.names, p.refused(refusedQuorum)
	p.quorum = peer.NewQuorum(cfg, p)
	return nil
}

// electionBindPause lies between two attempts to open the election port, and grows to
// electionResolvePauseMax while this server's own name does not resolve.
const (
	electionBindPause       = time.Second
	electionResolvePauseMax = 10 * time.Second
)

// elect opens the election port and begins to dial. The port may still belong to the
// process that this one replaces. A name that does not resolve yet costs no attempt.
func (p *peers) elect() error {
	cfg := p.server.cfg.Election
	cfg.Log = p.server.log
	cfg.Security, cfg.Names, cfg.Refused = p.security, p.names, p.refused(refusedElection)
	pause := electionBindPause
	for try := 1; ; {
		election, err := peer.Start(cfg, electionEvents{p.server})
		if err == nil {
			p.use(election)
			return nil
		}
		most, unresolved := p.server.cfg.ElectionBindTries, peer.Unresolved(err)
		if most >= 0 && try >= most && !unresolved {
			return coded(exitElection, err)
		}
		p.server.log.Warn("listen for election", "error", err, "try", try)
		if !p.server.pause(pause) {
			return coded(exitElection, err)
		}
		if pause = min(2*pause, electionResolvePauseMax); !unresolved {
			pause, try = electionBindPause, try+1
		}
	}
}

func (p *peers) close() {
	if e := p.current(); e != nil {
		e.Close()
	}
	if p.quorum != nil {
		p.quorum.Close()
	}
}

// electionEvents reports what happens on the election connections.
type electionEvents struct{ server *Server }

// Up reports a connection.
func (e electionEvents) Up(id zoo.ServerID) {
	e.server.queue.call(func() { e.server.loop.electionUp(id) })
}

// Down reports the end of a connection.
func (e electionEvents) Down(id zoo.ServerID) {
	e.server.queue.call(func() { e.server.loop.electionDown(id) })
}

// Received reports a notification. What cannot be read ends the connection.
func (e electionEvents) Received(id zoo.ServerID, message []byte) error {
	var n wire.Notification
	d := jute.NewDecoder(message)
	n.DecodeFrom(&d)
	if d.Err() != nil {
		return fmt.Errorf("notification: %w", d.Err())
	}
	e.server.queue.wait(replica.Notified{Peer: id, Notification: n})
	return nil
}

// ListenFailed ends the server: nobody could elect it.
func (e electionEvents) ListenFailed(err error) { e.server.fail(err) }

// LinkUp reports a link.
func (p *peers) LinkUp(link peer.LinkID, _ peer.Origin, remote net.Addr) {
	p.server.queue.call(func() { p.server.loop.linkUp(link, remote) })
}

// LinkDown reports the end of a link.
func (p *peers) LinkDown(link peer.LinkID, reason error) {
	p.mu.Lock()
	delete(p.received, link)
	p.mu.Unlock()
	p.server.queue.call(func() { p.server.loop.linkDown(link, reason) })
}

// lendPacketsMax is up to how many packets a link's reader takes the turn itself.
// With more there is load, and reading on while the loop works is worth more.
const lendPacketsMax = 8

// Received reports packets.
func (p *peers) Received(link peer.LinkID, packets []wire.QuorumPacket) {
	p.server.measurePackets(packets)
	if p.server.tracer != nil {
		p.server.traceForwarded(packets)
	}
	p.server.queue.leave(replica.Received{Link: zab.LinkID(link), Packets: packets})
	if len(packets) > lendPacketsMax {
		signal(p.server.queue.wake)
		return
	}
	p.server.loop.lend()
}

// readSnapshot reads the tree that follows a SNAP packet.
func (p *peers) readSnapshot(link peer.LinkID, zxid zoo.Zxid, r *bufio.Reader) error {
	t, err := snapshot.ReadStream(r, zxid)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.received[link] = t
	return nil
}

// SnapshotReceived reports a tree that is whole.
func (p *peers) SnapshotReceived(link peer.LinkID, _ zoo.Zxid) {
	p.mu.Lock()
	t := p.received[link]
	delete(p.received, link)
	p.mu.Unlock()
	p.server.queue.push(replica.SnapshotReceived{Link: zab.LinkID(link), Tree: t})
}

// ListenFailed reports that nobody can open links to this server.
func (p *peers) ListenFailed(err error) {
	p.server.queue.call(func() { p.server.loop.listenFailed(err) })
}

// The loop's side.

func (l *loop) electionUp(id zoo.ServerID) {
	l.links.election[id] = true
	l.replica.Step(l.now, replica.ElectionUp{Peer: id})
}

func (l *loop) electionDown(id zoo.ServerID) {
	delete(l.links.election, id)
	l.replica.Step(l.now, replica.ElectionDown{Peer: id})
}

func (l *loop) linkUp(link peer.LinkID, remote net.Addr) {
	leader := l.links.dialed[link]
	l.links.up[link] = true
	if l.replaced != nil {
		// The replica that it is for is gone, and the next one waits for its end.
		l.server.peers.quorum.Cut(link)
		return
	}
	l.server.log.Info("link up", "link", uint64(link), "leader", int64(leader),
		"remote", remote.String())
	l.replica.Step(l.now, replica.LinkUp{Link: zab.LinkID(link), Leader: leader})
}

func (l *loop) linkDown(link peer.LinkID, reason error) {
	leader := l.links.dialed[link]
	wasUp := l.links.up[link]
	delete(l.links.dialed, link)
	delete(l.links.up, link)
	delete(l.links.moved, link)
	l.links.batches = slices.DeleteFunc(l.links.batches,
		func(b batch) bool { return b.link == link })
	l.endStreams(link)
	if l.replaced != nil {
		l.maybeRestartReplaced()
		return
	}
	if wasUp {
		l.replica.Step(l.now, replica.LinkDown{Link: zab.LinkID(link)})
		return
	}
	l.server.log.Info("dial failed", "leader", int64(leader), "error", reason)
	l.replica.Step(l.now, replica.DialFailed{Leader: leader})
}

// speak carries out the effects that go to other servers.
func (l *loop) speak(eff *replica.Effects) {
	p := l.server.peers
	if p == nil {
		return
	}
	l.send(eff.Send)
	for _, link := range eff.Hangup {
		p.quorum.Hangup(peer.LinkID(link))
	}
	for i := range eff.Notify {
		n := &eff.Notify[i]
		p.current().Send(n.To, n.Notification.AppendTo(nil))
	}
	if eff.Dial != 0 {
		address := l.places.quorum[eff.Dial]
		if eff.DialMaster {
			address = l.places.masters[eff.Dial]
		}
		link := p.quorum.Dial(address)
		l.links.dialed[link] = eff.Dial
	}
}

// batch is what one link gets in one piece.
type batch struct {
	link    peer.LinkID
	packets []wire.QuorumPacket
}

// send hands packets to their links, and behind each SNAP the tree as it is now.
func (l *loop) send(packets []zab.Outgoing) {
	for i := range packets {
		if !l.links.up[peer.LinkID(packets[i].Link)] {
			// It went down in this very turn. A tree frozen for it would never
			// be let go.
			continue
		}
		l.measureSent(&packets[i].Packet)
		b := l.batchFor(peer.LinkID(packets[i].Link))
		b.packets = append(b.packets, packets[i].Packet)
		if packets[i].Packet.Type == wire.PacketSnap {
			l.sendBatch(b)
			l.sendTree(b.link)
		}
	}
	for i := range l.links.batches {
		l.sendBatch(&l.links.batches[i])
	}
}

// batchFor is the batch of a link. There are as many as learners, which is few.
func (l *loop) batchFor(link peer.LinkID) *batch {
	all := l.links.batches
	for i := range all {
		if all[i].link == link {
			return &all[i]
		}
	}
	l.links.batches = append(all, batch{link: link})
	return &l.links.batches[len(all)]
}

// sendBatch hands a batch over. The link encodes it at once, so that the batch
// can be used again.
func (l *loop) sendBatch(b *batch) {
	if len(b.packets) > 0 {
		l.server.peers.quorum.Send(b.link, b.packets)
		clear(b.packets)
		b.packets = b.packets[:0]
	}
}

// stream is a tree on its way to a learner.
type stream struct {
	server *Server
	frozen *tree.Frozen
	ended  bool // loop only
}

func (l *loop) sendTree(link peer.LinkID) {
	s := l.server
	st := &stream{server: s, frozen: s.freeze(l.replica.Tree())}
	s.meters.quorum.snapsInFlight.Observe(l.streaming())
	l.links.streams[link] = append(l.links.streams[link], st)
	s.peers.quorum.SendSnapshot(link, func(w io.Writer) error {
		from := snapshot.Source{Frozen: st.frozen, Lock: s.treeMu.RLocker()}
		err := snapshot.WriteStream(w, from)
		s.queue.call(func() { l.endStream(st) })
		return err
	})
}

// streaming counts the trees under way.
func (l *loop) streaming() (n int64) {
	for _, streams := range l.links.streams {
		for _, st := range streams {
			if !st.ended {
				n++
			}
		}
	}
	return n
}

// endStreams lets the trees of a link that is gone go.
func (l *loop) endStreams(link peer.LinkID) {
	for _, st := range l.links.streams[link] {
		l.endStream(st)
	}
	delete(l.links.streams, link)
}

func (l *loop) endStream(st *stream) {
	if !st.ended {
		st.ended = true
		l.server.thaw(st.frozen)
	}
}

// listenForLearners opens the quorum port while this server leads, or the port for
// observers while it follows and serves them.
func (l *loop) listenForLearners() {
	switch {
	case l.status.State == replica.Leading:
		l.listen(l.places.listen)
	case l.status.Mastering:
		l.listen(l.places.masterListen)
	default:
		l.listen(nil)
	}
}

// listen opens these ports for links, in place of others.
func (l *loop) listen(addresses []string) {
	p := l.server.peers
	if p == nil || slices.Equal(addresses, l.links.listening) {
		return
	}
	l.links.listening = addresses
	if len(addresses) > 0 {
		p.quorum.Listen(addresses...)
		return
	}
	p.quorum.StopListening()
}

// listenFailed ends a leader that its learners cannot reach. Observers find another way
// than through a follower.
func (l *loop) listenFailed(err error) {
	if l.status.State == replica.Leading {
		l.server.fail(err)
		return
	}
	l.server.log.Error("observers cannot attach to this follower", "error", err)
}

// watchLinks tells the replica on which links bytes have moved: that may be all
// that is heard of a peer while a tree is on its way.
func (l *loop) watchLinks() {
	for link := range l.links.up {
		read, written := l.server.peers.quorum.Progress(link)
		if sum := read + written; sum != l.links.moved[link] {
			l.links.moved[link] = sum
			l.replica.Step(l.now, replica.Moved{Link: zab.LinkID(link)})
		}
	}
}

// hangUpAll cuts all links.
func (l *loop) hangUpAll() {
	if l.server.peers == nil {
		return
	}
	for link := range l.links.up {
		l.server.peers.quorum.Cut(link)
	}
	l.listen(nil)
}
