package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/alecthomas/kong"
	"github.com/rogpeppe/go-internal/testscript"
	"golang.org/x/term"

	"zoo/internal/core/replica"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/ops/admin"
	"zoo/internal/server"
	"zoo/internal/shell"
)

// serveInMemory runs a server on a disk in memory until the function it gives is called.
func serveInMemory(ctx context.Context) (address string, stop func() error, err error) {
	s := server.Assemble(server.Config{
		Config:       replica.Config{ID: 1, TickTime: 2 * time.Second},
		Store:        store.Config{FS: vfs.NewMem(), DataDir: "/data", PreallocateBytes: 1 << 16},
		ClientListen: []string{"127.0.0.1:0"}, Admin: admin.Config{Listen: "127.0.0.1:0"},
	}, slog.New(slog.DiscardHandler), server.BuildInfo{Version: "test"})
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	ended := make(chan error, 1)
	go func() { ended <- s.Run(running) }()
	stop = func() error { cancel(); return <-ended }
	addresses, err := s.Addresses(ctx)
	if err != nil {
		return "", stop, err
	}
	return addresses[0].String(), stop, nil
}

// The scripts of testdata/script each have two servers of their own, $ZOO_SERVER and $OTHER.
func TestCommandsOnZnodes(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script",
		UpdateScripts: os.Getenv("ZOO_UPDATE_SCRIPTS") != "",
		Setup: func(env *testscript.Env) error {
			env.Setenv("TZ", "UTC")
			for _, name := range []string{"ZOO_SERVER", "OTHER"} {
				address, stop, err := serveInMemory(t.Context())
				env.Defer(func() {
					if err := stop(); err != nil {
						t.Error(err)
					}
				})
				if err != nil {
					return err
				}
				env.Setenv(name, address)
			}
			return nil
		}})
}

var rewrite = flag.Bool("rewrite", false, "write docs/reference/cli.md as the help is now")

const reference = "../../docs/reference/cli.md"

// The plot: somebody adds a command or changes a help text. The page has to say so; run this
// test with -rewrite, and read the difference.
func TestThePageOfCommandsIsWhatTheHelpSays(t *testing.T) {
	want := writtenReference(t)
	if *rewrite {
		if err := os.MkdirAll(filepath.Dir(reference), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(reference, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(reference)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/reference/cli.md is not what the help says; run this test with -rewrite")
	}
}

// writtenReference is the page: what --help prints, for each command in turn.
func writtenReference(t *testing.T) string {
	m := &Main{Stdout: io.Discard, Stderr: io.Discard}
	parser, err := m.parser(t.Context(), func(int) {})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	b.WriteString(strings.ReplaceAll(`# Commands

What ~zoo COMMAND --help~ prints, for each command. This page is written by a test of ~cmd/zoo~
(~go test ./cmd/zoo -run ThePageOfCommands -rewrite~).

~zoo shell~ takes what zkCli.sh takes. The commands on znodes are also the shell's. Exit codes: 0
for success, 1 for failure, 2 for a wrong usage. Of ~diff~ and the commands on files (~log~,
~snapshot~, ~dir~) 1 is a finding alone, and 2 whatever keeps them from looking.
`, "~", "`"))
	for _, node := range parser.Model.Children {
		writeHelp(t, &b, node)
	}
	fmt.Fprintf(&b, "\n## Commands on znodes\n\n```\n%s```\n", commonHelp())
	for _, v := range shell.Verbs() {
		fmt.Fprintf(&b, "\n### zoo %s\n\n```\n%s```\n", v.Name, ownHelp(v))
	}
	return b.String()
}

func writeHelp(t *testing.T, b *strings.Builder, node *kong.Node) {
	if _, verb := verbOf(node); node.Hidden || verb {
		return
	}
	for _, child := range node.Children {
		writeHelp(t, b, child)
	}
	if len(node.Children) > 0 {
		return
	}
	words := strings.Fields(strings.TrimPrefix(commandPath(node), "zoo "))
	if node.Passthrough {
		fmt.Fprintf(b, "\n## zoo %s\n\n%s\n\n```\n%s\n```\n", strings.Join(words, " "), node.Help,
			node.Positional[0].Help)
		return
	}
	var out bytes.Buffer
	m := &Main{Args: append(words, "--help"), Stdout: &out, Stderr: io.Discard}
	if code := m.Run(t.Context()); code != exitOK {
		t.Fatalf("%v --help ends with %d", words, code)
	}
	fmt.Fprintf(b, "\n## zoo %s\n\n```\n%s```\n", strings.Join(words, " "), out.String())
}

// commandPath is a command's words without those of its arguments.
func commandPath(node *kong.Node) string {
	if node.Parent == nil {
		return node.Name
	}
	return commandPath(node.Parent) + " " + node.Name
}

// The plot: every command and option that can be typed is told by help and completion.
func TestEveryVerbAndOptionHasAHelpText(t *testing.T) {
	all := shell.CommonOptions()
	for _, v := range shell.Verbs() {
		if v.Help == "" {
			t.Errorf("%s has no help", v.Name)
		}
		all = append(all, v.Options...)
	}
	for _, o := range all {
		if o.Help == "" {
			t.Errorf("an option %s has no help", o.Flag)
		}
	}
}

// typed is a terminal at which somebody types, and what they see.
type typed struct {
	keys io.Reader
	bytes.Buffer
}

// Read gives the next keys.
func (s *typed) Read(b []byte) (int, error) { return s.keys.Read(b) }

func editorOf(keys string) (*editor, *typed) {
	screen := &typed{keys: strings.NewReader(keys)}
	return &editor{Terminal: term.NewTerminal(screen, ""),
		raw:  func() (func(), error) { return func() {}, nil },
		size: func() (int, int, error) { return 80, 24, nil }}, screen
}

// The plot: an operator types three letters and the tabulator, then part of a path and the
// tabulator. Both become whole, and choices are shown where there are several.
func TestTheTabulatorCompletesCommandsAndPaths(t *testing.T) {
	address, stop, err := serveInMemory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e, seen := editorOf("create /apples red\rcreate /apricot orange\r" +
		"getAl\t/ap\t\tpl\t\rquit\r")
	s := &shell.Shell{Arguments: shell.Arguments{Server: address, Timeout: 10 * time.Second,
		WaitForConnection: true}, Lines: e, Out: e, Err: e}
	e.completes(t.Context(), s)
	if code, err := s.Run(t.Context()); code != exitOK || err != nil {
		t.Errorf("the shell ends with %d, %v", code, err)
	}
	for _, want := range []string{"getAllChildrenNumber /apples", "/apples  /apricot"} {
		if !strings.Contains(seen.String(), want) {
			t.Errorf("nobody sees %q in %q", want, seen.String())
		}
	}
	if err := stop(); err != nil {
		t.Error(err)
	}
}

// The plot: while somebody types, a watch prints. What was typed stands again below it.
func TestAnEventDoesNotGarbleWhatIsTyped(t *testing.T) {
	keyboard, program := net.Pipe()
	seen := &bytes.Buffer{}
	e := &editor{Terminal: term.NewTerminal(twoWays{program, seen}, ""),
		raw:  func() (func(), error) { return func() {}, nil },
		size: func() (int, int, error) { return 80, 24, nil }}
	lines := make(chan string)
	go func() {
		line, _ := e.ReadLine("> ")
		lines <- line
	}()
	for _, key := range []string{"h", "i"} {
		// The pipe hands over one key at a time: the second is read after the first was shown.
		if _, err := io.WriteString(keyboard, key); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := io.WriteString(e, "WATCHER::\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(keyboard, "\r"); err != nil {
		t.Fatal(err)
	}
	if line := <-lines; line != "hi" {
		t.Errorf("the line is %q", line)
	}
	_, behind, found := strings.Cut(seen.String(), "WATCHER::\r\n")
	if !found || !strings.HasPrefix(behind, "> h") {
		t.Errorf("behind the event stands %q of %q", behind, seen)
	}
}

// The plot: a shell ends and another begins. It knows the lines of the first one, but no
// passwords.
func TestAHistoryOutlivesItsShell(t *testing.T) {
	file := filepath.Join(t.TempDir(), "state", "history")
	h := readHistory(file)
	for _, line := range []string{"ls /", "ls /", "addauth digest u:secret", "get /a"} {
		h.Add(line)
	}
	h = readHistory(file)
	if h.Len() != 2 || h.At(0) != "get /a" || h.At(1) != "ls /" {
		t.Errorf("the history is %q", h.lines)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
}
