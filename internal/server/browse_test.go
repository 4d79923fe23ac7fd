package server

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/disk/vfs"
	"zoo/internal/ops/admin"
	"zoo/internal/ops/browser"
	"zoo/internal/wire"
)

// startBrowsed starts a server whose console may change znodes.
func startBrowsed(t *testing.T) *running {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	cfg.Admin = admin.Config{Listen: "127.0.0.1:0", ConsoleEdit: true}
	cfg.Audit = AuditConfig{On: true, Path: auditFile}
	s := start(t, disk, cfg)
	s.connect() // now it serves
	return s
}

// browse asks the console's questions: a body makes it a POST.
func (r *running) browse(question string, body any, header ...string) reply {
	r.t.Helper()
	method, sent := http.MethodGet, io.Reader(nil)
	if body != nil {
		text, err := json.Marshal(body)
		if err != nil {
			r.t.Fatal(err)
		}
		method, sent = http.MethodPost, bytes.NewReader(text)
		header = append([]string{"Content-Type", "application/json"}, header...)
	}
	return r.sendAdmin(method, browser.Path+question, sent, header...)
}

type fields = map[string]any

// as is the header that tells who somebody is to ACLs.
func as(user string) []string {
	plain := base64.StdEncoding.EncodeToString([]byte(user))
	return []string{browser.HeaderAuth, "digest " + plain}
}

// operator is one who may change something: the root is open to anybody with a name.
var operatorHeader = []string{"Authorization", anyone}

// childNames are those of an answer, and the after of the next page, empty for none.
func childNames(f fields) (names, next string) {
	var list []string
	for _, c := range f["children"].([]any) {
		list = append(list, c.(fields)["name"].(string))
	}
	next, _ = f["next_after"].(string)
	return strings.Join(list, " "), next
}

// The plot: a znode has 25 children, and is paged through, all of it or what begins with a
// few letters. A page says of each child what kind it is and how much is in it.
func TestTheConsolePagesThroughChildren(t *testing.T) {
	s := startBrowsed(t)
	c := s.connect()
	c.create("/app", "")
	for i := range 25 {
		c.create(fmt.Sprintf("/app/n%02d", i), strings.Repeat("x", i))
	}
	c.create("/app/n1", "")
	c.create("/app/n1/below", "")
	c.create("/app/z", "")
	const page = "children?path=/app&limit=4&prefix=n1"
	for _, step := range []struct{ after, want, next string }{
		{"", "n1 n10 n11 n12", "n12"}, {"n12", "n13 n14 n15 n16", "n16"},
		{"n16", "n17 n18 n19", ""}, {"n19", "", ""}, {"a", "n1 n10 n11 n12", "n12"},
	} {
		f := s.browse(page+"&after="+step.after, nil).fields(t, 200)
		names, next := childNames(f)
		if names != step.want || next != step.next || f["total"] != 27.0 {
			t.Errorf("after %q: %s, then %q, of %v", step.after, names, next, f["total"])
		}
	}
	f := s.browse("children?path=/app&limit=2&prefix=n1", nil).fields(t, 200)
	first := f["children"].([]any)[0].(fields)
	if first["children"] != 1.0 || first["kind"] != "persistent" {
		t.Errorf("got %v", first)
	}
	if names, _ := childNames(s.browse("children?path=/app&prefix=no", nil).
		fields(t, 200)); names != "" {
		t.Errorf("got %s", names)
	}
	all := s.browse("children?path=/app&limit=1000", nil).fields(t, 200)
	if len(all["children"].([]any)) != 27 || all["next_after"] != nil {
		t.Errorf("got %v", all)
	}
}

func TestAZnodeIsShownWithItsStatAndACL(t *testing.T) {
	s := startBrowsed(t)
	s.connect().create("/a", "some text")
	f := s.browse("znode?path=/a&bytes=4", nil).fields(t, 200)
	stat := f["stat"].(fields)
	if f["data"] != base64.StdEncoding.EncodeToString([]byte("some")) ||
		f["kind"] != "persistent" || stat["data_length"] != 9.0 || stat["version"] != 0.0 ||
		stat["czxid"] != stat["mzxid"] {
		t.Errorf("got %v", f)
	}
	acl := f["acl"].([]any)[0].(fields)
	if acl["scheme"] != "world" || acl["id"] != "anyone" || acl["perms"] != "cdrwa" {
		t.Errorf("got %v", acl)
	}
	who := s.browse("whoami", nil, as("bob:secret")...).fields(t, 200)
	ids := fmt.Sprint(who["ids"])
	if !strings.Contains(ids, "127.0.0.1") || !strings.Contains(ids, "bob") ||
		strings.Contains(ids, "secret") || who["edit"] != true || who["operator"] != false {
		t.Errorf("got %v", who)
	}
}

// The plot: questions that make no sense, and some about what is not there.
func TestQuestionsOfTheConsoleThatCannotBeAnswered(t *testing.T) {
	s := startBrowsed(t)
	for question, want := range map[string]int{
		"znode": 400, "znode?path=a": 400, "znode?path=/a/": 400, "znode?path=/none": 404,
		"znode?path=/&bytes=-1": 400, "children": 400, "children?path=/none": 404,
		"children?path=/none&prefix=x": 404, "children?path=/&prefix=a/b": 400,
		"children?path=/&after=a/b": 400, "children?path=/&limit=0": 400,
		"children?path=/&limit=1001": 400, "children?path=/&prefix=..": 200,
		"children?path=/&prefix=%ff": 400, "nonsense": 404, "": 404, "set": 405,
	} {
		got := s.browse(question, nil)
		if got.status != want {
			t.Errorf("%s: %d %s", question, got.status, got.body)
		}
		if f := got.fields(t, want); want >= 400 && f["error"] == "" {
			t.Errorf("%s: no error: %s", question, got.body)
		}
	}
	s.browse("znode?path=/", nil, browser.HeaderAuth, "digest %%%").fields(t, 400)
	s.browse("znode?path=/", nil, browser.HeaderAuth, "ip MTI3").fields(t, 400)
}

// The plot: an operator makes znodes of some kinds, and some that cannot be.
func TestAnOperatorCreatesZnodesInTheConsole(t *testing.T) {
	s := startBrowsed(t)
	edit := s.editor(t)
	edit("create", fields{"path": "/a", "data": []byte("one"), "mode": "persistent"}, 200)
	edit("create", fields{"path": "/a", "mode": "persistent"}, 409)
	edit("create", fields{"path": "/no/parent", "mode": "container"}, 404)
	f := edit("create", fields{"path": "/a/s-", "mode": "sequential"}, 200)
	if f["path"] != "/a/s-0000000000" {
		t.Errorf("got %v", f)
	}
	edit("create", fields{"path": "/a/c", "mode": "container", "acl": []fields{
		{"scheme": "world", "id": "anyone", "perms": "r"}}}, 200)
	if got := s.browse("znode?path=/a/c", nil).fields(t, 200); got["kind"] != "container" {
		t.Errorf("got %v", got)
	}
}

// editor asks for changes as an operator.
func (r *running) editor(t *testing.T) func(question string, body fields, want int) fields {
	return func(question string, body fields, want int) fields {
		t.Helper()
		return r.browse(question, body, operatorHeader...).fields(t, want)
	}
}

// The plot: an operator changes znodes and deletes one, each time with the version that he has
// seen. Another client was faster once. The audit log has all of it, from his address.
func TestAnOperatorChangesZnodesInTheConsole(t *testing.T) {
	s := startBrowsed(t)
	edit, c := s.editor(t), s.connect()
	edit("create", fields{"path": "/a", "data": []byte("one"), "mode": "persistent"}, 200)
	edit("create", fields{"path": "/a/s-", "mode": "sequential"}, 200)
	edit("set", fields{"path": "/a", "data": []byte("two"), "version": 0}, 200)
	c.call(1, wire.OpSetData, &wire.SetDataRequest{Path: "/a", Data: []byte("x"), Version: 1},
		zoo.CodeOK)
	f := edit("set", fields{"path": "/a", "data": []byte("three"), "version": 1}, 409)
	if text, _ := f["error"].(string); !strings.Contains(text, "meanwhile") ||
		f["code"] != -103.0 {
		t.Errorf("got %v", f)
	}
	edit("acl", fields{"path": "/a/s-0000000000", "version": 1, "acl": []fields{
		{"scheme": "world", "id": "anyone", "perms": "ra"}}}, 409)
	edit("acl", fields{"path": "/a/s-0000000000", "version": 0, "acl": []fields{
		{"scheme": "world", "id": "anyone", "perms": "ra"}}}, 200)
	edit("set", fields{"path": "/a/s-0000000000", "version": 0}, 403)
	edit("delete", fields{"path": "/a", "version": 2}, 409)
	edit("delete", fields{"path": "/a/s-0000000000", "version": 0}, 200)
	c.until(func() bool { return s.auditHas(`"operation":"delete","znode":"/a/s-0000000000"`) })
	for _, want := range []string{`"operation":"create","znode":"/a"`, `"ip":"127.0.0.1"`,
		`"operation":"setAcl"`} {
		if !s.auditHas(want) {
			t.Errorf("the audit log has no %s:\n%s", want, s.auditText())
		}
	}
}

// The plot: changes that are not whole, or not what they should be. Nothing is done.
func TestChangesThatMakeNoSenseAreRefused(t *testing.T) {
	s := startBrowsed(t)
	line := func(scheme, perms string) []fields {
		return []fields{{"scheme": scheme, "id": "anyone", "perms": perms}}
	}
	for _, c := range []struct {
		question string
		body     any
	}{
		{"set", fields{"path": "/zookeeper"}},
		{"set", fields{"path": "/zookeeper", "version": -1}},
		{"set", fields{"path": "x", "version": 0}}, {"set", "text"},
		{"set", fields{"path": "/zookeeper", "version": 0, "force": true}},
		{"delete", fields{"path": "/zookeeper"}}, {"delete", fields{"path": "/", "version": 0}},
		{"create", fields{"path": "/a"}}, {"create", fields{"path": "/a", "mode": "ephemeral"}},
		{"create", fields{"path": "/a", "mode": "ttl"}},
		{"create", fields{"path": "/a", "mode": "persistent", "ttl_ms": 5}},
		{"create", fields{"path": "/a", "mode": "persistent", "acl": []fields{}}},
		{"acl", fields{"path": "/zookeeper", "version": 0}},
		{"acl", fields{"path": "/zookeeper", "version": 0, "acl": line("world", "rx")}},
		{"acl", fields{"path": "/zookeeper", "version": 0, "acl": line("world", "")}},
		{"acl", fields{"path": "/zookeeper", "version": 0, "acl": line("", "r")}},
		{"acl", fields{"path": "/zookeeper", "version": 0, "acl": line("nonsense", "r")}},
	} {
		got := s.browse(c.question, c.body, operatorHeader...)
		if got.status != http.StatusBadRequest {
			t.Errorf("%s %v: %d %s", c.question, c.body, got.status, got.body)
		}
	}
	names, _ := childNames(s.browse("children?path=/", nil).fields(t, 200))
	if names != "zookeeper" {
		t.Errorf("there are %s", names)
	}
}

// The plot: changes come from who is no operator, from another site's page, as a form would send
// them, and to a console that only reads.
func TestOnlyOperatorsInTheConsoleItselfChangeZnodes(t *testing.T) {
	s := startBrowsed(t)
	body := fields{"path": "/a", "mode": "persistent"}
	for _, c := range []struct {
		want   int
		header []string
	}{
		{401, nil}, {401, as("u:p")}, {401, []string{"Authorization", "nothing x"}},
		{403, []string{"Authorization", anyone, "Sec-Fetch-Site", "cross-site"}},
		{403, []string{"Authorization", anyone, "Sec-Fetch-Site", "same-site"}},
		{403, []string{"Authorization", anyone, "Origin", "http://127.0.0.1:1"}},
		{415, []string{"Authorization", anyone, "Content-Type", "text/plain"}},
		{415, []string{"Authorization", anyone, "Content-Type", ""}},
	} {
		if got := s.browse("create", body, c.header...); got.status != c.want {
			t.Errorf("%v: %d %s", c.header, got.status, got.body)
		}
	}
	own := []string{"Authorization", anyone, "Sec-Fetch-Site", "same-origin"}
	s.browse("create", body, own...).fields(t, 200)

	reads := startOperated(t)
	f := reads.browse("create", body, own...).fields(t, 403)
	if text, _ := f["error"].(string); !strings.Contains(text, "admin.console.edit") {
		t.Errorf("got %v", f)
	}
	reads.browse("znode?path=/a", nil).fields(t, 404)
}

// The plot: a znode is for one user alone. Others see that it is there, and nothing of it; they
// cannot change it although they are operators. The user does, under his own name
// or with the name that makes him an operator.
func TestTheConsoleHonoursACLs(t *testing.T) {
	s := startBrowsed(t)
	owner := s.connect()
	owner.call(wire.XidAuth, wire.OpAuth, digestAuth("o:pass:word"), zoo.CodeOK)
	owner.create("/own", "secret")
	owner.create("/own/below", "")
	owner.call(1, wire.OpSetACL, &wire.SetACLRequest{Path: "/own", Version: -1, ACL: []zoo.ACL{
		{Perms: zoo.PermAll, ID: zoo.ID{Scheme: "auth"}}}}, zoo.CodeOK)
	for _, header := range [][]string{nil, as("o:wrong"), operatorHeader} {
		s.browse("znode?path=/own", nil, header...).fields(t, 403)
		s.browse("children?path=/own", nil, header...).fields(t, 403)
		list := s.browse("children?path=/&prefix=own", nil, header...).fields(t, 200)
		if f := list["children"].([]any)[0].(fields); f["name"] != "own" || f["bytes"] != nil ||
			f["kind"] != nil {
			t.Errorf("as %v: %v", header, f)
		}
	}
	change := fields{"path": "/own", "data": []byte("x"), "version": 0}
	s.browse("set", change, operatorHeader...).fields(t, 403)
	for _, header := range [][]string{as("o:pass:word"), {"Authorization", "digest o:pass:word"}} {
		f := s.browse("znode?path=/own", nil, header...).fields(t, 200)
		if f["data"] != base64.StdEncoding.EncodeToString([]byte("secret")) || f["acl"] == nil {
			t.Errorf("as %v: %v", header, f)
		}
		names, _ := childNames(s.browse("children?path=/own", nil, header...).fields(t, 200))
		if names != "below" {
			t.Errorf("as %v: %s", header, names)
		}
	}
	s.browse("set", change, append(as("o:pass:word"), operatorHeader...)...).fields(t, 200)
}

// The plot: the ACL lets everybody administer a znode and nobody read it. Its ACL can be seen,
// and so be mended.
func TestWhoMayChangeAnACLSeesIt(t *testing.T) {
	s := startBrowsed(t)
	c := s.connect()
	c.create("/sealed", "text")
	c.call(1, wire.OpSetACL, &wire.SetACLRequest{Path: "/sealed", Version: -1, ACL: []zoo.ACL{
		{Perms: zoo.PermAdmin, ID: zoo.AnyoneID}}}, zoo.CodeOK)
	f := s.browse("znode?path=/sealed", nil).fields(t, 200)
	if f["data"] != nil || f["acl"] == nil || f["stat"].(fields)["aversion"] != 1.0 {
		t.Errorf("got %v", f)
	}
}

// The plot: the port has keys, so that only who shows one may ask. A server that no client gets at
// without a certificate answers operators only, on its own machine as well.
func TestOnlyWhoCouldAskAsAClientBrowsesWithoutBeingAnOperator(t *testing.T) {
	keyed, said := startGuarded(t, admin.Config{Listen: "127.0.0.1:0", ConsoleEdit: true,
		KeysFile: keysFile(t, "token "+tokenText)})
	if got := keyed.browse("znode?path=/", nil); got.status != http.StatusUnauthorized {
		t.Errorf("without a key: %d", got.status)
	}
	keyed.browse("znode?path=/", nil, "Authorization", byToken).fields(t, 200)
	keyed.browse("create", fields{"path": "/a", "mode": "persistent"},
		append(as("bob:hidden"), "Authorization", byToken)...).fields(t, 200)
	if log := said.String(); !strings.Contains(log, "change by the console") ||
		strings.Contains(log, "hidden") {
		t.Errorf("the log: %s", log)
	}

	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	operated(&cfg)
	cfg.ClientListen = nil
	sealed := start(t, disk, cfg)
	sealed.browse("znode?path=/", nil).fields(t, 401)
	sealed.gate.wait(patience, sealed.closing)
	sealed.browse("znode?path=/", nil, operatorHeader...).fields(t, 200)
}
