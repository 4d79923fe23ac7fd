package screen

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"zoo"
	"zoo/internal/dev/status"
)

// player gives a server's answers one after another, the last one for ever.
type player struct {
	answers []status.Server
	end     func()
}

func (p *player) query(_ context.Context, address string) status.Server {
	s := p.answers[0]
	if len(p.answers) > 1 {
		p.answers = p.answers[1:]
	} else if p.end != nil {
		p.end()
	}
	s.Address = address
	return s
}

// leads is a leader's answer.
func leads(counter uint32, received int64, timed, took float64) status.Server {
	z := zoo.MakeZxid(3, counter)
	return status.Server{Role: "leader", Zxid: z, ZxidText: z.String(), Epoch: 3, Sessions: 4,
		Connections: 5, Outstanding: 6, Received: received, RequestsTimed: timed,
		RequestsTime: took}
}

// The plot: a leader takes 100 requests in the first second and 300 in the second one, and
// then begins its figures anew. Rates are known from the second round on, and not across the
// new beginning.
func TestRatesAreThoseBetweenTwoRounds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p := &player{answers: []status.Server{leads(10, 1000, 500, 500), leads(60, 1100, 550, 600),
			leads(60, 1400, 550, 600), leads(61, 5, 0, 0)}}
		w := Watch{Addresses: []string{"a:1"}, Every: time.Second, Rounds: 4, Out: &out,
			Form: Lines, Query: p.query}
		if err := w.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		const rest = " connections=5 outstanding=6 "
		want := "2000-01-01T00:00:00Z a:1 leader zxid=0x30000000a" + rest +
			"requests/s=- latency_ms=- writes/s=-\n" +
			"2000-01-01T00:00:01Z a:1 leader zxid=0x30000003c" + rest +
			"requests/s=100 latency_ms=2 writes/s=50\n" +
			"2000-01-01T00:00:02Z a:1 leader zxid=0x30000003c" + rest +
			"requests/s=300 latency_ms=- writes/s=0\n" +
			"2000-01-01T00:00:03Z a:1 leader zxid=0x30000003d" + rest +
			"requests/s=- latency_ms=- writes/s=1\n"
		if out.String() != want {
			t.Errorf("got\n%swant\n%s", out.String(), want)
		}
	})
}

// The plot: two rounds at a terminal. It is drawn over and not cleared, and it is as it was
// before when the operator ends it.
func TestATerminalIsDrawnOverAndGivenBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		var out bytes.Buffer
		p := &player{answers: []status.Server{leads(10, 1000, 0, 0), leads(20, 1100, 50, 100),
			{Error: "ended"}}, end: cancel}
		w := Watch{Addresses: []string{"a:1"}, Every: time.Second, Out: &out, Query: p.query}
		if err := w.Run(ctx); err != nil {
			t.Fatal(err)
		}
		inside, entered := strings.CutPrefix(out.String(), enter)
		inside, left := strings.CutSuffix(inside, leave)
		screens := strings.Split(inside, home)
		if !entered || !left || len(screens) != 3 || screens[0] != "" {
			t.Fatalf("got %q", out.String())
		}
		drawn := strings.TrimSuffix(screens[2], clearRest)
		drawn = strings.ReplaceAll(drawn, clearLine+"\r\n", "\n")
		want := `00:00:01  1 of 1 answer, leader a:1 in epoch 3
writes/s 10                     █

SERVER  ROLE    REQ/S  LAST MINUTE           MS  LAST MINUTE           CONNECTIONS  ` +
			`OUTSTANDING  SESSIONS  ZXID
a:1     leader  100                       █  2                      █  5            ` +
			`6            4         0x300000014
`
		if drawn != want {
			t.Errorf("got\n%swant\n%s", drawn, want)
		}
		if strings.Contains(out.String(), "\x1b[2J") {
			t.Error("it is cleared, which flickers")
		}
	})
}

// A server that does not answer has its reason in its row, and no leader is said to be.
func TestASilentServerIsShown(t *testing.T) {
	var h History
	h.Add(time.Unix(0, 0), []status.Server{{Address: "a:1", Error: "refused"}})
	text := h.Screen()
	if !strings.Contains(text, "0 of 1 answer, no leader\nwrites/s -") ||
		!strings.Contains(text, "\na:1     refused\n") {
		t.Errorf("got %q", text)
	}
	if !strings.HasSuffix(h.Lines(), " a:1 error: refused\n") {
		t.Errorf("got %q", h.Lines())
	}
}

// Each cell is three seconds, the height is against the greatest, and what is older than a
// minute is gone.
func TestTheLastMinuteIsDrawn(t *testing.T) {
	var s series
	begin := time.Unix(1000, 0)
	s.add(begin.Add(-2*time.Minute), 1000)
	for i := range 60 {
		value := float64(i % 30)
		if i >= 45 {
			value = unknown()
		}
		s.add(begin.Add(time.Duration(i)*time.Second), value)
	}
	if got, want := s.line(begin.Add(59*time.Second)), "▁▂▃▄▄▅▆▇▇█▁▂▃▄▄     "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := (series{}).line(begin); got != strings.Repeat(" ", cells) {
		t.Errorf("got %q", got)
	}
	if len(s) != 60 {
		t.Errorf("%d points are kept", len(s))
	}
}

// broken refuses what is written.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errors.New("the pipe is broken") }

func TestABrokenPipeEndsTheWatch(t *testing.T) {
	p := &player{answers: []status.Server{leads(1, 1, 0, 0)}}
	w := Watch{Addresses: []string{"a:1"}, Every: time.Hour, Out: broken{}, Form: JSON,
		Query: p.query}
	if err := w.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "broken") {
		t.Errorf("got %v", err)
	}
}
