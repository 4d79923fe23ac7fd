package shell_test

import (
	"context"
	"io/fs"
	"log/slog"
	"strings"
	"testing"
	"time"

	"zoo/internal/core/replica"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/server"
	"zoo/internal/shell"
)

// serve runs a server of ours on a disk in memory, and returns its address.
func serve(t *testing.T) string {
	t.Helper()
	cfg := server.Config{
		Config:       replica.Config{ID: 1, TickTime: 2 * time.Second},
		Store:        store.Config{FS: vfs.NewMem(), DataDir: "/data", PreallocateBytes: 1 << 16},
		ClientListen: []string{"127.0.0.1:0"},
	}
	s := server.Assemble(cfg, slog.New(slog.DiscardHandler), server.BuildInfo{Version: "test"})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	addresses, err := s.Addresses(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return addresses[0].String()
}

// said is what one run of the shell wrote.
type said struct {
	out, err string
	exit     int
}

// run runs the shell on lines, or on one command if there are args.
func run(t *testing.T, address, lines string, args ...string) said {
	t.Helper()
	var out, errs strings.Builder
	a, err := shell.ParseArguments(append([]string{"-server", address}, args...), &errs)
	if err != nil {
		t.Fatal(err)
	}
	s := &shell.Shell{Arguments: a, In: strings.NewReader(lines), Out: &out, Err: &errs,
		ReadFile: func(string) ([]byte, error) { return nil, fs.ErrNotExist }}
	exit, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return said{out.String(), errs.String(), exit}
}

// The plot: each line of a session is answered on the stream and in the words that
// scripts know.
func TestCommandsAnswerInZkClisWords(t *testing.T) {
	address := serve(t)
	for _, c := range answers() {
		got := run(t, address, c.line+"\n")
		if !strings.Contains(got.out, c.out) || !strings.Contains(got.err, c.err) ||
			c.err == "" && got.err != "" {
			t.Errorf("%s says %q and %q", c.line, got.out, got.err)
		}
		fails := c.err != "" && c.out == "" && !strings.HasPrefix(c.err, "Created")
		if fails != (got.exit != 0) {
			t.Errorf("%s ends with %d", c.line, got.exit)
		}
	}
}

// dialogue is a line and what it must make the shell say on each stream, among others.
type dialogue struct{ line, out, err string }

func answers() []dialogue {
	return []dialogue{
		{"create /a hello", "", "Created /a\n"},
		{"create /a again", "", "Node already exists: /a\n"},
		{"get /a", "hello\n", ""},
		{"get -x /a", "|00000000| 68 65 6c 6c 6f      ", ""},
		{"get -b /a", "aGVsbG8=\n", ""},
		{"get /nope", "", "Node does not exist: /nope\n"},
		{"get /a//b", "", "Invalid path string \"/a//b\" caused by " +
			"empty node name specified @3\n"},
		{"get -z /a", "", "org.apache.commons.cli.UnrecognizedOptionException: " +
			"Unrecognized option: -z\n"},
		{"set /a -v 7 x", "", "version No is not valid : /a\n"},
		{"create -s /a/n-", "", "Created /a/n-0000000000\n"},
		{"ls -R /a", "/a\n/a/n-0000000000\n", ""},
		{"delete /a", "", "Node not empty: /a\n"},
		{"getAcl /a", "'world,'anyone\n: cdrwa\n", ""},
		{"setquota -n 1 /a", "[Warning]: the count quota you create is less than the " +
			"existing count:2\n", ""},
		{"listquota /a", "Output stat for /a count=2,bytes=5\n",
			"absolute path is /zookeeper/quota/a/zookeeper_limits\n"},
		{"delquota /a", "", ""},
		{"create '/two words' \"x y\"", "", "Created /two words\n"},
		{"deleteall /a", "", ""},
		{"nonsense", "", "Command not found: Command not found nonsense\n"},
		{"sync /", "Sync is OK\n", ""},
		{"printwatches", "printwatches is on\n", ""},
		{"whoami", "Auth scheme: User\nip: 127.0.0.1\n", ""},
	}
}

// The plot: what the server keeps for itself cannot be deleted. The shell says so and, as
// Java's, does not count it as a failure.
func TestAnIncompleteDeleteAllIsTold(t *testing.T) {
	got := run(t, serve(t), "deleteall /zookeeper\n")
	if got.err != "Failed to delete some node(s) in the subtree!\n" || got.exit != 0 {
		t.Fatalf("the shell says %q and ends with %d", got.err, got.exit)
	}
}

func TestWatchEventsArePrinted(t *testing.T) {
	got := run(t, serve(t), "create /w\nget -w /w\nset /w x\ndelete /w\nquit\nls /\n")
	event := "\nWATCHER::\n\nWatchedEvent state:SyncConnected type:NodeDataChanged path:/w\n"
	if strings.Count(got.out, event) != 1 || strings.Contains(got.out, "zookeeper") {
		t.Fatalf("the shell says %q", got.out)
	}
}

func TestHistoryIsShownAndRedone(t *testing.T) {
	got := run(t, serve(t), "create /h x\nget /h\nredo 1\nhistory\nredo 9\n")
	if strings.Count(got.out, "x\n") < 2 ||
		!strings.Contains(got.out, "0 - create /h x\n1 - get /h\n2 - get /h\n3 - history\n") ||
		!strings.Contains(got.err, "Command index out of range\n") || got.exit != 1 {
		t.Fatalf("the shell says %q and %q", got.out, got.err)
	}
}

func TestASingleCommandHasAnExitCode(t *testing.T) {
	address := serve(t)
	for line, exit := range map[string]int{"ls /": 0, "ls /nope": 1, "nonsense": 127, "get": 1} {
		if got := run(t, address, "", strings.Fields(line)...); got.exit != exit ||
			strings.Contains(got.out, "Welcome") {
			t.Errorf("%s ends with %d: %q", line, got.exit, got.out)
		}
	}
}

func TestAfterCloseNothingIsConnectedUntilConnect(t *testing.T) {
	address := serve(t)
	got := run(t, address, "close\nls /\nprintwatches\nconnect "+address+"\nls /\n")
	if strings.Count(got.out, "Not connected\n") != 2 ||
		!strings.HasSuffix(got.out, "[zookeeper]\n") {
		t.Fatalf("the shell says %q", got.out)
	}
}

// The plot: a script and a person type what is no command. The script sees zkCli's list line for
// line; the person is told of what zkCli has not.
func TestOnlyPeopleAreToldWhatZkCliHasNot(t *testing.T) {
	for _, terminal := range []bool{false, true} {
		var out, errs strings.Builder
		s := &shell.Shell{Arguments: shell.Arguments{Server: "127.0.0.1:1", Timeout: time.Second},
			In: strings.NewReader("nonsense\n"), Out: &out, Err: &errs, Terminal: terminal}
		if _, err := s.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if told := strings.Contains(errs.String(), "\tcp [-r] source target\n"); told != terminal {
			t.Errorf("at a terminal: %v, told: %v", terminal, told)
		}
	}
}

// The plot: a person asks for help, and for help about one command and one that is none. The
// moral: nobody who asks is told that help is no command, but for a script, as zkCli has it.
func TestPeopleAreHelped(t *testing.T) {
	for _, row := range []struct {
		typed    string
		terminal bool
		out, err string
	}{
		{"help", true, "", "\tget [-s]"},
		{"help sync", true, "sync path\nWait", ""},
		{"help nonsense", true, "", "Command not found: Command not found nonsense"},
		{"help", false, "", "Command not found: Command not found help"},
	} {
		var out, errs strings.Builder
		s := &shell.Shell{Arguments: shell.Arguments{Server: "127.0.0.1:1", Timeout: time.Second},
			In: strings.NewReader(row.typed + "\n"), Out: &out, Err: &errs, Terminal: row.terminal}
		if _, err := s.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		refused := strings.Contains(errs.String(), "not found help")
		if !strings.Contains(out.String(), row.out) || !strings.Contains(errs.String(), row.err) ||
			refused == row.terminal {
			t.Errorf("%q at a terminal (%v): %q and %q", row.typed, row.terminal, &out, &errs)
		}
	}
}
