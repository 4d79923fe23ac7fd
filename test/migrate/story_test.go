package migrate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"zoo"
	"zoo/client"
	"zoo/test/ensemble"
)

const (
	// patience bounds the test, once the binary is built.
	patience = 4 * time.Minute
	// tick is short, so that what waits for ticks does not take long.
	tick = 500 * time.Millisecond
	// sessionTimeout outlives the start of a JVM on a busy machine.
	sessionTimeout = 20 * time.Second
	// stopPatience is what a server gets to end by itself.
	stopPatience = 10 * time.Second
)

// operator is who replaces servers, and what is written down of it.
type operator struct {
	*testing.T
	*ensemble.Ensemble
	ctx         context.Context
	binary, dir string
	typed       strings.Builder
}

// act is what the plan says about a step.
type act struct {
	Step                int
	Server, Role, To    string
	Stop, Start, Verify string
}

// way is what plan and back print.
type way struct {
	Good        bool
	Steps, Back []act
}

func newOperator(t *testing.T) *operator {
	t.Helper()
	ensemble.LeaveOut(t, "Java's ZooKeeper", ensemble.FindJava())
	o := &operator{T: t, dir: t.TempDir()}
	var err error
	o.binary, err = ensemble.Build(t.Context(), o.dir)
	o.must(err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	o.ctx = ctx
	o.Ensemble, err = ensemble.New(ensemble.Options{Dir: o.dir, Voters: 3, TickTime: tick,
		Program: program("java", o.binary), Lines: []string{"maxSessionTimeout=20000",
			"snapCount=1000", "autopurge.purgeInterval=24", "snapshotSizeFactor=0.5"}})
	o.must(err)
	o.must(os.WriteFile(filepath.Join(o.dir, "java.env"), []byte(javaEnv), 0o600))
	t.Cleanup(o.end)
	o.must(o.Start(ctx))
	return o
}

// javaEnv is what the JVMs are started with.
const javaEnv = `export SERVER_JVMFLAGS="-Xmx128m -Dzookeeper.extendedTypesEnabled=true"
`

// program runs a server of either kind.
func program(kind, binary string) ensemble.Program {
	const types = "-Dzookeeper.extendedTypesEnabled=true"
	if kind == "zoo" {
		return ensemble.Zoo(binary, types)
	}
	return ensemble.Java("128m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", types)
}

func (o *operator) end() {
	if err := o.Close(); err != nil {
		o.Error(err)
	}
	if !o.Failed() {
		return
	}
	for _, s := range o.Servers {
		o.Logf("server %d, the end of its log:\n%s", s.ID, s.LastLines(30))
	}
	o.Log(o.typed.String())
}

func (o *operator) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

// types gives zoo a command line and returns what it prints; the exit code must be as
// expected. Both are written down.
func (o *operator) types(code int, line string) string {
	o.Helper()
	cmd := exec.CommandContext(o.ctx, o.binary, strings.Fields(line)[1:]...)
	cmd.Dir = o.dir
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		o.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		o.Fatalf("%s: code %d, want %d\n%s%s", line, got, code, &out, &errs)
	}
	if !strings.Contains(line, "--json") {
		o.write("$ " + line + "\n" + out.String() + errs.String())
	}
	return out.String()
}

// peers are the addresses that servers have for each other.
var peers = regexp.MustCompile(`server\.(\d)=127\.0\.0\.1:\d+:\d+`)

// write keeps a part of the transcript, with a page's names for what chance has chosen.
func (o *operator) write(text string) {
	for _, s := range o.Servers {
		text = strings.ReplaceAll(text, s.Address(), fmt.Sprintf("zk%d.example.com:2181", s.ID))
		text = strings.ReplaceAll(text, strconv.Itoa(o.port(s)), "2181")
	}
	text = peers.ReplaceAllString(text, "server.$1=zk$1.example.com:2888:3888")
	o.typed.WriteString(strings.ReplaceAll(text, o.dir, "/home/ann") + "\n")
}

func (o *operator) port(s *ensemble.Server) int {
	_, text, _ := strings.Cut(s.Address(), ":")
	port, err := strconv.Atoi(text)
	o.must(err)
	return port
}

// does does a step as the plan says, by the hands that the servers' hosts have here, and
// verifies it with the plan's own command.
func (o *operator) does(a act) string {
	o.Helper()
	o.stops(a)
	o.starts(a)
	return o.types(0, a.Verify)
}

func (o *operator) stops(a act) {
	o.Helper()
	o.write("zk" + a.Server + "$ " + a.Stop)
	// A Java that ends by a signal has another code, of which nothing follows.
	o.must(o.server(a).Stop(stopPatience))
}

func (o *operator) starts(a act) {
	o.Helper()
	o.write("zk" + a.Server + "$ " + a.Start)
	o.server(a).Become(program(a.To, o.binary))
	o.must(o.server(a).Start())
}

func (o *operator) server(a act) *ensemble.Server {
	o.Helper()
	id, err := strconv.Atoi(a.Server)
	o.must(err)
	return o.Servers[id-1]
}

// reads parses what a command prints with --json.
func (o *operator) reads(line string) way {
	o.Helper()
	var w way
	o.must(json.Unmarshal([]byte(o.types(0, line+" --json")), &w))
	return w
}

// guests are clients of the ensemble: those that only hold an ephemeral znode, and one
// that writes without pause.
type guests struct {
	all     []*client.Client
	written atomic.Int64
	done    chan error
}

// arrive opens sessions and begins to write.
func (o *operator) arrive(ctx context.Context) *guests {
	o.Helper()
	g := &guests{done: make(chan error, 1)}
	for i := range 4 {
		c, err := client.Dial(o.ctx, client.Options{Servers: o.Addresses(),
			SessionTimeout: sessionTimeout})
		o.must(err)
		o.Cleanup(func() { c.Close(context.Background()) })
		_, err = c.Create(o.ctx, fmt.Sprintf("/guest-%d", i), []byte("here"),
			client.CreateOptions{Mode: zoo.Ephemeral})
		o.must(err)
		g.all = append(g.all, c)
	}
	o.fill(g.all[0])
	go func() { g.done <- g.write(ctx) }()
	return g
}

// fill makes something to compare: znodes with all kinds of Stat and ACL.
func (o *operator) fill(c *client.Client) {
	o.Helper()
	create := func(path string, opts client.CreateOptions) {
		_, err := c.Create(o.ctx, path, []byte(path), opts)
		o.must(err)
	}
	create("/load", client.CreateOptions{})
	create("/ttl", client.CreateOptions{Mode: zoo.PersistentTTL, TTLMillis: 3_600_000})
	create("/container", client.CreateOptions{Mode: zoo.Container})
	create("/container/child", client.CreateOptions{})
	create("/readable", client.CreateOptions{
		ACL: []zoo.ACL{{Perms: zoo.PermRead, ID: zoo.AnyoneID}}})
	create("/hidden", client.CreateOptions{
		ACL: []zoo.ACL{{Perms: zoo.PermAdmin, ID: zoo.AnyoneID}}})
	var ops []client.Op
	for i := range 200 {
		path := fmt.Sprintf("/load/%03d", i)
		ops = append(ops, client.CreateOp(path, nil, client.CreateOptions{}))
	}
	_, err := c.Multi(o.ctx, ops...)
	o.must(err)
}

// write sets one znode after the other. A write of which nobody knows whether it was done
// is given again.
func (g *guests) write(ctx context.Context) error {
	c := g.all[0]
	for n := int64(1); ; n++ {
		for {
			_, err := c.Set(ctx, fmt.Sprintf("/load/%03d", n%200), []byte(fmt.Sprint(n)),
				client.AnyVersion)
			if ctx.Err() != nil {
				return nil
			}
			if err == nil {
				g.written.Store(n)
				break
			}
			if !errors.Is(err, zoo.CodeConnectionLoss) {
				return fmt.Errorf("write %d: %w", n, err)
			}
		}
	}
}
