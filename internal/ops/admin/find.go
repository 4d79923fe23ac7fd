package admin

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"zoo"
)

// pageLimit is how many things a page has unless a client asks for another number.
const pageLimit = 100

// query is what a client asks for in the query of an address. The first error stays.
type query struct {
	request *http.Request
	err     error
}

func (q *query) limit() int {
	n, err := number(q.request, "limit", pageLimit, 1)
	q.err = cmp.Or(q.err, err)
	return n
}

func (q *query) text(name string) string { return q.request.URL.Query().Get(name) }

// path is one that begins with a slash, or none.
func (q *query) path(name string) string {
	text := q.text(name)
	if text != "" && text[0] != '/' {
		q.err = cmp.Or(q.err, fmt.Errorf("%s=%s: want a path, from / on", name, text))
	}
	return text
}

func (q *query) session(name string) zoo.SessionID {
	id, err := parseSession(q.text(name))
	if err != nil {
		q.err = cmp.Or(q.err, fmt.Errorf("%s: %w", name, err))
	}
	return id
}

// parseSession reads an id as it is shown, 0x for hexadecimal; empty is zero.
func parseSession(text string) (zoo.SessionID, error) {
	if text == "" {
		return 0, nil
	}
	id, err := strconv.ParseUint(text, 0, 64)
	if err != nil {
		return 0, errors.New("want the id of a session, such as 0x10000a1b2c30000")
	}
	return zoo.SessionID(id), nil
}

func showSession(id zoo.SessionID) string { return fmt.Sprintf("0x%x", uint64(id)) }

// cutPage shortens a list that may have one more than a page, and gives what the next page
// comes after: null behind the last one.
func cutPage[T any](list []T, limit int, after func(last T) string) (page []T, next any) {
	if len(list) <= limit {
		return list, nil
	}
	return list[:limit], after(list[limit-1])
}

func millis(d time.Duration) int64 { return d.Milliseconds() }

type watcherLine struct {
	Path    string   `json:"path"`
	Session string   `json:"session"`
	Client  string   `json:"client"`
	Kinds   []string `json:"kinds"`
}

// watchers tells who watches what.
func watchers(s *Server, _ http.ResponseWriter, r *http.Request) (answer, outcome) {
	q := query{request: r}
	limit := q.limit()
	f := WatchFilter{Path: q.path("path"), Below: Subtree(q.path("below")),
		Session: q.session("session")}
	if after := q.text("after"); after != "" {
		id, path, _ := strings.Cut(after, ":")
		session, err := parseSession(id)
		if err != nil || path == "" {
			q.err = cmp.Or(q.err, errors.New("after: want what next_after was"))
		}
		f.After = WatchKey{path, session}
	}
	if q.err != nil {
		return failed(http.StatusBadRequest, q.err.Error()), open
	}
	list, next := cutPage(s.data.Watchers(f, limit+1), limit, func(last Watcher) string {
		return showSession(last.Session) + ":" + last.Path
	})
	lines := []watcherLine{}
	for _, w := range list {
		lines = append(lines, watcherLine{w.Path, showSession(w.Session), w.Client, w.Kinds})
	}
	return answer{}.with("watchers", lines).with("next_after", next), open
}

type ephemeralLine struct {
	Path    string `json:"path"`
	Session string `json:"session"`
}

// ephemeralOwners tells whose the ephemeral znodes are.
func ephemeralOwners(s *Server, _ http.ResponseWriter, r *http.Request) (answer, outcome) {
	q := query{request: r}
	limit := q.limit()
	f := EphemeralFilter{Below: Subtree(q.path("below")), Session: q.session("session"),
		After: q.path("after")}
	if q.err != nil {
		return failed(http.StatusBadRequest, q.err.Error()), open
	}
	list, next := cutPage(s.data.EphemeralOwners(f, limit+1), limit,
		func(last Ephemeral) string { return last.Path })
	lines := []ephemeralLine{}
	for _, e := range list {
		lines = append(lines, ephemeralLine{e.Path, showSession(e.Owner)})
	}
	return answer{}.with("ephemerals", lines).with("next_after", next), open
}

type sessionLine struct {
	Session    string `json:"session"`
	Timeout    int64  `json:"timeout_ms"`
	Local      bool   `json:"local"`
	Ephemerals int    `json:"ephemerals"`
	Client     any    `json:"client"`
	Connected  any    `json:"connected_ms"`
	Silent     any    `json:"silent_ms"`
}

// sessions tells of the sessions, and of their connections here.
func sessions(s *Server, _ http.ResponseWriter, r *http.Request) (answer, outcome) {
	q := query{request: r}
	limit, after := q.limit(), q.session("after")
	if q.err != nil {
		return failed(http.StatusBadRequest, q.err.Error()), open
	}
	list, next := cutPage(s.data.SessionsAfter(after, limit+1), limit,
		func(last Session) string { return showSession(last.ID) })
	lines := []sessionLine{}
	for _, x := range list {
		line := sessionLine{Session: showSession(x.ID), Timeout: millis(x.Timeout),
			Local: x.Local, Ephemerals: x.Ephemerals}
		if x.Client != "" {
			line.Client, line.Connected = x.Client, millis(x.Connected)
			line.Silent = millis(x.Silent)
		}
		lines = append(lines, line)
	}
	return answer{}.with("sessions", lines).with("next_after", next), open
}

type trafficLine struct {
	Client    string  `json:"client"`
	Session   string  `json:"session"`
	Requests  uint64  `json:"requests"`
	Received  uint64  `json:"received_bytes"`
	Sent      uint64  `json:"sent_bytes"`
	Connected int64   `json:"connected_ms"`
	Mean      float64 `json:"mean_latency_ms"`
	Greatest  float64 `json:"max_latency_ms"`
}

// topClients tells who asks the most, or has the most bytes.
func topClients(s *Server, _ http.ResponseWriter, r *http.Request) (answer, outcome) {
	q := query{request: r}
	limit, by := q.limit(), Figure(cmp.Or(q.text("by"), string(ByRequests)))
	switch by {
	case ByRequests, ByReceived, BySent:
	default:
		q.err = cmp.Or(q.err, fmt.Errorf("by: want %s, %s or %s", ByRequests, ByReceived, BySent))
	}
	if q.err != nil {
		return failed(http.StatusBadRequest, q.err.Error()), open
	}
	lines := []trafficLine{}
	for _, t := range s.data.TopClients(by, limit) {
		lines = append(lines, trafficLine{t.Client, showSession(t.Session), t.Requests,
			t.ReceivedBytes, t.SentBytes, millis(t.Connected), t.Mean.Seconds() * 1000,
			t.Greatest.Seconds() * 1000})
	}
	return answer{}.with("clients", lines), open
}

type slowLine struct {
	Op       string  `json:"op"`
	Path     string  `json:"path"`
	Session  string  `json:"session"`
	Client   string  `json:"client"`
	Xid      int32   `json:"xid"`
	Zxid     string  `json:"zxid"`
	Answered int64   `json:"answered_at_ms"`
	Took     float64 `json:"took_ms"`
	// Stages is left out where there are none.
	Stages *stagesLine `json:"stages_ms,omitempty"`
}

type stagesLine struct {
	Propose float64 `json:"propose"`
	Sync    float64 `json:"sync"`
	Quorum  float64 `json:"quorum"`
	Apply   float64 `json:"apply"`
}

func newStagesLine(s *Stages) *stagesLine {
	if s == nil {
		return nil
	}
	return &stagesLine{
		inMillis(s.Propose), inMillis(s.Sync), inMillis(s.Quorum), inMillis(s.Apply)}
}

// inMillis is a time in milliseconds and parts of them.
func inMillis(d time.Duration) float64 { return d.Seconds() * 1000 }

// slowRequests tells which requests have taken the longest of late.
func slowRequests(s *Server, _ http.ResponseWriter, r *http.Request) (answer, outcome) {
	q := query{request: r}
	limit := q.limit()
	if q.err != nil {
		return failed(http.StatusBadRequest, q.err.Error()), open
	}
	lines := []slowLine{}
	for _, x := range s.data.SlowRequests(limit) {
		lines = append(lines, slowLine{x.Op, x.Path, showSession(x.Session), x.Client, x.Xid,
			fmt.Sprintf("0x%x", uint64(x.Zxid)), x.Answered.UnixMilli(), inMillis(x.Took),
			newStagesLine(x.Stages)})
	}
	return answer{}.with("requests", lines), open
}

type learnerLine struct {
	Server int64  `json:"server"`
	Role   string `json:"role"`
	Synced bool   `json:"synced"`
	Acked  any    `json:"acked_zxid"`
	Lag    any    `json:"lag"`
	Silent int64  `json:"silent_ms"`
}

// learners tells who learns from this server, and how far behind each is.
func learners(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	lines := []learnerLine{}
	for _, l := range s.data.Learners() {
		lines = append(lines, lineOf(&l))
	}
	return answer{}.with("learners", lines), open
}

func lineOf(l *Learner) learnerLine {
	line := learnerLine{Server: int64(l.ID), Role: "follower", Synced: l.Synced,
		Silent: millis(l.Silent)}
	if l.Observer {
		line.Role = "observer"
	} else {
		line.Acked, line.Lag = showZxid(l.Acked), l.Lag
	}
	return line
}
