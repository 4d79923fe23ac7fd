package compat

import (
	"context"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"zoo/test/ensemble"
)

// shared are the properties of both servers.
var shared = []string{
	"-Dzookeeper.extendedTypesEnabled=true", "-Dzookeeper.enforceQuota=true",
	"-Dzookeeper.forceSync=no", "-Dznode.container.checkIntervalMs=1000000000",
	"-Dzookeeper.DigestAuthenticationProvider.superDigest=" + superDigest,
}

// javaOnly spares Java what is not compared: a log full of stack traces, and a
// compiler and collector that are made for longer lives.
var javaOnly = []string{"-Dzoo.log=/dev/null",
	"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"}

// lines are what both zoo.cfg have. Sessions outlive the test: their ends are those
// that the stream asks for. There are no snapshots.
var lines = []string{"minSessionTimeout=600000", "maxSessionTimeout=3600000",
	"snapCount=10000000"}

// startLimit bounds the start of a server, on a machine that is busy.
const startLimit = time.Minute

// begin starts one server.
func begin(t *testing.T, name string) *ensemble.Ensemble {
	t.Helper()
	program := ensemble.Zoo(zooBinary, shared...)
	if name == javaName {
		program = ensemble.Java("512m", append(shared, javaOnly...)...)
	}
	e, err := ensemble.New(ensemble.Options{Dir: t.TempDir(), Voters: 1, Program: program,
		Lines: lines})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		died := e.Servers[0].Ended()
		if err := e.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() && died {
			t.Logf("%s, the end of its log:\n%s", name, e.Servers[0].LastLines(20))
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	if err := e.Start(ctx); err != nil {
		t.Fatal(err)
	}
	return e
}

// zooBinary is what TestMain has built.
var zooBinary string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "zoo-compat-")
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

// begin starts both servers; ZOO_COMPAT_SIDES=java,java or zoo,zoo looks whether
// the harness itself is certain.
func start(t *testing.T, slots int, allow verdict) *duel {
	t.Helper()
	names := []string{javaName, zooName}
	if sides := os.Getenv("ZOO_COMPAT_SIDES"); sides != "" {
		names = strings.Split(sides, ",")
	}
	java := newSide(javaName, begin(t, names[0]).Addresses(), slots)
	zoo := newSide(zooName, begin(t, names[1]).Addresses(), slots)
	t.Cleanup(java.shut)
	t.Cleanup(zoo.shut)
	return newDuel(java, zoo, allow)
}

// leaveOut skips a test whose server is not installed, loudly.
func leaveOut(t *testing.T) {
	t.Helper()
	if err := ensemble.FindJava(); err != nil {
		fmt.Fprintf(os.Stderr, "\n** LEFT OUT: %s: Java ZooKeeper: %v\n\n", t.Name(), err)
		t.Skipf("Java ZooKeeper is missing: %v; install Debian's zookeeper", err)
	}
}
