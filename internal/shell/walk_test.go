package shell

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zoo"
	"zoo/client"
	"zoo/internal/core/replica"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/server"
)

// alone is a shell as a single command has it, with a server of its own, and what it writes.
func alone(t *testing.T) (s *Shell, out, errs *strings.Builder) {
	t.Helper()
	run := server.Assemble(server.Config{
		Config:       replica.Config{ID: 1, TickTime: 2 * time.Second},
		Store:        store.Config{FS: vfs.NewMem(), DataDir: "/data", PreallocateBytes: 1 << 16},
		ClientListen: []string{"127.0.0.1:0"},
	}, slog.New(slog.DiscardHandler), server.BuildInfo{Version: "test"})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	addresses, err := run.Addresses(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	out, errs = &strings.Builder{}, &strings.Builder{}
	s = &Shell{Arguments: Arguments{Timeout: 20 * time.Second}, Out: out, Err: errs, single: true}
	if err := s.connect(t.Context(), addresses[0].String()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.leave(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s, out, errs
}

// do runs a line, which must succeed.
func do(t *testing.T, s *Shell, line ...string) {
	t.Helper()
	if err := s.dispatch(t.Context(), line); err != nil {
		t.Fatalf("%v: %s", line, answer(err))
	}
}

// fill makes a family of n znodes below a new one.
func fill(t *testing.T, s *Shell, parent string, n int) {
	t.Helper()
	do(t, s, "create", parent)
	writes := parts{shell: s}
	for i := range n {
		path := fmt.Sprintf("%s/%05d", parent, i)
		op := client.CreateOp(path, []byte("x"), client.CreateOptions{})
		if err := writes.add(t.Context(), op, 20); err != nil {
			t.Fatal(err)
		}
	}
	if err := writes.flush(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// The plot: 2,500 znodes are listed, and somebody waits. The counter is shown as it goes and
// is gone in the end; the list is whole and in order.
func TestALongListShowsHowFarItIs(t *testing.T) {
	s, out, _ := alone(t)
	fill(t, s, "/many", 2500)
	var seen strings.Builder
	s.Progress = &seen
	do(t, s, "ls", "-R", "/many")
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 2501 || !slices.IsSorted(lines) {
		t.Errorf("%d lines, sorted: %v", len(lines), slices.IsSorted(lines))
	}
	want := "\r\x1b[K1000 znodes listed\r\x1b[K2000 znodes listed\r\x1b[K"
	if seen.String() != want {
		t.Errorf("seen is %q", seen.String())
	}
	seen.Reset()
	do(t, s, "rm", "-r", "/many")
	want = strings.ReplaceAll(want, "listed", "deleted")
	if seen.String() != want {
		t.Errorf("then seen is %q", seen.String())
	}
}

// The plot: a subtree is too large for one multi. It moves in parts, says so before, and is
// whole at its new place.
func TestALargeSubtreeMovesInPartsAndSaysSo(t *testing.T) {
	s, out, errs := alone(t)
	fill(t, s, "/from", 700)
	do(t, s, "mv", "/from", "/to")
	if !strings.HasPrefix(errs.String(), "Created /from\nnot atomic: 701 znodes move in parts") {
		t.Errorf("it says %q", errs)
	}
	do(t, s, "getAllChildrenNumber", "/to")
	if out.String() != "700\n" {
		t.Errorf("there are %s", out)
	}
	if _, err := s.client.Exists(t.Context(), "/from", nil); codeOf(err) != zoo.CodeNoNode {
		t.Errorf("the source: %v", err)
	}
}

// The plot: while a large subtree moves somebody writes to one of its znodes. Nothing is lost:
// the copy is whole, and what was written is where it was.
func TestWhatChangesWhileASubtreeMovesStays(t *testing.T) {
	s, _, _ := alone(t)
	fill(t, s, "/from", 700)
	m := moving{source: "/from", target: "/to"}
	if err := m.look(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	do(t, s, "set", "/from/00000", "new")
	err := m.inParts(t.Context(), s)
	if err == nil || !strings.Contains(err.Error(), "/to is a whole copy; of /from something") {
		t.Errorf("it says %v", err)
	}
	data, _, err := s.client.Get(t.Context(), "/from/00000", nil)
	if err != nil || string(data) != "new" {
		t.Errorf("%q, %v", data, err)
	}
}

// The plot: an ephemeral znode is somewhere in what is to move. It is refused, and nothing has
// changed; a copy leaves it out and tells.
func TestEphemeralZnodesStayWithTheirSession(t *testing.T) {
	s, _, errs := alone(t)
	do(t, s, "create", "/a")
	do(t, s, "create", "-e", "/a/e")
	err := s.dispatch(t.Context(), []string{"mv", "/a", "/b"})
	if err == nil || !strings.Contains(err.Error(), "/a/e is an ephemeral znode of session 0x") {
		t.Errorf("mv says %v", err)
	}
	do(t, s, "cp", "-r", "/a", "/c")
	if !strings.Contains(errs.String(), "left out: /a/e is an ephemeral znode of session 0x") {
		t.Errorf("cp says %q", errs)
	}
	errs.Reset()
	do(t, s, "find", "-owner", "any", "/")
}

// aTree is a few paths under names that sort in unusual ways.
func aTree(t *rapid.T) map[string]string {
	paths := map[string]string{}
	names := rapid.SampledFrom([]string{"a", "a-", "a.b", "b", "é", "0"})
	for range rapid.IntRange(0, 12).Draw(t, "paths") {
		path := ""
		for range rapid.IntRange(1, 3).Draw(t, "depth") {
			path += "/" + names.Draw(t, "name")
			if _, ok := paths[path]; !ok {
				paths[path] = rapid.SampledFrom([]string{"x", "y", "\xff"}).Draw(t, "data")
			}
		}
	}
	return paths
}

func (s *Shell) plant(t *rapid.T, root string, paths map[string]string) {
	ctx := context.Background()
	if _, err := s.client.Create(ctx, root, nil, client.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	for _, path := range sorted(paths) {
		_, err := s.client.Create(ctx, root+path, []byte(paths[path]), client.CreateOptions{})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func sorted(paths map[string]string) []string {
	var all []string
	for path := range paths {
		all = append(all, path)
	}
	slices.SortFunc(all, func(a, b string) int {
		return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
	})
	return all
}

// The plot: two random trees. What diff tells is what a comparison of two maps finds, in the
// order of paths; and an export of the first one, imported elsewhere, differs in nothing.
func TestDiffAndExportAgreeWithTwoMaps(t *testing.T) {
	s, out, _ := alone(t)
	round := 0
	rapid.Check(t, func(rt *rapid.T) {
		round++
		left, right, again := fmt.Sprintf("/l%d", round), fmt.Sprintf("/r%d", round),
			fmt.Sprintf("/i%d", round)
		a, b := aTree(rt), aTree(rt)
		s.plant(rt, left, a)
		s.plant(rt, right, b)
		out.Reset()
		err := s.dispatch(context.Background(), []string{"diff", left, right})
		want := compared(a, b)
		if out.String() != want || (err != nil) != (want != "") {
			rt.Fatalf("diff says %q, want %q (%v)", out, want, err)
		}
		out.Reset()
		if err := s.dispatch(context.Background(), []string{"export", left}); err != nil {
			rt.Fatal(err)
		}
		s.In = strings.NewReader(out.String())
		for _, line := range [][]string{{"import", again}, {"diff", left, again}} {
			if err := s.dispatch(context.Background(), line); err != nil {
				rt.Fatalf("%v: %v", line, err)
			}
		}
	})
}

// compared is what diff should say.
func compared(a, b map[string]string) string {
	all := map[string]string{}
	for _, paths := range []map[string]string{a, b} {
		for path := range paths {
			all[path] = ""
		}
	}
	text := ""
	for _, path := range sorted(all) {
		left, inA := a[path]
		right, inB := b[path]
		switch {
		case !inB:
			text += "- " + path + "\n"
		case !inA:
			text += "+ " + path + "\n"
		case left != right:
			text += "~ " + path + ": data\n"
		}
	}
	return text
}

// The plot: a line of JSON and of a table, of values that could harm a terminal or a parser.
func TestFormsKeepStrangeValuesApart(t *testing.T) {
	r := row{{"path", "/a\x1b[2J"}, {"data", nil}, {"acl", []string{"a", "b"}}, {"n", 3}}
	text, err := r.JSON()
	if err != nil || text != `{"path":"/a\u001b[2J","data":null,"acl":["a","b"],"n":3}` {
		t.Errorf("%s, %v", text, err)
	}
	var out strings.Builder
	a := answers{shell: &Shell{Out: &out}, form: asTable}
	if err := a.end(a.add(r)); err != nil {
		t.Fatal(err)
	}
	want := "path         data  acl  n\n\"/a\\x1b[2J\"  -     a,b  3\n"
	if out.String() != want {
		t.Errorf("the table is %q", out.String())
	}
}

// The plot: a command sets a watch and waits. It ends once the znode has changed, and has
// printed the event; another one, which nothing happens to, ends when it is interrupted, and
// its ephemeral znode is gone at once.
func TestACommandThatWaitsEndsWithItsEventOrAnInterrupt(t *testing.T) {
	s, _, _ := alone(t)
	do(t, s, "create", "/w", "before")
	out := &signalled{after: "before\n", seen: make(chan struct{})}
	ended := make(chan int, 1)
	go func() { ended <- once(t, t.Context(), s.host, out, "get", "-w", "/w", "--wait") }()
	<-out.seen
	do(t, s, "set", "/w", "after")
	code := <-ended
	if code != 0 || !strings.Contains(out.String(), "type:NodeDataChanged path:/w") {
		t.Errorf("it ends with %d: %q", code, out)
	}

	ctx, interrupt := context.WithCancel(t.Context())
	out = &signalled{after: "{\"path\":\"/e\"}\n", seen: make(chan struct{})}
	go func() { ended <- once(t, ctx, s.host, out, "create", "-e", "--json", "/e", "--wait") }()
	<-out.seen
	do(t, s, "stat", "/e")
	interrupt()
	if code := <-ended; code != 0 {
		t.Errorf("it ends with %d", code)
	}
	if _, err := s.client.Exists(t.Context(), "/e", nil); codeOf(err) != zoo.CodeNoNode {
		t.Errorf("its ephemeral znode: %v", err)
	}
}

// once runs a command by itself.
func once(t *testing.T, ctx context.Context, server string, out *signalled,
	words ...string) int {
	o, err := ParseOnce(words[0], words[1:])
	if err != nil {
		t.Error(err)
		return exitFailed
	}
	s := &Shell{Arguments: Arguments{Server: server}, Out: out, Err: out}
	code, err := s.RunOnce(ctx, o)
	if err != nil {
		t.Error(err)
	}
	return code
}

// signalled is an output that tells when something stands there.
type signalled struct {
	strings.Builder
	after string
	seen  chan struct{}
	once  sync.Once
}

// Write keeps b.
func (o *signalled) Write(b []byte) (int, error) {
	n, err := o.Builder.Write(b)
	if strings.Contains(o.String(), o.after) {
		o.once.Do(func() { close(o.seen) })
	}
	return n, err
}
