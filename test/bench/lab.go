package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"zoo/test/ensemble"
)

// Settings says how long and how hard to measure.
type Settings struct {
	// Binary is the zoo program: server, ensemble and load generator.
	Binary string
	// Bare is the program of test/bench/floor. It is needed only if that side is measured.
	Bare string
	// Dir holds the data of all sides; it must lie on a real disk.
	Dir string
	// Rounds are measured in turns: each begins with another side.
	Rounds int
	// Warmup passes before each Duration.
	Warmup, Duration time.Duration
	// Connections and Outstanding are those of the saturating loads on three servers,
	// AloneConnections those on one, each with as many outstanding.
	Connections, AloneConnections, Outstanding int
	// Kills of the leader in each round, under a load of its own.
	Kills                            int
	KillConnections, KillOutstanding int
	// Creates are those of the load that only creates, Names the children that are listed,
	// Watchers those of one znode, Idle the sessions that do nothing, as many as the
	// descriptors of a process allow.
	Creates, Names, Watchers, Idle int
	// Znodes are those of a large tree, whose server is killed Recoveries times.
	Znodes, Recoveries int
	// Live is the load beside snapshots, without its programs.
	Live Live
	// Hour is how long the long load takes.
	Hour time.Duration
	// JavaHeap is the -Xmx of Java's servers.
	JavaHeap string
	// Sides are measured; empty means all.
	Sides []string
	// Rows are measured; nil means all.
	Rows *regexp.Regexp
	// Say hears one line about what happens.
	Say func(line string)
}

// The sides. The bare one shows what any server must take.
const (
	sideJava = "java"
	sideZoo  = "zoo"
	sideBare = "bare"
)

// lab measures. One goroutine owns it.
type lab struct {
	Settings
	samples map[string]samples
	runs    int
	// versions are what the servers of each side call themselves.
	versions map[string]string
}

// Measure runs all rounds and returns what they gave. What fails is told by the error, and
// is missing in the result; the rest is measured all the same.
func Measure(ctx context.Context, settings Settings, plays []play) (*Result, error) {
	if len(settings.Sides) == 0 {
		settings.Sides = []string{sideJava, sideZoo, sideBare}
	}
	disk, err := probeDisk(settings.Dir)
	if err != nil {
		return nil, err
	}
	settings.Say(disk.String())
	settings.Idle = settings.heldMax(settings.Idle)
	settings.Watchers = settings.heldMax(settings.Watchers)
	l := newLab(settings)
	var errs []error
	for round := range l.Rounds {
		for i := range l.Sides {
			side := l.Sides[(i+round)%len(l.Sides)]
			for _, p := range plays {
				if err := l.play(ctx, side, p, round); err != nil {
					err = fmt.Errorf("round %d of %s: %w", round+1, side, err)
					l.Say("** FAILED: " + err.Error())
					errs = append(errs, err)
				}
			}
		}
	}
	return &Result{Settings: settings, Disk: disk, Samples: l.samples, Versions: l.versions},
		errors.Join(errs...)
}

func newLab(settings Settings) *lab {
	l := &lab{Settings: settings, samples: map[string]samples{}, versions: map[string]string{}}
	for _, side := range l.Sides {
		l.samples[side] = samples{}
	}
	return l
}

// descriptorsSpare are left for what is not a session.
const descriptorsSpare = 500

// heldMax is how many sessions one server and the load can hold, of those that are wished.
func (s *Settings) heldMax(wished int) int {
	most, known := descriptorsMax()
	if !known || wished <= most-descriptorsSpare {
		return wished
	}
	s.Say(fmt.Sprintf("** ONLY %d sessions instead of %d: a process may have %d descriptors",
		most-descriptorsSpare, wished, most))
	return most - descriptorsSpare
}

// wants tells whether a figure is to be measured.
func (l *lab) wants(figure name) bool {
	return l.Rows == nil || l.Rows.MatchString(string(figure))
}

// take keeps what was measured of the figures that are wanted: a start gives more.
func (l *lab) take(side string, got samples) {
	for figure, values := range got {
		if figure == otherCPUs || l.wants(figure) {
			l.samples[side].add(samples{figure: values})
		}
	}
}

// program is how a side's server is run.
func (l *lab) program(side, heap string) (ensemble.Program, error) {
	switch side {
	case sideJava:
		return ensemble.Java(cmp.Or(heap, l.JavaHeap)), ensemble.FindJava()
	case sideZoo:
		return ensemble.Zoo(l.Binary), nil
	case sideBare:
		return bare(l.Bare), nil
	}
	return nil, fmt.Errorf("unknown side %q", side)
}

// freshDir is a directory that no run before has had.
func (l *lab) freshDir(side string) (string, error) {
	l.runs++
	dir := filepath.Join(l.Dir, fmt.Sprintf("%s-%d", side, l.runs))
	return dir, os.MkdirAll(dir, 0o700)
}

// startLimit bounds the start of an ensemble, restartLimit that of one server.
const (
	startLimit   = 60 * time.Second
	restartLimit = 60 * time.Second
)

// play takes the steps with a new ensemble. Its directory stays when one fails.
func (l *lab) play(ctx context.Context, side string, p play, round int) (err error) {
	steps := p.wanted(l, side, round)
	if len(steps) == 0 {
		return nil
	}
	program, err := l.program(side, p.javaHeap)
	if err != nil {
		return err
	}
	dir, err := l.freshDir(side)
	if err != nil {
		return err
	}
	defer func() {
		if err == nil {
			err = os.RemoveAll(dir)
		}
	}()
	e, err := ensemble.New(ensemble.Options{Dir: dir, Voters: p.voters, Program: program})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	b := &bout{lab: l, side: side, ensemble: e}
	for _, step := range steps {
		got, err := step.take(b, ctx)
		if err != nil {
			return err
		}
		l.take(side, got)
	}
	return nil
}
