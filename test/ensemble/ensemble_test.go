package ensemble

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// shell stands for a server: a script that starts a program of its own, as zkCli.sh
// starts Java.
func shell(script string) *exec.Cmd { return exec.Command("sh", "-c", script) }

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// A server is killed, started again, and at the end none is left.
func TestNoServerIsLeft(t *testing.T) {
	e, err := New(Options{Dir: t.TempDir(), Voters: 1, Observers: 1,
		Program: func(*Server) *exec.Cmd { return shell("sleep 1000") }})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	for _, s := range e.Servers {
		if err := s.Start(); err != nil {
			t.Fatal(err)
		}
	}
	first := e.Servers[0]
	if err := first.Start(); err == nil {
		t.Error("a running server was started again")
	}
	if err := errors.Join(first.Kill(), first.Start(), e.Close()); err != nil {
		t.Fatal(err)
	}
	for _, s := range e.Servers {
		if !s.Ended() {
			t.Errorf("server %d still runs as %d", s.ID, s.PID())
		}
	}
}

// The script's own child has the script's output open: that it reaches its end
// shows that the child is gone too.
func TestKillTakesTheWholeGroup(t *testing.T) {
	d, err := Talk(shell("sleep 1000 & echo started; wait"))
	if err != nil {
		t.Fatal(err)
	}
	ctx := bounded(t)
	if _, err := d.Expect(ctx, "started"); err != nil {
		t.Fatal(err)
	}
	if err := d.Process().Kill(); err != nil {
		t.Fatal(err)
	}
	_, err = d.Expect(ctx, "more")
	if err == nil || !strings.Contains(err.Error(), "the program ended") {
		t.Fatalf("got %v", err)
	}
}

func TestDialogueUsesUpWhatItMatched(t *testing.T) {
	d, err := Talk(shell(`while read a; do echo "you said $a"; done`))
	if err != nil {
		t.Fatal(err)
	}
	ctx := bounded(t)
	for _, word := range []string{"one", "two"} {
		if err := d.Say(word); err != nil {
			t.Fatal(err)
		}
		match, err := d.Expect(ctx, `you said (\w+)\n`)
		if err != nil || match[1] != word {
			t.Fatalf("said %s, heard %q (%v)", word, match, err)
		}
	}
	if err := d.Close(ctx); err != nil {
		t.Fatal(err)
	}
}

// A server that dies at once is reported with its last words, not waited for.
func TestDeathEndsTheWait(t *testing.T) {
	e, err := New(Options{Dir: t.TempDir(), Voters: 3,
		Program: func(*Server) *exec.Cmd { return shell("echo no space left >&2; exit 3") }})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	err = e.Start(bounded(t))
	if err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Fatalf("got %v", err)
	}
}

// One that does not hear the request to end is killed, and that is an error.
func TestStopIsPatientOnlyForAWhile(t *testing.T) {
	d, err := Talk(shell(`trap "" TERM; echo deaf; while true; do sleep 1000; done`))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := d.Expect(bounded(t), "deaf"); err != nil {
		t.Fatal(err)
	}
	err = d.Process().Stop(50 * time.Millisecond)
	if err == nil || !strings.Contains(err.Error(), "did not end") || !d.Process().Ended() {
		t.Fatalf("got %v, ended: %v", err, d.Process().Ended())
	}
	if err := d.Process().Kill(); err != nil && !errors.Is(err, syscall.ESRCH) {
		t.Fatalf("a second end gives %v", err)
	}
}

func TestConfigurationsNameEveryMember(t *testing.T) {
	e, err := New(Options{Dir: t.TempDir(), Voters: 1, Observers: 1,
		TickTime: 500 * time.Millisecond, Lines: []string{"snapCount=1000"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range e.Servers {
		text, err := os.ReadFile(filepath.Join(s.Home(), "zoo.cfg"))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"tickTime=500\n", "snapCount=1000\n", "server.1=",
			":participant;" + e.Servers[0].Address(), ":observer;" + e.Servers[1].Address()} {
			if !strings.Contains(string(text), want) {
				t.Errorf("server %d: no %q in\n%s", s.ID, want, text)
			}
		}
		observer := strings.Contains(string(text), "peerType=observer")
		if observer != s.Observer {
			t.Errorf("server %d: peerType=observer is there: %v", s.ID, observer)
		}
	}
}

// The plot: server 1 reaches server 2 through somebody else; its own ports are its own.
func TestARouteIsForTheOthersPortsOnly(t *testing.T) {
	e, err := New(Options{Dir: t.TempDir(), Voters: 2,
		Program: func(*Server) *exec.Cmd { return shell("sleep 1000") },
		Route:   func(from, to, port int) (int, error) { return 10*from + to, nil }})
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(e.Servers[0].Home(), "zoo.cfg"))
	if err != nil {
		t.Fatal(err)
	}
	own := fmt.Sprintf("server.1=%s:%d:%d:", host, e.Servers[0].quorumPort,
		e.Servers[0].electionPort)
	for _, want := range []string{own, "server.2=" + host + ":12:12:"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

// A paused program hears nothing until it is resumed, and can be killed while paused.
func TestAPausedServerIsNotGone(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("processes are paused on Linux only")
	}
	e, err := New(Options{Dir: t.TempDir(), Voters: 1, Program: func(*Server) *exec.Cmd {
		return shell("trap 'echo heard' TERM; echo ready; while true; do sleep 0.01; done")
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	s := e.Servers[0]
	if err := s.Pause(); err == nil {
		t.Error("a server that does not run was paused")
	}
	says := func(word string) error {
		return Until(bounded(t), "the program says "+word, func(context.Context) error {
			if last := s.LastLines(1); last != word {
				return fmt.Errorf("its last word is %q", last)
			}
			return nil
		})
	}
	err = errors.Join(s.Start(), says("ready"), s.Pause(), interrupt(s.process.proc))
	if err != nil {
		t.Fatal(err)
	}
	if s.LastLines(1) != "ready" || s.Ended() {
		t.Error("a paused program goes on")
	}
	if err := errors.Join(s.Resume(), says("heard"), s.Pause(), s.Kill()); err != nil {
		t.Fatal(err)
	}
}
