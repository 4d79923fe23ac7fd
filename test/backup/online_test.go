package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"zoo"
	"zoo/client"
	"zoo/internal/core/tree"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/test/ensemble"
)

// secret is what the owner of the root proves to the admin port.
const secret = "digest owner:secret"

// recorded is the state of the load's znodes just after a write.
type recorded struct {
	zxid  zoo.Zxid
	at    time.Time // not before the write, and before the next one
	state [loadZnodes]string
}

const loadZnodes = 8

// load writes all the while and remembers what was there after each of its writes. No
// write is lost to it: one whose fate is unknown is looked up.
type load struct {
	client *client.Client
	state  [loadZnodes]string
	n      int

	mu      sync.Mutex
	history []recorded
}

func loadPath(i int) string { return fmt.Sprintf("/load/%d", i) }

// write changes one znode.
func (l *load) write(ctx context.Context) error {
	i := l.n % loadZnodes
	value := fmt.Sprintf("value %d", l.n)
	var stat zoo.Stat
	for {
		var err error
		stat, err = l.client.Set(ctx, loadPath(i), []byte(value), client.AnyVersion)
		if err == nil {
			break
		}
		var data []byte
		data, stat, err = l.client.Get(ctx, loadPath(i), nil)
		if err == nil && string(data) == value {
			break
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
	}
	l.n++
	l.state[i] = value
	l.mu.Lock()
	defer l.mu.Unlock()
	l.history = append(l.history, recorded{stat.Mzxid, time.UnixMilli(stat.Mtime), l.state})
	return nil
}

// latest is the newest record.
func (l *load) latest() recorded {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.history[len(l.history)-1]
}

// load begins to write, until end is called or the test ends.
func (o *office) load() (l *load, end func()) {
	o.t.Helper()
	c := o.dial()
	o.create(c, "/load", zoo.Persistent)
	l = &load{client: c}
	for i := range loadZnodes {
		o.create(c, loadPath(i), zoo.Persistent)
		l.state[i] = "good"
	}
	o.must(l.write(o.ctx)) // there is always a latest one
	ctx, cancel := context.WithCancel(o.ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for l.write(ctx) == nil {
		}
	}()
	end = sync.OnceFunc(func() { cancel(); <-done })
	o.t.Cleanup(end)
	return l, end
}

// archiving is zoo backup archive at work.
type archiving struct {
	*office
	process *ensemble.Process
	log     string
}

// archive begins to archive a server.
func (o *office) archive(s *ensemble.Server) *archiving {
	o.t.Helper()
	a := &archiving{office: o, log: filepath.Join(o.dir, "archive.log")}
	out, err := os.OpenFile(a.log, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	o.must(err)
	cmd := exec.Command(o.binary, append([]string{"backup", "archive", "--interval", "200ms"},
		o.from(s)...)...)
	a.process, err = ensemble.StartProcess(cmd, out)
	o.must(err)
	o.t.Cleanup(func() { _ = a.process.Kill() })
	return a
}

// from are the arguments for a server, with what it wants to be told.
func (o *office) from(s *ensemble.Server) []string {
	o.t.Helper()
	file := filepath.Join(o.dir, "auth")
	o.must(os.WriteFile(file, []byte(secret+"\n"), 0o600))
	return []string{"--repo", o.repo(), "--from", s.AdminURL(), "--auth-file", file}
}

// caughtUp waits until what is there now is archived.
func (a *archiving) caughtUp(l *load) recorded {
	a.t.Helper()
	want := l.latest()
	a.must(ensemble.Until(a.ctx, fmt.Sprintf("%v is archived", want.zxid),
		func(ctx context.Context) error {
			if a.process.Ended() {
				return errors.New("the archive has ended")
			}
			head, err := os.ReadFile(filepath.Join(a.repo(), "head.json"))
			if err != nil {
				return err
			}
			text := string(head)
			_, text, _ = strings.Cut(text, `"zxid":"0x`)
			var end uint64
			_, err = fmt.Sscanf(text, "%x", &end)
			if err == nil && zoo.Zxid(end) < want.zxid {
				err = fmt.Errorf("only up to %#x", end)
			}
			return err
		}))
	return want
}

// anew waits until the archive has said once that it begins anew.
func (a *archiving) anew() {
	a.t.Helper()
	a.must(ensemble.Until(a.ctx, "a new chain begins", func(context.Context) error {
		text, err := os.ReadFile(a.log)
		if n := strings.Count(string(text), "a new chain begins"); err == nil && n != 1 {
			return fmt.Errorf("%d times, not once:\n%s", n, text)
		}
		return err
	}))
}

// end stops the archive.
func (a *archiving) end() {
	a.t.Helper()
	a.must(a.process.Stop(10 * time.Second))
}

// ask has an admin command carried out.
func (o *office) ask(method, url string, body []byte) []byte {
	o.t.Helper()
	request, err := http.NewRequestWithContext(o.ctx, method, url, bytes.NewReader(body))
	o.must(err)
	request.Header.Set("Authorization", secret)
	response, err := http.DefaultClient.Do(request)
	o.must(err)
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	o.must(err)
	if response.StatusCode != http.StatusOK {
		o.t.Fatalf("%s: %d %s", url, response.StatusCode, answer)
	}
	return answer
}

// own gives the root to the owner: others may read.
func (o *office) own() {
	o.t.Helper()
	c, err := client.Dial(o.ctx, client.Options{Servers: o.Addresses(),
		Auth: []client.Auth{{Scheme: "digest", Data: []byte("owner:secret")}}})
	o.must(err)
	defer func() { o.must(c.Close(o.ctx)) }()
	_, err = c.SetACL(o.ctx, "/", []zoo.ACL{{Perms: zoo.PermAll, ID: zoo.ID{Scheme: "auth"}},
		{Perms: zoo.PermRead | zoo.PermCreate, ID: zoo.AnyoneID}}, client.AnyVersion)
	o.must(err)
}

// expectRestored restores to a point and compares the load's znodes.
func (o *office) expectRestored(want recorded, point ...string) {
	o.t.Helper()
	dir := o.t.TempDir()
	o.zoo(0, append([]string{"restore", "--repo", o.repo(), "--data-dir", dir}, point...)...)
	s, r, err := store.Config{FS: vfs.OS{}, DataDir: dir}.Open()
	o.must(err)
	defer func() { o.must(s.Close()) }()
	o.compare(r.Tree, want, strings.Join(point, " "))
}

func (o *office) compare(t *tree.Tree, want recorded, where string) {
	o.t.Helper()
	for i, value := range want.state {
		n, ok := t.Lookup(loadPath(i))
		if !ok || string(n.Data()) != value {
			o.t.Errorf("%s: %s is not %q", where, loadPath(i), value)
		}
	}
}

// The plot: an ensemble is written to all the while. One member is archived; the leader
// is killed and replaced; the archived member is killed as well and comes back. Any
// write that was recorded can be restored, by its number or by its time.
func TestAnEnsembleUnderLoadIsArchivedOverHTTP(t *testing.T) {
	o := openOffice(t, ensemble.Options{Operated: true})
	o.own()
	l, end := o.load()
	leader, err := o.Leader(o.ctx)
	o.must(err)
	source := o.WithMode(o.ctx, "follower")[0]
	stranger := append([]string{"create"}, o.from(source)[:4]...)
	if said := o.zoo(2, stranger...); !strings.Contains(said, "status 401") ||
		!strings.Contains(said, "--auth-file") {
		t.Errorf("without Authorization: %s", said)
	}
	o.zoo(0, append([]string{"create"}, o.from(source)...)...)
	a := o.archive(source)
	first := a.caughtUp(l)
	o.must(leader.Kill())
	second := o.written(l)
	a.caughtUp(l)
	o.must(leader.Start())
	o.must(o.WaitServing(o.ctx))
	o.must(source.Kill())
	third := o.written(l)
	o.must(source.Start())
	o.must(o.WaitServing(o.ctx))
	last := a.caughtUp(l)
	end()
	a.end()
	o.zoo(0, "verify", "--repo", o.repo())
	for _, want := range []recorded{first, second, third, last} {
		o.expectRestored(want, "--zxid", want.zxid.String())
	}
	// By the clock the last write of a millisecond counts.
	i := len(l.history) / 2
	for l.history[i].at.Equal(l.history[i+1].at) {
		i++
	}
	at := l.history[i].at.UTC().Format("2006-01-02T15:04:05.000Z")
	o.expectRestored(l.history[i], "--time", at)
}

// written waits for some more writes.
func (o *office) written(l *load) recorded {
	o.t.Helper()
	before := l.latest()
	o.must(ensemble.Until(o.ctx, "writes go on", func(context.Context) error {
		if l.latest().zxid <= before.zxid {
			return errors.New("none yet")
		}
		return nil
	}))
	return l.latest()
}

// The plot: the archived member purges what the archive does not have yet, and later the
// ensemble is restored from a snapshot. Both times its log does not go on where the archive
// ends; the archive says so and begins anew with a base.
func TestAnArchiveBeginsAnewWhereTheLogDoesNotGoOn(t *testing.T) {
	o := openOffice(t, ensemble.Options{Operated: true,
		Lines: []string{"admin.rateLimiterIntervalInMS=1"}})
	l, end := o.load()
	source := o.Servers[0]
	a := o.archive(source)
	a.caughtUp(l)
	a.end()
	o.written(l)
	before := o.ask(http.MethodGet, o.Servers[1].AdminURL()+"/commands/snapshot", nil)
	o.purge(source, l)
	said := o.zoo(0, append([]string{"archive", "--once"}, o.from(source)...)...)
	if !strings.Contains(said, "a new chain begins") || !strings.Contains(said, "status 410") {
		t.Errorf("after a purge: %s", said)
	}
	a = o.archive(source)
	o.written(l)
	purged := a.caughtUp(l)
	end()
	leader, err := o.Leader(o.ctx)
	o.must(err)
	o.ask(http.MethodPost, leader.AdminURL()+"/commands/restore", before)
	o.must(o.WaitServing(o.ctx))
	c := o.dial()
	stat, err := c.Set(o.ctx, loadPath(0), []byte("after"), client.AnyVersion)
	o.must(err)
	l.history = append(l.history, recorded{zxid: stat.Mzxid})
	a.caughtUp(l)
	a.anew()
	a.end()
	o.expectRestored(purged, "--zxid", purged.zxid.String())
	o.zoo(0, "verify", "--repo", o.repo())
	fresh := filepath.Join(o.dir, "fresh")
	o.zoo(0, "restore", "--repo", o.repo(), "--data-dir", fresh, "--zxid", stat.Mzxid.String())
}

// purge removes what the archive lacks: all but the newest snapshot and the log behind it.
func (o *office) purge(source *ensemble.Server, l *load) {
	o.t.Helper()
	for range 2 { // a log is needed until the next one has a snapshot
		o.ask(http.MethodGet, source.AdminURL()+"/commands/snapshot?streaming=false", nil)
		o.written(l)
	}
	o.must(source.Kill())
	cfg := store.Config{FS: vfs.OS{}, DataDir: filepath.Join(source.Home(), "data")}
	plan, _, err := cfg.PlanPurge(time.Now(), store.Retention{Snapshots: 1})
	o.must(err)
	o.must(cfg.Purge(plan, func(store.HeldFile) {}))
	o.must(source.Start())
	o.must(o.WaitServing(o.ctx))
}
