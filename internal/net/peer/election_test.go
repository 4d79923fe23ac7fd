package peer

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"zoo"
	"zoo/internal/wire"
)

// diary is an ElectionEvents that writes down what it hears.
type diary struct {
	mu    sync.Mutex
	lines []string
}

func (d *diary) add(format string, args ...any) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

func (d *diary) Up(id zoo.ServerID)     { d.add("up %d", id) }
func (d *diary) Down(id zoo.ServerID)   { d.add("down %d", id) }
func (d *diary) ListenFailed(err error) { d.add("listen failed: %v", err) }

// Received takes all but one message for one of this protocol.
func (d *diary) Received(id zoo.ServerID, message []byte) error {
	d.add("%d: %s", id, message)
	if string(message) == gibberish {
		return errors.New("gibberish")
	}
	return nil
}

const gibberish = "gibberish"

// take returns the lines since the last take.
func (d *diary) take() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	lines := d.lines
	d.lines = nil
	return lines
}

func (d *diary) expect(t *testing.T, want ...string) {
	t.Helper()
	if got := d.take(); !slices.Equal(got, want) {
		t.Fatalf("heard %q, want %q", got, want)
	}
}

// expectAnyOrder is for events of different peers.
func (d *diary) expectAnyOrder(t *testing.T, want ...string) {
	t.Helper()
	got := d.take()
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Fatalf("heard %q, want %q in any order", got, want)
	}
}

func address(id zoo.ServerID) string { return fmt.Sprintf("server%d:3888", id) }

func members(ids ...zoo.ServerID) map[zoo.ServerID]string {
	m := make(map[zoo.ServerID]string)
	for _, id := range ids {
		m[id] = address(id)
	}
	return m
}

// start runs an Election of server id on n; it is closed with the test.
func start(
	t *testing.T, n *network, id zoo.ServerID, peers map[zoo.ServerID]string,
) (*Election, *diary) {
	t.Helper()
	events := &diary{}
	e, err := Start(ElectionConfig{
		ID: id, Listen: []string{address(id)}, Members: peers,
		Dial: n.from(address(id)), Bind: n.bind,
	}, events)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e, events
}

// introduceAs dials the server at address by hand and says who is there.
func introduceAs(t *testing.T, n *network, to string, h wire.ElectionHandshake) net.Conn {
	t.Helper()
	conn, err := n.from("")(t.Context(), to)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if _, err := conn.Write(h.AppendTo(nil)); err != nil {
		t.Fatal(err)
	}
	synctest.Wait()
	return conn
}

func handshake(id zoo.ServerID) wire.ElectionHandshake {
	return wire.ElectionHandshake{
		Protocol: wire.ElectionProtocolV1, ServerID: id, Addresses: []string{address(id)},
	}
}

func expectClosed(t *testing.T, conn net.Conn) {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(time.Millisecond))
	if _, err := io.ReadAll(conn); err != nil && !errors.Is(err, io.ErrClosedPipe) {
		t.Fatalf("connection is still open: %v", err)
	}
}

// All five servers dial each other at the same instant. When the dust settles
// every pair has one connection, and nobody was told of a peer going down, be the
// servers in one room or in two continents.
func TestAllDialAtOnceAndEachPairKeepsOneConnection(t *testing.T) {
	for _, latency := range []time.Duration{0, 60 * time.Millisecond, 700 * time.Millisecond} {
		bubble(t, func(t *testing.T) { allDialAtOnce(t, latency) })
	}
}

func allDialAtOnce(t *testing.T, latency time.Duration) {
	n, ids := newNetwork(), []zoo.ServerID{1, 2, 3, 4, 5}
	n.latency = latency
	diaries := make(map[zoo.ServerID]*diary)
	for _, id := range ids {
		_, diaries[id] = start(t, n, id, members(ids...))
	}
	pass(10 * time.Second)
	for id, heard := range diaries {
		var want []string
		for _, other := range ids {
			if other != id {
				want = append(want, fmt.Sprintf("up %d", other))
			}
		}
		heard.expectAnyOrder(t, want...)
	}
	if got, want := n.connections(), 10; got != want {
		t.Fatalf("%d connections, want %d", got, want)
	}
	before := n.dialCount()
	pass(time.Minute)
	if n.dialCount() != before {
		t.Fatalf("connected servers dialled %d times more", n.dialCount()-before)
	}
}

// Server 3 knows nobody. Server 1 dials it, leaves because its id is smaller, and
// is dialled back at the address it gave.
func TestLargerIDDialsBackToAStranger(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNetwork()
		three, heardByThree := start(t, n, 3, nil)
		one, heardByOne := start(t, n, 1, members(1, 3))
		pass(time.Second)
		heardByThree.expect(t, "up 1")
		heardByOne.expect(t, "up 3")
		three.Send(1, []byte("welcome"))
		one.Send(3, []byte("thanks"))
		synctest.Wait()
		heardByThree.expect(t, "1: thanks")
		heardByOne.expect(t, "3: welcome")
	})
}

func TestStrangerThatCannotBeDialledBackIsForgotten(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNetwork()
		e, heard := start(t, n, 3, nil)
		for id := range zoo.ServerID(3) {
			expectClosed(t, introduceAs(t, n, address(3), handshake(id)))
		}
		expectClosed(t, introduceAs(t, n, address(3), wire.ElectionHandshake{ServerID: 1}))
		pass(5 * time.Second)
		heard.expect(t)
		e.mu.Lock()
		defer e.mu.Unlock()
		if len(e.remotes) != 0 {
			t.Fatalf("%d strangers remembered", len(e.remotes))
		}
	})
}

func TestStrangersAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNetwork()
		_, heard := start(t, n, 1, nil)
		for i := range zoo.ServerID(strangersMax) {
			introduceAs(t, n, address(1), handshake(2+i))
		}
		if got := len(heard.take()); got != strangersMax {
			t.Fatalf("%d strangers up, want %d", got, strangersMax)
		}
		expectClosed(t, introduceAs(t, n, address(1), handshake(1000)))
		heard.expect(t)
	})
}

// The detector of failures: no time passes between the death and the news.
func TestKilledPeerIsReportedDownAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNetwork()
		_, heardByOne := start(t, n, 1, members(1, 2, 3))
		_, heardByTwo := start(t, n, 2, members(1, 2, 3))
		three, _ := start(t, n, 3, members(1, 2, 3))
		pass(3 * time.Second)
		heardByOne.take()
		heardByTwo.take()
		death := time.Now()
		three.Close()
		synctest.Wait()
		heardByOne.expect(t, "down 3")
		heardByTwo.expect(t, "down 3")
		if took := time.Since(death); took != 0 {
			t.Fatalf("it took %v", took)
		}
	})
}

func TestRestartedPeerIsBackWithinTheLongestPause(t *testing.T) {
	for _, restarted := range []zoo.ServerID{1, 2} {
		bubble(t, func(t *testing.T) {
			n := newNetwork()
			survivor := 3 - restarted
			_, heard := start(t, n, survivor, members(1, 2))
			e, _ := start(t, n, restarted, members(1, 2))
			pass(3 * time.Second)
			e.Close()
			pass(time.Minute)
			start(t, n, restarted, members(1, 2))
			pass(redialPauseMax)
			id := fmt.Sprint(restarted)
			heard.expect(t, "up "+id, "down "+id, "up "+id)
		})
	}
}

// Messages to a server that is away pile up to one, the newest. What was delivered is not said
// again to a process that comes later: it was an answer to the one before, whose rounds are
// counted anew.
func TestOnlyTheNewestMessageIsSentAndOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNetwork()
		three, _ := start(t, n, 3, members(1, 3))
		pass(time.Second)
		three.Send(1, []byte("old"))
		three.Send(1, []byte("new"))
		one, heard := start(t, n, 1, members(1, 3))
		pass(time.Second)
		heard.expect(t, "up 3", "3: new")
		one.Close()
		pass(time.Second)
		_, heard = start(t, n, 1, members(1, 3))
		pass(2 * time.Second)
		heard.expect(t, "up 3")
	})
}

func TestSendToAnUnconnectedPeerDialsSoon(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNetwork()
		three, heard := start(t, n, 3, members(1, 3))
		pass(time.Minute)
		start(t, n, 1, nil)
		three.Send(1, []byte("now"))
		pass(redialPauseMin)
		heard.expect(t, "up 1")
	})
}

func TestSendToSelfOrUnknownIsDropped(t *testing.T) {
	bubble(t, func(t *testing.T) {
		e, heard := start(t, newNetwork(), 3, members(3))
		e.Send(3, []byte("me"))
		e.Send(7, []byte("who"))
		e.Connect(7)
		pass(time.Second)
		heard.expect(t)
	})
}

func TestFrameOfImpossibleLengthEndsTheConnection(t *testing.T) {
	for _, length := range []int32{-1, 0, wire.ElectionFrameBytesMax + 1} {
		bubble(t, func(t *testing.T) {
			n := newNetwork()
			_, heard := start(t, n, 1, nil)
			conn := introduceAs(t, n, address(1), handshake(9))
			frame := binary.BigEndian.AppendUint32(nil, uint32(length))
			if _, err := conn.Write(frame); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			heard.expect(t, "up 9", "down 9")
			expectClosed(t, conn)
		})
	}
}

func TestLargestFrameArrives(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNetwork()
		one, _ := start(t, n, 1, members(1, 2))
		_, heard := start(t, n, 2, members(1, 2))
		pass(time.Second)
		one.Send(2, make([]byte, wire.ElectionFrameBytesMax))
		synctest.Wait()
		if got := heard.take(); len(got) != 2 || len(got[1]) < wire.ElectionFrameBytesMax {
			t.Fatalf("heard %d events", len(got))
		}
	})
}

func TestListenerSurvivesBadHandshakes(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNetwork()
		_, heard := start(t, n, 1, nil)
		garbage, _ := n.from("")(t.Context(), address(1))
		_, _ = garbage.Write([]byte("\xffGET / HTTP/1.1\r\n\r\n"))
		expectClosed(t, garbage)
		expectClosed(t, introduceAs(t, n, address(1), handshake(1)))
		expectClosed(t, introduceAs(t, n, address(1), handshake(observerWithoutID)))
		silent, _ := n.from("")(t.Context(), address(1))
		pass(dialTimeoutDefault)
		expectClosed(t, silent)
		introduceAs(t, n, address(1), handshake(2))
		heard.expect(t, "up 2")
	})
}

// The plot: strangers say nothing. Those of one host take a quarter of the places, and
// the next of them is not let in, while another host's is; when all places are taken,
// nobody's is. All of it is over when the handshake's time is.
func TestPendingHandshakesAreBounded(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNetwork()
		_, heard := start(t, n, 1, nil)
		silent := func(host int) net.Conn {
			conn, _ := n.from(fmt.Sprintf("host%d:1", host))(t.Context(), address(1))
			t.Cleanup(func() { conn.Close() })
			synctest.Wait()
			return conn
		}
		hosts := handshakesMax / handshakesPerHostMax
		for i := range handshakesMax {
			silent(i % hosts)
			if i == hosts*handshakesPerHostMax-hosts {
				expectClosed(t, silent(0))
			}
		}
		expectClosed(t, silent(hosts+1))
		pass(dialTimeoutDefault)
		introduceAs(t, n, address(1), handshake(2))
		heard.expect(t, "up 2")
	})
}

// A dial of the smaller server that may have crossed ours proves nothing and is
// ignored; a later one proves that our connection is dead at the other end.
func TestLaterDialOfASmallerServerReplacesTheConnection(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNetwork()
		_, heard := start(t, n, 3, members(1, 3))
		start(t, n, 1, nil)
		pass(time.Second)
		heard.expect(t, "up 1")
		introduceAs(t, n, address(3), handshake(1))
		introduceAs(t, n, address(3), handshake(1))
		pass(dialTimeoutDefault)
		heard.expect(t)
		introduceAs(t, n, address(3), handshake(1))
		pass(time.Second)
		heard.expect(t, "down 1", "up 1")
		if got := n.connections(); got != 1 {
			t.Fatalf("%d connections", got)
		}
	})
}

func TestNewConnectionOfALargerServerReplacesTheOld(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNetwork()
		_, heard := start(t, n, 1, nil)
		old := introduceAs(t, n, address(1), handshake(9))
		introduceAs(t, n, address(1), handshake(9))
		heard.expect(t, "up 9", "down 9", "up 9")
		expectClosed(t, old)
	})
}

// A peer that accepts and hangs up without a word is not dialled in a frenzy.
func TestPeerThatHangsUpIsDialledLessAndLess(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNetwork()
		listener, _ := n.bind(t.Context(), address(1))
		defer listener.Close()
		go func() {
			for conn, err := listener.Accept(); err == nil; conn, err = listener.Accept() {
				_, _ = wire.ReadElectionHandshake(conn)
				conn.Close()
			}
		}()
		start(t, n, 3, members(1, 3))
		pass(time.Minute)
		if got := n.dialCount(); got < 60 || got > 70 {
			t.Fatalf("%d dials in a minute", got)
		}
	})
}

func TestServerOf3_4IntroducesItselfWithItsIDAlone(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNetwork()
		e, heard := start(t, n, 1, nil)
		conn := introduceAs(t, n, address(1), wire.ElectionHandshake{ServerID: 5})
		e.Send(5, []byte("hello"))
		frame := make([]byte, 9)
		if _, err := io.ReadFull(conn, frame); err != nil {
			t.Fatal(err)
		}
		heard.expect(t, "up 5")
		if want := "\x00\x00\x00\x05hello"; string(frame) != want {
			t.Fatalf("frame %q, want %q", frame, want)
		}
	})
}

func TestHandshakeNamesTheMembersAddresses(t *testing.T) {
	for addresses, want := range map[string]wire.ElectionHandshake{
		"a:1": {
			Protocol: wire.ElectionProtocolV1, ServerID: 1,
			Addresses: []string{"a:1"},
		},
		"a:1|[::1]:2": {
			Protocol: wire.ElectionProtocolV2, ServerID: 1,
			Addresses: []string{"a:1", "[::1]:2"},
		},
	} {
		e := &Election{cfg: ElectionConfig{ID: 1, Listen: []string{"0.0.0.0:1"}}}
		e.SetMembers(map[zoo.ServerID]string{1: addresses})
		if got := string(e.handshake()); got != string(want.AppendTo(nil)) {
			t.Errorf("handshake for %s is %q", addresses, got)
		}
	}
}

func TestWildcardIsNoAddressToDialBack(t *testing.T) {
	got := dialable([]string{"0.0.0.0:1", "[::]:1", "nonsense", "a:1", "10.0.0.1:2"})
	if want := "a:1|10.0.0.1:2"; got != want {
		t.Fatalf("dialable is %q, want %q", got, want)
	}
}

func TestReachableAddressOfSeveralWins(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNetwork()
		start(t, n, 1, nil)
		addresses := "nowhere:1|" + address(1)
		_, heard := start(t, n, 3, map[zoo.ServerID]string{1: addresses})
		synctest.Wait()
		heard.expect(t, "up 1")
	})
}

func TestRemovedMemberIsNoLongerDialled(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNetwork()
		e, heard := start(t, n, 3, members(1, 3))
		one, _ := start(t, n, 1, nil)
		pass(time.Second)
		e.SetMembers(members(2, 3))
		pass(time.Second)
		heard.expect(t, "up 1")
		one.Close()
		start(t, n, 2, nil)
		pass(time.Second)
		heard.expectAnyOrder(t, "down 1", "up 2")
		before := n.dialCount()
		pass(time.Minute)
		if n.dialCount() != before {
			t.Fatal("a server that is no member is dialled")
		}
	})
}

func TestDeadListenerIsReported(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNetwork()
		_, heard := start(t, n, 1, nil)
		n.listener(address(1)).failing <- syscall.EMFILE
		pass(time.Second)
		heard.expect(t)
		n.listener(address(1)).failing <- errors.New("unplugged")
		synctest.Wait()
		heard.expect(t, "listen failed: unplugged")
	})
}

func TestAddressInUseFailsTheStart(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNetwork()
		start(t, n, 1, nil)
		_, err := Start(ElectionConfig{
			ID: 1, Listen: []string{address(9), address(1)}, Bind: n.bind,
		}, &diary{})
		if err == nil {
			t.Fatal("started on a taken address")
		}
		if n.listener(address(9)) != nil {
			t.Fatal("the other address stays bound")
		}
	})
}

// Close finds a connected peer, a dial that hangs, and a handshake half done.
func TestCloseLeavesNoGoroutineAndReportsDown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n := newNetwork()
		hanging, _ := n.bind(t.Context(), address(7))
		defer hanging.Close()
		e, heard := start(t, n, 3, members(1, 3, 7, 8))
		start(t, n, 1, nil)
		if _, err := n.from("")(t.Context(), address(3)); err != nil {
			t.Fatal(err)
		}
		pass(time.Second)
		e.Close()
		heard.expect(t, "up 1", "down 1")
		e.Send(1, []byte("late"))
		e.Connect(7)
		e.Close()
	})
}

// The plot: server 1 waits at the door of server 3 when that opens, and says that it is to be
// dialled back elsewhere, as one does that others reach by a way of their own. It is a member
// from the first moment on: 3 dials it where the configuration says.
func TestAMemberAtTheDoorIsDialledWhereTheConfigurationSays(t *testing.T) {
	// With many members it takes a while to know them all.
	all := members(1, 3)
	for id := zoo.ServerID(4); id < 1000; id++ {
		all[id] = address(1)
	}
	for range 10 {
		bubble(t, func(t *testing.T) {
			n := newNetwork()
			var mu sync.Mutex
			var dialled []string
			door := &pipeListener{network: n, address: address(3), backlog: make(chan net.Conn, 1),
				closed: make(chan struct{}), failing: make(chan error, 1)}
			near, far := net.Pipe()
			defer near.Close()
			door.backlog <- &pipeEnd{Conn: far, network: n, other: &pipeEnd{home: address(1)}}
			h := handshake(1)
			h.Addresses = []string{"elsewhere:3888"}
			go func() { _, _ = near.Write(h.AppendTo(nil)) }()
			e, err := Start(ElectionConfig{
				ID: 3, Listen: []string{address(3)}, Members: all,
				Bind: func(context.Context, string) (net.Listener, error) { return door, nil },
				Dial: func(_ context.Context, to string) (net.Conn, error) {
					mu.Lock()
					defer mu.Unlock()
					dialled = append(dialled, to)
					return nil, errRefused
				},
			}, &diary{})
			if err != nil {
				t.Fatal(err)
			}
			pass(time.Second)
			e.Close()
			if slices.Contains(dialled, "elsewhere:3888") || len(dialled) == 0 {
				t.Fatal("3 has dialled", slices.Compact(dialled))
			}
		})
	}
}
