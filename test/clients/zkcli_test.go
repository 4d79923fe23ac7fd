package clients

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"zoo/test/ensemble"
)

// alone starts one server that nobody has talked to.
func (s *story) alone(program ensemble.Program) *ensemble.Server {
	s.Helper()
	e, err := ensemble.New(ensemble.Options{Dir: s.TempDir(), Voters: 1, Program: program,
		Lines: []string{"extendedTypesEnabled=true"}})
	s.must(err)
	s.Cleanup(func() { s.must(e.Close()) })
	s.must(e.Start(s.ctx))
	return e.Servers[0]
}

// step is a part of a script: a command, or several that are given at once where the
// client cannot be asked in between. The word event among them waits for one.
type step []string

const awaitEvent = "(event)"

// steps reads a script: a line for each command; those that are indented belong to the
// step before.
func steps(t *testing.T, name string) []step {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var all []step
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if more, indented := strings.CutPrefix(line, "\t"); indented {
			all[len(all)-1] = append(all[len(all)-1], more)
			continue
		}
		all = append(all, step{line})
	}
	return all
}

// answer is what a client said to one step, without what differs from run to run.
// Events have a thread of their own in Java's client, so that its other output may
// stand before or behind them, and between their two lines.
type answer struct {
	step             step
	out, err, events []string
}

// conversation is a run of zkCli, whose outputs are heard apart.
type conversation struct {
	*story
	out, errs *ensemble.Dialogue
	// fences is how many were set up.
	fences int
}

func (s *story) converse(cmd *exec.Cmd) *conversation {
	s.Helper()
	out, errs, err := ensemble.TalkApart(cmd)
	s.must(err)
	s.Cleanup(func() { _ = out.Process().Kill() })
	return &conversation{story: s, out: out, errs: errs}
}

func (c *conversation) expect(d *ensemble.Dialogue, pattern string) string {
	c.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, hearLimit)
	defer cancel()
	match, err := d.Expect(ctx, "(?s)^(.*?)"+pattern)
	if err != nil {
		c.Fatalf("%v\nstderr: %s", err, c.errs.Transcript())
	}
	return match[0]
}

// eventPattern matches the second of an event's two lines.
const eventPattern = `\nWatchedEvent [^\n]*\n`

// fence is a znode of the script whose data ends what a step writes to stdout.
const (
	fencePath = "/fence"
	fenceData = "=fence="
)

// take says a step and hears all that belongs to it. Behind a step come three commands:
// sync, whose answer stands behind all events before it, because Java's client waits in
// the thread of the events for it; then one that writes what we know to stdout, and one
// to stderr.
func (c *conversation) take(s step) answer {
	c.Helper()
	out := ""
	for _, line := range s {
		if line == awaitEvent {
			out += c.expect(c.out, eventPattern)
			continue
		}
		c.must(c.out.Say(line))
	}
	c.fences++
	path := fmt.Sprintf("/fence-%d", c.fences)
	c.must(c.out.Say("sync /\nget " + fencePath + "\nlistquota " + path))
	end := "Sync is OK\n" + fenceData + "\n"
	out = strings.TrimSuffix(out+c.expect(c.out, end), end)
	end = "absolute path is /zookeeper/quota" + path + "/zookeeper_limits\n" +
		"quota for " + path + " does not exist.\n"
	errs := strings.TrimSuffix(c.expect(c.errs, regexp.QuoteMeta(end)), end)
	out, events := apart(masked(out))
	return answer{step: s, out: settled(out), err: strings.Split(masked(errs), "\n"),
		events: events}
}

// apart takes the events out of an output. Each of their two lines is written as a
// whole, with an empty line before it.
func apart(out string) (rest string, events []string) {
	re := regexp.MustCompile(`\n(WATCHER::|WatchedEvent [^\n]*)\n`)
	for _, line := range re.FindAllStringSubmatch(out, -1) {
		events = append(events, line[1])
	}
	return re.ReplaceAllString(out, ""), events
}

// leave ends the conversation by quit, and gives what is said at the end and the exit
// code. Whether an event still comes depends on how fast the JVM ends: the script has
// switched them off.
func (c *conversation) leave() (answer, int) {
	c.Helper()
	c.must(c.out.Say("quit"))
	select {
	case <-c.out.Process().Done():
	case <-c.ctx.Done():
		c.Fatal("the client does not quit")
	}
	a := answer{step: step{"quit"}, out: []string{c.expect(c.out, "$")},
		err: []string{c.expect(c.errs, "$")}}
	return a, c.out.Process().ExitCode()
}

// masks replace what no two runs have in common, the usage of three commands, to which
// 3.9 has added options, and a line of deleteall that Java's client leaves out when one
// of its threads is ahead of another.
var masks = []struct{ pattern, text string }{
	{`(?m)^SLF4J.*\n`, ""},
	{`(?m)^([cmp]Zxid) = .*$`, "$1 = ZXID"},
	{`(?m)^([cm]time) = .*$`, "$1 = TIME"},
	{`(?m)^(ephemeralOwner) = 0x\w{4,}$`, "$1 = SESSION"},
	{`(?m)^Failed to delete some node\(s\) in the subtree!\n`, ""},
	{`127\.0\.0\.1(:\d+)+`, "SERVER"},
	{`CLI version: .*`, "CLI version: V"},
	{`(?m)^(\t?get) \[-s\].*$`, "$1 USAGE"},
	{`(?m)^(\t?set) (path data|\[-s\] \[-v).*$`, "$1 USAGE"},
	{`(?m)^(\t?removewatches) path.*$`, "$1 USAGE"},
	{`(?m)^time = .*\n`, ""},
	{`(?m)^(\t(?:ctime|mtime|czxid|mzxid|pzxid|ephemeralOwner))=.*$`, "$1=?"},
}

func masked(s string) string {
	for _, m := range masks {
		s = regexp.MustCompile(m.pattern).ReplaceAllString(s, m.text)
	}
	return s
}

// settled are lines, those of hash sets in order: a session's identities, and lists.
func settled(text string) []string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		if strings.HasPrefix(line, "[/") {
			items := strings.Split(strings.Trim(line, "[]"), ", ")
			slices.Sort(items)
			lines[i] = fmt.Sprint(items)
		}
		if line != "Auth scheme: User" {
			continue
		}
		end := i + 1
		for end < len(lines) && identity.MatchString(lines[end]) {
			end++
		}
		slices.Sort(lines[i+1 : end])
	}
	return lines
}

var identity = regexp.MustCompile(`^(ip|digest): `)

// transcript is a whole run.
type transcript struct {
	answers []answer
	exit    int
}

// tell runs a script with a client.
func (s *story) tell(script []step, cmd *exec.Cmd) transcript {
	s.Helper()
	c := s.converse(cmd)
	var t transcript
	for _, step := range script {
		t.answers = append(t.answers, c.take(step))
	}
	last, exit := c.leave()
	t.answers, t.exit = append(t.answers, last), exit
	return t
}

// differencesMax is how many steps a failing test shows.
const differencesMax = 20

// same compares step by step and line by line.
func (t transcript) same(s *story, who string, want transcript) {
	s.Helper()
	shown := 0
	for i, got := range t.answers {
		if diff := got.differs(want.answers[i]); diff != "" && shown < differencesMax {
			s.Errorf("%s: step %d, %q:%s", who, i+1, got.step, diff)
			shown++
		}
	}
	if t.exit != want.exit {
		s.Errorf("%s: exit code %d, want %d", who, t.exit, want.exit)
	}
}

func (a answer) differs(want answer) string {
	diff := ""
	for _, part := range []struct {
		name      string
		got, want []string
	}{{"stdout", a.out, want.out}, {"stderr", a.err, want.err},
		{"events", a.events, want.events}} {
		if !slices.Equal(part.got, part.want) {
			diff += fmt.Sprintf("\n%s %q\n  want %q", part.name, part.got, part.want)
		}
	}
	return diff
}

// The plot: one script with every command of zkCli, its options and its mistakes. Java's
// client cannot tell zoo from Java's server, and nobody can tell zoo's client from
// Java's.
func TestZkCliAnswersAsJavasDoesLineForLine(t *testing.T) {
	needJava(t)
	if againstJava() {
		t.Skip("the story itself compares zoo with Java")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := &story{T: t, ctx: ctx}
	java := func(server *ensemble.Server) *exec.Cmd {
		cmd := exec.Command(zkCli, "-server", server.Address())
		cmd.Env = append(os.Environ(), "CLIENT_JVMFLAGS=-Xmx64m -XX:TieredStopAtLevel=1")
		return cmd
	}
	script := steps(t, "zkcli.txt")
	want := s.tell(script, java(s.alone(ensemble.Java("128m"))))
	s.tell(script, java(s.alone(program))).same(s, "Java's client and zoo", want)
	ours := exec.Command("../../dist/bin/zkCli.sh", "-server", s.alone(program).Address())
	ours.Env = append(os.Environ(), "ZOO_BINARY="+binary)
	s.tell(script, ours).same(s, "zoo's client and zoo", want)
}
