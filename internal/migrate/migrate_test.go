package migrate

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"zoo"
	"zoo/internal/config"
	"zoo/internal/core/quorum"
)

// The stories in testdata/plan.txt are those of an operator: who was seen as what, what
// is planned then, and how steps are judged.
func TestPlansAndJudgements(t *testing.T) {
	datadriven.Walk(t, "testdata/plan", func(t *testing.T, path string) {
		s := &story{T: t}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			s.T = t
			return s.play(d)
		})
	})
}

// story is a state with what was seen last.
type story struct {
	*testing.T
	state *State
	rule  *quorum.View
	seen  []Seen
	found *Comparison
}

func (s *story) play(d *datadriven.TestData) string {
	switch d.Cmd {
	case "ensemble":
		return s.ensemble(d)
	case "seen":
		s.seen = s.look(d.Input)
		return ""
	case "compared":
		s.found = &Comparison{}
		if err := json.Unmarshal([]byte(d.Input), s.found); err != nil {
			s.Fatal(err)
		}
		return ""
	case "turn":
		s.state.Turn(Kind(d.CmdArgs[0].Key), s.seen, s.rule)
		return s.plan()
	case "back":
		return steps(s.state.Back(s.rule), len(s.state.Steps)+1)
	case "judge":
		return s.judge(d)
	case "step":
		return fmt.Sprintln(s.state.StepOf(s.seen))
	}
	return "unknown: " + d.Cmd
}

// ensemble begins a migration: each line is an id with observer behind it or not.
func (s *story) ensemble(d *datadriven.TestData) string {
	s.state = &State{Format: formatNow}
	s.rule, s.seen, s.found = nil, nil, nil
	var members []quorum.Member
	for line := range strings.Lines(d.Input) {
		fields := strings.Fields(line)
		id, _ := strconv.ParseInt(fields[0], 10, 64)
		observer := len(fields) > 1
		s.state.Servers = append(s.state.Servers, Server{ID: zoo.ServerID(id), First: Java,
			Observer: observer})
		members = append(members, quorum.Member{ID: zoo.ServerID(id), Observer: observer})
	}
	if d.HasArg("standalone") {
		return ""
	}
	var err error
	if s.rule, err = quorum.NewView(members, 0); err != nil {
		s.Fatal(err)
	}
	return ""
}

// look reads what servers said: id, kind and role, or id, down and why; then figures.
func (s *story) look(text string) []Seen {
	var all []Seen
	for line := range strings.Lines(text) {
		fields := strings.Fields(line)
		id, err := strconv.ParseInt(fields[0], 10, 64)
		if err != nil {
			s.Fatal(err)
		}
		now := Nothing(zoo.ServerID(id))
		if fields[1] == "down" {
			now.Error = strings.Join(fields[2:], " ")
			all = append(all, now)
			continue
		}
		now.Kind, now.Role = Kind(fields[1]), fields[2]
		for _, field := range fields[3:] {
			name, value, _ := strings.Cut(field, "=")
			if name == "sessions" {
				now.ReadDump("SessionTracker dump:\n" + strings.ReplaceAll(value, ",", "\n") +
					"\nephemeral nodes dump:\n")
			}
			now.ReadMonitor("zk_" + name + "\t" + value)
		}
		all = append(all, now)
	}
	return all
}

func (s *story) plan() string {
	var b strings.Builder
	b.WriteString(steps(s.state.Steps[s.state.Verified:], s.state.Verified+1))
	for _, f := range s.state.Ready(s.seen) {
		fmt.Fprintf(&b, "%s: %v\n", f.Severity, f)
	}
	return b.String()
}

func steps(all []Step, first int) string {
	var b strings.Builder
	for i, step := range all {
		fmt.Fprintf(&b, "%d: server %d %s to %s", first+i, step.Server, step.Role, step.To)
		if step.Outage {
			b.WriteString(" without a quorum")
		}
		b.WriteString("\n")
	}
	return b.String()
}

// judge verifies a step, and notes it if it is good, as the command does.
func (s *story) judge(d *datadriven.TestData) string {
	step, err := strconv.Atoi(d.CmdArgs[0].Key)
	if err != nil {
		s.Fatal(err)
	}
	e := Evidence{Seen: s.seen, Compared: s.found, EndsExpected: d.HasArg("ends-expected")}
	v := s.state.Judge(step, e)
	var b strings.Builder
	for _, a := range v.Answers {
		fmt.Fprintf(&b, "%s %s: %s\n", a.Outcome, a.Subject, a.Text)
		if (a.Advice != "") != (a.Outcome == Bad) {
			s.Errorf("%s is %s, with the advice %q", a.Subject, a.Outcome, a.Advice)
		}
	}
	if v.Good() {
		s.state.Verified, s.state.Last = step, Note(time.Unix(0, 0), e)
	}
	return b.String()
}

// Whatever is written as a state is read as the same.
func TestAStateIsReadAsItWasWritten(t *testing.T) {
	s := &State{Format: formatNow,
		Servers:  []Server{{ID: 1, First: Java, Flags: []string{"-Da=b"}}},
		Steps:    []Step{{Server: 1, To: Zoo, Role: "leader"}},
		Verified: 1,
		Last:     Record{Sessions: []string{"0x1"}, Expired: map[string]int64{"1": 2}}}
	text, err := s.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	if second, _ := again.Encode(); string(second) != string(text) {
		t.Errorf("%s\nbecame\n%s", text, second)
	}
}

func TestAStateThatMakesNoSenseIsRefused(t *testing.T) {
	for _, text := range []string{"", "{}", `{"format":2}`, `{"format":1,"verified":1}`,
		`{"format":1,"steps":[{"server":1,"to":"zoo"}]}`,
		`{"format":1,"servers":[{"id":1,"first":"c"}]}`,
		`{"format":1,"servers":[{"id":1,"first":"java"}],"steps":[{"server":1,"to":"x"}]}`} {
		if s, err := Decode([]byte(text)); err == nil {
			t.Errorf("%s gives %+v", text, s)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"format":1,"servers":[{"id":1,"first":"java"}],` +
		`"steps":[{"server":1,"to":"zoo"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := Decode(text)
		if err != nil {
			return
		}
		s.Judge(s.Verified, Evidence{Seen: []Seen{Nothing(1)}})
		s.Turn(Java, nil, nil)
		s.Acts(s.Back(nil), 1, "state")
	})
}

// java.env is shell.
func TestJVMOptionsAreFoundInShell(t *testing.T) {
	properties, others, unclear := ParseJVMOptions("#-Dno=1\n" +
		"export SERVER_JVMFLAGS=\"-Xmx1g -Dzookeeper.snapCount=5 $JVMFLAGS\"\n" +
		"JVMFLAGS='-Dcom.sun.management.jmxremote -Djute.maxbuffer=1'\n" +
		"  -server -Dhome=$HOME\n")
	if want := []string{"zookeeper.snapCount=5", "com.sun.management.jmxremote=",
		"jute.maxbuffer=1"}; !slices.Equal(properties, want) {
		t.Errorf("properties %q", properties)
	}
	if want := []string{"-Xmx1g", "-server"}; !slices.Equal(others, want) {
		t.Errorf("others %q", others)
	}
	if want := []string{"-Dhome=$HOME"}; !slices.Equal(unclear, want) {
		t.Errorf("unclear %q", unclear)
	}
}

// The sessions of a leader, of a follower, and of a leader with sessions of its own, as
// Java's servers write them.
func TestSessionsAreReadFromEveryFormOfDump(t *testing.T) {
	const rest = "ephemeral nodes dump:\nSessions with Ephemerals (1):\n0x99:\n\t/a\n" +
		"Connections dump:\nConnections Sets (1)/(1):\n\tip: /127.0.0.1:1 sessionId: 0x98\n"
	for _, text := range []string{
		"SessionTracker dump:\nSession Sets (2)/(2):\n1 expire at Mon:\n\t0x1\n" +
			"1 expire at Tue:\n\t0xa2\n",
		"SessionTracker dump:\nGlobal Sessions(2):\n0x1\t30000ms\n0xa2\t4000ms\n",
		"SessionTracker dump:\nLocal Session Sets (1)/(1):\n1 expire at Mon:\n\t0x77\n" +
			"Global Session Sets (1)/(2):\n2 expire at Mon:\n\t0x1\n\t0xa2\n",
	} {
		var s Seen
		s.ReadDump(text + rest)
		if want := []zoo.SessionID{1, 0xa2}; !slices.Equal(s.Sessions, want) {
			t.Errorf("%q gives %x", text, s.Sessions)
		}
	}
	var cut Seen
	if cut.ReadDump("SessionTracker dump:\nGlobal Sessions(2):\n0x1\t3"); cut.Sessions != nil {
		t.Error("half of the sessions pass for all")
	}
	var silent Seen
	if silent.ReadDump("dump is not executed"); silent.Sessions != nil {
		t.Error("sessions were told by nobody")
	}
}

// Commands are filled in so that a shell reads them as they are meant.
func TestCommandsAreFilledInForAShell(t *testing.T) {
	s := &Server{ID: 2, There: "/etc/my zoo.cfg", DataDir: "/d",
		Flags: []string{"-Da=1", "-Db=it's"}}
	got := s.fill("{env}start {id} {flags} {cfg} {data}")
	want := `SERVER_JVMFLAGS='-Da=1 -Db=it'\''s' start 2 -Da=1 '-Db=it'\''s' '/etc/my zoo.cfg' /d`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	bare := &Server{There: "zoo.cfg"}
	if got := bare.fill("{env}zoo serve {flags} {cfg}"); got != "zoo serve zoo.cfg" {
		t.Errorf("got %s", got)
	}
}

// The configurations in testdata/check.txt, one file each, are compared.
func TestConfigurationsAreCompared(t *testing.T) {
	datadriven.RunTest(t, "testdata/check.txt", func(t *testing.T, d *datadriven.TestData) string {
		dir := t.TempDir()
		var members []Member
		for i, text := range strings.Split(d.Input, "--\n") {
			file := filepath.Join(dir, fmt.Sprintf("%d.cfg", i+1))
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			src := config.Source{Args: []string{file}, ID: zoo.ServerID(i + 1)}
			for _, arg := range d.CmdArgs {
				src.Properties = append(src.Properties, arg.Key+"="+strings.Join(arg.Vals, ""))
			}
			members = append(members, ReadMember(src))
		}
		var b strings.Builder
		for _, s := range Settings(members) {
			if s.Verdict == NoEffect {
				fmt.Fprintf(&b, "%s on %s: %s=%s\n", s.Verdict, strings.Join(s.Servers, ","),
					s.Name, s.Value)
			}
		}
		for _, f := range Check(members) {
			fmt.Fprintf(&b, "%s: %v\n", f.Severity, f)
		}
		if members[0].Config != nil {
			address, secure := members[0].Address(members)
			fmt.Fprintf(&b, "address %s %v, flags %v\n", address, secure, members[0].Flags())
		}
		return strings.ReplaceAll(b.String(), dir+string(filepath.Separator), "")
	})
}
