package compat

import (
	"context"
	"fmt"
	"os"
	"slices"
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

// javaOnly spares Java a compiler and collector that are made for longer lives.
var javaOnly = []string{"-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC"}

// lines are what both zoo.cfg have. Sessions outlive the test: their ends are those
// that the stream asks for. There are no snapshots.
var lines = []string{"minSessionTimeout=600000", "maxSessionTimeout=3600000",
	"snapCount=10000000"}

// startLimit bounds the start of a server, on a machine that is busy.
const startLimit = time.Minute

// arena is the servers that a stream goes to, of either kind.
type arena struct {
	name              string
	voters, observers int
	// roles are those of the servers that slots connect to, in turn.
	roles []string
	// properties and lines are added to those of every arena.
	properties, lines []string
	// frameMax is the limit of frames where it is not the usual one.
	frameMax int
}

// alone is one server.
var alone = arena{name: "alone", voters: 1, roles: []string{"standalone"}}

// arenas are all of them. A frame of the smallest one is still longer than the
// requests of the other streams.
var arenas = []arena{
	alone,
	{name: "ensemble", voters: 3, observers: 1,
		roles: []string{"leader", "follower", "observer", "follower"}},
	{name: "local", voters: 2, roles: []string{"follower", "follower"}, lines: []string{
		"localSessionsEnabled=true", "localSessionsUpgradingEnabled=true"}},
	{name: "frames", voters: 1, roles: []string{"standalone"}, frameMax: 4000,
		properties: []string{"-Djute.maxbuffer=4000"}},
}

// begin starts the servers of one kind, and makes the side whose slots connect to them.
func (a *arena) begin(t *testing.T, as, name string, slots int) *side {
	t.Helper()
	properties := slices.Concat(shared, a.properties)
	program := ensemble.Zoo(zooBinary, properties...)
	if name == javaName {
		program = ensemble.Java("384m", append(properties, javaOnly...)...)
	}
	e, err := ensemble.New(ensemble.Options{Dir: t.TempDir(), Voters: a.voters,
		Observers: a.observers, Program: program, Lines: slices.Concat(lines, a.lines)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), startLimit)
	defer cancel()
	if err := e.Start(ctx); err != nil {
		t.Fatal(err)
	}
	var addresses []string
	for i, role := range a.roles {
		all := e.WithMode(ctx, role)
		if len(all) == 0 {
			t.Fatalf("%s: no server is a %s", name, role)
		}
		addresses = append(addresses, all[i%len(all)].Address())
	}
	s := newSide(as, addresses, slots)
	s.servers = e.Servers
	if name == javaName {
		s.areJavas()
	}
	t.Cleanup(s.shut)
	return s
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

// start starts both kinds of servers; ZOO_COMPAT_SIDES=java,java or zoo,zoo looks whether
// the harness itself is certain.
func (a *arena) start(t *testing.T, slots int, allow verdict) *duel {
	t.Helper()
	names := []string{javaName, zooName}
	if sides := os.Getenv("ZOO_COMPAT_SIDES"); sides != "" {
		names = strings.Split(sides, ",")
	}
	return newDuel(a.begin(t, javaName, names[0], slots), a.begin(t, zooName, names[1], slots),
		allow)
}

// leaveOut skips a test whose server is not installed, loudly.
func leaveOut(t *testing.T) {
	t.Helper()
	ensemble.LeaveOut(t, "Java ZooKeeper", ensemble.FindJava())
}
