package bench

import (
	"testing"
	"time"

	"zoo/internal/load"
	"zoo/test/ensemble"
)

// Every kind of load is understood by a real server, which answers all of it without an
// error, and is as empty afterwards as it was before.
func TestEveryLoadIsAnsweredByAServer(t *testing.T) {
	e := startOne(t)
	count := func() string {
		value, found, err := e.Servers[0].Monitor(t.Context(), "zk_znode_count")
		if err != nil || !found {
			t.Fatalf("znodes: found %v, %v", found, err)
		}
		return value
	}
	before := count()
	for _, op := range []load.Op{load.OpSet, load.OpGet, load.OpMixed, load.OpCreate,
		load.OpExists, load.OpChildren, load.OpWatch, load.OpMulti, load.OpReplace,
		load.OpSessions, load.OpIdle, load.OpWatchers} {
		opts := load.Options{Servers: e.Addresses(), PIDs: e.PIDs(), Op: op, Connections: 20,
			Outstanding: 5, SizeBytes: 100, Reads: 0.5, Duration: 200 * time.Millisecond,
			SessionTimeout: 10 * time.Second}
		if op == load.OpChildren || op == load.OpMulti {
			opts.Znodes = 10
		}
		rep, err := load.Run(t.Context(), opts)
		if err != nil {
			t.Fatalf("%s: %v", op, err)
		}
		if (op != load.OpIdle) != (rep.Reads+rep.Writes > 0) || rep.Reconnects > 0 ||
			rep.Failures+rep.Lost > 0 {
			t.Errorf("%s: %+v", op, rep)
		}
	}
	if after := count(); after != before {
		t.Errorf("%s znodes were there, and %s are", before, after)
	}
}

// startOne runs one server of ours until the test ends.
func startOne(t *testing.T) *ensemble.Ensemble {
	t.Helper()
	dir := t.TempDir()
	built, err := ensemble.Build(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	e, err := ensemble.New(ensemble.Options{Dir: dir, Voters: 1, Program: ensemble.Zoo(built)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := e.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return e
}
