package robust

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"zoo/test/ensemble"
)

// The flags of make robust.
var (
	duration = flag.Duration("robust-duration", 4*time.Second, "time of each scenario")
	seed     = flag.Uint64("robust-seed", 0, "seed of the disturbances; 0 takes another each time")
	program  = flag.String("robust-binary", "", "zoo program to judge; empty builds one")
	keep     = flag.String("robust-keep", "", "where logs and histories are left")
)

// zooBinary is the program of all servers. TestMain sets it.
var zooBinary string

func TestMain(m *testing.M) {
	flag.Parse()
	os.Exit(begin(m))
}

func begin(m *testing.M) int {
	if zooBinary = *program; zooBinary != "" {
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "zoo-robust-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if zooBinary, err = ensemble.Build(context.Background(), dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// Each scenario lets an ensemble suffer for a while. Whatever happens, its clients see
// nothing that ZooKeeper rules out, and when all is mended it serves again.
func TestClientsSeeNothingWrong(t *testing.T) {
	for _, scenario := range Scenarios() {
		t.Run(scenario.Name, func(t *testing.T) {
			opts := Options{Binary: zooBinary, Dir: t.TempDir(), Duration: *duration,
				Scenario: scenario, Seed: *seed, Say: func(line string) { t.Log(line) }}
			if opts.Seed == 0 {
				opts.Seed = uint64(time.Now().UnixNano())
			}
			result, err := Run(t.Context(), opts)
			if err == nil {
				t.Logf("%d operations of %d sessions, %d writes acknowledged, "+
					"%v without any at most", result.Operations, result.Sessions,
					result.Acknowledged, result.LongestGap)
				for _, v := range result.Violations {
					t.Error(v)
				}
			}
			if err != nil {
				t.Error(err)
			}
			if t.Failed() {
				t.Logf("again with -run TestClients/%s -robust-seed %d -robust-duration %v",
					scenario.Name, opts.Seed, opts.Duration)
			}
			leave(t, opts.Dir, result)
		})
	}
}

// leave keeps the logs and the history of a run where the flag says.
func leave(t *testing.T, dir string, result *Result) {
	t.Helper()
	if *keep == "" {
		return
	}
	target := filepath.Join(*keep, filepath.Base(t.Name()))
	if err := os.MkdirAll(target, 0o700); err != nil {
		t.Error(err)
		return
	}
	logs, _ := filepath.Glob(filepath.Join(dir, "server.*", "server.log")) // the pattern is good
	for _, log := range logs {
		text, err := os.ReadFile(log)
		if err == nil {
			name := filepath.Base(filepath.Dir(log)) + ".log"
			err = os.WriteFile(filepath.Join(target, name), text, 0o600)
		}
		if err != nil {
			t.Error(err)
		}
	}
	if result == nil {
		return
	}
	file, err := os.Create(filepath.Join(target, "history.txt"))
	if err != nil {
		t.Error(err)
		return
	}
	defer file.Close()
	if err := WriteHistory(file, result.Streams); err != nil {
		t.Error(err)
	}
	t.Log("logs and history are in", target)
}
