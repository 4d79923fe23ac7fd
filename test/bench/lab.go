package bench

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
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
	// JavaHeap is the -Xmx of Java's servers.
	JavaHeap string
	// Sides are measured; empty means all.
	Sides []string
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
}

// Measure runs all rounds and returns what they gave.
func Measure(ctx context.Context, settings Settings) (*Result, error) {
	if len(settings.Sides) == 0 {
		settings.Sides = []string{sideJava, sideZoo, sideBare}
	}
	disk, err := probeDisk(settings.Dir)
	if err != nil {
		return nil, err
	}
	settings.Say(disk.String())
	l := &lab{Settings: settings, samples: map[string]samples{}}
	for _, side := range l.Sides {
		l.samples[side] = samples{}
	}
	for round := range l.Rounds {
		for i := range l.Sides {
			side := l.Sides[(i+round)%len(l.Sides)]
			if err := l.round(ctx, side); err != nil {
				return nil, fmt.Errorf("round %d of %s: %w", round+1, side, err)
			}
		}
	}
	return &Result{Settings: settings, Disk: disk, Samples: l.samples}, nil
}

// program is how a side's server is run.
func (l *lab) program(side string) (ensemble.Program, error) {
	switch side {
	case sideJava:
		return ensemble.Java(l.JavaHeap), ensemble.FindJava()
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

// round measures everything once on one side.
func (l *lab) round(ctx context.Context, side string) error {
	if err := l.play(ctx, side, 1, (*bout).aloneSteps); err != nil {
		return err
	}
	return l.play(ctx, side, 3, (*bout).steps)
}

// play takes the steps with a new ensemble. Its directory stays when one fails.
func (l *lab) play(ctx context.Context, side string, voters int, steps func(*bout) []step,
) (err error) {
	program, err := l.program(side)
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
	e, err := ensemble.New(ensemble.Options{Dir: dir, Voters: voters, Program: program})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	b := &bout{lab: l, side: side, ensemble: e}
	for _, step := range steps(b) {
		got, err := step(ctx)
		if err != nil {
			return err
		}
		l.samples[side].add(got)
	}
	return nil
}
