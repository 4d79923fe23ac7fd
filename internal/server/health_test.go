package server

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/disk/vfs"
	"zoo/internal/wire"
)

// health asks a path beside the commands.
func (r *running) health(path string) (status int, text string) {
	r.t.Helper()
	response, err := http.Get("http://" + r.operators.String() + path)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	var b strings.Builder
	if err := response.Write(&b); err != nil {
		r.t.Fatal(err)
	}
	return response.StatusCode, b.String()
}

// unready waits until a server is not ready, for this reason.
func (r *running) unready(reason string) {
	r.t.Helper()
	until(r.t, func() bool {
		status, text := r.health("/readyz")
		return status == http.StatusServiceUnavailable && strings.Contains(text, reason)
	})
}

// The plot: a client fills a small disk. The server is live all the while and not ready
// below the mark; it says why, as text and as JSON.
func TestAServerThatRefusesWritesIsLiveAndNotReady(t *testing.T) {
	disk := vfs.NewMem()
	cfg := smallDisk(disk, 400<<10, 128<<10)
	operated(&cfg)
	s := start(t, disk, cfg)
	c := s.connect()
	if status, text := s.health("/readyz"); status != 200 || !strings.Contains(text,
		"[+]quorum ok: standalone\n") || !strings.Contains(text, "readyz check passed\n") {
		t.Errorf("%d %s", status, text)
	}
	c.create("/d", "")
	c.createUntil("/d")
	s.unready("[-]disk_space failed: short on servers [")
	if _, text := s.health("/readyz?format=json"); !strings.Contains(text,
		`"name": "disk_space",`) || !strings.Contains(text, `"ok": false`) {
		t.Error(text)
	}
	if status, text := s.health("/livez"); status != 200 || !strings.Contains(text,
		"[+]loop ok\nlivez check passed\n") {
		t.Errorf("%d %s", status, text)
	}
	disk.Limit(4 << 20)
	until(t, func() bool { status, _ := s.health("/readyz"); return status == 200 })
}

// The plot: two of three servers go. The one that is left is live, and not ready for
// want of a quorum.
func TestAServerWithoutAQuorumIsLiveAndNotReady(t *testing.T) {
	e := newEnsemble(t, 3, 0)
	leader := e.startAll()
	for id, s := range e.servers {
		if status, text := s.health("/readyz"); status != 200 {
			t.Errorf("server %d: %s", id, text)
		}
	}
	e.kill(leader%3+1, (leader+1)%3+1)
	e.servers[leader].unready("[-]quorum failed: looking for a leader")
	if status, text := e.servers[leader].health("/livez"); status != 200 {
		t.Error(text)
	}
}

// Every reason that keeps a server from being ready is told under its name.
func TestEachReasonNotToBeReadyHasAName(t *testing.T) {
	serving := condition{
		Status: replica.Status{State: replica.Following, Leader: 2, Serving: true}}
	for want, change := range map[string]func(*condition){
		"":     func(*condition) {},
		"data": func(c *condition) { c.full, c.restarting = true, true },
		"sync": func(c *condition) { c.Serving = false },
		"disk": func(c *condition) { c.DiskSilent = time.Minute },
		"disk_space": func(c *condition) {
			c.Alarm = wire.Alarm{Refuses: true, Short: []zoo.ServerID{1, 2}}
		},
		"quorum":  func(c *condition) { c.ReadOnly = true },
		"clients": func(c *condition) { c.Drain = wire.DrainDone },
	} {
		c, failed := serving, ""
		change(&c)
		for _, check := range c.checks() {
			if !check.OK && failed == "" {
				failed = check.Name
			}
			if !check.OK && check.Reason == "" {
				t.Errorf("%s has no reason", check.Name)
			}
		}
		if failed != want {
			t.Errorf("failed %q, want %q", failed, want)
		}
	}
}

// However many ask, the loop has one question, so that the time of its silence is known;
// when it has answered the next one is new.
func TestALoopIsAskedOnceUntilItAnswers(t *testing.T) {
	var p pulse
	var answers []func()
	ask := func(f func()) { answers = append(answers, f) }
	first, asked := p.feel(time.Second, ask)
	if _, again := p.feel(time.Hour, ask); again != asked || len(answers) != 1 {
		t.Errorf("asked %d times, at %v and %v", len(answers), asked, again)
	}
	answers[0]()
	<-first
	if _, again := p.feel(time.Hour, ask); again != time.Hour {
		t.Errorf("asked anew at %v", again)
	}
}

// The largest subtrees come page by page, to whom the root's ACL allows all.
func TestTheLargestSubtreesArePaged(t *testing.T) {
	s := startOperated(t)
	c := s.connect()
	c.create("/a", "")
	c.create("/a/b", strings.Repeat("x", 1000))
	s.command(http.MethodGet, "/topm", "", nil).fields(t, http.StatusUnauthorized)
	first := s.get("/topm?limit=1").fields(t, 200)
	list := first["subtrees"].([]any)
	if len(list) != 1 || list[0].(map[string]any)["path"] != "/" || first["next_offset"] != 1.0 {
		t.Errorf("got %v", first)
	}
	rest := s.get("/top_memory?limit=900&offset=1").fields(t, 200)
	list = rest["subtrees"].([]any)
	if len(list) == 0 || list[0].(map[string]any)["path"] != "/a" || rest["next_offset"] != nil {
		t.Errorf("got %v", rest)
	}
	for _, bad := range []string{"limit=0", "limit=x", "limit=1001", "offset=-1",
		"limit=600&offset=600"} {
		s.get("/topm?"+bad).fields(t, http.StatusBadRequest)
	}
}
