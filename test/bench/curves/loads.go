package curves

import (
	"context"
	"strconv"

	"zoo/internal/load"
	"zoo/test/ensemble"
)

// kilobyte is the size of the values where they are not what is varied.
const kilobyte = 1024

// writeAndRead measures setData and getData on one server.
func (s *spot) writeAndRead(ctx context.Context, connections, outstanding, bytes int,
	options ...string) (figures, error) {
	if err := s.start(ctx, ensemble.Options{Voters: 1}, options...); err != nil {
		return nil, err
	}
	got := figures{}
	for _, op := range []load.Op{load.OpSet, load.OpGet} {
		report, err := s.bench(ctx, s.ensemble.Addresses(), "--op", string(op),
			"--connections", strconv.Itoa(connections),
			"--outstanding", strconv.Itoa(outstanding), "--size", strconv.Itoa(bytes))
		if err != nil {
			return nil, err
		}
		got[string(op)+"_per_s"] = report.OpsPerSecond
		got[string(op)+"_cpu_us"] = report.CPUPerOp
		got[string(op)+"_mib_per_s"] = report.OpsPerSecond * float64(bytes) / (1 << 20)
		got["rss_mib"] = float64(report.Processes[0].RSSBytes) / (1 << 20)
	}
	return got, nil
}

func connections(ctx context.Context, s *spot) (figures, error) {
	return s.writeAndRead(ctx, s.at, 1, kilobyte)
}

func outstanding(ctx context.Context, s *spot) (figures, error) {
	return s.writeAndRead(ctx, 10, s.at, kilobyte)
}

func size(ctx context.Context, s *spot) (figures, error) {
	return s.writeAndRead(ctx, 10, 10, s.at, "-Djute.maxbuffer=4194304")
}
