package peer

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"zoo"
	"zoo/internal/wire"
)

// journal is a QuorumEvents that keeps what it hears.
type journal struct {
	mu      sync.Mutex
	lines   []string
	packets []wire.QuorumPacket
	batches int
	ups     []LinkID
	reasons map[LinkID][]error
}

func newJournal() *journal { return &journal{reasons: make(map[LinkID][]error)} }

func (j *journal) LinkUp(link LinkID, origin Origin, _ net.Addr) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf("up %d origin %d", link, origin))
	j.ups = append(j.ups, link)
}

func (j *journal) Received(link LinkID, packets []wire.QuorumPacket) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.batches++
	j.packets = append(j.packets, packets...)
	for i := range packets {
		j.lines = append(j.lines, fmt.Sprintf("%v %v", packets[i].Type, packets[i].Zxid))
	}
}

func (j *journal) SnapshotReceived(link LinkID, zxid zoo.Zxid) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf("whole %v", zxid))
}

func (j *journal) LinkDown(link LinkID, reason error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, fmt.Sprintf("down %d", link))
	j.reasons[link] = append(j.reasons[link], reason)
}

func (j *journal) ListenFailed(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, "listen failed")
}

func (j *journal) expect(t *testing.T, want ...string) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	if !slices.Equal(j.lines, want) {
		t.Fatalf("heard %q, want %q", j.lines, want)
	}
	j.lines = nil
}

// expectDown checks that link ended once, and why.
func (j *journal) expectDown(t *testing.T, link LinkID, reason error) {
	t.Helper()
	j.mu.Lock()
	defer j.mu.Unlock()
	if got := j.reasons[link]; len(got) != 1 || !errors.Is(got[0], reason) {
		t.Fatalf("link %d went down with %v, want once %v", link, got, reason)
	}
}

// readLine is the snapshot reader of these tests: a snapshot is one line.
func readLine(got *string) func(LinkID, zoo.Zxid, *bufio.Reader) error {
	return func(_ LinkID, _ zoo.Zxid, r *bufio.Reader) (err error) {
		*got, err = r.ReadString('\n')
		return err
	}
}

const quorumPort = "leader:2888"

// pair is a leader and a learner with one link, up and its events forgotten.
type pair struct {
	network        *network
	leader         *Quorum
	learner        *Quorum
	atLeader       *journal
	atLearner      *journal
	fromLeader     LinkID
	fromLearner    LinkID
	snapshotAsRead string
}

func newPair(t *testing.T, cfg QuorumConfig) *pair {
	t.Helper()
	p := &pair{network: newNetwork(), atLeader: newJournal(), atLearner: newJournal()}
	cfg.Dial, cfg.Bind = p.network.from(""), p.network.bind
	cfg.ReadSnapshot = readLine(&p.snapshotAsRead)
	p.leader, p.learner = NewQuorum(cfg, p.atLeader), NewQuorum(cfg, p.atLearner)
	t.Cleanup(p.leader.Close)
	t.Cleanup(p.learner.Close)
	p.leader.Listen(quorumPort)
	synctest.Wait()
	p.fromLearner = p.join(1)
	p.fromLeader = p.atLeader.ups[0]
	p.atLeader.expect(t, "up 1 origin 2", "FOLLOWERINFO 0x1")
	p.atLeader.packets, p.atLeader.batches = nil, 0
	p.atLearner.expect(t, "up 1 origin 1")
	return p
}

// join dials the leader and registers.
func (p *pair) join(zxid zoo.Zxid) LinkID {
	link := p.learner.Dial(quorumPort)
	p.learner.Send(link, []wire.QuorumPacket{followerInfo(2, zxid)})
	synctest.Wait()
	return link
}

// followerInfo is what a learner registers with.
func followerInfo(id zoo.ServerID, zxid zoo.Zxid) wire.QuorumPacket {
	info := wire.LearnerInfo{ServerID: id, ProtocolVersion: wire.LearnerProtocolVersion}
	return wire.QuorumPacket{
		Type: wire.PacketFollowerInfo, Zxid: zxid, Data: info.AppendTo(nil),
	}
}

func packet(kind wire.PacketType, zxid zoo.Zxid) wire.QuorumPacket {
	return wire.QuorumPacket{Type: kind, Zxid: zxid}
}

func proposal(zxid zoo.Zxid, dataBytes int) wire.QuorumPacket {
	data := bytes.Repeat([]byte{byte(zxid)}, dataBytes)
	return wire.QuorumPacket{Type: wire.PacketProposal, Zxid: zxid, Data: data}
}

// A synchronisation: packets, a snapshot in the same stream, packets again.
func TestPacketsAndSnapshotArriveInOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair(t, QuorumConfig{})
		p.leader.Send(p.fromLeader, []wire.QuorumPacket{
			packet(wire.PacketLeaderInfo, 1), packet(wire.PacketSnap, 7),
		})
		p.leader.SendSnapshot(p.fromLeader, func(w io.Writer) error {
			_, err := io.WriteString(w, "the tree\n")
			return err
		})
		p.leader.Send(p.fromLeader, []wire.QuorumPacket{
			proposal(8, 10), packet(wire.PacketCommit, 8),
		})
		p.leader.Send(p.fromLeader, []wire.QuorumPacket{packet(wire.PacketNewLeader, 9)})
		synctest.Wait()
		p.atLearner.expect(t, "LEADERINFO 0x1", "SNAP 0x7", "whole 0x7",
			"PROPOSAL 0x8", "COMMIT 0x8", "NEWLEADER 0x9")
		if p.snapshotAsRead != "the tree\n" {
			t.Fatalf("snapshot %q", p.snapshotAsRead)
		}
		p.learner.Send(p.fromLearner, []wire.QuorumPacket{packet(wire.PacketAck, 9)})
		synctest.Wait()
		p.atLeader.expect(t, "ACK 0x9")
		read, _ := p.learner.Progress(p.fromLearner)
		_, written := p.leader.Progress(p.fromLeader)
		if read == 0 || read != written {
			t.Fatalf("%d bytes read of %d written", read, written)
		}
	})
}

func TestPacketsSentBeforeTheLinkIsUpGoOut(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair(t, QuorumConfig{})
		p.join(7)
		p.atLeader.expect(t, "up 2 origin 2", "FOLLOWERINFO 0x7")
	})
}

func TestSnapshotWithoutSignatureEndsTheLink(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair(t, QuorumConfig{})
		p.leader.Send(p.fromLeader, []wire.QuorumPacket{packet(wire.PacketSnap, 7)})
		p.leader.SendSnapshot(p.fromLeader, func(w io.Writer) error {
			_, err := io.WriteString(w, "the tree\nand more than its reader expects")
			return err
		})
		synctest.Wait()
		p.atLearner.expect(t, "SNAP 0x7", "down 1")
		p.atLearner.expectDown(t, p.fromLearner, ErrSignature)
	})
}

func TestSnapshotThatCannotBeWrittenEndsTheLink(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair(t, QuorumConfig{})
		broken := errors.New("disk on fire")
		p.leader.Send(p.fromLeader, []wire.QuorumPacket{packet(wire.PacketSnap, 7)})
		p.leader.SendSnapshot(p.fromLeader, func(io.Writer) error { return broken })
		synctest.Wait()
		p.atLeader.expectDown(t, p.fromLeader, broken)
		p.atLearner.expect(t, "SNAP 0x7", "down 1")
		p.atLearner.expectDown(t, p.fromLearner, io.EOF)
	})
}

func TestLeaderTakesNoSnapshotFromALearner(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair(t, QuorumConfig{})
		p.learner.Send(p.fromLearner, []wire.QuorumPacket{packet(wire.PacketSnap, 7)})
		synctest.Wait()
		p.atLeader.expectDown(t, p.fromLeader, ErrSnapshotUnwanted)
	})
}

// stuck makes a link to a leader that never reads.
func stuck(t *testing.T, cfg QuorumConfig) (*Quorum, *journal, LinkID) {
	t.Helper()
	n, heard := newNetwork(), newJournal()
	listener, _ := n.bind(t.Context(), quorumPort)
	accepted := make(chan net.Conn, 1)
	go func() {
		conn, _ := listener.Accept()
		accepted <- conn
	}()
	cfg.Dial = n.from("")
	q := NewQuorum(cfg, heard)
	link := q.Dial(quorumPort)
	synctest.Wait()
	conn := <-accepted
	t.Cleanup(func() { q.Close(); conn.Close(); listener.Close() })
	heard.expect(t, "up 1 origin 1")
	return q, heard, link
}

// Send goes on returning at once while the queue fills, and the bound counts
// what is being written as well as what waits behind it.
func TestStuckReaderHitsTheBoundWithoutBlockingSend(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, heard, link := stuck(t, QuorumConfig{QueueBytesMax: 1 << 20})
		begin := time.Now()
		q.Send(link, []wire.QuorumPacket{proposal(1, 600<<10)})
		synctest.Wait()
		heard.expect(t)
		q.Send(link, []wire.QuorumPacket{proposal(2, 300<<10)})
		synctest.Wait()
		heard.expect(t)
		q.Send(link, []wire.QuorumPacket{proposal(3, 300<<10)})
		synctest.Wait()
		heard.expect(t, "down 1")
		heard.expectDown(t, link, ErrBacklog)
		if took := time.Since(begin); took != 0 {
			t.Fatalf("it took %v", took)
		}
		q.Send(link, []wire.QuorumPacket{proposal(4, 1)})
	})
}

func TestStuckReaderHitsTheWriteDeadline(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, heard, link := stuck(t, QuorumConfig{WriteTimeout: time.Second})
		q.Send(link, []wire.QuorumPacket{packet(wire.PacketPing, 1)})
		pass(time.Second - 1)
		heard.expect(t)
		pass(1)
		heard.expectDown(t, link, os.ErrDeadlineExceeded)
	})
}

func TestHangupGivesAStuckReaderOnlyTheFlushTimeout(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, heard, link := stuck(t, QuorumConfig{FlushTimeout: 100 * time.Millisecond})
		q.Send(link, []wire.QuorumPacket{packet(wire.PacketPing, 1)})
		synctest.Wait()
		q.Hangup(link)
		pass(100 * time.Millisecond)
		heard.expectDown(t, link, ErrHungUp)
	})
}

func TestHangupWritesWhatIsQueuedAndNoMore(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair(t, QuorumConfig{})
		p.leader.Send(p.fromLeader, []wire.QuorumPacket{
			proposal(1, 1<<20), packet(wire.PacketCommit, 1),
		})
		p.leader.Hangup(p.fromLeader)
		p.leader.Hangup(p.fromLeader)
		p.leader.Send(p.fromLeader, []wire.QuorumPacket{packet(wire.PacketCommit, 2)})
		synctest.Wait()
		p.atLearner.expect(t, "PROPOSAL 0x1", "COMMIT 0x1", "down 1")
		p.atLeader.expectDown(t, p.fromLeader, ErrHungUp)
	})
}

func TestCutEndsTheLinkAtBothEnds(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair(t, QuorumConfig{})
		p.learner.Cut(p.fromLearner)
		p.learner.Cut(p.fromLearner)
		synctest.Wait()
		p.atLearner.expectDown(t, p.fromLearner, ErrHungUp)
		p.atLeader.expectDown(t, p.fromLeader, io.EOF)
	})
}

func TestRefusedDialIsReportedDownOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		heard := newJournal()
		q := NewQuorum(QuorumConfig{Dial: newNetwork().from("")}, heard)
		link := q.Dial("nowhere:2888")
		synctest.Wait()
		heard.expectDown(t, link, errRefused)
		q.Close()
		heard.expectDown(t, link, errRefused)
	})
}

// A leader's host that answers nothing costs the DialTimeout and no more, and
// less if the learner changes its mind.
func TestHangingDialEndsByItselfOrByCut(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n, heard := newNetwork(), newJournal()
		listener, _ := n.bind(t.Context(), quorumPort)
		defer listener.Close()
		q := NewQuorum(QuorumConfig{Dial: n.from(""), DialTimeout: time.Second}, heard)
		defer q.Close()
		first, second := q.Dial(quorumPort), q.Dial(quorumPort)
		q.Hangup(second)
		synctest.Wait()
		heard.expectDown(t, second, ErrHungUp)
		heard.expect(t, "down 2")
		pass(time.Second)
		heard.expect(t, "down 1")
		if first == second {
			t.Fatal("an id was used twice")
		}
	})
}

func TestListenerSurvivesGarbage(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair(t, QuorumConfig{})
		conn, _ := p.network.from("")(t.Context(), quorumPort)
		_, _ = conn.Write([]byte("GET /commands/stats HTTP/1.1\r\n\r\n"))
		synctest.Wait()
		conn.Close()
		p.atLeader.expect(t)
		p.join(7)
		p.atLeader.expect(t, "up 3 origin 2", "FOLLOWERINFO 0x7")
	})
}

// The plot: a learner dials, gives up before its registration has got through, and dials anew.
// The old registration arrives last. The ids of the links tell which of them is the newer one.
func TestLinksAreNumberedAsTheyWereAccepted(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair(t, QuorumConfig{})
		old, _ := p.network.from("")(t.Context(), quorumPort)
		defer old.Close()
		synctest.Wait()
		p.join(7)
		p.atLeader.expect(t, "up 3 origin 2", "FOLLOWERINFO 0x7")
		late := followerInfo(2, 6)
		_, _ = old.Write(late.AppendTo(nil))
		synctest.Wait()
		p.atLeader.expect(t, "up 2 origin 2", "FOLLOWERINFO 0x6")
	})
}

func TestPortIsOpenedAndClosedWithTheRole(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair(t, QuorumConfig{})
		for range 3 {
			p.leader.StopListening()
			if p.network.listener(quorumPort) != nil {
				t.Fatal("the port is still open")
			}
			p.leader.Listen(quorumPort)
			p.leader.Listen("other:1", quorumPort)
			synctest.Wait()
			if p.network.listener(quorumPort) == nil || p.network.listener("other:1") == nil {
				t.Fatal("the port is not open")
			}
		}
		p.atLeader.expect(t)
		p.learner.Send(p.fromLearner, []wire.QuorumPacket{packet(wire.PacketPing, 1)})
		synctest.Wait()
		p.atLeader.expect(t, "PING 0x1")
	})
}

func TestPortThatCannotBeHadIsReported(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair(t, QuorumConfig{})
		heard := newJournal()
		q := NewQuorum(QuorumConfig{Bind: p.network.bind}, heard)
		defer q.Close()
		q.Listen("other:1", quorumPort)
		synctest.Wait()
		heard.expect(t, "listen failed")
		if p.network.listener("other:1") != nil {
			t.Fatal("half of the ports stay open")
		}
		p.network.listener(quorumPort).failing <- errors.New("unplugged")
		synctest.Wait()
		p.atLeader.expect(t, "listen failed")
	})
}

func TestLinksAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair(t, QuorumConfig{})
		for range linksMax {
			p.join(7)
		}
		if got := len(p.atLearner.reasons); got != 1 {
			t.Fatalf("%d links refused, want 1", got)
		}
	})
}

// Close finds a link whose peer reads nothing, one that is idle, and a dial that
// hangs; each is reported down, once.
func TestCloseReportsEveryLinkDownAndLeavesNoGoroutine(t *testing.T) {
	bubble(t, func(t *testing.T) {
		q, heard, busy := stuck(t, QuorumConfig{})
		q.Send(busy, []wire.QuorumPacket{packet(wire.PacketPing, 1)})
		hanging := q.Dial(quorumPort)
		synctest.Wait()
		q.Close()
		heard.expectDown(t, busy, ErrHungUp)
		heard.expectDown(t, hanging, ErrHungUp)
		q.Dial(quorumPort)
		q.Listen(quorumPort)
		q.Close()
	})
}

// What was received is the log entry: nothing that arrives later may change it.
func TestReceivedDataIsNeverOverwritten(t *testing.T) {
	bubble(t, func(t *testing.T) {
		p := newPair(t, QuorumConfig{})
		for zxid := range zoo.Zxid(200) {
			p.leader.Send(p.fromLeader, []wire.QuorumPacket{
				proposal(2*zxid, 1000), proposal(2*zxid+1, 3000),
			})
		}
		synctest.Wait()
		if len(p.atLearner.packets) != 400 {
			t.Fatalf("%d packets", len(p.atLearner.packets))
		}
		for i, got := range p.atLearner.packets {
			if want := proposal(zoo.Zxid(i), 1000+i%2*2000); !bytes.Equal(got.Data, want.Data) {
				t.Fatalf("data of packet %d has changed", i)
			}
			if cap(got.Data) != len(got.Data) {
				t.Fatalf("appending to packet %d would overwrite the next", i)
			}
		}
		if p.atLearner.batches > 100 {
			t.Fatalf("%d batches for 400 packets", p.atLearner.batches)
		}
	})
}

// On real sockets: a leader's port opens again at once, though connections of
// its past linger there because the leader was the one to end them.
func TestPortReopensAtOnceOnTCP(t *testing.T) {
	port := "127.0.0.1:0"
	for range 3 {
		heard := newWire()
		leader := NewQuorum(QuorumConfig{Bind: heard.bind}, heard)
		leader.Listen(port)
		port = <-heard.bound
		learner := NewQuorum(QuorumConfig{}, heard)
		learner.Send(learner.Dial(port), []wire.QuorumPacket{followerInfo(2, 1)})
		<-heard.up
		<-heard.up
		<-heard.received
		leader.Close()
		<-heard.down
		<-heard.down
		learner.Close()
	}
}

// The writer writes under a deadline. Long after it has passed the link is still
// good for what the sender writes itself.
func TestWritersDeadlineIsNoneOfTheSendersOnTCP(t *testing.T) {
	heard := newWire()
	leader := NewQuorum(QuorumConfig{Bind: heard.bind}, heard)
	defer leader.Close()
	leader.Listen("127.0.0.1:0")
	learner := NewQuorum(QuorumConfig{}, heard)
	defer learner.Close()
	id := learner.Dial(<-heard.bound)
	learner.Send(id, []wire.QuorumPacket{followerInfo(2, 1)})
	<-heard.up
	<-heard.up
	<-heard.received
	l := learner.link(id)
	if err := l.conn.SetWriteDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	l.rest()
	learner.Send(id, []wire.QuorumPacket{proposal(1, 100)})
	if n := <-heard.received; n != 1 {
		t.Fatalf("%d packets arrived", n)
	}
}

// wireEvents passes on what the tests on real sockets wait for.
type wireEvents struct {
	bound    chan string
	up, down chan LinkID
	received chan int
}

func newWire() *wireEvents {
	return &wireEvents{
		bound: make(chan string, 1), received: make(chan int, 1),
		up: make(chan LinkID, 2), down: make(chan LinkID, 2),
	}
}

// bind is a ListenFunc that tells the address.
func (e *wireEvents) bind(ctx context.Context, address string) (net.Listener, error) {
	listener, err := listenTCP(ctx, address)
	if err == nil {
		e.bound <- listener.Addr().String()
	}
	return listener, err
}

func (e *wireEvents) LinkUp(link LinkID, _ Origin, _ net.Addr)       { e.up <- link }
func (e *wireEvents) LinkDown(link LinkID, _ error)                  { e.down <- link }
func (e *wireEvents) SnapshotReceived(LinkID, zoo.Zxid)              {}
func (e *wireEvents) ListenFailed(err error)                         { panic(err) }
func (e *wireEvents) Received(_ LinkID, packets []wire.QuorumPacket) { e.received <- len(packets) }

// BenchmarkProposals sends proposals of 1 KiB to one learner over TCP and waits
// for each batch to arrive.
func BenchmarkProposals(b *testing.B) {
	for _, size := range []int{1, 16, 256} {
		b.Run(fmt.Sprintf("batch=%d", size), func(b *testing.B) { benchmarkBatch(b, size) })
	}
}

func benchmarkBatch(b *testing.B, size int) {
	heard := newWire()
	leader := NewQuorum(QuorumConfig{Bind: heard.bind}, heard)
	defer leader.Close()
	leader.Listen("127.0.0.1:0")
	learner := NewQuorum(QuorumConfig{}, heard)
	defer learner.Close()
	learner.Send(learner.Dial(<-heard.bound), []wire.QuorumPacket{followerInfo(2, 1)})
	link := <-heard.up
	<-heard.up
	<-heard.received
	batch := make([]wire.QuorumPacket, size)
	for i := range batch {
		batch[i] = proposal(zoo.Zxid(i), 1024)
	}
	b.ReportAllocs()
	b.SetBytes(int64(size) * 1024)
	for b.Loop() {
		leader.Send(link, batch)
		for arrived := 0; arrived < size; {
			arrived += <-heard.received
		}
	}
}
