package curves

import (
	"context"
	"errors"
	"strconv"
	"time"

	"zoo/internal/jute"
	"zoo/internal/load"
	"zoo/internal/wire"
	"zoo/test/ensemble"
)

// millisOf turns microseconds of a report into what the tables have.
func millisOf(micros float64) float64 { return micros / 1000 }

// share is the CPU of one process for each operation of a report, in microseconds.
func share(report *load.Report, pid int) float64 {
	for _, p := range report.Processes {
		if p.PID == pid {
			return p.CPUSeconds * 1e6 / (report.OpsPerSecond * report.Seconds)
		}
	}
	return 0
}

func voters(ctx context.Context, s *spot) (figures, error) {
	if err := s.start(ctx, ensemble.Options{Voters: s.at}); err != nil {
		return nil, err
	}
	report, err := s.bench(ctx, s.ensemble.Addresses(), "--connections", "30",
		"--outstanding", "20", "--size", strconv.Itoa(kilobyte))
	if err != nil {
		return nil, err
	}
	got := figures{"set_per_s": report.OpsPerSecond, "set_cpu_us": report.CPUPerOp,
		"set_p50_ms": millisOf(report.P50)}
	leads := s.server()
	if s.at > 1 {
		if leads, err = s.ensemble.Leader(ctx); err != nil {
			return nil, err
		}
	}
	got["leader_cpu_us"] = share(report, leads.PID())
	return got, nil
}

// observed is the rate of the writes that come one by one, in one second.
const observed = 500

func observers(ctx context.Context, s *spot) (figures, error) {
	if err := s.start(ctx, ensemble.Options{Voters: 3, Observers: s.at}); err != nil {
		return nil, err
	}
	leader, err := s.ensemble.Leader(ctx)
	if err != nil {
		return nil, err
	}
	got := figures{}
	for _, way := range []struct {
		name, rate string
	}{{"single", strconv.Itoa(observed)}, {"batched", "0"}} {
		report, err := s.bench(ctx, []string{leader.Address()}, "--connections", "10",
			"--outstanding", "40", "--rate", way.rate, "--size", strconv.Itoa(kilobyte))
		if err != nil {
			return nil, err
		}
		got[way.name+"_leader_us"] = share(report, leader.PID())
		if s.at > 0 {
			got[way.name+"_observer_us"] = s.observing(report) / float64(s.at)
		}
		got[way.name+"_p50_ms"] = millisOf(report.P50)
	}
	return got, nil
}

// observing is the CPU of all observers for one operation.
func (s *spot) observing(report *load.Report) (sum float64) {
	for _, server := range s.ensemble.Servers {
		if server.Observer {
			sum += share(report, server.PID())
		}
	}
	return sum
}

// distance measures three voters that lie apart, each write by somebody beside the leader,
// and by somebody beside a follower; then the leader is killed under the eyes of the others.
func distance(ctx context.Context, s *spot) (figures, error) {
	away, end := context.WithCancel(ctx)
	f := &far{ctx: away, delay: time.Duration(s.at) * time.Millisecond / 2}
	defer f.running.Wait()
	defer end()
	err := s.start(ctx, ensemble.Options{Voters: 3, Route: func(from, to, port int) (int, error) {
		return f.route(port)
	}})
	if err != nil {
		return nil, err
	}
	leader, err := s.ensemble.Leader(ctx)
	if err != nil {
		return nil, err
	}
	followers := s.ensemble.WithMode(ctx, "follower")
	if len(followers) == 0 {
		return nil, errors.New("nobody follows")
	}
	got := figures{}
	for _, place := range []struct {
		column string
		server *ensemble.Server
	}{{"leader_p50_ms", leader}, {"follower_p50_ms", followers[0]}} {
		report, err := s.bench(ctx, []string{place.server.Address()}, "--connections", "1",
			"--outstanding", "1", "--size", strconv.Itoa(kilobyte))
		if err != nil {
			return nil, err
		}
		got[place.column] = millisOf(report.P50)
	}
	full, err := s.bench(ctx, s.ensemble.Addresses(), "--connections", "60",
		"--outstanding", "100", "--size", strconv.Itoa(kilobyte))
	if err != nil {
		return nil, err
	}
	got["set_per_s"], got["set_cpu_us"] = full.OpsPerSecond, full.CPUPerOp
	return got, s.bereave(ctx, got, leader, followers[0])
}

// bereave kills the leader and measures until a follower's client has a write again.
func (s *spot) bereave(ctx context.Context, got figures, leader, other *ensemble.Server) error {
	if err := leader.Kill(); err != nil {
		return err
	}
	begun := time.Now()
	err := load.FirstWrite(ctx, other.Address())
	got["gap_ms"] = millis(time.Since(begun))
	return err
}

// sessions are opened by a crowd and then only stand.
func sessions(ctx context.Context, s *spot) (figures, error) {
	g, err := s.plant(ctx, []string{"/unwatched"}, ensemble.Options{})
	if err != nil {
		return nil, err
	}
	if err := g.warm("/unwatched"); err != nil {
		return nil, err
	}
	m, err := g.meter()
	if err != nil {
		return nil, err
	}
	pieces := make([]crowd, sessionsAtOnce)
	err = g.each(func(_ *session, i int) (err error) {
		share := s.at*(i+1)/len(g.crowd) - s.at*i/len(g.crowd)
		pieces[i], err = dialMany(ctx, s.server().Address(), share)
		return err
	})
	if err != nil {
		return nil, err
	}
	got := figures{"open_per_s": float64(s.at) / time.Since(m.begun).Seconds()}
	if err := m.into(got, "open_cpu_us", s.at); err != nil {
		return nil, err
	}
	return got, g.grown(got, "rss_per_session", s.at)
}

// sessionsAtOnce are being opened: one by each of the crowd.
const sessionsAtOnce = crowdSize

// logged znodes are written, again and again.
const logged = 1000

func logLength(ctx context.Context, s *spot) (figures, error) {
	g, err := s.plant(ctx, []string{"/watched"}, ensemble.Options{Lines: []string{
		"snapCount=2000000000", "snapSizeLimitInKb=0"}})
	if err != nil {
		return nil, err
	}
	if err := g.fill(0, logged, watchedPath, nil); err != nil {
		return nil, err
	}
	if err := g.ask(s.at, 4*crowdDepth, func(i int) (wire.Op, jute.Record) {
		return setOf(watchedPath(i % logged))
	}); err != nil {
		return nil, err
	}
	bytes, err := s.stored("log.")
	if err != nil {
		return nil, err
	}
	took, err := s.reborn(ctx)
	if err != nil {
		return nil, err
	}
	got := figures{"recovery_ms": millis(took), "log_mib": bytes / (1 << 20)}
	life := &meter{pid: s.server().PID()}
	return got, life.into(got, "recovery_cpu_us", s.at)
}
