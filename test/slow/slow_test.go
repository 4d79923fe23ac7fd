package slow

import (
	"bytes"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"zoo"
	"zoo/internal/wire"
)

// kind is one way of being a burden.
type kind struct {
	name string
	// clients is how many come, eachMax how many bytes of memory each may cost the
	// server.
	clients int
	eachMax int64
	where   place
	// play has n of them come, and returns what ends them and tells whether the
	// server did what it had to.
	play func(f *field, n int) (end func())
}

// What one client may cost. The collector lets garbage be as much as what is used, and
// a slice that grows is there twice for a moment: hence factors above the bounds.
const (
	// An unread reply is written when there are 128 KiB or one reply more.
	unreadMax = 4 * (largeBytes + 256<<10)
	// unsentMax is the server's bound of what waits for a client, with one reply.
	unsentMax = 64<<20 + largeBytes
	// Sixteen reads are taken in behind a write.
	burstMax    = 4 * 17 * largeBytes
	watcherMax  = 2 * unsentMax
	trickleMax  = 16 << 10
	silentMax   = 24 << 10
	sessionMax  = 32 << 10
	securedMax  = 128 << 10
	vanishedMax = 32 << 10
)

var kinds = []kind{
	{"connect and say nothing", 5000, silentMax, everywhere, saySilence},
	{"have sessions that only ping", 5000, sessionMax, alone, onlyPing},
	{"connect under TLS and say nothing", 500, securedMax, alone, saySecureSilence},
	{"pipeline large reads and never read", 8, unreadMax, everywhere, neverRead},
	{"pipeline a write, large reads, and never read", 3, burstMax, alone, burst},
	{"watch everything and never read", 4, watcherMax, alone, watchBlindly},
	{"send a byte a second of a handshake", 200, trickleMax, alone, trickle(trickledHandshake)},
	{"send a byte a second of a word", 200, trickleMax, alone, trickle(trickledWord)},
	{"send a byte a second of a request", 2000, trickleMax, everywhere, trickle(trickledRequest)},
	{"reset their connections", 500, vanishedMax, alone, reset},
	{"are never heard of again", 200, vanishedMax, everywhere, vanish},
}

// place says against which servers a kind is played in a short run.
type place uint8

const (
	alone place = iota
	everywhere
)

// slackBytes is what the memory of a server goes up and down by itself.
const slackBytes = 48 << 20

// The plot: servers, a load at a fixed rate, and one kind of bad client after another.
// While they are there and when they are gone the load meets no error, the memory
// keeps to the bounds, and no connection and no session is left behind.
func TestAServerStaysFlatBesideSlowAndDeadClients(t *testing.T) {
	for name, voters := range map[string]int{"standalone": 1, "follower": 3} {
		t.Run(name, func(t *testing.T) {
			if !measured() {
				t.Parallel()
			}
			f := enter(t, voters)
			f.measure()
			table := []string{"", fmt.Sprintf("%-46s %8s %26s %20s %20s %9s", name, "clients",
				"RSS MiB before/during/after", "p50 ms b/d/a", "p99 ms b/d/a", "bytes each")}
			for _, k := range kinds {
				if voters > 1 && k.where == alone && !measured() {
					continue
				}
				table = append(table, f.endure(k))
			}
			f.Log(strings.Join(table, "\n"))
		})
	}
}

// endure plays one kind and gives its row of the table.
func (f *field) endure(k kind) string {
	f.Helper()
	before := f.last
	end := k.play(f, k.clients)
	during := f.measure()
	end()
	f.awaitAlone()
	after := f.measure()
	for when, report := range map[string]int64{
		"during": resident(during), "after": resident(after),
	} {
		growth, most := report-resident(before), k.eachMax*int64(k.clients)+slackBytes
		if growth > most {
			f.Errorf("%d clients that %s: memory grew by %d bytes %s, %d are the bound",
				k.clients, k.name, growth, when, most)
		}
	}
	mib := func(b int64) int64 { return b >> 20 }
	return fmt.Sprintf("%-46s %8d %11d/%d/%d %20s %20s %9d", k.name, k.clients,
		mib(resident(before)), mib(resident(during)), mib(resident(after)),
		fmt.Sprintf("%.2f/%.2f/%.2f", before.P50/1e3, during.P50/1e3, after.P50/1e3),
		fmt.Sprintf("%.2f/%.2f/%.2f", before.P99/1e3, during.P99/1e3, after.P99/1e3),
		(resident(during)-resident(before))/int64(k.clients))
}

// gather is gather with the test's end for an error.
func (f *field) gather(n int, create func() (*peer, error)) crowd {
	f.Helper()
	all, err := gather(n, create)
	f.must(err)
	return all
}

// dead is a session's timeout where the client is not to be heard of again.
const dead = 2 * tick

// neverRead asks for far more than sockets hold. The server stops to read who does not
// read, does not hear of it, and hangs up when its session is over.
func neverRead(f *field, n int) func() {
	asked := 1000
	all := f.gather(n, func() (*peer, error) {
		p, err := f.open(patient())
		if err != nil {
			return nil, err
		}
		var b []byte
		for i := range asked {
			b = append(b, request(int32(i), wire.OpGetData,
				&wire.GetDataRequest{Path: largePath})...)
		}
		_, err = p.Write(b)
		return p, err
	})
	return all.leaveSessions
}

// burst puts large reads behind a write: those that were taken in are answered together
// when the write is through, by nobody who could wait for the client. The server hangs
// up by itself when nothing was heard for the session's timeout.
func burst(f *field, n int) func() {
	all := f.gather(n, func() (*peer, error) {
		p, err := f.open(dead)
		if err != nil {
			return nil, err
		}
		b := request(1, wire.OpSetData, &wire.SetDataRequest{Path: smallPath, Version: -1})
		for i := range 400 {
			b = append(b, request(int32(i+2), wire.OpGetData,
				&wire.GetDataRequest{Path: largePath})...)
		}
		_, err = p.Write(b)
		return p, err
	})
	return func() {
		f.awaitAlone()
		all.leave()
	}
}

// eventsMade and eventPath are what the watchers would have to hear.
var (
	eventsMade = 5000
	eventPath  = "/" + strings.Repeat("e", 1000)
)

// watchBlindly lets events pile up for those who asked for them.
func watchBlindly(f *field, n int) func() {
	all := f.gather(n, func() (*peer, error) {
		p, err := f.open(patient())
		if err != nil {
			return nil, err
		}
		return p, p.call(1, wire.OpAddWatch,
			&wire.AddWatchRequest{Path: "/", Mode: zoo.WatchPersistentRecursive})
	})
	writer, err := f.open(sessionTimeout)
	f.must(err)
	defer writer.Close()
	f.must(writer.call(1, wire.OpCreate,
		&wire.CreateRequest{Path: eventPath, ACL: zoo.OpenACL()}))
	one := request(2, wire.OpSetData, &wire.SetDataRequest{Path: eventPath, Version: -1})
	const batch = 50
	for range eventsMade / batch {
		_, err := writer.Write(bytes.Repeat(one, batch))
		f.must(err)
		for range batch {
			_, err := writer.frame()
			f.must(err)
		}
	}
	f.must(writer.call(3, wire.OpDelete, &wire.DeleteRequest{Path: eventPath, Version: -1}))
	f.must(writer.call(4, wire.OpCloseSession, nil))
	return all.leaveSessions
}

// leaveSessions says goodbye before it hangs up. Whoever does not read cannot hear
// whether that was understood.
func (c crowd) leaveSessions() {
	for _, p := range c {
		_ = p.SetWriteDeadline(time.Now().Add(peerTimeout))
		_, _ = p.Write(request(1<<30, wire.OpCloseSession, nil))
		p.Close()
	}
}

// trickled is bytes that come one at a time, and what a client does before.
type trickled struct {
	open  func(f *field) (*peer, error)
	bytes []byte
	// closed says that the server is to hang up by itself.
	closed bool
}

var (
	trickledHandshake = trickled{(*field).silent, hello(sessionTimeout), true}
	trickledWord      = trickled{(*field).silent, []byte("stmk\x00\x00\x00\x00\x00\x00"), true}
	// The request is larger than anything that comes of it in time.
	trickledRequest = trickled{
		func(f *field) (*peer, error) { return f.open(patient()) },
		request(1, wire.OpSetData,
			&wire.SetDataRequest{Path: smallPath, Data: make([]byte, 4096)}),
		false}
)

func (f *field) silent() (*peer, error) { return f.dial(nil) }

// trickle sends a byte a second. Each such request held a whole buffer once.
func trickle(what trickled) func(f *field, n int) func() {
	return func(f *field, n int) func() {
		expired := f.figure("sessionless_connections_expired")
		all := f.gather(n, func() (*peer, error) { return what.open(f) })
		sent := 0
		stop := all.every(time.Second, func(p *peer) {
			_, _ = p.Write(what.bytes[sent/n%len(what.bytes):][:1])
			sent++
		})
		return func() {
			if what.closed {
				f.awaitFigure("sessionless_connections_expired",
					func(now int) bool { return now >= expired+n })
				if !f.logged("no handshake within nio.sessionlessCnxnTimeout") {
					f.Error("the log does not tell why they were sent away")
				}
			}
			stop()
			all.leave()
		}
	}
}

// saySilence connects, and waits for the server to lose its patience.
func saySilence(f *field, n int) func() { return f.beSilent(n, f.silent) }

func saySecureSilence(f *field, n int) func() {
	// A resumed handshake would be a cheaper one.
	return f.beSilent(n, func() (*peer, error) { return f.dial(f.tls) })
}

func (f *field) beSilent(n int, create func() (*peer, error)) func() {
	expired := f.figure("sessionless_connections_expired")
	all := f.gather(n, create)
	return func() {
		f.awaitFigure("sessionless_connections_expired",
			func(now int) bool { return now >= expired+n })
		for _, p := range all {
			if !p.ended() {
				f.Fatal(errUnended)
			}
		}
		all.leave()
	}
}

// onlyPing keeps sessions alive that do nothing else.
func onlyPing(f *field, n int) func() {
	all := f.gather(n, func() (*peer, error) { return f.open(sessionTimeout) })
	ping := request(wire.XidPing, wire.OpPing, nil)
	stop := all.every(sessionTimeout/4, func(p *peer) {
		_ = p.SetDeadline(time.Now().Add(peerTimeout))
		if _, err := p.Write(ping); err != nil {
			f.Error("ping:", err)
			return
		}
		if _, err := p.frame(); err != nil {
			f.Error("ping:", err)
		}
	})
	return func() {
		stop()
		all.leaveSessions()
	}
}

// reset closes connections so that the server is told by force, and no session.
func reset(f *field, n int) func() {
	all := f.gather(n, func() (*peer, error) { return f.open(dead) })
	for _, p := range all {
		_ = p.Conn.(*net.TCPConn).SetLinger(0)
		p.Close()
	}
	return func() {}
}

// vanish is never heard of again: the connection stays open as if a cable had been
// cut. The server notices by the session's timeout.
func vanish(f *field, n int) func() {
	all := f.gather(n, func() (*peer, error) { return f.open(dead) })
	return func() {
		for _, p := range all {
			if !p.ended() {
				f.Fatal(errUnended)
			}
		}
		all.leave()
	}
}
