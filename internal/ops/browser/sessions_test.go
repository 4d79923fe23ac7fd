package browser

import (
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"zoo/client"
)

// deaf is a server that hangs up on whoever comes, and counts them.
type deaf struct{ came []string }

func (d *deaf) attach(nc net.Conn) {
	d.came = append(d.came, nc.RemoteAddr().String())
	_ = nc.Close()
}

func count(p *sessions) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.open)
}

// The plot: somebody browses under one name and another, and stops. What he asks under one name
// goes by one session, which ends when it was not used for a minute, and not before.
func TestASessionEndsWhenNobodyUsesItForAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Config{Attach: (&deaf{}).attach, Log: slog.New(slog.DiscardHandler)})
		bob := client.DigestAuth("bob", "secret")
		var taken []*session
		for _, auth := range []client.Auth{{}, bob, {}} {
			s, err := b.sessions.take("127.0.0.1", auth)
			if err != nil {
				t.Fatal(err)
			}
			taken = append(taken, s)
		}
		if taken[0] != taken[2] || taken[0] == taken[1] {
			t.Error("sessions are not told apart by who uses them")
		}
		b.sessions.give(taken[0])
		b.sessions.give(taken[1])
		<-time.After(2 * idleDefault)
		synctest.Wait()
		if n := count(&b.sessions); n != 1 {
			t.Errorf("%d sessions are left, want the one that is in use", n)
		}
		b.sessions.give(taken[2])
		<-time.After(idleDefault + time.Second)
		synctest.Wait()
		if n := count(&b.sessions); n != 0 {
			t.Errorf("%d sessions are left", n)
		}
		b.Close()
	})
}

// The plot: more users come than may have sessions. The one whose session has rested longest
// makes room; while all are in use the next one is refused.
func TestThereAreOnlySoManySessions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := New(Config{Attach: (&deaf{}).attach, Log: slog.New(slog.DiscardHandler)})
		take := func(user int) (*session, error) {
			return b.sessions.take("::1", client.DigestAuth(strconv.Itoa(user), "p"))
		}
		var taken []*session
		for user := range sessionsMax {
			s, err := take(user)
			if err != nil {
				t.Fatal(err)
			}
			taken = append(taken, s)
		}
		if _, err := take(sessionsMax); err == nil {
			t.Error("one more than there is room for")
		}
		for _, user := range []int{3, 1} {
			b.sessions.give(taken[user])
			<-time.After(time.Second)
		}
		if _, err := take(sessionsMax); err != nil {
			t.Error(err)
		}
		if again, err := take(1); err != nil || again != taken[1] {
			t.Errorf("the wrong session went: %v", err)
		}
		if n := count(&b.sessions); n != sessionsMax {
			t.Errorf("%d sessions", n)
		}
		b.Close()
		if _, err := take(0); err == nil {
			t.Error("a session after the end")
		}
	})
}

// The plot: the server does not serve, and hangs up on its own console as on any client. The
// question is answered, and the server saw the address of who has asked.
func TestAServerThatDoesNotServeIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var server deaf
		b := New(Config{Attach: server.attach, Log: slog.New(slog.DiscardHandler)})
		w := httptest.NewRecorder()
		b.Serve(w, httptest.NewRequest(http.MethodGet, Path+"znode?path=/", nil),
			Caller{Host: "2001:db8::7"})
		if w.Code != http.StatusServiceUnavailable {
			t.Errorf("%d %s", w.Code, w.Body)
		}
		if len(server.came) == 0 || server.came[0] != "[2001:db8::7]:0" {
			t.Errorf("came %v", server.came)
		}
		b.Close()
	})
}
