package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"zoo"
	"zoo/internal/core/acl"
	"zoo/internal/core/tree"
	"zoo/internal/disk/vfs"
	"zoo/internal/wire"
)

const auditFile = "/audit.log"

// auditing is a server alone with an audit log in a file.
func auditing(t *testing.T, change func(*Config)) *running {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	cfg.Types = tree.Types{Extended: true}
	cfg.Audit = AuditConfig{On: true, Path: auditFile}
	if change != nil {
		change(&cfg)
	}
	return start(t, disk, cfg)
}

// auditText stops the server and gives its audit log.
func (r *running) auditText() string {
	r.t.Helper()
	if err := r.stop(); err != nil {
		r.t.Fatal(err)
	}
	f, err := r.disk.Open(auditFile)
	if err != nil {
		r.t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

// auditShown are the fields of a line as a test writes them, in ZooKeeper's order.
var auditShown = []string{"operation", "znode", "znode_type", "acl", "result", "error", "lines"}

// auditLines shows the lines between those of the server's start and end.
func auditLines(t *testing.T, text string) []string {
	t.Helper()
	var shown []string
	for line := range strings.Lines(text) {
		var fields map[string]any
		if err := json.Unmarshal([]byte(line), &fields); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		var words []string
		for _, key := range auditShown {
			if value := fields[key]; value != nil {
				words = append(words, fmt.Sprint(value))
			}
		}
		shown = append(shown, strings.Join(words, " "))
	}
	first, last := shown[0], shown[len(shown)-1]
	if first != "serverStart success" || last != "serverStop invoked" {
		t.Errorf("begins with %q, ends with %q", first, last)
	}
	return shown[1 : len(shown)-1]
}

func wantAudited(t *testing.T, text string, want ...string) {
	t.Helper()
	if got := auditLines(t, text); !slices.Equal(got, want) {
		t.Errorf("the audit log has\n%s\nwant\n%s", strings.Join(got, "\n"),
			strings.Join(want, "\n"))
	}
}

// moded is create with a mode.
func moded(path string, mode zoo.CreateMode) *wire.CreateRequest {
	return &wire.CreateRequest{
		Path: path, Data: []byte("payload"), ACL: zoo.OpenACL(), Flags: mode}
}

func (c *client) changeAll() {
	c.t.Helper()
	const ok = zoo.CodeOK
	digest := []zoo.ACL{{Perms: zoo.PermAll, ID: acl.DigestID("alice:secret")}}
	slip := []zoo.ACL{{Perms: zoo.PermAll, ID: zoo.ID{Scheme: "auth", ID: "bob:hunter2"}}}
	c.call(wire.XidAuth, wire.OpAuth, digestAuth("alice:secret"), ok)
	c.call(1, wire.OpCreate, moded("/a", zoo.Persistent), ok)
	c.call(2, wire.OpCreate2, moded("/a/s-", zoo.PersistentSequential), ok)
	c.call(3, wire.OpCreateContainer, moded("/c", zoo.Container), ok)
	c.call(4, wire.OpCreateTTL, &wire.CreateTTLRequest{Path: "/t", ACL: zoo.OpenACL(),
		Flags: zoo.PersistentTTL, TTL: 1000_000}, ok)
	c.call(5, wire.OpCreate, moded("/e", zoo.Ephemeral), ok)
	c.call(6, wire.OpCreate, moded("/a", zoo.Persistent), zoo.CodeNodeExists)
	c.call(7, wire.OpSetData,
		&wire.SetDataRequest{Path: "/a", Data: []byte("payload"), Version: -1}, ok)
	c.call(8, wire.OpSetData, &wire.SetDataRequest{Path: "/a", Version: 9}, zoo.CodeBadVersion)
	c.call(9, wire.OpSetACL, &wire.SetACLRequest{Path: "/c", ACL: digest, Version: -1}, ok)
	c.call(10, wire.OpSetACL, &wire.SetACLRequest{Path: "/c", ACL: slip, Version: -1}, ok)
	c.call(11, wire.OpGetData, getData("/a"), ok)
	c.call(12, wire.OpDelete, &wire.DeleteRequest{Path: "/none", Version: -1}, zoo.CodeNoNode)
	c.call(13, wire.OpDelete, &wire.DeleteRequest{Path: "/t", Version: -1}, ok)
	c.call(14, wire.OpMulti, multi{
		{wire.OpCreate, moded("/m-", zoo.PersistentSequential)},
		{wire.OpCheck, &wire.CheckVersionRequest{Path: "/a", Version: 1}},
		{wire.OpSetData, &wire.SetDataRequest{Path: "/a", Version: 1}},
		{wire.OpDelete, &wire.DeleteRequest{Path: "/a/s-0000000000", Version: -1}},
	}, ok)
	c.call(15, wire.OpMulti, multi{
		{wire.OpCreate, moded("/x", zoo.Persistent)},
		{wire.OpDelete, &wire.DeleteRequest{Path: "/y", Version: -1}},
	}, ok)
	c.call(16, wire.OpReconfig, &wire.ReconfigRequest{}, zoo.CodeReconfigDisabled)
	c.call(17, wire.OpCloseSession, nil, ok)
	c.ended()
}

// The plot: a client makes each kind of change, some of which are refused, and closes its
// session. The moral: each has its line, with the outcome that the client got, and reads
// have none.
func TestTheAuditLogTellsOfEachChange(t *testing.T) {
	r := auditing(t, nil)
	r.connect().changeAll()
	wantAudited(t, r.auditText(),
		"create /a persistent success",
		"create /a/s-0000000000 persistent_sequential success",
		"create /c container success",
		"create /t persistent_with_ttl success",
		"create /e ephemeral success",
		"create /a persistent failure "+zoo.CodeNodeExists.Error(),
		"setData /a success",
		"setData /a failure "+zoo.CodeBadVersion.Error(),
		"setAcl /c digest:alice:cdrwa success",
		"setAcl /c auth:bob:cdrwa success",
		"delete /none failure "+zoo.CodeNoNode.Error(),
		"delete /t success",
		"create /m-0000000004 persistent_sequential success",
		"setData /a success",
		"delete /a/s-0000000000 success",
		"multiOperation /y failure "+zoo.CodeNoNode.Error(),
		"reconfig /zookeeper/config failure "+zoo.CodeReconfigDisabled.Error(),
		"ephemeralZNodeDeletionOnSessionCloseOrExpire /e success")
}

func TestTheAuditLogTellsWhoButNoSecret(t *testing.T) {
	r := auditing(t, nil)
	c := r.connect()
	c.changeAll()
	text := r.auditText()
	for _, secret := range []string{"secret", "hunter2", "payload",
		strings.TrimPrefix(acl.DigestID("alice:secret").ID, "alice:")} {
		if strings.Contains(text, secret) {
			t.Errorf("the audit log has %q:\n%s", secret, text)
		}
	}
	who := fmt.Sprintf(`"session":"0x%x","user":"127.0.0.1,alice","ip":"127.0.0.1",`+
		`"operation":"create","znode":"/a","znode_type":"persistent","result":"success","zxid":`,
		uint64(c.opened.SessionID))
	if !strings.Contains(text, who) {
		t.Errorf("no line has %s:\n%s", who, text)
	}
}

// The plot: writes are refused before they go anywhere, for want of permission, of an
// extension, of a proof. The moral: they have their lines as well.
func TestTheAuditLogTellsOfWhatIsRefusedAtTheDoor(t *testing.T) {
	r := auditing(t, func(c *Config) { c.EagerACLCheck = true })
	c := r.connect()
	c.call(1, wire.OpSetACL, &wire.SetACLRequest{Path: "/zookeeper", Version: -1,
		ACL: []zoo.ACL{}}, zoo.CodeInvalidACL)
	c.call(2, wire.OpTryRemove, &wire.TryRemoveRequest{Path: "/r"}, zoo.CodeUnimplemented)
	wantAudited(t, r.auditText(),
		"setAcl /zookeeper failure "+zoo.CodeInvalidACL.Error(),
		"delete /r failure "+zoo.CodeUnimplemented.Error())
}

func TestTheAuditLogTellsOfWhoDidNotProveAnything(t *testing.T) {
	r := auditing(t, func(c *Config) { c.Access.Enforced = []string{"digest"} })
	c := r.connect()
	c.call(1, wire.OpCreate, create("/b", ""), zoo.CodeSessionClosedRequireSaslAuth)
	c.ended()
	wantAudited(t, r.auditText(), "create /b persistent failure "+
		zoo.CodeSessionClosedRequireSaslAuth.Error())
}

// The plot: a request waits until it is refused, and a session is ended by an operator.
func TestTheAuditLogTellsOfWhatWaitedAndOfSessionsThatExpire(t *testing.T) {
	r := auditing(t, func(c *Config) { c.Stall = StallConfig{RequestsMax: 1, WaitMax: 1} })
	c := r.connect()
	c.pipeline(request(1, wire.OpCreate, ephemeral("/e")),
		request(2, wire.OpCreate, create("/late", "")))
	c.reply(1, zoo.CodeOK)
	c.reply(2, zoo.CodeThrottledOp)
	if err := r.ExpireSession(t.Context(), zoo.SessionID(c.opened.SessionID)); err != nil {
		t.Fatal(err)
	}
	c.ended()
	got := auditLines(t, r.auditText())
	slices.Sort(got) // Who is refused at the door may come first.
	want := []string{"create /e ephemeral success",
		"create /late persistent failure " + zoo.CodeThrottledOp.Error(),
		"ephemeralZNodeDeletionOnSessionCloseOrExpire /e success"}
	if !slices.Equal(got, want) {
		t.Errorf("the audit log has %q", got)
	}
}

func TestTheAuditLogTellsOfExtensions(t *testing.T) {
	r := auditing(t, nil)
	c := r.extended()
	c.create("/d", "")
	c.create("/d/e", "")
	c.call(1, wire.OpCreateIfNotExists, create("/n", ""), zoo.CodeOK)
	c.call(2, wire.OpRemoveRecursive, &wire.RemoveRecursiveRequest{Path: "/d", Limit: 10},
		zoo.CodeOK)
	c.call(3, wire.OpRemoveRecursive, &wire.RemoveRecursiveRequest{Path: "/d", Limit: 10},
		zoo.CodeOK) // It was not there: nothing changes.
	c.call(4, wire.OpCreateIfNotExists, create("/none/n", ""), zoo.CodeNoNode)
	wantAudited(t, r.auditText(),
		"create /d persistent success", "create /d/e persistent success",
		"create /n success", "delete /d/e success", "delete /d success",
		"create /none/n persistent failure "+zoo.CodeNoNode.Error())
}

// The plot: clients of two servers change things, and one closes its session. The moral: each
// server tells of its own clients, and all of the ephemeral that ends.
func TestEachServerAuditsItsClients(t *testing.T) {
	e := newEnsemble(t, 3, 0)
	e.adjust = func(c *Config) { c.Audit = AuditConfig{On: true, Path: auditFile} }
	for id := range e.ports {
		e.start(id)
	}
	clients := map[zoo.ServerID]*client{1: e.session(1), 2: e.session(2), 3: e.session(3)}
	clients[1].call(1, wire.OpCreate, ephemeral("/e"), zoo.CodeOK)
	clients[1].call(2, wire.OpCloseSession, nil, zoo.CodeOK)
	clients[2].create("/b", "")
	clients[2].call(3, wire.OpDelete, &wire.DeleteRequest{Path: "/e", Version: -1}, zoo.CodeNoNode)
	e.expect(clients[3], "/b", "")
	ended := "ephemeralZNodeDeletionOnSessionCloseOrExpire /e success"
	for id, want := range map[zoo.ServerID][]string{
		1: {"create /e ephemeral success", ended},
		2: {ended, "create /b persistent success", "delete /e failure " + zoo.CodeNoNode.Error()},
		3: {ended},
	} {
		wantAudited(t, e.servers[id].auditText(), want...)
	}
}

// The plot: the disk of the audit log is full for a while. The moral: clients do not notice,
// the lines that are lost are counted, and the others come.
func TestAFullDiskUnderTheAuditLogStopsNothing(t *testing.T) {
	var full atomic.Bool
	r := auditing(t, func(c *Config) {
		c.Store.FS = vfs.NewFaulty(c.Store.FS, func(_ int, op vfs.Op) error {
			if full.Load() && op.Name == auditFile && op.Kind == vfs.OpWrite {
				return syscall.ENOSPC
			}
			return nil
		})
	})
	c := r.connect()
	c.create("/before", "")
	c.until(func() bool { return r.auditHas("/before") })
	full.Store(true)
	c.create("/lost", "")
	c.until(func() bool { return r.meters.requests.auditLost.Count() == 1 })
	full.Store(false)
	c.create("/behind", "")
	wantAudited(t, r.auditText(), "create /before persistent success",
		"auditLost failure 1", "create /behind persistent success")
}

// until reads from the server until something is so.
func (c *client) until(is func() bool) {
	c.t.Helper()
	for !is() {
		c.call(2000, wire.OpExists, &wire.ExistsRequest{Path: "/"}, zoo.CodeOK)
	}
}

func (r *running) auditHas(what string) bool {
	f, err := r.disk.Open(auditFile)
	if err != nil {
		return false
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	return err == nil && strings.Contains(string(text), what)
}

// The plot: the disk of the audit log hangs, and clients go on. The moral: they are
// answered, and the lines come when the disk does.
func TestADiskThatHangsUnderTheAuditLogStopsNobody(t *testing.T) {
	hangs := make(chan struct{})
	r := auditing(t, func(c *Config) {
		c.Store.FS = vfs.NewFaulty(c.Store.FS, func(_ int, op vfs.Op) error {
			if op.Name == auditFile && op.Kind == vfs.OpWrite {
				<-hangs
			}
			return nil
		})
	})
	c := r.connect()
	var want []string
	for i := range 300 {
		path := fmt.Sprintf("/z%d", i)
		c.create(path, "")
		want = append(want, "create "+path+" persistent success")
	}
	close(hangs)
	wantAudited(t, r.auditText(), want...)
}

// The plot: a client hangs up while its request is under way. The moral: what it asked for
// stands in the log, though nobody was there for the outcome.
func TestAClientThatHangsUpIsAudited(t *testing.T) {
	r := auditing(t, nil)
	near, far := net.Pipe()
	defer near.Close()
	defer far.Close()
	c := newConn(r.Server, 1, near)
	c.mu.Lock()
	body := (&wire.DeleteRequest{Path: "/gone", Version: -1}).AppendTo(nil)
	c.queue.push(queued{op: wire.OpDelete, asked: c.askedLocked(wire.OpDelete, body)})
	c.dropQueueLocked()
	c.mu.Unlock()
	text := r.auditText()
	if !strings.Contains(text, `"operation":"delete","znode":"/gone","result":"invoked"`) {
		t.Errorf("the audit log has\n%s", text)
	}
}

// Without a file of its own the lines are in the server's log, whatever its level is.
func TestTheAuditLogMayBeInTheServersLog(t *testing.T) {
	var out bytes.Buffer
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	cfg.Audit.On = true
	log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelError}))
	r := startLogging(t, disk, cfg, log)
	r.connect().create("/a", "")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, `"logger":"audit"`) ||
		strings.Count(text, `"operation":"create"`) != 1 {
		t.Errorf("the log has\n%s", text)
	}
}

// What no setting asks for costs a request one look at a pointer:
// TestARequestOfManyAllocatesNothing has it off.
func TestTheAuditLogIsOffUnlessAskedFor(t *testing.T) {
	r := startStandalone(t)
	if r.auditLog != nil {
		t.Error("there is an audit log")
	}
	r.connect().create("/a", "")
}
