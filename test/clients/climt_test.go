package clients

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"zoo/test/ensemble"
)

// cMasks replace what no two runs of cli_mt have in common.
var cMasks = []struct{ pattern, text string }{
	{`(?m)^\d{4}-\d\d-\d\d [^\n]*\n`, ""}, // its log
	{`(?m)^(\tctime = ).*$`, "$1 TIME"},
	{`(?m)^(\tmtime=).*$`, "$1 TIME"},
	{`(?m)^(\t[cm]zxid=).*$`, "$1 ZXID"},
	{`(?m)^(\tephemeralOwner = )\w{4,}$`, "$1 SESSION"},
	{`(?m)^time = \d+ msec$`, "time = TIME"},
	{`(?m)^(Got a new session id: |session Id = ).*$`, "$1 SESSION"},
}

func cMasked(s string) string {
	for _, m := range cMasks {
		s = regexp.MustCompile(m.pattern).ReplaceAllString(s, m.text)
	}
	return s
}

// cLines are lines, names of children in the order of their bytes: Java's server has
// none.
func cLines(text string) []string {
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		end := i
		for end < len(lines) && childLine.MatchString(lines[end]) {
			end++
		}
		slices.Sort(lines[i:end])
		i = max(i, end-1)
	}
	return lines
}

var childLine = regexp.MustCompile(`^\t[^ =]+$`)

// takeC says a step and hears all that belongs to it. An asynchronous get comes behind
// it: its answer is written by the thread that writes those of all events and requests
// before it.
func (c *conversation) takeC(s step) answer {
	c.Helper()
	for _, line := range s {
		c.must(c.out.Say(line))
	}
	c.fences++
	fence := fmt.Sprintf("/fence-%d", c.fences)
	c.must(c.out.Say("aget " + fence))
	errs := c.expect(c.errs, `time = \d+ msec\n`+fence+`: rc = -101\n\nStat:\nnull\n`)
	errs = errs[:strings.LastIndex(errs, "time = ")]
	return answer{step: s, err: cLines(cMasked(errs))}
}

// tellC runs a script with cli_mt.
func (s *story) tellC(script []step, server *ensemble.Server) transcript {
	s.Helper()
	c := s.converse(exec.Command("stdbuf", "-oL", cliMT, "-h", server.Address()))
	start := c.expect(c.errs, "Got a new session id: [^\n]*\n")
	t := transcript{answers: []answer{{step: step{"start"}, err: cLines(cMasked(start))}}}
	for _, step := range script {
		t.answers = append(t.answers, c.takeC(step))
	}
	last, exit := c.leave()
	last.out, last.err = cLines(cMasked(last.out[0])), cLines(cMasked(last.err[0]))
	t.answers, t.exit = append(t.answers, last), exit
	return t
}

// overdose lets cli_mt ask for od 200 times at once.
func (s *story) overdose(server *ensemble.Server) {
	s.Helper()
	c := s.converse(exec.Command("stdbuf", "-oL", cliMT, "-h", server.Address()))
	c.must(c.out.Say("od"))
	c.expect(c.errs, `(Data completion /od rc = -101\n.*?){200}`)
	if _, exit := c.leave(); exit != 0 {
		s.Errorf("an overdose ends with exit code %d", exit)
	}
}

// batch runs one command of cli_mt's batch mode.
func (s *story) batch(server *ensemble.Server, command string) (string, int) {
	s.Helper()
	cmd := exec.CommandContext(s.ctx, cliMT, "-h", server.Address(), "-c", command)
	text, _ := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		s.Fatalf("%s does not run", cliMT)
	}
	return strings.Join(cLines(cMasked(string(text))), "\n"), cmd.ProcessState.ExitCode()
}

// The plot: one script with every command of the C client's shell, and its mistakes. It
// cannot tell zoo from Java's server.
func TestCliMTHearsFromZooWhatItHearsFromJava(t *testing.T) {
	needJava(t)
	_, err := os.Stat(cliMT)
	leaveOut(t, "the C client's cli_mt", err)
	if againstJava() {
		t.Skip("the story itself compares zoo with Java")
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	s := &story{T: t, ctx: ctx}
	java, zoo := s.alone(ensemble.Java("128m")), s.alone(program)
	script := steps(t, "climt.txt")
	s.tellC(script, zoo).same(s, "zoo", s.tellC(script, java))
	s.overdose(zoo)
	for _, command := range []string{"get /a", "get /nope", "create /batch", "ls2 /b"} {
		got, exit := s.batch(zoo, command)
		want, wantExit := s.batch(java, command)
		if got != want || exit != wantExit {
			t.Errorf("%s: %d, %q\nwant %d, %q", command, exit, got, wantExit, want)
		}
	}
}
