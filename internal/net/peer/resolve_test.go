package peer

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

var errUnresolved = &net.OpError{Op: "dial", Err: &net.DNSError{
	Err: "no such host", Name: "leader", IsNotFound: true}}

// The plot: a server becomes the leader while its own name does not resolve. It tries
// again until it does, and the role survives.
func TestALeaderWaitsForItsOwnNameToResolve(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n, heard, tries := newNetwork(), newJournal(), 0
		bind := func(ctx context.Context, to string) (net.Listener, error) {
			if tries++; tries < 5 {
				return nil, errUnresolved
			}
			return n.bind(ctx, to)
		}
		q := NewQuorum(QuorumConfig{Bind: bind}, heard)
		defer q.Close()
		q.Listen(quorumPort)
		pass(10 * redialPauseMax)
		heard.expect(t)
		if tries != 5 || n.listener(quorumPort) == nil {
			t.Fatalf("%d tries, listener %v", tries, n.listener(quorumPort))
		}
		tries = 0
		q.Listen("other:1")
		synctest.Wait()
		q.StopListening()
		pass(10 * redialPauseMax)
		heard.expect(t)
		if tries > 2 {
			t.Fatalf("%d tries for a role that has ended", tries)
		}
	})
}

// lookup is a DialFunc of server 3, for whom the name of server 1 leads somewhere else,
// or nowhere, which takes as long as it may.
type lookup struct {
	network *network

	mu    sync.Mutex
	leads string
	asked int
}

func (l *lookup) dial(ctx context.Context, to string) (net.Conn, error) {
	if to == address(1) {
		to = l.ask()
	}
	if to == "" {
		<-ctx.Done()
		return nil, errors.Join(errUnresolved, ctx.Err())
	}
	return l.network.from(address(3))(ctx, to)
}

func (l *lookup) ask() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	return l.leads
}

// lead changes where the name leads, and tells how often it was asked for.
func (l *lookup) lead(to string) (asked int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leads = to
	return l.asked
}

// The plot: the name of server 1 does not resolve, and asking takes as long as it may,
// when server 3 starts (ZOOKEEPER-2184). Server 2 is connected all the while. Later the
// name resolves, to a server that has moved, and each dial asks anew.
func TestANameThatDoesNotResolveKeepsNobodyWaiting(t *testing.T) {
	bubble(t, func(t *testing.T) {
		n, heard := newNetwork(), &diary{}
		names := &lookup{network: n}
		start(t, n, 2, nil)
		e, err := Start(ElectionConfig{ID: 3, Listen: []string{address(3)},
			Members: members(1, 2, 3), Bind: n.bind, Dial: names.dial}, heard)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Close)
		e.Send(1, []byte("vote"))
		synctest.Wait()
		heard.expect(t, "up 2")
		pass(time.Minute)
		before := names.lead("")
		moved := &diary{}
		one, err := Start(ElectionConfig{ID: 1, Listen: []string{"moved:3888"}, Bind: n.bind,
			Dial: n.from("moved:3888")}, moved)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(one.Close)
		names.lead("moved:3888")
		pass(dialTimeoutDefault + 2*redialPauseMax)
		heard.expect(t, "up 1")
		moved.expect(t, "up 3", "3: vote")
		if after := names.lead(""); before < 5 || after <= before {
			t.Fatalf("asked %d times, then %d", before, after)
		}
	})
}
