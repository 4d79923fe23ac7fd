package backup

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zoo"
	"zoo/client"
	"zoo/test/ensemble"
)

// patience bounds a test, once the binary is built.
const patience = 90 * time.Second

// office is where the test works: an ensemble, the command, and a repository.
type office struct {
	*ensemble.Ensemble
	t           *testing.T
	ctx         context.Context
	binary, dir string
}

func newOffice(t *testing.T) *office {
	t.Helper()
	return openOffice(t, ensemble.Options{})
}

// openOffice is newOffice with an ensemble that has more to it.
func openOffice(t *testing.T, opts ensemble.Options) *office {
	t.Helper()
	o := &office{t: t, dir: t.TempDir()}
	var err error
	o.binary, err = ensemble.Build(t.Context(), o.dir)
	o.must(err)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	o.ctx = ctx
	opts.Dir, opts.Voters, opts.TickTime = o.dir, 3, 500*time.Millisecond
	opts.Program = ensemble.Zoo(o.binary)
	o.Ensemble, err = ensemble.New(opts)
	o.must(err)
	t.Cleanup(func() { o.must(o.Close()) })
	o.must(o.Start(ctx))
	o.must(o.WaitServing(ctx))
	return o
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

// zoo runs the command and returns its output; the exit code must be as expected.
func (o *office) zoo(code int, args ...string) string {
	o.t.Helper()
	cmd := exec.CommandContext(o.ctx, o.binary, append([]string{"backup"}, args...)...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		o.t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != code {
		o.t.Fatalf("zoo backup %s: code %d, want %d\n%s%s",
			strings.Join(args, " "), got, code, &out, &errs)
	}
	return out.String() + errs.String()
}

func (o *office) dial() *client.Client {
	o.t.Helper()
	c, err := client.Dial(o.ctx, client.Options{Servers: o.Addresses()})
	o.must(err)
	o.t.Cleanup(func() { c.Close(context.Background()) })
	return c
}

func (o *office) create(c *client.Client, path string, mode zoo.CreateMode) {
	o.t.Helper()
	_, err := c.Create(o.ctx, path, []byte("good"), client.CreateOptions{Mode: mode})
	o.must(err)
}

func (o *office) repo() string { return filepath.Join(o.dir, "vault") }

func (o *office) data(i int) string { return filepath.Join(o.Servers[i].Home(), "data") }

// stop kills all servers.
func (o *office) stop() {
	o.t.Helper()
	for _, s := range o.Servers {
		o.must(s.Kill())
	}
}

// A mistake deletes what it should not. The operator restores the moment before, puts
// the files on every member as the command says, and the ensemble goes on from there.
func TestAnEnsembleGoesBackToTheMomentBeforeAMistake(t *testing.T) {
	o := newOffice(t)
	c := o.dial()
	o.create(c, "/app", zoo.Persistent)
	o.create(c, "/app/config", zoo.Persistent)
	o.zoo(0, "create", "--repo", o.repo(), "--from", o.data(0))
	o.create(c, "/app/lock", zoo.Ephemeral)
	stat, err := c.Set(o.ctx, "/app/config", []byte("better"), client.AnyVersion)
	o.must(err)
	o.must(c.Delete(o.ctx, "/app/config", client.AnyVersion))
	o.must(c.Sync(o.ctx, "/"))
	o.stop()
	o.zoo(0, "archive", "--once", "--repo", o.repo(), "--from", o.data(0))
	o.zoo(0, "verify", "--repo", o.repo())

	fresh := filepath.Join(o.dir, "fresh")
	point := []string{"restore", "--repo", o.repo(), "--zxid", stat.Mzxid.String()}
	said := o.zoo(0, append(point, "--data-dir", fresh)...)
	if !strings.Contains(said, "On every voting member") {
		t.Fatalf("nothing is said of the other members:\n%s", said)
	}
	o.zoo(4, append(point, "--data-dir", fresh)...)
	o.zoo(4, append(point, "--data-dir", o.data(1))...)
	for i := range o.Servers {
		o.must(os.Rename(filepath.Join(o.data(i), "version-2"), filepath.Join(o.data(i), "old")))
		o.must(os.CopyFS(filepath.Join(o.data(i), "version-2"),
			os.DirFS(filepath.Join(fresh, "version-2"))))
	}
	o.must(o.Start(o.ctx))
	o.must(o.WaitServing(o.ctx))
	o.expect(o.dial(), "/app/config", "better")
	if _, err := o.dial().Exists(o.ctx, "/app/lock", nil); !errors.Is(err, zoo.CodeNoNode) {
		t.Fatalf("the lock of a session that is gone: %v", err)
	}
	o.subtree(stat.Mzxid)
}

func (o *office) expect(c *client.Client, path, want string) {
	o.t.Helper()
	got, _, err := c.Get(o.ctx, path, nil)
	if err != nil || string(got) != want {
		o.t.Fatalf("%s is %q, want %q: %v", path, got, want, err)
	}
}

// subtree restores one beside the znodes of the running ensemble.
func (o *office) subtree(z zoo.Zxid) {
	o.t.Helper()
	c := o.dial()
	o.create(c, "/old", zoo.Persistent)
	args := []string{"restore", "--repo", o.repo(), "--zxid", z.String(),
		"--server", strings.Join(o.Addresses(), ","), "--subtree", "/app"}
	o.zoo(4, args...)
	o.zoo(0, append(args, "--into", "/old/app")...)
	o.expect(c, "/old/app/config", "better")
}

// Mistakes of the operator have codes of their own, and JSON is JSON.
func TestCodesTellScriptsWhatHappened(t *testing.T) {
	o := newOffice(t)
	o.zoo(2, "list", "--repo", o.repo())
	o.zoo(2, "create", "--repo", o.repo(), "--from", filepath.Join(o.dir, "nowhere"))
	if _, err := os.Stat(o.repo()); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("a backup that could not begin left something: %v", err)
	}
	o.zoo(0, "archive", "--once", "--repo", o.repo(), "--from", o.data(0))
	o.zoo(0, "create", "--repo", o.repo(), "--from", o.data(0))
	fresh := filepath.Join(o.dir, "fresh")
	o.zoo(3, "restore", "--repo", o.repo(), "--data-dir", fresh, "--zxid", "0x7700000001")
	o.zoo(3, "restore", "--repo", o.repo(), "--data-dir", fresh, "--zxid", "0x0")
	o.zoo(3, "restore", "--repo", o.repo(), "--data-dir", fresh,
		"--time", "0001-01-01T00:00:00Z")
	o.zoo(2, "restore", "--repo", o.repo())
	o.zoo(2, "restore", "--repo", o.repo(), "--subtree", "/zookeeper", "--server", "127.0.0.1:1",
		"--connect-timeout", "300ms")
	var list struct{ Ranges []struct{ First string } }
	o.must(json.Unmarshal([]byte(o.zoo(0, "list", "--json", "--repo", o.repo())), &list))
	if len(list.Ranges) != 1 || !strings.HasPrefix(list.Ranges[0].First, "0x") {
		t.Fatalf("listed %+v", list)
	}
	bases, err := filepath.Glob(filepath.Join(o.repo(), "bases", "*.zst"))
	o.must(err)
	o.must(os.Truncate(bases[0], 10))
	o.zoo(1, "verify", "--repo", o.repo())
	o.zoo(1, "restore", "--repo", o.repo(), "--data-dir", fresh)
	if _, err := os.Stat(fresh); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("a restore that failed left something: %v", err)
	}
}
