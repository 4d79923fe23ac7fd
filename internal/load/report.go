package load

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
	"time"
)

// Report is the outcome of a run. Durations are microseconds in its JSON form.
type Report struct {
	Op          Op      `json:"op"`
	Connections int     `json:"connections"`
	Outstanding int     `json:"outstanding"`
	SizeBytes   int     `json:"size_bytes"`
	Seconds     float64 `json:"seconds"`

	// Reads and Writes succeeded inside the window; Failures were answered with an
	// error code, Lost had no answer when their connection broke.
	Reads      uint64 `json:"reads"`
	Writes     uint64 `json:"writes"`
	Failures   uint64 `json:"failures"`
	Lost       uint64 `json:"lost"`
	Reconnects uint64 `json:"reconnects"`

	OpsPerSecond float64 `json:"ops_per_second"`
	P50          float64 `json:"p50_us"`
	P99          float64 `json:"p99_us"`
	P999         float64 `json:"p999_us"`
	P9999        float64 `json:"p9999_us"`
	Max          float64 `json:"max_us"`

	// CPUPerOp is user and system time of all measured processes for one
	// operation, in microseconds; OwnCPUPerOp is that of the load itself.
	CPUPerOp    float64   `json:"cpu_us_per_op,omitempty"`
	OwnCPUPerOp float64   `json:"load_cpu_us_per_op,omitempty"`
	Processes   []Process `json:"processes,omitempty"`

	// Gap is the longest time any connection was without an acknowledged write,
	// GapSurvivors the same among connections whose server stayed alive.
	Gap          float64      `json:"gap_us,omitempty"`
	GapSurvivors float64      `json:"gap_survivors_us,omitempty"`
	Servers      []ServerView `json:"servers,omitempty"`
	LastError    string       `json:"last_error,omitempty"`

	// BytesPerSession is what a session of OpIdle adds to the memory of all measured
	// processes.
	BytesPerSession float64 `json:"bytes_per_session,omitempty"`
	// LastTold is when the last watcher of OpWatchers had been told of a change, the
	// median of Changes.
	LastTold float64 `json:"last_told_us,omitempty"`
	Changes  int     `json:"changes,omitempty"`

	// Began is when the window began, in milliseconds of the epoch.
	Began int64 `json:"began_ms,omitempty"`
	// Timeline is each second of the window; without Options.Timeline there is none.
	Timeline []Second `json:"timeline,omitempty"`
}

// Process is one measured server process.
type Process struct {
	PID        int     `json:"pid"`
	CPUSeconds float64 `json:"cpu_seconds"`
	RSSBytes   int64   `json:"rss_bytes"`
}

// ServerView is what the connections that began on one server saw.
type ServerView struct {
	Address     string `json:"address"`
	Connections int    `json:"connections"`
	// Died tells that it refused connections during the run.
	Died bool `json:"died"`
	// Gap began GapAt after the start of the window.
	Gap   float64 `json:"gap_us"`
	GapAt float64 `json:"gap_at_us"`
	// Silences are the longest times without an acknowledged write of any of the
	// connections, such as Gap, the longest first; none overlaps a longer one.
	Silences []Silence `json:"silences,omitempty"`
}

// Silence is a time without an acknowledged write on a connection: it began At after the start
// of the window. Both are in microseconds.
type Silence struct {
	At     float64 `json:"at_us"`
	Length float64 `json:"length_us"`
}

// End is when it was over, after the start of the window, in microseconds.
func (s Silence) End() float64 { return s.At + s.Length }

// silencesMax is how many silences are kept of a connection, and reported of a server; shorter
// ones than silenceMin are none.
const (
	silencesMax = 16
	silenceMin  = 10 * time.Millisecond
)

func newReport(r *run, workers []*worker, used usage) *Report {
	rep := &Report{
		Op: r.opts.Op, Connections: r.opts.Connections, Outstanding: r.opts.Outstanding,
		SizeBytes: r.opts.SizeBytes, Seconds: time.Duration(r.until - r.from).Seconds(),
		Began: r.base.Add(time.Duration(r.from)).UnixMilli(),
	}
	latency := &Histogram{}
	for _, w := range workers {
		res := &w.result
		latency.Merge(&res.latency)
		rep.Reads += res.reads
		rep.Writes += res.writes
		rep.Failures += res.failures
		rep.Lost += res.lost
		rep.Reconnects += res.reconnects
		if res.lastErr != nil {
			rep.LastError = res.lastErr.Error()
		}
	}
	ops := float64(rep.Reads + rep.Writes)
	rep.OpsPerSecond = ops / rep.Seconds
	rep.P50 = micros(latency.Quantile(0.5))
	rep.P99 = micros(latency.Quantile(0.99))
	rep.P999 = micros(latency.Quantile(0.999))
	rep.P9999 = micros(latency.Quantile(0.9999))
	rep.Max = micros(latency.Max())
	rep.addUsage(used, ops)
	if r.readShare < 1 {
		rep.addGaps(r, workers)
	}
	if r.opts.Timeline {
		rep.addTimeline(r, workers)
	}
	return rep
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func (rep *Report) addUsage(used usage, ops float64) {
	var total time.Duration
	for _, p := range used.servers {
		if p.pid == 0 {
			continue // died during the run
		}
		total += p.cpu
		rep.Processes = append(rep.Processes,
			Process{PID: p.pid, CPUSeconds: p.cpu.Seconds(), RSSBytes: p.rssBytes})
	}
	if ops > 0 {
		rep.CPUPerOp = micros(total) / ops
		rep.OwnCPUPerOp = micros(used.self.cpu) / ops
	}
}

func (rep *Report) addGaps(r *run, workers []*worker) {
	rep.Servers = make([]ServerView, len(r.opts.Servers))
	for i, address := range r.opts.Servers {
		rep.Servers[i] = ServerView{Address: address, Died: r.refused[i].Load()}
	}
	for _, w := range workers {
		w.result.mark(r.until) // silence up to the end counts
		view := &rep.Servers[w.home]
		view.Connections++
		if gap := micros(time.Duration(w.result.gap)); gap > view.Gap {
			view.Gap = gap
			view.GapAt = micros(time.Duration(w.result.gapAt - r.from))
		}
	}
	for i := range rep.Servers {
		rep.Servers[i].Silences = silences(r, workers, i)
	}
	for _, view := range rep.Servers {
		rep.Gap = max(rep.Gap, view.Gap)
		if !view.Died {
			rep.GapSurvivors = max(rep.GapSurvivors, view.Gap)
		}
	}
}

// silences are the longest ones of the connections that began on a server.
func silences(r *run, workers []*worker, server int) (longest []Silence) {
	var all []Silence
	for _, w := range workers {
		if w.home != server {
			continue
		}
		for _, s := range w.result.silences {
			all = append(all, Silence{
				At: micros(time.Duration(s.at - r.from)), Length: micros(time.Duration(s.length))})
		}
	}
	slices.SortFunc(all, func(a, b Silence) int { return cmp.Compare(b.Length, a.Length) })
	for _, s := range all {
		overlaps := func(l Silence) bool { return s.At < l.End() && l.At < s.End() }
		if len(longest) < silencesMax && !slices.ContainsFunc(longest, overlaps) {
			longest = append(longest, s)
		}
	}
	return longest
}

// WriteJSON writes the report as one JSON object.
func (rep *Report) WriteJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(rep)
}

// WriteText writes the report for people.
func (rep *Report) WriteText(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "load\t%s, %d connections, %d outstanding, %d bytes, %g s\n",
		rep.Op, rep.Connections, rep.Outstanding, rep.SizeBytes, rep.Seconds)
	fmt.Fprintf(t, "rate\t%.0f ops/s\t(%d reads, %d writes, "+
		"%d failures, %d lost, %d reconnects)\n",
		rep.OpsPerSecond, rep.Reads, rep.Writes, rep.Failures, rep.Lost, rep.Reconnects)
	fmt.Fprintf(t, "latency\tp50 %s\tp99 %s\tp99.9 %s\tp99.99 %s\tmax %s\n",
		millis(rep.P50), millis(rep.P99), millis(rep.P999), millis(rep.P9999),
		millis(rep.Max))
	fmt.Fprintf(t, "cpu\t%.2f us/op of the servers\t%.2f us/op of the load\n",
		rep.CPUPerOp, rep.OwnCPUPerOp)
	for _, p := range rep.Processes {
		fmt.Fprintf(t, "process\t%d\t%.2f s CPU\t%.1f MiB resident\n",
			p.PID, p.CPUSeconds, float64(p.RSSBytes)/(1<<20))
	}
	if len(rep.Servers) > 0 {
		fmt.Fprintf(t, "gap\t%s without an acknowledged write\t%s among survivors\n",
			millis(rep.Gap), millis(rep.GapSurvivors))
	}
	if rep.BytesPerSession != 0 {
		fmt.Fprintf(t, "memory\t%.0f bytes for each idle session\n", rep.BytesPerSession)
	}
	if rep.Changes > 0 {
		fmt.Fprintf(t, "last told\t%s, the median of %d changes\n",
			millis(rep.LastTold), rep.Changes)
	}
	if rep.LastError != "" {
		fmt.Fprintf(t, "last error\t%s\n", rep.LastError)
	}
	return t.Flush()
}

// WriteGaps writes what the connections of each server saw.
func (rep *Report) WriteGaps(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "SERVER\tCONNECTIONS\tLIVES\tGAP\tAT")
	for _, s := range rep.Servers {
		lives := "yes"
		if s.Died {
			lives = "no"
		}
		fmt.Fprintf(t, "%s\t%d\t%s\t%s\t%s\n",
			s.Address, s.Connections, lives, millis(s.Gap), millis(s.GapAt))
	}
	return t.Flush()
}

func millis(us float64) string { return fmt.Sprintf("%.2f ms", us/1000) }
