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
	// Znodes, when not 0, is how many each connection has beforehand; OpSet, OpGet,
	// OpMixed and OpExists choose among them by chance. 0 is one.
	Znodes int
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
	case o.Znodes > 0 && o.Op == OpCreate:
		return errors.New("a load of creates makes its znodes itself")
	case o.SizeBytes < 0 || o.SizeBytes > sizeBytesMax:
		return fmt.Errorf("%d bytes are not in 0 to %d", o.SizeBytes, sizeBytesMax)
	case !(o.Rate >= 0 && o.Rate <= rateMax):
		return fmt.Errorf("a rate of %v is not in 0 to %v", o.Rate, rateMax)
	case !(o.Reads >= 0 && o.Reads <= 1):
		return fmt.Errorf("a share of reads of %v is not in 0 to 1", o.Reads)
	case o.Duration <= 0 || o.Warmup < 0 || o.SessionTimeout <= 0:
		return errors.New("duration and session timeout must be above zero")
	}
	switch o.Op {
	case OpSet, OpGet, OpMixed, OpCreate, OpExists:
		return nil
	}
	return fmt.Errorf("unknown operation %q", o.Op)
}

// readShare is which part of the requests are reads.
func (o Options) readShare() float64 {
	switch o.Op {
	case OpGet, OpExists:
		return 1
	case OpMixed:
		return o.Reads
	}
	return 0
}
