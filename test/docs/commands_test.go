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
	// limit bounds one page, on a machine that is busy and builds for the first time.
	limit = 8 * time.Minute
	// patience is what a server has to end after its Ctrl-C.
	patience = 20 * time.Second
)

// notRun are the blocks that are not run, by page and first line, and why.
var notRun = map[[2]string]string{
	{"README.md", "make test"}: "it is what runs this test",
}

// walk is one reader, who does what a page says.
type walk struct {
	t    *testing.T
	ctx  context.Context
	page string
	// dir is a copy of the source.
	dir string
	// places stand for what the page writes: ports, which are others here.
	places  map[string]string
	running []*ensemble.Process
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
var written = []int{2181, 2182, 2183, 2184, 2191, 8080}

// place finds what stands for something else here.
var place = regexp.MustCompile(`\b(21[89]\d|8080|PORT)\b`)

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
func (w *walk) begin(text, until string) (string, error) {
	name := filepath.Join(w.t.TempDir(), "output")
	out, err := os.Create(name)
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
	w.running = append(w.running, process)
	var said []byte
	err = ensemble.Until(w.ctx, until, func(context.Context) (err error) {
		if said, err = os.ReadFile(name); err != nil || bytes.Contains(said, []byte(until)) {
			return err
		}
		return fmt.Errorf("it has said %d bytes", len(said))
	})
	if match := connects.FindSubmatch(said); match != nil {
		w.places["PORT"] = string(match[1])
	}
	return string(said), err
}

// interrupt ends what was begun last.
func (w *walk) interrupt() error {
	last := len(w.running) - 1
	if last < 0 {
		return errors.New("nothing is running")
	}
	process := w.running[last]
	w.running = w.running[:last]
	return process.Stop(patience)
}

// do does one step.
func (w *walk) do(s step) (out string, err error) {
	key, value, _ := strings.Cut(s.mark, ": ")
	until, waits := strings.CutPrefix(value, "until ")
	switch {
	case s.kind == "interrupt":
		return "", w.interrupt()
	case key == "file":
		name := filepath.Join(w.dir, value)
		if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
			return "", err
		}
		return "", os.WriteFile(name, []byte(w.here(s.text)), 0o600)
	case s.kind == "sh" && waits:
		return w.begin(s.text, until)
	case s.kind == "sh":
		return w.run(s.text)
	case s.kind == "console":
		return w.converse(s.text)
	}
	return "", fmt.Errorf("a block of %q: neither run nor marked", s.kind)
}

// read does all that a page says.
func read(t *testing.T, page string) {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	first, err := row(len(written))
	if err != nil {
		t.Fatal(err)
	}
	w := &walk{t: t, ctx: ctx, page: page, dir: copySource(t), places: map[string]string{}}
	for i, port := range written {
		w.places[strconv.Itoa(port)] = strconv.Itoa(first + i)
	}
	for _, s := range stepsOf(t, page) {
		if strings.HasPrefix(s.mark, "run: not") {
			continue
		}
		begun := time.Now()
		out, err := w.do(s)
		if err != nil {
			t.Fatalf("%s:%d: %v\n%s", page, s.line, err, out)
		}
		t.Logf("%s:%d: %v", page, s.line, time.Since(begun).Round(time.Millisecond))
	}
	for len(w.running) > 0 {
		if err := w.interrupt(); err != nil {
			t.Error(err)
		}
	}
}

// Whoever types what the first page says gets what it promises.
func TestTheReadmeIsFollowed(t *testing.T) { read(t, "README.md") }

// From nothing to a backup and its restore, as the page says.
func TestTheQuickStartIsFollowed(t *testing.T) { read(t, "docs/quick-start.md") }

// What is not run is listed here, with the reason that the page gives.
func TestOnlyWhatIsListedIsNotRun(t *testing.T) {
	left := map[[2]string]string{}
	for _, page := range []string{"README.md", "docs/quick-start.md"} {
		for _, s := range stepsOf(t, page) {
			if reason, not := strings.CutPrefix(s.mark, "run: not, "); not {
				first, _, _ := strings.Cut(s.text, "\n")
				left[[2]string{page, first}] = reason
			}
		}
	}
	if fmt.Sprint(left) != fmt.Sprint(notRun) {
		t.Errorf("the pages leave out %v, and listed are %v", left, notRun)
	}
}
