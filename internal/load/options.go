package load

import (
	"errors"
	"fmt"
	"time"
)

// Op is what the connections do.
type Op string

// The operations.
const (
	OpSet    Op = "set"
	OpGet    Op = "get"
	OpMixed  Op = "mixed"
	OpCreate Op = "create"
	OpExists Op = "exists"

	// OpChildren lists one parent with Znodes children, the same for all connections.
	OpChildren Op = "children"
	// OpWatch is OpGet that leaves a watch.
	OpWatch Op = "watch"
	// OpMulti sets all Znodes of its connection in one request.
	OpMulti Op = "multi"
	// OpSessions has each connection open a session, close it, and open the next; those
	// that were opened count.
	OpSessions Op = "sessions"
	// OpReplace has each connection create a znode, wait for it, delete it without waiting, and
	// create it again, as the workers of the ZooKeeper paper's Table 2 do; creates count.
	OpReplace Op = "replace"
	// OpIdle holds sessions that do nothing, but for a ping now and then.
	OpIdle Op = "idle"
	// OpWatchers has all connections watch one znode, which is changed again and again,
	// each time when all were told; a latency is that from a change to one watcher, and up
	// to 0.2 ms more: on Linux events are read in small groups, and TCP's acknowledgement of
	// them is delayed.
	OpWatchers Op = "watchers"
)

// Options says how much of what is sent where.
type Options struct {
	// Servers are host:port; connections are spread over them in turn.
	Servers []string
	// Connections is how many sessions are held.
	Connections int
	// Outstanding is how many requests each keeps in flight.
	Outstanding int
	// Op selects the operation; Reads is the share of reads of OpMixed.
	Op    Op
	Reads float64
	// Rate is how many requests all connections send in a second, at even distances;
	// 0 is as many as are answered. With a rate a latency counts from the instant at
	// which its request was due, so that a server that stops is seen to.
	Rate float64
	// Znodes, when not 0, is how many each connection has beforehand; OpSet, OpGet, OpWatch,
	// OpMixed and OpExists choose among them by chance. 0 is one.
	Znodes int
	// Count, when not 0, is how many requests are sent by all connections together; the
	// window ends with the last answer, or with Duration. There is no warm-up then.
	Count int
	// Keep leaves the znodes behind: their removal may take as long as the load.
	Keep bool
	// Timeline reports each second by itself.
	Timeline bool
	// SizeBytes is the length of a value.
	SizeBytes int
	// Warmup passes before Duration is measured.
	Warmup, Duration time.Duration
	// SessionTimeout is asked for; silence of two thirds of it ends a connection.
	SessionTimeout time.Duration
	// PIDs are the servers' processes, whose CPU and memory are read from /proc.
	PIDs []int
	// Begun, when not nil, is told the instant at which Duration begins, before Warmup passes;
	// it must not block.
	Begun func(at time.Time)
	// Progress, when not nil, hears one line for each second of the run.
	Progress func(line string)
}

// The bounds of what one run may hold.
const (
	connectionsMax = 100_000
	outstandingMax = 1 << 20
	sizeBytesMax   = 64 << 20
	znodesMax      = 100_000_000
	rateMax        = 1e6
	countMax       = 1_000_000_000
)

func (o Options) validate() error {
	switch {
	case len(o.Servers) == 0:
		return errors.New("no servers")
	case o.Connections < 1 || o.Connections > connectionsMax:
		return fmt.Errorf("%d connections are not in 1 to %d", o.Connections, connectionsMax)
	case o.Outstanding < 1 || o.Outstanding > outstandingMax:
		return fmt.Errorf("%d outstanding are not in 1 to %d", o.Outstanding, outstandingMax)
	case o.Znodes < 0 || o.Znodes > znodesMax:
		return fmt.Errorf("%d znodes are not in 0 to %d", o.Znodes, znodesMax)
	case o.Count < 0 || o.Count > countMax:
		return fmt.Errorf("a count of %d is not in 0 to %d", o.Count, countMax)
	case o.Count > 0 && o.Warmup > 0:
		return errors.New("requests that are counted have no warm-up")
	case o.SizeBytes < 0 || o.SizeBytes > sizeBytesMax:
		return fmt.Errorf("%d bytes are not in 0 to %d", o.SizeBytes, sizeBytesMax)
	case !(o.Rate >= 0 && o.Rate <= rateMax):
		return fmt.Errorf("a rate of %v is not in 0 to %v", o.Rate, rateMax)
	case !(o.Reads >= 0 && o.Reads <= 1):
		return fmt.Errorf("a share of reads of %v is not in 0 to 1", o.Reads)
	case o.Duration <= 0 || o.Warmup < 0 || o.SessionTimeout <= 0:
		return errors.New("duration and session timeout must be above zero")
	}
	return o.validateOp()
}

// validateOp refuses what an operation has no use for.
func (o Options) validateOp() error {
	pumps := true
	switch o.Op {
	case OpSet, OpGet, OpMixed, OpExists, OpWatch:
	case OpCreate:
		if o.Znodes > 0 {
			return errors.New("a load of creates makes its znodes itself")
		}
	case OpChildren, OpMulti:
		if o.Znodes == 0 {
			return fmt.Errorf("%s needs znodes", o.Op)
		}
	case OpReplace, OpSessions, OpIdle, OpWatchers:
		pumps = false
	default:
		return fmt.Errorf("unknown operation %q", o.Op)
	}
	if !pumps && (o.Znodes > 0 || o.Count > 0 || o.Rate > 0 || o.Timeline) {
		return fmt.Errorf("%s has neither znodes, nor a count, a rate or a timeline", o.Op)
	}
	return nil
}

// workers is how many connections are kept busy by themselves: sessions that are only held
// have no worker, whose buffers would be most of the load's memory.
func (o Options) workers() int {
	if o.Op == OpIdle || o.Op == OpWatchers {
		return 1
	}
	return o.Connections
}

// share is the part of Count that a connection sends.
func (o Options) share(index int) int {
	if o.Count == 0 {
		return 0
	}
	share := o.Count / o.Connections
	if index < o.Count%o.Connections {
		share++
	}
	return share
}

// readShare is which part of the requests are reads.
func (o Options) readShare() float64 {
	switch o.Op {
	case OpGet, OpExists, OpChildren, OpWatch, OpIdle, OpWatchers:
		return 1
	case OpMixed:
		return o.Reads
	}
	return 0
}
