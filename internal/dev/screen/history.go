package screen

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"zoo"
	"zoo/internal/dev/status"
)

// span is how far back the bars reach, cells how many there are.
const (
	span  = time.Minute
	cells = 20
)

// pointsMax bounds what is kept of one server: a minute of the shortest pauses.
const pointsMax = 600

// unknown stands for a figure that nobody tells.
func unknown() float64 { return math.NaN() }

// point is what one round told.
type point struct {
	at    time.Time
	value float64
}

// series is a figure over the last minute, oldest first.
type series []point

func (s *series) add(at time.Time, value float64) {
	*s = append(*s, point{at, value})
	for len(*s) > 0 && (at.Sub((*s)[0].at) >= span || len(*s) > pointsMax) {
		*s = (*s)[1:]
	}
}

// last is the newest value.
func (s series) last() float64 {
	if len(s) == 0 {
		return unknown()
	}
	return s[len(s)-1].value
}

// bars are the heights that a cell can have.
const bars = "▁▂▃▄▅▆▇█"

// line draws the last minute up to now; each cell is the greatest value of its three
// seconds, against the greatest of all. Where nothing is known it is blank.
func (s series) line(now time.Time) string {
	var greatest [cells]float64
	for i := range greatest {
		greatest[i] = -1
	}
	top := 0.0
	for _, p := range s {
		i := cells - 1 - int(now.Sub(p.at)*cells/span)
		if i < 0 || i >= cells || math.IsNaN(p.value) {
			continue
		}
		greatest[i] = max(greatest[i], p.value)
		top = max(top, p.value)
	}
	heights := []rune(bars)
	var b strings.Builder
	for _, value := range greatest {
		switch {
		case value < 0:
			b.WriteByte(' ')
		case top == 0:
			b.WriteRune(heights[0])
		default:
			b.WriteRune(heights[int(value/top*float64(len(heights)-1)+0.5)])
		}
	}
	return b.String()
}

// track is what is known of one server.
type track struct {
	now, before status.Server
	at          time.Time
	// requests are those in a second, latency the milliseconds that one took.
	requests, latency series
}

// History is the last minute of some servers. The zero value is empty.
type History struct {
	order  []string
	tracks map[string]*track
	at     time.Time
	zxid   zoo.Zxid
	// writes are the transactions of the ensemble in a second.
	writes series
}

// Add takes what the servers said at a time.
func (h *History) Add(at time.Time, seen []status.Server) {
	if h.tracks == nil {
		h.tracks = map[string]*track{}
	}
	newest := zoo.Zxid(0)
	for _, s := range seen {
		t := h.tracks[s.Address]
		if t == nil {
			t = &track{}
			h.tracks[s.Address] = t
			h.order = append(h.order, s.Address)
		}
		t.add(at, s)
		newest = max(newest, s.Zxid)
	}
	h.writes.add(at, h.written(at, newest))
	if newest > 0 {
		h.zxid = newest
	}
	h.at = at
}

// written is how many transactions there were in a second. Between two epochs nobody knows.
func (h *History) written(at time.Time, newest zoo.Zxid) float64 {
	seconds := at.Sub(h.at).Seconds()
	if h.zxid == 0 || newest.Epoch() != h.zxid.Epoch() || newest < h.zxid || seconds <= 0 {
		return unknown()
	}
	return float64(newest-h.zxid) / seconds
}

func (t *track) add(at time.Time, s status.Server) {
	t.before, t.now = t.now, s
	seconds := at.Sub(t.at).Seconds()
	known := t.before.Error == "" && t.before.Role != "" && s.Error == "" && seconds > 0
	t.at = at
	requests, latency := unknown(), unknown()
	// Figures that went down were begun anew.
	if known && s.Received >= t.before.Received {
		requests = float64(s.Received-t.before.Received) / seconds
	}
	timed, took := s.RequestsTimed-t.before.RequestsTimed, s.RequestsTime-t.before.RequestsTime
	if known && timed > 0 && took >= 0 {
		latency = took / timed
	}
	t.requests.add(at, requests)
	t.latency.add(at, latency)
}

// Screen draws all that is known.
func (h *History) Screen() string {
	var b bytes.Buffer
	serving, leader := 0, "no leader"
	for _, address := range h.order {
		s := h.tracks[address].now
		if s.Error != "" {
			continue
		}
		serving++
		if s.Role == "leader" {
			leader = fmt.Sprintf("leader %s in epoch %d", address, s.Epoch)
		}
		if s.Role == "standalone" {
			leader = "standalone"
		}
	}
	fmt.Fprintf(&b, "%s  %d of %d answer, %s\n", h.at.UTC().Format(time.TimeOnly), serving,
		len(h.order), leader)
	fmt.Fprintf(&b, "writes/s %s  %s\n\n", figure(h.writes.last()), h.writes.line(h.at))
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	// What matters most stands where the narrowest terminal has it.
	fmt.Fprintln(t, "SERVER\tROLE\tREQ/S\tLAST MINUTE\tMS\tLAST MINUTE"+
		"\tCONNECTIONS\tOUTSTANDING\tSESSIONS\tZXID")
	for _, address := range h.order {
		h.tracks[address].row(t, h.at)
	}
	_ = t.Flush() // a buffer takes all
	return b.String()
}

func (t *track) row(w *tabwriter.Writer, at time.Time) {
	s := &t.now
	if s.Error != "" {
		fmt.Fprintf(w, "%s\t%s\n", s.Address, s.Error)
		return
	}
	sessions := "-"
	if s.Sessions >= 0 {
		sessions = fmt.Sprint(s.Sessions)
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\n", s.Address, s.State(),
		figure(t.requests.last()), t.requests.line(at), figure(t.latency.last()),
		t.latency.line(at), s.Connections, s.Outstanding, sessions, s.ZxidText)
}

// Lines are one for each server, without anything that a file or a pipe would not want.
func (h *History) Lines() string {
	var b strings.Builder
	for _, address := range h.order {
		t := h.tracks[address]
		s := &t.now
		fmt.Fprintf(&b, "%s %s ", h.at.UTC().Format(time.RFC3339), address)
		if s.Error != "" {
			fmt.Fprintf(&b, "error: %s\n", s.Error)
			continue
		}
		fmt.Fprintf(&b, "%s zxid=%s connections=%d outstanding=%d requests/s=%s latency_ms=%s "+
			"writes/s=%s\n", s.State(), s.ZxidText, s.Connections, s.Outstanding,
			figure(t.requests.last()), figure(t.latency.last()), figure(h.writes.last()))
	}
	return b.String()
}

// figure is a number in few digits, or a dash.
func figure(value float64) string {
	switch {
	case math.IsNaN(value):
		return "-"
	case value >= 100:
		return fmt.Sprintf("%.0f", value)
	}
	return fmt.Sprintf("%.3g", value)
}
