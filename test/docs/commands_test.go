package docs

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"zoo/test/ensemble"
)

const (
	// limit bounds one reader, on a machine that is busy and builds for the first time.
	limit = 8 * time.Minute
	// patience is what a server has to end after its Ctrl-C.
	patience = 20 * time.Second
)

// errEnded tells that what was to run on has ended.
var errEnded = errors.New("it has ended")

// walk is one reader, who does what a page says.
type walk struct {
	t    *testing.T
	ctx  context.Context
	page string
	// dir is where the reader types: a copy of the source, or an empty directory.
	dir string
	// env is what the commands have besides the environment of the test.
	env []string
	// places stand for what the page writes: ports, which are others here.
	places  map[string]string
	running []terminal
}

// terminal is where something runs that does not end by itself.
type terminal struct {
	name    string
	process *ensemble.Process
}

// copySource copies what a fresh clone has, and neither what is built nor what is Git's own.
// The copy is the reader's: it is gone with the test.
func copySource(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		name, from := entry.Name(), filepath.Join(root, entry.Name())
		if slices.Contains([]string{".git", ".cache", "bin", "try"}, name) {
			continue
		}
		if entry.IsDir() {
			err = os.CopyFS(filepath.Join(dir, name), os.DirFS(from))
		} else if entry.Type() == fs.FileMode(0) {
			var text []byte
			if text, err = os.ReadFile(from); err == nil {
				err = os.WriteFile(filepath.Join(dir, name), text, 0o600)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// row finds n free ports, one after the other.
func row(n int) (int, error) {
search:
	for range 100 {
		first, err := ensemble.FreePort()
		if err != nil {
			return 0, err
		}
		for i := range n {
			l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(first+i)))
			if err != nil {
				continue search
			}
			l.Close()
		}
		return first, nil
	}
	return 0, fmt.Errorf("no %d free ports in a row", n)
}

// written are the ports that the pages write.
var written = []int{2181, 2182, 2183, 2184, 2191, 2281, 2282, 2283, 2881, 2882, 2883,
	3881, 3882, 3883, 8080, 8081, 8082, 8083}

// place finds what stands for something else here.
var place = regexp.MustCompile(`\b(2[1289]\d\d|38\d\d|80[89]\d|PORT)\b`)

func (w *walk) here(text string) string {
	return place.ReplaceAllStringFunc(text, func(name string) string {
		other, ok := w.places[name]
		if !ok {
			w.t.Fatalf("%s: nothing stands for %s yet", w.page, name)
		}
		return other
	})
}

// command runs a text as the reader's shell does. The programs that it builds do not depend
// on where the copy lies, so that they are built once.
func (w *walk) command(ctx context.Context, text string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "bash", "-eu", "-o", "pipefail", "-c", text)
	cmd.Dir, cmd.WaitDelay = w.dir, patience
	cmd.Env = append(os.Environ(), "GOFLAGS="+os.Getenv("GOFLAGS")+" -trimpath", "CGO_ENABLED=0")
	cmd.Env = append(cmd.Env, w.env...)
	return cmd
}

// run does a block that ends.
func (w *walk) run(text string) (string, error) {
	out, err := w.command(w.ctx, w.here(text)).CombinedOutput()
	return string(out), err
}

// converse types the commands of a block, those behind a $, and wants the answers that it
// shows. A line of … is any lines, and … in a line is anything.
func (w *walk) converse(text string) (string, error) {
	for i, part := range strings.Split("\n"+text, "\n$ ") {
		command, answer, _ := strings.Cut(part, "\n")
		if i == 0 {
			if strings.TrimSpace(part) != "" {
				return part, errors.New("the block does not begin with $")
			}
			continue
		}
		out, err := w.run(command)
		if err != nil {
			return out, fmt.Errorf("%s: %w", command, err)
		}
		want := pattern(w.here(answer))
		if !want.MatchString(strings.TrimRight(out, "\n") + "\n") {
			return out, fmt.Errorf("%s: the page shows another answer:\n%s", command, answer)
		}
	}
	return "", nil
}

// pattern is what an answer has to look like.
func pattern(answer string) *regexp.Regexp {
	var lines strings.Builder
	lines.WriteString("^")
	for line := range strings.Lines(strings.TrimRight(answer, "\n") + "\n") {
		if line == "…\n" {
			lines.WriteString(`(?:.*\n)*`)
			continue
		}
		lines.WriteString(strings.ReplaceAll(regexp.QuoteMeta(line), "…", ".*"))
	}
	return regexp.MustCompile(lines.String() + "$")
}

// connects is what zoo dev says of its ports.
var connects = regexp.MustCompile(`connect to 127\.0\.0\.1:(\d+)`)

// begin starts a block that does not end, and waits until it has said what is waited for.
func (w *walk) begin(name, text, until string) (string, error) {
	output := filepath.Join(w.t.TempDir(), "output")
	out, err := os.Create(output)
	if err != nil {
		return "", err
	}
	// Not with the context: what is running is ended one after the other.
	process, err := ensemble.StartProcess(
		w.command(context.Background(), w.here(text)), out)
	if err != nil {
		return "", err
	}
	w.t.Cleanup(func() { _ = process.Kill() })
	w.running = append(w.running, terminal{name, process})
	ctx, cancel := context.WithCancelCause(w.ctx)
	defer cancel(nil)
	var said []byte
	err = ensemble.Until(ctx, until, func(context.Context) (err error) {
		if said, err = os.ReadFile(output); err != nil || bytes.Contains(said, []byte(until)) {
			return err
		}
		if process.Ended() {
			cancel(errEnded)
		}
		return fmt.Errorf("it has said:\n%s", said)
	})
	if match := connects.FindSubmatch(said); match != nil {
		w.places["PORT"] = string(match[1])
	}
	return string(said), err
}

// end ends what a mark names, or what was begun last.
func (w *walk) end(mark string) error {
	how, name, named := strings.Cut(strings.TrimPrefix(mark, "run: "), " ")
	for i, at := range slices.Backward(w.running) {
		if named && at.name != name {
			continue
		}
		w.running = slices.Delete(w.running, i, i+1)
		if how == "kill" {
			return at.process.Kill()
		}
		return at.process.Stop(patience)
	}
	return fmt.Errorf("%s: nothing like it is running", mark)
}

// waits is the mark of a block that does not end.
var waits = regexp.MustCompile(`^run: (?:as (\S+) )?until (.*)$`)

// do does one step.
func (w *walk) do(s step) (out string, err error) {
	key, value, _ := strings.Cut(s.mark, ": ")
	running := waits.FindStringSubmatch(s.mark)
	switch {
	case s.kind == "end":
		return "", w.end(s.mark)
	case key == "file":
		name := filepath.Join(w.dir, value)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return "", err
		}
		return "", os.WriteFile(name, []byte(w.here(s.text)), 0o600)
	case s.kind == "sh" && running != nil:
		return w.begin(running[1], s.text, running[2])
	case s.kind == "sh":
		return w.run(s.text)
	case s.kind == "console":
		return w.converse(s.text)
	}
	return "", fmt.Errorf("a block of %q: neither run nor marked", s.kind)
}

// begun is a reader in a directory, with ports that nobody has.
func begun(t *testing.T, dir string) *walk {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	t.Cleanup(cancel)
	first, err := row(len(written))
	if err != nil {
		t.Fatal(err)
	}
	w := &walk{t: t, ctx: ctx, dir: dir, places: map[string]string{}}
	for i, port := range written {
		w.places[strconv.Itoa(port)] = strconv.Itoa(first + i)
	}
	return w
}

// read does all that a page says.
func (w *walk) read(page string) {
	w.page = page
	for _, s := range stepsOf(w.t, page) {
		if strings.HasPrefix(s.mark, leftOut) || s.kind == "text" {
			continue
		}
		begun := time.Now()
		out, err := w.do(s)
		if err != nil {
			w.t.Fatalf("%s:%d: %v\n%s", page, s.line, err, out)
		}
		w.t.Logf("%s:%d: %v", page, s.line, time.Since(begun).Round(time.Millisecond))
	}
}

// leave ends what still runs.
func (w *walk) leave() {
	for len(w.running) > 0 {
		if err := w.end("run: ctrl-c"); err != nil {
			w.t.Error(err)
		}
	}
}

// followed are the pages that are followed by itself, from the root of a clone.
var followed = []string{"README.md", "docs/quick-start.md"}

// Whoever types what the first page says gets what it promises; and from nothing to a backup
// and its restore, as the quick start says.
func TestThePagesForNewcomersAreFollowed(t *testing.T) {
	for _, page := range followed {
		t.Run(page, func(t *testing.T) {
			w := begun(t, copySource(t))
			w.read(page)
			w.leave()
		})
	}
}

// runbooks are followed one after the other, as on one day of an operator: each goes on with
// the ensemble that the one before has left.
var runbooks = []string{"deploy", "size", "monitor", "backup", "upgrade", "secure", "recover"}

func runbook(name string) string { return "docs/operate/runbooks/" + name + ".md" }

// Whoever follows the runbooks comes to the end of each, with servers that run on one machine.
func TestTheRunbooksAreFollowed(t *testing.T) {
	for _, name := range []string{"curl", "openssl"} {
		if _, err := exec.LookPath(name); err != nil {
			ensemble.LeaveOut(t, name, err)
		}
	}
	binary, err := ensemble.Build(t.Context(), t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := begun(t, t.TempDir())
	w.env = []string{"PATH=" + filepath.Dir(binary) + string(os.PathListSeparator) +
		os.Getenv("PATH")}
	for _, name := range runbooks {
		w.read(runbook(name))
	}
	w.leave()
}
