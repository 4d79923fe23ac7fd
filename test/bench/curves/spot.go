package curves

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"zoo/internal/load"
	"zoo/test/bench/cpu"
	"zoo/test/ensemble"
)

// The sides.
const (
	sideZoo  = "zoo"
	sideJava = "java"
)

// spot is one point of a curve on one side. One goroutine owns it.
type spot struct {
	// at is the point: how many of what the curve is about.
	at   int
	side string
	// binary is the zoo program: server and load. Dir is on a real disk.
	binary, dir string
	// duration is what each load is measured for.
	duration time.Duration
	ensemble *ensemble.Ensemble
}

// javaHeap is the -Xmx of Java's servers.
const javaHeap = "2g"

func (s *spot) program(options []string) ensemble.Program {
	if s.side == sideJava {
		return ensemble.Java(javaHeap, options...)
	}
	return ensemble.Zoo(s.binary, options...)
}

// start runs an ensemble. Options are those of the command line, such as -Dname=value.
func (s *spot) start(ctx context.Context, opts ensemble.Options, options ...string) error {
	opts.Dir, opts.Program = s.dir, s.program(options)
	opts.Lines = append(opts.Lines, "maxSessionTimeout=600000")
	var err error
	if s.ensemble, err = ensemble.New(opts); err != nil {
		return err
	}
	if err := s.ensemble.Start(ctx); err != nil {
		return err
	}
	return load.FirstWrite(ctx, s.server().Address())
}

// server is the first one, or the only one.
func (s *spot) server() *ensemble.Server { return s.ensemble.Servers[0] }

// close ends the ensemble and removes what it has left.
func (s *spot) close() error {
	if s.ensemble == nil {
		return os.RemoveAll(s.dir)
	}
	return errors.Join(s.ensemble.Close(), os.RemoveAll(s.dir))
}

// warmup passes before a load is measured.
const warmup = time.Second

// bench runs zoo bench as a process of its own, so that its CPU time is not the servers'.
func (s *spot) bench(ctx context.Context, servers []string, opts ...string) (*load.Report, error) {
	var pids []string
	for _, pid := range s.ensemble.PIDs() {
		pids = append(pids, strconv.Itoa(pid))
	}
	args := append([]string{"bench", "--json", "--servers", strings.Join(servers, ","),
		"--pids", strings.Join(pids, ","), "--warmup", warmup.String(),
		"--duration", s.duration.String()}, opts...)
	cmd := exec.CommandContext(ctx, s.binary, args...)
	// A collection of the load's garbage would count as the server's delay.
	cmd.Env = append(os.Environ(), "GOGC=off", "GOMEMLIMIT=4GiB")
	var out, complaints bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &complaints
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("zoo bench: %w\n%s", err, complaints.String())
	}
	report := &load.Report{}
	if err := json.Unmarshal(out.Bytes(), report); err != nil {
		return nil, err
	}
	if report.OpsPerSecond == 0 || report.Failures > 0 {
		return nil, fmt.Errorf("no good load: %d failed, %s", report.Failures, report.LastError)
	}
	return report, nil
}

// meter measures what the server works between two instants.
type meter struct {
	pid    int
	begun  time.Time
	before time.Duration
}

func (s *spot) meter() (*meter, error) {
	m := &meter{pid: s.server().PID()}
	var err error
	m.before, err = cpu.Of(m.pid)
	m.begun = time.Now()
	return m, err
}

// ticksMin is how much work has to have been seen: less says nothing.
const ticksMin = 10 * cpu.Tick

// into puts the CPU time of one of n since then into a column, in microseconds, if it was
// enough to be told.
func (m *meter) into(got figures, column string, n int) error {
	now, err := cpu.Of(m.pid)
	if used := now - m.before; used >= ticksMin {
		got[column] = micros(used) / float64(n)
	}
	return err
}

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// resident is the server's memory that is resident.
func (s *spot) resident() (float64, error) {
	bytes, err := load.ResidentBytes(s.server().PID())
	return float64(bytes), err
}

// reborn kills the server and starts it again, and tells how long it took until a write
// was acknowledged.
func (s *spot) reborn(ctx context.Context) (time.Duration, error) {
	if err := s.server().Kill(); err != nil {
		return 0, err
	}
	begun := time.Now()
	if err := s.server().Start(); err != nil {
		return 0, err
	}
	if err := load.FirstWrite(ctx, s.server().Address()); err != nil {
		return 0, fmt.Errorf("%w\n%s", err, s.server().LastLines(20))
	}
	return time.Since(begun), nil
}

// stored is the size of the files of the data directory whose names begin so.
func (s *spot) stored(prefix string) (sum float64, err error) {
	names, err := filepath.Glob(filepath.Join(s.server().Home(), "data", "version-2", prefix+"*"))
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil {
			return 0, err
		}
		sum += float64(info.Size())
	}
	return sum, err
}
