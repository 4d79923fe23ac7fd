package paper

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Options says what is measured where.
type Options struct {
	// Servers are host:port of all servers of the ensemble; clients are spread over them.
	Servers []string
	// Side is what the servers are called in the results; it may be empty.
	Side        string
	Experiments []Experiment
	// Shares of reads of Figure 5, in percent.
	Shares []int
	// Workers are the numbers of workers of Table 2.
	Workers []int
	// Connections and Outstanding are those of all but Table 2.
	Connections, Outstanding int
	// SizeBytes is the length of a value.
	SizeBytes int
	// Each point is measured for Duration after Warmup.
	Warmup, Duration time.Duration
	// Step lies between two events of Figure 8; there are twelve steps.
	Step           time.Duration
	SessionTimeout time.Duration
	// Fail ends a server, by its place among Servers, and Heal starts it again and returns when
	// it has been started. They are called one after another. When they are nil an operator
	// does it, and is told by Say.
	Fail, Heal func(ctx context.Context, server int) error
	// Roles tells what each of the servers says that it is: leader, follower or something else.
	Roles func(ctx context.Context, servers []string) []string
	// Say hears what goes on, a line at a time; nil is nobody. It may be called by two at once.
	Say func(line string)
}

// The bounds of what the experiments do.
const (
	durationMax = time.Hour
	workersMax  = 10_000
)

// Validate tells what makes no sense, before anything is sent.
func (o *Options) Validate() error {
	switch {
	case len(o.Servers) == 0:
		return errors.New("no servers")
	case len(o.Experiments) == 0:
		return errors.New("no experiments")
	case o.Duration <= 0 || o.Duration > durationMax || o.Warmup < 0 || o.Warmup > durationMax:
		return fmt.Errorf("a point takes more than 0 s and at most %v", durationMax)
	}
	for _, e := range o.Experiments {
		if !slices.Contains(Experiments, e) {
			return fmt.Errorf("%q is none of %s", e, names())
		}
	}
	for _, share := range o.Shares {
		if share < 0 || share > 100 {
			return fmt.Errorf("a share of reads of %d %% is not in 0 to 100", share)
		}
	}
	for _, n := range o.Workers {
		if n < 1 || n > workersMax {
			return fmt.Errorf("%d workers are not in 1 to %d", n, workersMax)
		}
	}
	return o.validateFailures()
}

func (o *Options) validateFailures() error {
	if (o.Fail == nil) != (o.Heal == nil) {
		return errors.New("what fails has to be healed: both or neither")
	}
	if !slices.Contains(o.Experiments, Figure8) {
		return nil
	}
	if len(o.Servers) < lossServersMin {
		return fmt.Errorf("%s takes servers away: an ensemble needs %d or more of them", Figure8,
			lossServersMin)
	}
	if o.Step < time.Second || o.Step > durationMax {
		return fmt.Errorf("a step of %v is not in 1s to %v", o.Step, durationMax)
	}
	return nil
}

func names() string {
	var texts []string
	for _, e := range Experiments {
		texts = append(texts, string(e))
	}
	return strings.Join(texts, ", ")
}

func (o *Options) ensemble() Ensemble { return Ensemble{o.Side, len(o.Servers)} }

func (o *Options) say(format string, args ...any) {
	if o.Say != nil {
		o.Say(fmt.Sprintf(format, args...))
	}
}
