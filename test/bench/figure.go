package bench

import (
	"fmt"
	"slices"
)

// name tells the figures of one round apart.
type name string

// The figures, in the unit that their row of the table says.
const (
	aloneWriteRate name = "alone_write_rate"
	aloneWriteCPU  name = "alone_write_cpu"
	aloneReadRate  name = "alone_read_rate"
	aloneReadCPU   name = "alone_read_cpu"

	writeRate   name = "write_rate"
	writeCPU    name = "write_cpu"
	writeMemory name = "write_memory"
	mixed30Rate name = "mixed30_rate"
	mixed70Rate name = "mixed70_rate"
	readRate    name = "read_rate"
	readCPU     name = "read_cpu"
	singleP50   name = "single_p50"
	singleP99   name = "single_p99"
	singleP999  name = "single_p999"
	thirtyRate  name = "thirty_rate"
	thirtyP99   name = "thirty_p99"

	createRate    name = "create_rate"
	childrenRate  name = "children_rate"
	watchRate     name = "watch_rate"
	multiRate     name = "multi_rate"
	watchersP50   name = "watchers_p50"
	watchersLast  name = "watchers_last"
	sessionRate   name = "session_rate"
	sessionCPU    name = "session_cpu"
	sessionMemory name = "session_memory"
	znodeMemory   name = "znode_memory"
	recoveryTime  name = "recovery"

	aloneStartTime name = "alone_start"
	startTime      name = "start"
	devTime        name = "dev_start"
	killGap        name = "kill_gap"
	killGapOfFive  name = "kill_gap_5"

	snapshotSlowest name = "snapshot_slowest"
	snapshotDelay   name = "snapshot_delay"
	hourP9999       name = "hour_p9999"
	hourPause       name = "hour_pause"

	otherCPUs name = "others"
)

// samples are what the rounds gave for each figure, in their order.
type samples map[name][]float64

func (s samples) add(more samples) {
	for figure, values := range more {
		s[figure] = append(s[figure], values...)
	}
}

// figure is one row of the table.
type figure struct {
	name name
	// title has %s for the load on three servers, %a for that on one, and others of
	// Settings.titles.
	title string
	unit  string
	// digits stand after the decimal point.
	digits int
	// choose makes one value of a side's samples.
	choose func([]float64) float64
	// better is which way the figure should go.
	better direction
	// goal is zero where nothing is asked.
	goal goal
}

// direction is which of two values is the better one.
type direction string

// The directions.
const (
	more direction = "more"
	less direction = "less"
)

// goal is what is asked of zoo: a multiple of Java's value, or a limit in the row's own unit.
type goal struct {
	times, limit float64
}

// reached tells whether a value is at least, or at most, what is asked.
func (d direction) reached(value, asked float64) bool {
	if d == more {
		return value >= asked
	}
	return value <= asked
}

// judge tells whether zoo's value meets the goal; known is false if there is none, or if it
// needs a value of Java's that was not measured.
func (f *figure) judge(java, zoo *float64) (met, known bool) {
	switch {
	case zoo == nil || f.goal == (goal{}):
		return false, false
	case f.goal.limit != 0:
		return f.better.reached(*zoo, f.goal.limit), true
	case java == nil:
		return false, false
	}
	return f.better.reached(*zoo, f.goal.times**java), true
}

// asked is the goal in words.
func (f *figure) asked() string {
	switch {
	case f.goal == (goal{}):
		return ""
	case f.goal.times >= 1:
		return fmt.Sprintf("%g x Java", f.goal.times)
	case f.goal.times > 0:
		return fmt.Sprintf("1/%g of Java", 1/f.goal.times)
	case f.better == more:
		return fmt.Sprintf("at least %g %s", f.goal.limit, f.unit)
	}
	return fmt.Sprintf("at most %g %s", f.goal.limit, f.unit)
}

func timesJava(factor float64) goal { return goal{times: factor} }

func limit(value float64) goal { return goal{limit: value} }

// figures are all rows with what is asked of them. Gaps, starts and the like are judged by
// the worst, since the one time it matters nobody asks for the median.
var figures = []figure{
	{aloneWriteRate, "1 server, setData, %a, rate", "/s", 0, middle, more, timesJava(3)},
	{aloneWriteCPU, "1 server, setData, %a, CPU", "us/op", 2, middle, less, limit(5)},
	{aloneReadRate, "1 server, getData, %a, rate", "/s", 0, middle, more, timesJava(10)},
	{aloneReadCPU, "1 server, getData, %a, CPU", "us/op", 2, middle, less, limit(1)},

	{writeRate, "setData, %s, rate", "/s", 0, middle, more, timesJava(5)},
	{writeCPU, "setData, %s, CPU of all servers", "us/op", 2, middle, less, limit(16)},
	{writeMemory, "setData, %s, memory of all servers", "MiB", 0, middle, less, goal{}},
	{mixed30Rate, "30 % reads, %s, rate", "/s", 0, middle, more, timesJava(6)},
	{mixed70Rate, "70 % reads, %s, rate", "/s", 0, middle, more, timesJava(6)},
	{readRate, "getData, %s, rate", "/s", 0, middle, more, timesJava(10)},
	{readCPU, "getData, %s, CPU of all servers", "us/op", 2, middle, less, goal{}},
	{singleP50, "setData, 1 x 1, p50", "ms", 2, middle, less, limit(0.45)},
	{singleP99, "setData, 1 x 1, p99", "ms", 2, middle, less, limit(0.9)},
	{singleP999, "setData, 1 x 1, p99.9", "ms", 2, middle, less, limit(2)},
	{thirtyRate, "setData, 30 x 1, rate", "/s", 0, middle, more, timesJava(2.5)},
	{thirtyP99, "setData, 30 x 1, p99", "ms", 2, middle, less, timesJava(1. / 3)},

	{createRate, "%c creates of 100 bytes, %s, rate", "/s", 0, middle, more, timesJava(5)},
	{childrenRate, "getChildren of %n names, 30 x 1, rate", "/s", 0, middle, more, timesJava(5)},
	{watchRate, "getData of 100 bytes with a watch, %s, rate", "/s", 0, middle, more,
		timesJava(5)},
	{multiRate, "multi of 10 setData, 60 x 10, rate", "/s", 0, middle, more, timesJava(5)},
	// The load's own part and the kernel's, measured by a program that only writes and reads as
	// many frames (docs/performance.md): 15 to 17 ms of the median, 30 to 34 ms of the last.
	{watchersP50, "%w watchers of one znode, a change: median", "ms", 1, middle, less, limit(20)},
	{watchersLast, "%w watchers of one znode, a change: last told", "ms", 1, middle, less,
		limit(40)},
	{sessionRate, "new sessions, 60 at once, rate", "/s", 0, middle, more, timesJava(5)},
	{sessionCPU, "new sessions, CPU of all servers", "ms/op", 3, middle, less, goal{}},
	{sessionMemory, "1 server, memory of an idle session, of %i", "KB", 1, middle, less, limit(5)},
	{znodeMemory, "1 server, memory of a znode of 100 bytes, of %z", "B", 0, worst, less,
		limit(300)},
	{recoveryTime, "1 server, %z znodes, SIGKILL, until it serves", "s", 2, worst, less,
		limit(0.8)},

	{aloneStartTime, "1 server, cold start to first write", "ms", 0, worst, less, limit(50)},
	{startTime, "3 servers, cold start to first write", "ms", 0, worst, less, limit(150)},
	{devTime, "zoo dev, start to first write", "ms", 0, worst, less, goal{}},
	{killGap, "3 servers, leader killed, no write at a survivor", "ms", 0, worst, less, limit(50)},
	{killGapOfFive, "5 servers, leader killed, no write at a survivor", "ms", 0, worst, less,
		limit(50)},

	{snapshotSlowest, "1 server, snapshots of %z, slowest second of the mean", "%", 0, middle,
		more, limit(85)},
	{snapshotDelay, "1 server, snapshots of %z, added at p99.9", "ms", 1, worst, less, limit(5)},
	{hourP9999, "%h of 30 % writes at half rate, %z znodes, p99.99", "ms", 1, worst, less,
		limit(20)},
	{hourPause, "%h of 30 % writes at half rate, longest pause", "ms", 1, worst, less, limit(50)},

	{otherCPUs, "used by other processes meanwhile", "CPUs", 2, worst, less, goal{}},
}

// middle is the median, the mean of the two middle ones of an even number.
func middle(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func worst(values []float64) float64 { return slices.Max(values) }
