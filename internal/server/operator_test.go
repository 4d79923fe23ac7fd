package server

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
	"zoo/internal/ops/admin"
	"zoo/internal/ops/command"
	"zoo/internal/wire"
)

// operated switches the admin server on, with no bound on how often it is asked.
func operated(c *Config) { c.Admin = admin.Config{Listen: "127.0.0.1:0"} }

func startOperated(t testing.TB) *running {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	operated(&cfg)
	s := start(t, disk, cfg)
	if err := s.WaitServing(t.Context()); err != nil { // its port is open before
		t.Fatal(err)
	}
	return s
}

// reply is what the admin server said.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// anyone authenticates as somebody whom the root's ACL, which is open, allows all.
const anyone = "digest u:p"

// command asks the admin server; without auth nothing proves who asks.
func (r *running) command(method, command, auth string, body []byte) reply {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 3*patience)
	defer cancel()
	url := "http://" + r.operators.String() + "/commands" + command
	request, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if auth != "" {
		request.Header.Set("Authorization", auth)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	answer, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, answer}
}

func (r *running) get(command string) reply {
	r.t.Helper()
	return r.command(http.MethodGet, command, anyone, nil)
}

// fields are the answer's, if it has this status.
func (r reply) fields(t testing.TB, status int) map[string]any {
	t.Helper()
	fields := map[string]any{}
	if err := json.Unmarshal(r.body, &fields); err != nil || r.status != status {
		t.Fatalf("want status %d, got %d: %s (%v)", status, r.status, r.body, err)
	}
	return fields
}

// zxid is the header last_zxid.
func (r reply) zxid(t testing.TB) zoo.Zxid {
	t.Helper()
	var z uint64
	text := r.header["Last_zxid"]
	if len(text) != 1 {
		t.Fatalf("headers %v of %s", r.header, r.body)
	}
	if _, err := fmt.Sscanf(text[0], "0x%x", &z); err != nil {
		t.Fatal(err)
	}
	return zoo.Zxid(z)
}

// tree is the snapshot that came.
func (r reply) tree(t testing.TB) *tree.Tree {
	t.Helper()
	got, info, err := snapshot.ReadCopy(bytes.NewReader(r.body), "the answer")
	if err != nil || r.status != http.StatusOK {
		t.Fatalf("status %d, %v", r.status, err)
	}
	if info.LastZxid != r.zxid(t) || info.Digest != got.Digest() {
		t.Errorf("%+v, want %v and digest %#x", info, r.zxid(t), got.Digest())
	}
	return got
}

// fingerprint is that of the tree that the server has now.
func (r *running) fingerprint() (sum uint64) {
	r.inLoop(context.Background(), func() { sum = r.loop.replica.Tree().Fingerprint() })
	return sum
}

func TestOperatorsAreAnsweredInJavasForm(t *testing.T) {
	s := startOperated(t)
	s.connect().create("/a", "")
	ruok := s.command(http.MethodGet, "/ruok", "", nil)
	if want := "{\n  \"command\": \"ruok\",\n  \"error\": null\n}\n"; string(ruok.body) != want ||
		ruok.header.Get("Content-Type") != "application/json" {
		t.Errorf("got %s with %v", ruok.body, ruok.header)
	}
	f := s.get("/isro").fields(t, 200)
	if f["read_only"] != false || f["command"] != "is_read_only" {
		t.Errorf("got %v", f)
	}
	if f := s.get("/nonsense").fields(t, 200); f["error"] != "Unknown command: nonsense" {
		t.Errorf("got %v", f)
	}
	if f := s.get("/watch_summary").fields(t, 200); f["num_total_watches"] != 0.0 {
		t.Errorf("got %v", f)
	}
	if list := s.get(""); !strings.Contains(string(list.body), `<a href="/commands/snapshot">`) {
		t.Errorf("got %s", list.body)
	}
	if got := s.command(http.MethodTrace, "/ruok", "", nil); got.status != http.StatusForbidden {
		t.Errorf("TRACE got %d", got.status)
	}
	s.command(http.MethodGet, "/restore", anyone, nil).fields(t, http.StatusMethodNotAllowed)
}

// The plot: the root's ACL lets one user do all and another one read. The first may
// have the data; the second, a stranger, and who says nothing may not.
func TestDataIsForThoseWhoMayDoEverythingAtTheRoot(t *testing.T) {
	s := startOperated(t)
	owner := s.connect()
	owner.call(wire.XidAuth, wire.OpAuth, digestAuth("o:o"), zoo.CodeOK)
	owner.call(1, wire.OpSetACL, &wire.SetACLRequest{Path: "/", Version: -1, ACL: []zoo.ACL{
		{Perms: zoo.PermAll, ID: zoo.ID{Scheme: "auth"}},
		{Perms: zoo.PermRead, ID: zoo.AnyoneID}}}, zoo.CodeOK)
	for _, command := range []string{"/snapshot", "/log?after=0x0", "/snapshot?streaming=false"} {
		for auth, want := range map[string]int{
			"": 401, "nothing x": 401, "sasl x": 401, "digest u:p": 403, "ip": 403,
			"digest o:o": 200, "digest super:secret": 200,
		} {
			got := s.command(http.MethodGet, command, auth, nil)
			if got.status != want {
				t.Errorf("%s as %q: %d %s", command, auth, got.status, got.body)
			}
		}
	}
	s.command(http.MethodPost, "/restore", "digest u:p", []byte("x")).fields(t, 403)
}

// The plot: a client writes all the while. Each copy is of one point in time, so that
// the pair of znodes that change together are equal in it.
func TestACopyIsOfOnePointInTime(t *testing.T) {
	s := startOperated(t)
	writer := s.connect()
	writer.create("/a", "0")
	writer.create("/b", "0")
	set := func(path string, i int) *wire.SetDataRequest {
		return &wire.SetDataRequest{Path: path, Data: fmt.Append(nil, i), Version: -1}
	}
	for i := range 20 {
		both := multi{
			{wire.OpSetData, set("/a", i)}, {wire.OpSetData, set("/b", i)},
		}
		writer.pipeline(request(int32(i+1), wire.OpMulti, both))
		got := s.get("/snapshot")
		size := got.header["Snapshot_size"]
		if len(size) != 1 || size[0] != fmt.Sprint(len(got.body)) {
			t.Errorf("%d bytes, and a size of %v", len(got.body), size)
		}
		copied := got.tree(t)
		a, _ := copied.Lookup("/a")
		b, _ := copied.Lookup("/b")
		if string(a.Data()) != string(b.Data()) {
			t.Errorf("/a is %s and /b is %s", a.Data(), b.Data())
		}
		writer.reply(int32(i+1), zoo.CodeOK)
	}
	if got := s.get("/snapshot").tree(t).Fingerprint(); got != s.fingerprint() {
		t.Error("a copy of a server at rest is not its tree")
	}
}

func TestASnapshotIntoTheDirectoryIsTakenOnDemand(t *testing.T) {
	s := startOperated(t)
	s.connect().create("/a", "")
	taken := s.get("/snapshot?streaming=false")
	zxid := taken.zxid(t)
	if _, err := s.disk.Stat("/data/version-2/" + snapshot.Name(zxid)); err != nil {
		t.Error(err)
	}
	last := s.get("/last_snapshot").fields(t, 200)
	if last["zxid"] != fmt.Sprintf("%x", uint64(zxid)) || last["timestamp"].(float64) <= 0 {
		t.Errorf("got %v, want %v", last, zxid)
	}
}

// entries are those in the form of a file of the log.
func entries(t testing.TB, after zoo.Zxid, file []byte) (list []zoo.Zxid) {
	t.Helper()
	disk := vfs.NewMem()
	if err := disk.MkdirAll("/l"); err != nil {
		t.Fatal(err)
	}
	f, err := disk.Create("/l/" + txnlog.Name(after+1))
	if err == nil {
		_, err = f.Write(file)
	}
	if err != nil {
		t.Fatal(err)
	}
	r, err := txnlog.NewReader(disk, "/l", after)
	if err != nil {
		t.Fatal(err)
	}
	for {
		e, err := r.Next()
		if err != nil {
			if err != io.EOF || len(r.Ends()) > 0 && r.Ends()[0].Torn {
				t.Fatalf("%v, %+v", err, r.Ends())
			}
			return list
		}
		list = append(list, e.Zxid)
	}
}

// The plot: a tool has a snapshot, and follows the log from there. It gets each
// entry once, waits for what is not there yet, and is told when its place is unknown.
func TestTheLogIsSentFromWhereACopyEnds(t *testing.T) {
	s := startOperated(t)
	c := s.connect()
	c.create("/a", "")
	at := s.get("/snapshot").zxid(t)
	next := at + 1
	for i := range 5 {
		c.create(fmt.Sprintf("/n%d", i), strings.Repeat("x", 40<<10))
		if i == 2 {
			s.get("/snapshot?streaming=false") // the log goes on in another file
		}
		got := s.get("/log?after=" + at.String())
		for _, z := range entries(t, at, got.body) {
			if z != next {
				t.Fatalf("%v follows, want %v", z, next)
			}
			at, next = z, next+1
		}
		if at != got.zxid(t) {
			t.Fatalf("%v is last, told was %v", at, got.zxid(t))
		}
	}
	if got := s.get("/log?after=" + at.String()); len(got.body) != 16 || got.zxid(t) != at {
		t.Errorf("nothing new takes %d bytes up to %v", len(got.body), got.zxid(t))
	}
	waited := make(chan reply)
	go func() { waited <- s.get("/log?wait=60&after=" + at.String()) }()
	c.create("/awaited", "")
	if got := <-waited; len(entries(t, at, got.body)) == 0 {
		t.Errorf("waited for nothing: %v", got.zxid(t))
	}
	if got := s.get("/log?after=0x700000001"); len(got.body) != 16 || got.zxid(t) > at+9 {
		t.Errorf("a server that is behind sends %d bytes up to %v", len(got.body), got.zxid(t))
	}
	s.get("/log?after=x").fields(t, http.StatusBadRequest)
	s.get("/log?after=0x1&wait=1e9").fields(t, http.StatusBadRequest)
}

// restored posts a snapshot and gives the zxid that it has become.
func (r *running) restored(body []byte) zoo.Zxid {
	r.t.Helper()
	var z uint64
	fields := r.command(http.MethodPost, "/restore", anyone, body).fields(r.t, 200)
	if _, err := fmt.Sscanf(fields["last_zxid"].(string), "0x%x", &z); err != nil {
		r.t.Fatal(err)
	}
	return zoo.Zxid(z)
}

// expectOnly wants these children of the root.
func (c *client) expectOnly(want ...string) {
	c.t.Helper()
	children := c.call(800, wire.OpGetChildren2, &wire.GetChildren2Request{Path: "/"}, zoo.CodeOK)
	names := strings.Join(children.body.Strings(), " ")
	for _, name := range want {
		if !strings.Contains(" "+names+" ", " "+name+" ") {
			c.t.Errorf("%s is missing: %s", name, names)
		}
	}
	if got := len(strings.Fields(names)); got != len(want)+1 {
		c.t.Errorf("%s, want zookeeper and %v", names, want)
	}
}

// The plot: a standalone server is given back what it had, twice, and started again.
// What was restored is what it serves, and what is written later is kept with it.
func TestARestoredServerServesWhatWasPosted(t *testing.T) {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	operated(&cfg)
	s := start(t, disk, cfg)
	c := s.connect()
	c.create("/a", "")
	before := s.get("/snapshot").body
	c.create("/later", "")
	first := s.restored(before)
	c.ended()
	c = s.connect()
	c.expectOnly("a")
	c.create("/b", "")
	middle := s.get("/snapshot").body
	second := s.restored(before)
	c.ended()
	s.connect().expectOnly("a")
	third := s.restored(middle)
	s.connect().expectOnly("a", "b")
	if first >= second || second >= third {
		t.Errorf("restored as %v, %v, %v", first, second, third)
	}
	c = s.connect()
	c.create("/c", "")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	again := start(t, disk, cfg)
	again.connect().expectOnly("a", "b", "c")
	if last := again.get("/log?after=" + first.String()); last.status != http.StatusGone {
		t.Errorf("the log reaches back over a restore: %d", last.status)
	}
}

// A session that the snapshot knows lives on, with its ephemerals.
func TestSessionsOfASnapshotComeBackWithIt(t *testing.T) {
	s := startOperated(t)
	c := s.connect()
	c.call(1, wire.OpCreate, ephemeral("/mine"), zoo.CodeOK)
	before := s.get("/snapshot").body
	c.call(2, wire.OpDelete, &wire.DeleteRequest{Path: "/mine", Version: -1}, zoo.CodeOK)
	s.restored(before)
	c.ended()
	again := s.dial()
	again.handshake(c.resume())
	again.call(1, wire.OpExists, &wire.ExistsRequest{Path: "/mine"}, zoo.CodeOK)
	again.call(2, wire.OpCloseSession, nil, zoo.CodeOK)
	s.connect().expectOnly()
}

func TestWhatIsNoWholeSnapshotChangesNothing(t *testing.T) {
	s := startOperated(t)
	c := s.connect()
	c.create("/a", "")
	whole := s.get("/snapshot").body
	sum := s.fingerprint()
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for name, body := range map[string][]byte{
		"nothing": nil, "text": []byte("hello"), "half": whole[:len(whole)/2],
		"flipped": flipped, "more": append(bytes.Clone(whole), make([]byte, 99)...),
	} {
		if got := s.command(http.MethodPost, "/restore", anyone, body); got.status != 400 {
			t.Errorf("%s: %d %s", name, got.status, got.body)
		}
	}
	c.call(7, wire.OpExists, &wire.ExistsRequest{Path: "/a"}, zoo.CodeOK)
	if s.fingerprint() != sum {
		t.Error("the tree has changed")
	}
}

func TestCommandsAboutDataMayBeSwitchedOffOrLimited(t *testing.T) {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	operated(&cfg)
	cfg.Admin.SnapshotInterval, cfg.Admin.RestoreInterval = time.Hour, time.Hour
	s := start(t, disk, cfg)
	body := s.get("/snapshot").body
	s.get("/snapshot").fields(t, http.StatusTooManyRequests)
	s.command(http.MethodPost, "/restore", anyone, []byte("bad")).fields(t, 400)
	s.restored(body) // what failed does not count
	s.command(http.MethodPost, "/restore", anyone, body).fields(t, http.StatusTooManyRequests)
	expectMatch(t, s.ask("mntr"), `zk_snapshot_rate_limited_count\t1\n`)
	expectMatch(t, s.ask("mntr"), `zk_restore_rate_limited_count\t1\n`)
	expectMatch(t, s.ask("mntr"), `zk_restore_error_count\t1\n`)
	expectMatch(t, s.ask("mntr"), `zk_cnt_restore_time\t1\n`)

	other := standaloneConfig(vfs.NewMem())
	operated(&other)
	other.Admin.SnapshotDisabled, other.Admin.RestoreDisabled = true, true
	off := start(t, other.Store.FS.(*vfs.Mem), other)
	off.get("/snapshot").fields(t, http.StatusServiceUnavailable)
	off.command(http.MethodPost, "/restore", anyone, body).fields(t, 503)
}

func TestATakenAdminPortIsNoReasonToEnd(t *testing.T) {
	first := startOperated(t)
	cfg := standaloneConfig(vfs.NewMem())
	cfg.Admin.Listen = first.operators.String()
	start(t, cfg.Store.FS.(*vfs.Mem), cfg).connect().create("/a", "")
}

// A server that was taken out follows on without a vote, and is told apart from those that
// have one.
func TestFollowersWithoutAVoteAreCounted(t *testing.T) {
	view, err := quorum.NewView([]quorum.Member{{ID: 1}, {ID: 2}, {ID: 4, Observer: true}}, 7)
	if err != nil {
		t.Fatal(err)
	}
	var got command.Leader
	countLearners(&got, view, []zab.LearnerStatus{{ID: 2, Synced: true}, {ID: 3, Synced: true},
		{ID: 4, Observer: true, Synced: true}, {ID: 5}})
	want := command.Leader{Learners: 4, SyncedFollowers: 2, SyncedNonVoting: 1, SyncedObservers: 1}
	if got != want {
		t.Errorf("counted %+v, want %+v", got, want)
	}
}
