package shell

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	"zoo"
	"zoo/client"
)

// Shell is one run of zkCli. Its fields, up to Version, are set before Run.
type Shell struct {
	Arguments
	In       io.Reader
	Out, Err io.Writer
	// Terminal tells that somebody sits there, who wants a prompt.
	Terminal bool
	// Options are the client's, but for what Arguments say.
	Options client.Options
	// ReadFile reads what -file of reconfig and --in name.
	ReadFile func(name string) ([]byte, error)
	// OpenFile and CreateFile open what import and export name; nil refuses.
	OpenFile   func(name string) (io.ReadCloser, error)
	CreateFile func(name string) (io.WriteCloser, error)
	// Progress hears how far long commands are; nil is silent.
	Progress io.Writer
	// Lines edits lines for somebody at a terminal; nil reads In.
	Lines Lines
	// Version is what the command version prints after its words.
	Version string

	// mu keeps what watchers print apart from what commands print, and guards quiet.
	mu sync.Mutex
	// quiet tells that events are not printed.
	quiet bool
	// single tells that one command is all: its session is of no interest.
	single bool
	// heard is closed by the first event of a watch, and lost by the end of the session, if
	// they are not nil.
	heard, lost chan struct{}

	client *client.Client
	// unpaged is the client whose server has been found to have no pages of children. Those
	// that read ahead share it.
	unpaged atomic.Pointer[client.Client]
	host    string
	history []string
	// number is that of the command that runs.
	number int
	// exit is the exit code of the last command.
	exit int
	over bool
}

// Lines is an editor of lines.
type Lines interface {
	// ReadLine shows the prompt and gives the next line, or io.EOF where there is none.
	ReadLine(prompt string) (string, error)
}

// Run runs the one command, or all that are read, and returns the exit code: 0 where
// the last command did well, 1 where it did not, 127 where there is none of this name. The
// error is for what stands in the way of all commands.
func (s *Shell) Run(ctx context.Context) (int, error) {
	s.print("Connecting to %s\n", s.Server)
	if err := s.connect(ctx, s.Server); err != nil {
		return exitFailed, err
	}
	if s.WaitForConnection {
		wait, stop := context.WithTimeout(ctx, s.Timeout)
		defer stop()
		if err := s.client.WaitConnected(wait); err != nil {
			return exitFailed, err
		}
	}
	if len(s.Command) > 0 {
		s.record("null") // The history of a single command is known for this word.
		s.exit = s.execute(ctx, s.Command)
	} else {
		s.read(ctx)
	}
	if s.client.State().Connected() {
		s.setQuiet(true)
		return s.exit, ignoreLoss(s.client.Close(ctx))
	}
	return s.exit, nil
}

// ignoreLoss passes over that a session could not be ended: it ends by itself.
func ignoreLoss(err error) error {
	if errors.Is(err, zoo.CodeConnectionLoss) {
		return nil
	}
	return err
}

// connect begins a session and ends the one before.
func (s *Shell) connect(ctx context.Context, server string) error {
	servers, chroot, err := client.ParseConnectString(server)
	if err != nil {
		return err
	}
	if s.client != nil {
		if err := ignoreLoss(s.client.Close(ctx)); err != nil {
			return err
		}
	}
	opts := s.Options
	opts.Servers, opts.Chroot = servers, chroot
	opts.SessionTimeout, opts.ReadOnly = s.Timeout, s.ReadOnly
	opts.Watcher = (*watcher)(s)
	c, err := client.New(opts)
	if err != nil {
		return err
	}
	s.client, s.host = c, server
	return nil
}

// lineBytesMax bounds a command.
const lineBytesMax = 16 << 20

// read runs commands until there are no more.
func (s *Shell) read(ctx context.Context) {
	s.print("Welcome to ZooKeeper!\n")
	lines := s.Lines
	if lines == nil {
		s.print("JLine support is disabled\n")
		lines = newScanned(s)
	} else {
		s.print("JLine support is enabled\n")
	}
	for !s.over && ctx.Err() == nil {
		line, err := lines.ReadLine(s.prompt())
		if err != nil {
			s.ended(err)
			return
		}
		if line == "" {
			continue
		}
		s.record(line)
		s.exit = s.execute(ctx, words(line))
		s.number++
	}
}

// ended tells why no more lines can be read, unless there are no more.
func (s *Shell) ended(err error) {
	if !errors.Is(err, io.EOF) {
		s.complain("%v\n", err)
		s.exit = exitFailed
	}
}

// scanned reads lines as they are; at a terminal there is a prompt before each.
type scanned struct {
	shell *Shell
	lines *bufio.Scanner
}

func newScanned(s *Shell) *scanned {
	lines := bufio.NewScanner(s.In)
	lines.Buffer(nil, lineBytesMax)
	return &scanned{s, lines}
}

// ReadLine gives the next line.
func (l *scanned) ReadLine(prompt string) (string, error) {
	if l.shell.Terminal {
		l.shell.print("%s", prompt)
	}
	if l.lines.Scan() {
		return l.lines.Text(), nil
	}
	if err := l.lines.Err(); err != nil {
		return "", err
	}
	return "", io.EOF
}

// stateNames are the words of the prompt.
var stateNames = map[client.State]string{
	client.StateDisconnected: "CONNECTING", client.StateSyncConnected: "CONNECTED",
	client.StateConnectedReadOnly: "CONNECTEDREADONLY", client.StateAuthFailed: "AUTH_FAILED",
	client.StateExpired: "CLOSED", client.StateClosed: "CLOSED",
}

func (s *Shell) prompt() string {
	return fmt.Sprintf("[zk: %s(%s) %d] ", s.host, stateNames[s.client.State()], s.number)
}

// record puts a line into the history as the present command.
func (s *Shell) record(line string) {
	s.history = append(s.history[:s.number], line)
}

// execute runs one command, tells what went wrong, and gives the exit code.
func (s *Shell) execute(ctx context.Context, line []string) int {
	if len(line) == 0 {
		s.usage()
		return exitFailed
	}
	err := s.dispatch(ctx, line)
	if err != nil {
		s.complain("%s\n", answer(err))
	}
	return exitOf(err)
}

// dispatch finds the command. Those of the shell itself need no server.
func (s *Shell) dispatch(ctx context.Context, line []string) error {
	if own, ok := s.own()[line[0]]; ok {
		if err := own(ctx, line); err != nil || s.over {
			return err
		}
		// They did what they do; that there is no session is told all the same.
		s.connected()
		return nil
	}
	if line[0] == "help" && s.Terminal {
		return s.help(line[1:])
	}
	command, ok := find(line[0])
	if !ok {
		s.usage()
		return &failure{"Command not found: Command not found " + line[0], exitNotFound}
	}
	if !s.connected() {
		return nil
	}
	p, err := command.parse(line, nil)
	if err != nil {
		return err
	}
	if len(p.args) <= command.least(p) {
		return failed("%s", command.line())
	}
	return command.run(ctx, s, p)
}

// connected tells whether there is a session, and prints it if there is none.
func (s *Shell) connected() bool {
	switch s.client.State() {
	case client.StateClosed, client.StateExpired, client.StateAuthFailed:
		s.print("Not connected\n")
		return false
	}
	return true
}

// own are the commands about the shell.
func (s *Shell) own() map[string]func(context.Context, []string) error {
	return map[string]func(context.Context, []string) error{
		"quit": s.quit, "redo": s.redo, "history": s.showHistory,
		"printwatches": s.printWatches, "connect": s.reconnect,
	}
}

func (s *Shell) quit(ctx context.Context, _ []string) error {
	s.over = true
	err := ignoreLoss(s.client.Close(ctx))
	if err == nil && s.exit != exitOK {
		return &failure{exit: s.exit} // quit keeps what the command before it came to.
	}
	return err
}

// redo runs a command of the history again, and takes its place there.
func (s *Shell) redo(ctx context.Context, line []string) error {
	if len(line) < 2 {
		return nil
	}
	n, err := strconv.ParseInt(line[1], 10, 32)
	if err != nil {
		return failed("For input string: %q", line[1])
	}
	if n < 0 || int(n) >= s.number {
		return failed("Command index out of range")
	}
	again := words(s.history[n])
	if again[0] == "redo" {
		return failed("No redoing redos")
	}
	s.record(s.history[n])
	return s.dispatch(ctx, again)
}

// historyLines is how many commands are shown, the present one included.
const historyLines = 11

func (s *Shell) showHistory(context.Context, []string) error {
	for i := max(0, s.number-historyLines+1); i <= s.number; i++ {
		s.print("%d - %s\n", i, s.history[i])
	}
	return nil
}

func (s *Shell) printWatches(_ context.Context, line []string) error {
	if len(line) > 1 {
		s.setQuiet(line[1] != "on")
		return nil
	}
	s.mu.Lock()
	word := "on"
	if s.quiet {
		word = "off"
	}
	s.mu.Unlock()
	s.print("printwatches is %s\n", word)
	return nil
}

func (s *Shell) setQuiet(quiet bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quiet = quiet
}

func (s *Shell) reconnect(ctx context.Context, line []string) error {
	server := s.host
	if len(line) > 1 {
		server = line[1]
	}
	return s.connect(ctx, server)
}

func (s *Shell) print(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.Out, format, args...)
}

func (s *Shell) complain(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	text := fmt.Sprintf(format, args...)
	if strings.TrimSpace(text) != "" {
		fmt.Fprint(s.Err, text)
	}
}

// watcher prints the events of all watches that commands set, and of the session.
type watcher Shell

// Process prints one event.
func (w *watcher) Process(e client.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.quiet || w.single && e.Type == zoo.EventNone {
		if over := e.State == client.StateExpired; over && w.lost != nil {
			close(w.lost)
			w.lost = nil
		}
		return
	}
	if w.heard != nil {
		defer func() { close(w.heard); w.heard = nil }()
	}
	path := e.Path
	if path == "" {
		path = "null"
	}
	fmt.Fprintf(w.Out, "\nWATCHER::\n\nWatchedEvent state:%v type:%v path:%s\n",
		e.State, e.Type, path)
}
