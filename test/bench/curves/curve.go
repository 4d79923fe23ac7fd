package curves

import (
	"context"
	"time"
)

// curve is one cost over what it may depend on.
type curve struct {
	// name is that of its files.
	name, title string
	// across is what the points are, with their unit.
	across string
	// linear axes are for few small numbers; the others are logarithmic.
	linear bool
	panels []panel
	// points are measured by default, wide ones when it is asked for them.
	points, wide []int
	measure      func(context.Context, *spot) (figures, error)
	// method tells how a point is measured, for the page.
	method string
}

// panel is one plot of a curve: columns of its table that share a unit.
type panel struct {
	title   string
	columns []string
}

// figures are what was measured at one point, by column. One that a side cannot give is
// not there.
type figures map[string]float64

// columns are those of all panels, in their order, and that of the noise.
func (c *curve) columns() (names []string) {
	for _, p := range c.panels {
		names = append(names, p.columns...)
	}
	return append(names, otherCPUs)
}

// pointLimit bounds the measurement of one point, widePointLimit that of a wide one.
const (
	pointLimit     = 90 * time.Second
	widePointLimit = 10 * time.Minute
)

// The panels that several curves have.
var (
	ratePanel   = panel{"operations a second", []string{"set_per_s", "get_per_s"}}
	cpuPanel    = panel{"CPU of the server, µs an operation", []string{"set_cpu_us", "get_cpu_us"}}
	memoryPanel = panel{"resident memory, MiB", []string{"rss_mib"}}
)

// curves are all of them, in the order of the page.
var curves = []curve{
	{name: "connections", title: "Connections", across: "connections",
		panels: []panel{ratePanel, cpuPanel, memoryPanel},
		points: []int{1, 10, 100, 1000, 3000, 10_000}, measure: connections,
		method: "One server; each connection has one request in flight; values of 1 KiB."},
	{name: "outstanding", title: "Requests in flight",
		across: "requests in flight on each connection", panels: []panel{ratePanel, cpuPanel},
		points: []int{1, 3, 10, 30, 100, 300, 1000}, measure: outstanding,
		method: "One server; 10 connections; values of 1 KiB."},
	{name: "size", title: "Size of values", across: "bytes of a value",
		panels: []panel{ratePanel, cpuPanel,
			{"MiB of values a second", []string{"set_mib_per_s", "get_mib_per_s"}}},
		points: []int{0, 100, 1000, 10_000, 100_000, 1 << 20}, measure: size,
		method: "One server with jute.maxbuffer of 4 MiB; 10 connections with 10 in flight."},
	{name: "znodes", title: "Znodes", across: "znodes",
		panels: []panel{
			{"CPU of the server, µs an operation",
				[]string{"create_cpu_us", "set_cpu_us", "get_cpu_us"}},
			{"bytes of a znode", []string{"rss_per_znode", "snapshot_per_znode"}},
			{"ms until it serves again", []string{"recovery_log_ms", "recovery_snapshot_ms"}},
			{"ms to write a snapshot", []string{"snapshot_ms"}}},
		points: []int{1000, 10_000, 100_000, 1_000_000}, wide: []int{10_000_000},
		measure: znodes,
		method: "One server; znodes of 100 bytes, a thousand to a directory, created by multis; " +
			"then any of them by chance is written and read; then the server is killed and " +
			"started again, with its log, in which 400,000 writes are besides, or from a " +
			"snapshot."},
	{name: "children", title: "Children of one parent", across: "children",
		panels: []panel{
			{"CPU of the server, µs an operation",
				[]string{"create_cpu_us", "delete_cpu_us", "exists_cpu_us"}},
			{"bytes of a child", []string{"rss_per_child"}},
			{"ms for a page of 10,000 names", []string{"first_page_ms", "page_ms"}}},
		points: []int{1000, 10_000, 100_000, 1_000_000}, wide: []int{5_000_000},
		measure: children,
		method: "One server; empty znodes under one parent, names in no order; the figures are " +
			"of single creates, deletes and looks once all the others are there."},
	{name: "watches", title: "Watches", across: "watches",
		panels: []panel{
			{"CPU of the server, µs", []string{"arm_cpu_us", "event_cpu_us", "set_cpu_us"}},
			{"bytes of a watch", []string{"rss_per_watch"}}},
		points: []int{1000, 10_000, 100_000, 1_000_000}, wide: []int{5_000_000},
		measure: watches,
		method: "One server; getData with a watch, on up to 100,000 znodes, by as many sessions " +
			"as it takes; then znodes that are watched by all of them are written, and one " +
			"that nobody watches."},
	{name: "voters", title: "Voters", across: "voters", linear: true,
		panels: []panel{
			{"operations a second", []string{"set_per_s"}},
			{"CPU, µs an operation", []string{"set_cpu_us", "leader_cpu_us"}},
			{"p50, ms", []string{"set_p50_ms"}}},
		points: []int{1, 3, 5, 7, 9}, measure: voters,
		method: "All voters on this machine; 30 connections to all of them with 20 in flight " +
			"each; values of 1 KiB. The CPU is that of all servers, and the leader's part of it."},
	{name: "observers", title: "Observers", across: "observers", linear: true,
		panels: []panel{
			{"CPU, µs an operation, one by one",
				[]string{"single_leader_us", "single_observer_us"}},
			{"CPU, µs an operation, many at once",
				[]string{"batched_leader_us", "batched_observer_us"}},
			{"p50, ms", []string{"single_p50_ms", "batched_p50_ms"}}},
		points: []int{0, 1, 2, 5, 10, 20}, measure: observers,
		method: "Three voters and observers on this machine; writes of 1 KiB, by 10 connections " +
			"to the leader: 500 a second one by one, and as many as are answered with 40 in " +
			"flight each. The CPU is the leader's, and the mean observer's."},
	{name: "sessions", title: "Sessions that only stand", across: "sessions",
		panels: []panel{
			{"sessions a second", []string{"open_per_s"}},
			{"CPU of the server, µs a session", []string{"open_cpu_us"}},
			{"bytes of a session", []string{"rss_per_session"}}},
		points: []int{1000, 3000, 8000}, wide: []int{15_000}, measure: sessions,
		method: "One server; 16 clients open sessions one after another and leave them open."},
	{name: "distance", title: "Distance between voters", across: "ms from one to another and back",
		linear: true,
		panels: []panel{
			{"p50 of a write, ms", []string{"leader_p50_ms", "follower_p50_ms"}},
			{"operations a second", []string{"set_per_s"}},
			{"ms without a leader", []string{"gap_ms"}}},
		points: []int{0, 10, 20, 40, 80}, wide: []int{160}, measure: distance,
		method: "Three voters whose packets to each other are under way for half the time each " +
			"way; one writer beside the leader, one beside a follower, then 60 connections with " +
			"100 in flight; then the leader is killed."},
	{name: "log", title: "Length of the log", across: "transactions",
		panels: []panel{
			{"ms until it serves again", []string{"recovery_ms"}},
			{"CPU of the recovery, µs a transaction", []string{"recovery_cpu_us"}},
			{"MiB of the log", []string{"log_mib"}}},
		points: []int{1000, 10_000, 100_000, 1_000_000}, wide: []int{5_000_000},
		measure: logLength,
		method: "One server that takes no snapshot; setData of 100 bytes on 1,000 znodes; then " +
			"it is killed and started again."},
}
