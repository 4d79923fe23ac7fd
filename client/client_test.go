package client_test

import (
	"context"
	"crypto/tls"
	"encoding/binary"
	"errors"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"zoo"
	"zoo/client"
	"zoo/internal/wire"
)

// The plot: two calls are on their way when the first is answered. Each gets its own
// answer, and the second was not held up by the first.
func TestCallsDoNotWaitForEachOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		p := f.accept(granted())
		got := make(chan string, 2)
		for range 2 {
			go func() {
				data, _, err := c.Get(t.Context(), "/a", nil)
				if err != nil {
					t.Error(err)
				}
				got <- string(data)
			}()
		}
		one := p.hear(wire.OpGetData, &wire.GetDataRequest{})
		two := p.hear(wire.OpGetData, &wire.GetDataRequest{})
		p.reply(one, 1, &wire.GetDataResponse{Data: []byte("first")})
		p.reply(two, 2, &wire.GetDataResponse{Data: []byte("second")})
		all := []string{<-got, <-got}
		slices.Sort(all)
		if !slices.Equal(all, []string{"first", "second"}) || one.Xid != 1 || two.Xid != 2 {
			t.Fatalf("got %q for xids %d and %d", all, one.Xid, two.Xid)
		}
		p.leave(c)
	})
}

func TestAReplyOutOfOrderBreaksTheConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		p := f.accept(granted())
		go func() {
			h := p.hear(wire.OpDelete, &wire.DeleteRequest{})
			h.Xid += 5
			p.reply(h, 1, nil)
		}()
		err := c.Delete(t.Context(), "/a", client.AnyVersion)
		if !errors.Is(err, zoo.CodeConnectionLoss) || !errors.Is(err, client.ErrProtocol) {
			t.Fatal(err)
		}
		f.accept(granted()).leave(c)
	})
}

// The plot: a connection breaks with everything that a session can have. The next
// server is told of it before any call: who the session is, its identities, and its
// watches in requests that fit a frame.
func TestTheNextServerIsToldAllOfTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		opts := f.options()
		opts.Auth = []client.Auth{{Scheme: "digest", Data: []byte("ann:secret")}}
		opts.Chroot = "/app"
		states, heard := journal()
		opts.Watcher = states
		c := f.begin(opts)
		p := f.accept(granted())
		p.answer(wire.ReplyHeader{Xid: p.hear(wire.OpAuth, nil).Xid}, nil)
		p.letWatch(c)
		p.nc.Close()

		p = f.accept(granted())
		if p.asked.SessionID != 0x17 || p.asked.LastZxidSeen != 0x56 || p.asked.Passwd[0] != 7 {
			t.Fatalf("the session is presented as %+v", p.asked)
		}
		p.answer(wire.ReplyHeader{Xid: p.hear(wire.OpAuth, nil).Xid}, nil)
		var first wire.SetWatches
		var second wire.SetWatches2
		p.hear(wire.OpSetWatches, &first)
		p.hear(wire.OpSetWatches2, &second)
		if first.RelativeZxid != 0x56 || len(first.DataWatches)+len(second.DataWatches) != 3 ||
			!slices.Equal(second.PersistentRecursiveWatches, []string{"/app/deep"}) {
			t.Fatalf("watches: %v", second.PersistentRecursiveWatches)
		}
		p.leave(c)
		want := []string{"None SyncConnected ", "None Disconnected ", "None SyncConnected ",
			"None Closed "}
		if !slices.Equal(*heard, want) {
			t.Fatalf("heard %q", *heard)
		}
	})
}

// letWatch sets three one-time watches, with more path than fits one request, and a
// recursive one.
func (p *peer) letWatch(c *client.Client) {
	p.t.Helper()
	w, _ := journal()
	long := "/" + strings.Repeat("n", 80<<10)
	for _, path := range []string{"/here", long, long + "2"} {
		go func() { _, _ = c.Exists(p.t.Context(), path, w) }()
		p.reply(p.hear(wire.OpExists, &wire.ExistsRequest{}), 0x55, &wire.ExistsResponse{})
	}
	go func() { _ = c.AddWatch(p.t.Context(), "/deep", zoo.WatchPersistentRecursive, w) }()
	p.reply(p.hear(wire.OpAddWatch, &wire.AddWatchRequest{}), 0x56, nil)
	synctest.Wait()
}

func TestAnIdleClientPingsAndLeavesASilentServer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		p := f.accept(granted())
		began := time.Now()
		for range 3 {
			p.answer(wire.ReplyHeader{Xid: p.hear(wire.OpPing, nil).Xid}, nil)
		}
		if waited := time.Since(began); waited != timeout {
			t.Fatalf("three pings took %v", waited)
		}
		nc := p.nc
		go func() {
			for { // The server takes everything and says nothing.
				if _, err := readFrame(nc); err != nil {
					return
				}
			}
		}()
		p = f.accept(granted())
		if silent := time.Since(began) - timeout; silent < timeout/2 || silent > timeout {
			t.Fatalf("the client stayed for %v", silent)
		}
		p.leave(c)
	})
}

func TestAnExpiredSessionEndsEverything(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		p := f.accept(granted())
		w, event := client.OneEvent()
		go func() { _, _, _ = c.Get(t.Context(), "/a", w) }()
		p.reply(p.hear(wire.OpGetData, nil), 1, &wire.GetDataResponse{})
		synctest.Wait()
		p.nc.Close()
		f.accept(wire.ConnectResponse{Passwd: make([]byte, wire.PasswordBytes), HasReadOnly: true})
		if e := <-event; e.State != client.StateExpired || e.Type != zoo.EventNone {
			t.Fatalf("the watcher hears %+v", e)
		}
		if _, more := <-event; more {
			t.Fatal("the channel is not closed")
		}
		err := c.Delete(t.Context(), "/a", 0)
		var detail *client.Error
		if !errors.Is(err, zoo.CodeSessionExpired) || !errors.As(err, &detail) ||
			detail.Op != "delete" || detail.Path != "/a" {
			t.Fatal(err)
		}
		err = c.AddAuth(t.Context(), client.Auth{Scheme: "digest", Data: []byte("ann:secret")})
		if !errors.Is(err, zoo.CodeSessionExpired) {
			t.Fatal(err)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// The plot: nobody answers. A waiting call fails when every server was tried, the
// attempts become rarer, and Dial gives up with its context.
func TestCallsFailWhenNoServerIsThere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		f.refuse = errNobody
		opts := f.options()
		opts.Servers = []string{"a:1", "b:1", "c:1"}
		c := f.begin(opts)
		_, err := c.Exists(t.Context(), "/a", nil)
		if !errors.Is(err, zoo.CodeConnectionLoss) || !errors.Is(err, errNobody) {
			t.Fatal(err)
		}
		<-time.After(time.Minute)
		if rounds := f.dialed.Load() / 3; rounds < 12 || rounds > 40 {
			t.Fatalf("%d rounds within a minute", rounds)
		}
		if err := c.Close(t.Context()); !errors.Is(err, zoo.CodeConnectionLoss) {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := client.Dial(ctx, opts); !errors.Is(err, errNobody) {
			t.Fatal(err)
		}
	})
}

func TestACallEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := c.Exists(ctx, "/unsent", nil); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatal(err)
		}
		p := f.accept(granted())
		ctx, cancel = context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		sent := make(chan error)
		go func() { _, err := c.Exists(ctx, "/sent", nil); sent <- err }()
		h := p.hear(wire.OpExists, &wire.ExistsRequest{})
		if err := <-sent; !errors.Is(err, zoo.CodeOperationTimeout) {
			t.Fatal(err)
		}
		// The late answer goes nowhere and harms nobody.
		p.reply(h, 1, &wire.ExistsResponse{})
		p.leave(c)
	})
}

// The plot: a watcher asks the client again at each event, as watchers do.
func TestAWatcherMayCallTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		opts := f.options()
		opts.Chroot = "/app"
		c := f.begin(opts)
		p := f.accept(granted())
		var seen []string
		w := client.NewWatcher(func(e client.Event) {
			if e.Type == zoo.EventNone {
				return
			}
			data, _, err := c.Get(t.Context(), e.Path, nil)
			seen = append(seen, e.Path+"="+string(data))
			if err != nil {
				t.Error(err)
			}
		})
		go func() { _ = c.AddWatch(t.Context(), "/", zoo.WatchPersistentRecursive, w) }()
		p.reply(p.hear(wire.OpAddWatch, nil), 1, nil)
		p.event(zoo.EventNodeCreated, "/app/x/y")
		p.event(zoo.EventNodeDataChanged, "/app")
		p.event(zoo.EventNodeDataChanged, "/apple")
		for _, data := range []string{"1", "2"} {
			p.reply(p.hear(wire.OpGetData, nil), 2, &wire.GetDataResponse{Data: []byte(data)})
		}
		p.leave(c)
		if !slices.Equal(seen, []string{"/x/y=1", "/=2"}) {
			t.Fatalf("seen %q", seen)
		}
	})
}

// The plot: a watcher takes its time over the first event. Who settles waits for it, but
// no longer than its context lasts, and a closed client has nothing to wait for.
func TestWhoSettlesWaitsForTheWatchers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		opts := f.options()
		opts.Watcher = client.NewWatcher(func(client.Event) { <-time.After(time.Second) })
		c := f.begin(opts)
		p := f.accept(granted())
		brief, stop := context.WithTimeout(t.Context(), time.Millisecond)
		defer stop()
		if err := c.Settle(brief); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("the context is over: %v", err)
		}
		began := time.Now()
		if err := c.Settle(t.Context()); err != nil || time.Since(began) == 0 {
			t.Fatalf("settled after %v: %v", time.Since(began), err)
		}
		p.leave(c)
		if err := c.Settle(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// stuck is a watcher that hears of nodes and does not return from the first before it
// is let go.
func stuck() (w client.Watcher, heard *atomic.Int64, letGo func()) {
	heard, gate := new(atomic.Int64), make(chan struct{})
	return client.NewWatcher(func(e client.Event) {
		if e.Type != zoo.EventNone {
			heard.Add(1)
			<-gate
		}
	}), heard, func() { close(gate) }
}

// watchAll lets w watch everything.
func (p *peer) watchAll(c *client.Client, w client.Watcher) {
	p.t.Helper()
	go func() { _ = c.AddWatch(p.t.Context(), "/", zoo.WatchPersistentRecursive, w) }()
	p.reply(p.hear(wire.OpAddWatch, nil), 1, nil)
	synctest.Wait()
}

// burst is more than waits for watchers while nobody calls.
const burst = 5000

// The plot: a watcher asks the client while more events come than the client keeps for
// watchers that are slow. The answer is behind them all, and comes.
func TestAWatcherMayCallTheClientWithinABurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		p := f.accept(granted())
		first, heard := true, 0
		p.watchAll(c, client.NewWatcher(func(e client.Event) {
			if e.Type == zoo.EventNone {
				return
			}
			heard++
			if first {
				first = false
				<-time.After(time.Second)
				if _, _, err := c.Get(t.Context(), e.Path, nil); err != nil {
					t.Error(err)
				}
			}
		}))
		asked := make(chan wire.RequestHeader, 1)
		go func() { asked <- p.hear(wire.OpGetData, nil) }()
		for range burst {
			p.event(zoo.EventNodeDataChanged, "/a")
		}
		p.reply(<-asked, 2, &wire.GetDataResponse{})
		p.leave(c)
		if heard != burst {
			t.Fatalf("heard of %d of %d", heard, burst)
		}
	})
}

// The plot: a watcher is stuck and the queue behind it full for longer than a session
// lasts. The client goes on to ping, leaves a connection that breaks for another, and all
// is heard in the end.
func TestAStuckWatcherDoesNotCostTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		p := f.accept(granted())
		w, heard, letGo := stuck()
		p.watchAll(c, w)
		sent := make(chan struct{})
		go func() {
			defer close(sent)
			frame := (&wire.WatcherEvent{Type: zoo.EventNodeDataChanged,
				State: zoo.StateSyncConnected, Path: "/a"}).AppendTo(
				(&wire.ReplyHeader{Xid: wire.XidNotification, Zxid: 9}).AppendTo(nil))
			frame = append(binary.BigEndian.AppendUint32(nil, uint32(len(frame))), frame...)
			for range burst {
				if _, err := p.nc.Write(frame); err != nil {
					return
				}
			}
		}()
		for began := time.Now(); time.Since(began) < 2*timeout; {
			p.hear(wire.OpPing, nil)
		}
		if c.State() != client.StateSyncConnected {
			t.Fatal(c.State())
		}
		p.nc.Close()
		p = f.accept(granted())
		<-sent
		p.hear(wire.OpSetWatches2, nil)
		if c.State() != client.StateSyncConnected || p.asked.SessionID != 0x17 {
			t.Fatalf("%v, presented as %+v", c.State(), p.asked)
		}
		letGo()
		p.leave(c)
		if heard.Load() <= 4096 {
			t.Fatalf("heard of %d", heard.Load())
		}
	})
}

// The plot: a watcher never returns. Whoever closes the client has the server's word, and
// waits for that watcher no longer than the context lasts.
func TestCloseEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		p := f.accept(granted())
		w, _, letGo := stuck()
		p.watchAll(c, w)
		p.event(zoo.EventNodeCreated, "/a")
		go func() { p.reply(p.hear(wire.OpCloseSession, nil), 10, nil) }()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if err := c.Close(ctx); err != nil || time.Since(began) != time.Second {
			t.Fatalf("closed after %v: %v", time.Since(began), err)
		}
		letGo()
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}

// The plot: the caller leaves at the very moment at which the answer comes. Whoever reads
// the answer is then the only one who touches the call; the race detector watches.
func TestARemovalThatIsGivenUpLeavesItsAnswerToTheReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		p := f.accept(granted())
		w, _ := journal()
		p.watchAll(c, w)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		go func() {
			h := p.hear(wire.OpRemoveWatches, nil)
			<-time.After(time.Second)
			p.reply(h, 2, nil)
		}()
		removal := client.Removal{Type: zoo.WatcherAny, Watcher: w, Local: true}
		err := c.RemoveWatches(ctx, "/", removal)
		if err != nil && !errors.Is(err, zoo.CodeOperationTimeout) {
			t.Fatal(err)
		}
		synctest.Wait()
		p.leave(c)
	})
}

// The plot: a client below /zoo watches ZooKeeper's own configuration, and asks for its
// ephemeral znodes, of which some are below /zoo2. No name is cut in two.
func TestAChrootEndsWhereANameEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		opts := f.options()
		opts.Chroot = "/zoo"
		c := f.begin(opts)
		p := f.accept(granted())
		w, heard := client.OneEvent()
		go func() { _, _, _ = c.Config(t.Context(), w) }()
		p.reply(p.hear(wire.OpGetData, nil), 1, &wire.GetDataResponse{})
		synctest.Wait()
		p.event(zoo.EventNodeDataChanged, "/zookeeper/config")
		if e := <-heard; e.Path != "/zookeeper/config" {
			t.Fatalf("heard of %s", e.Path)
		}
		go func() {
			p.reply(p.hear(wire.OpGetEphemerals, nil), 2, &wire.GetEphemeralsResponse{
				Ephemerals: []string{"/zoo", "/zoo/a", "/zoo2", "/zoo2/b"}})
		}()
		paths, err := c.Ephemerals(t.Context(), "/")
		if err != nil || !slices.Equal(paths, []string{"/", "/a"}) {
			t.Fatal(paths, err)
		}
		p.leave(c)
	})
}

func TestARefusedIdentityEndsTheSession(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		opts := f.options()
		states, heard := journal()
		opts.Watcher = states
		c := f.begin(opts)
		p := f.accept(granted())
		refused := make(chan error)
		go func() { refused <- c.AddAuth(t.Context(), client.Auth{Scheme: "none"}) }()
		h := p.hear(wire.OpAuth, nil)
		p.answer(wire.ReplyHeader{Xid: h.Xid, Err: zoo.CodeAuthFailed}, nil)
		if err := <-refused; !errors.Is(err, zoo.CodeAuthFailed) {
			t.Fatal(err)
		}
		if err := c.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []string{"None SyncConnected ", "None AuthFailed "}
		if !slices.Equal(*heard, want) {
			t.Fatalf("heard %q", *heard)
		}
	})
}

// The plot: the only server that answers has lost its ensemble. The client reads from
// it, finds that another one accepts writes, and begins its session there: the first
// server had made its own up.
func TestAReadOnlyServerIsLeftForOneThatWrites(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		opts := f.options()
		opts.ReadOnly = true
		c := f.begin(opts)
		grant := granted()
		grant.ReadOnly = true
		f.accept(grant)
		synctest.Wait()
		if c.State() != client.StateConnectedReadOnly {
			t.Fatal(c.State())
		}
		for _, word := range []string{"ro", "rw"} {
			nc := <-f.arrivals
			question := make([]byte, 4)
			if _, err := nc.Read(question); err != nil || string(question) != "isro" {
				t.Fatalf("asked %q: %v", question, err)
			}
			if _, err := nc.Write([]byte(word)); err != nil {
				t.Fatal(err)
			}
			nc.Close()
		}
		p := f.accept(granted())
		if p.asked.SessionID != 0 || !p.asked.ReadOnly {
			t.Fatalf("the session is presented as %+v", p.asked)
		}
		p.leave(c)
	})
}

func TestAFrameBeyondTheLimitIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		opts := f.options()
		opts.FrameBytesMax = 100
		c := f.begin(opts)
		p := f.accept(granted())
		go func() {
			h := p.hear(wire.OpGetData, nil)
			frame := (&wire.ReplyHeader{Xid: h.Xid}).AppendTo(nil)
			frame = (&wire.GetDataResponse{Data: make([]byte, 200)}).AppendTo(frame)
			_, _ = p.nc.Write(append([]byte{0, 0, 1, 44}, frame...))
		}()
		if _, _, err := c.Get(t.Context(), "/a", nil); !errors.Is(err, client.ErrProtocol) {
			t.Fatal(err)
		}
		f.accept(granted()).leave(c)
	})
}

func TestMalformedPathsNeverLeaveTheClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		p := f.accept(granted())
		_, seq := c.Create(t.Context(), "/a//", nil, client.CreateOptions{
			Mode: zoo.PersistentSequential})
		_, _, get := c.Get(t.Context(), "a", nil)
		_, multi := c.Multi(t.Context(), client.DeleteOp("/a/", 0))
		for _, err := range []error{seq, get, multi} {
			if !errors.Is(err, zoo.ErrPath) || !errors.Is(err, zoo.CodeBadArguments) {
				t.Error(err)
			}
		}
		p.leave(c)
	})
}

// The plot: the first server takes connections and never says a word of TLS. The client
// leaves it when its share of the time is over, and is still there for the next attempt.
func TestAServerThatNeverShakesHandsIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		opts := f.options()
		opts.TLS = &tls.Config{MinVersion: tls.VersionTLS12}
		c := f.begin(opts)
		for range 3 {
			silent := <-f.arrivals
			if _, err := io.Copy(io.Discard, silent); err != nil {
				t.Fatal(err)
			}
		}
		if err := c.Close(t.Context()); !errors.Is(err, zoo.CodeConnectionLoss) {
			t.Fatal(err)
		}
	})
}

// oneRound is a mechanism that is done with the server's first word.
type oneRound struct{}

// Step says hello, and takes any answer.
func (oneRound) Step(challenge []byte) ([]byte, bool, error) {
	return []byte("hello"), challenge != nil, nil
}

// The plot: a server goes away while it is asked who the client is. That is no refusal:
// the next one is asked again, and lets it in.
func TestALostConnectionWithinSASLIsNoRefusal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		opts := f.options()
		opts.SASL = func(string) (client.SASL, error) { return oneRound{}, nil }
		watcher, heard := journal()
		opts.Watcher = watcher
		c := f.begin(opts)
		p := f.accept(granted())
		p.hear(wire.OpSASL, &wire.GetSASLRequest{})
		p.nc.Close()
		p = f.accept(granted())
		p.reply(p.hear(wire.OpSASL, &wire.GetSASLRequest{}), 1,
			&wire.SetSASLResponse{Token: []byte("welcome")})
		if err := c.WaitConnected(t.Context()); err != nil {
			t.Fatal(err)
		}
		p.leave(c)
		want := []string{"None SyncConnected ", "None SaslAuthenticated ", "None Closed "}
		if !slices.Equal(*heard, want) {
			t.Fatalf("heard %q", *heard)
		}
	})
}
