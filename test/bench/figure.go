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
	readRate    name = "read_rate"
	readCPU     name = "read_cpu"
	singleP50   name = "single_p50"
	singleP99   name = "single_p99"
	singleP999  name = "single_p999"
	killGap     name = "kill_gap"
	startTime   name = "start"
	otherCPUs   name = "others"
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
	// title has %s for the load on three servers and %a for that on one.
	title string
	unit  string
	// digits stand after the decimal point.
	digits int
	// choose makes one value of a side's samples.
	choose func([]float64) float64
	// floor is nil where nothing is asked.
	floor floor
}

// floor judges the chosen values. It returns what it asks, in words.
type floor func(java, zoo float64) (met bool, asked string)

// figures are the floors of the first release. Gaps and starts are judged by the
// worst, since the one time it matters nobody asks for the median.
var figures = []figure{
	{aloneWriteRate, "1 server, setData, %a, rate", "/s", 0, middle, nil},
	{aloneWriteCPU, "1 server, setData, %a, CPU", "us/op", 2, middle, nil},
	{aloneReadRate, "1 server, getData, %a, rate", "/s", 0, middle, nil},
	{aloneReadCPU, "1 server, getData, %a, CPU", "us/op", 2, middle, nil},
	{writeRate, "setData, %s, rate", "/s", 0, middle, timesAtLeast(2)},
	{writeCPU, "setData, %s, CPU of all servers", "us/op", 2, middle, timesAtMost(0.5)},
	{writeMemory, "setData, %s, memory of all servers", "MiB", 0, middle, nil},
	{readRate, "getData, %s, rate", "/s", 0, middle, timesAtLeast(4)},
	{readCPU, "getData, %s, CPU of all servers", "us/op", 2, middle, nil},
	{singleP50, "setData, 1 x 1, p50", "ms", 2, middle, timesAtMost(1)},
	{singleP99, "setData, 1 x 1, p99", "ms", 2, middle, timesAtMost(0.5)},
	{singleP999, "setData, 1 x 1, p99.9", "ms", 2, middle, nil},
	{killGap, "leader killed, no write at a survivor", "ms", 0, worst, atMost(100, "ms")},
	{startTime, "start to first write", "ms", 0, worst, atMost(1000, "ms")},
	{otherCPUs, "used by other processes meanwhile", "CPUs", 2, worst, nil},
}

func timesAtLeast(factor float64) floor {
	return func(java, zoo float64) (bool, string) {
		return zoo >= factor*java, fmt.Sprintf(">= %g x Java", factor)
	}
}

func timesAtMost(factor float64) floor {
	return func(java, zoo float64) (bool, string) {
		return zoo <= factor*java, fmt.Sprintf("<= %g x Java", factor)
	}
}

func atMost(limit float64, unit string) floor {
	return func(_, zoo float64) (bool, string) {
		return zoo <= limit, fmt.Sprintf("<= %g %s", limit, unit)
	}
}

// middle is the median, the mean of the two middle ones of an even number.
func middle(values []float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	n := len(sorted)
	return (sorted[(n-1)/2] + sorted[n/2]) / 2
}

func worst(values []float64) float64 { return slices.Max(values) }
