package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"zoo"
	"zoo/internal/check/invariant"
	"zoo/internal/core/acl"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

func TestAClientCreatesReadsAndCloses(t *testing.T) {
	c := startStandalone(t).connect()
	created := c.call(1, wire.OpCreate2, create("/a", "one"), zoo.CodeOK)
	var response wire.Create2Response
	response.DecodeFrom(&created.body)
	stat := response.Stat
	if response.Path != "/a" || stat.DataLength != 3 || created.Zxid != stat.Czxid {
		t.Errorf("created %+v with zxid %v", response, created.Zxid)
	}
	c.call(2, wire.OpSetData,
		&wire.SetDataRequest{Path: "/a", Data: []byte("two"), Version: -1}, zoo.CodeOK)
	got := c.call(3, wire.OpGetData, &wire.GetDataRequest{Path: "/a"}, zoo.CodeOK)
	if data := got.body.Buffer(); string(data) != "two" {
		t.Errorf("got %q", data)
	}
	children := c.call(4, wire.OpGetChildren2, &wire.GetChildren2Request{Path: "/"}, zoo.CodeOK)
	if names := children.body.Strings(); len(names) != 2 {
		t.Errorf("children of the root: %q", names)
	}
	c.call(5, wire.OpSync, &wire.SyncRequest{Path: "/a"}, zoo.CodeOK)
	c.call(6, wire.OpDelete, &wire.DeleteRequest{Path: "/a", Version: -1}, zoo.CodeOK)
	c.call(7, wire.OpExists, &wire.ExistsRequest{Path: "/a"}, zoo.CodeNoNode)
	c.call(wire.XidPing, wire.OpPing, nil, zoo.CodeOK)
	c.call(8, wire.OpCloseSession, nil, zoo.CodeOK)
	c.ended()
}

// The plot: writes and reads of one connection in one piece. Every read must
// see the write in front of it, and every reply must come in its turn.
func TestPipelinedRequestsOfAConnectionKeepTheirOrder(t *testing.T) {
	c := startStandalone(t).connect()
	c.create("/a", "0")
	const rounds = 300
	var requests [][]byte
	for i := range rounds {
		requests = append(requests,
			request(int32(3*i+1), wire.OpSetData,
				&wire.SetDataRequest{Path: "/a", Data: fmt.Append(nil, i), Version: -1}),
			request(int32(3*i+2), wire.OpGetData, &wire.GetDataRequest{Path: "/a"}),
			request(int32(3*i+3), wire.OpSync, &wire.SyncRequest{Path: "/a"}))
	}
	go c.pipeline(requests...)
	for i := range rounds {
		c.reply(int32(3*i+1), zoo.CodeOK)
		got := c.reply(int32(3*i+2), zoo.CodeOK)
		if data := got.body.Buffer(); string(data) != fmt.Sprint(i) {
			t.Fatalf("read %d got %q", i, data)
		}
		c.reply(int32(3*i+3), zoo.CodeOK)
	}
}

// The plot: one client watches and reads while another one writes. Whoever reads
// a new value must have been told before.
func TestAWatchEventComesBeforeTheNewState(t *testing.T) {
	s := startStandalone(t)
	reader, writer := s.connect(), s.connect()
	writer.create("/a", "0")
	for i := 1; i <= 200; i++ {
		reader.call(1, wire.OpGetData, &wire.GetDataRequest{Path: "/a", Watch: true}, zoo.CodeOK)
		writer.pipeline(request(2, wire.OpSetData,
			&wire.SetDataRequest{Path: "/a", Data: fmt.Append(nil, i), Version: -1}))
		reader.readUntilNew("/a", fmt.Sprint(i))
		writer.reply(2, zoo.CodeOK)
	}
}

// readUntilNew reads a znode that is watched and being changed, and checks that the event comes
// first.
func (c *client) readUntilNew(path, news string) {
	c.t.Helper()
	told := false
	for xid := int32(3); ; xid++ {
		c.pipeline(request(xid, wire.OpGetData, &wire.GetDataRequest{Path: path}))
		m := c.message()
		if m.Xid == wire.XidNotification {
			told = true
			m = c.message()
		}
		fresh := string(m.body.Buffer()) == news
		if fresh != told {
			c.t.Errorf("%s: new state %v, told %v", news, fresh, told)
			return
		}
		if fresh {
			return
		}
	}
}

func TestMultiIsAnsweredPartByPart(t *testing.T) {
	c := startStandalone(t).connect()
	good := multi{
		{wire.OpCreate, create("/m", "x")},
		{wire.OpSetData, &wire.SetDataRequest{Path: "/m", Data: []byte("y"), Version: 0}},
		{wire.OpCheck, &wire.CheckVersionRequest{Path: "/m", Version: 1}},
		{wire.OpCreate2, create("/m/n", "")},
		{wire.OpDelete, &wire.DeleteRequest{Path: "/m/n", Version: -1}},
	}
	m := c.call(1, wire.OpMulti, good, zoo.CodeOK)
	if got := results(t, m); got != "create:0 setData:0 check:0 create:0 delete:0" {
		t.Errorf("got %s", got)
	}
	bad := multi{
		{wire.OpCreate, create("/ok", "")},
		{wire.OpCreate, create("/m", "")},
		{wire.OpDelete, &wire.DeleteRequest{Path: "/m", Version: -1}},
	}
	m = c.call(2, wire.OpMulti, bad, zoo.CodeOK)
	if got := results(t, m); got != "error:0 error:-110 error:-2" {
		t.Errorf("got %s", got)
	}
	c.call(3, wire.OpExists, &wire.ExistsRequest{Path: "/ok"}, zoo.CodeNoNode)
}

func TestMultiReadIsAnsweredPartByPart(t *testing.T) {
	c := startStandalone(t).connect()
	c.create("/m", "x")
	m := c.call(1, wire.OpMultiRead, multi{
		{wire.OpGetData, &wire.GetDataRequest{Path: "/m", Watch: true}},
		{wire.OpGetChildren, &wire.GetChildrenRequest{Path: "/none"}},
		{wire.OpGetChildren, &wire.GetChildrenRequest{Path: "/"}},
	}, zoo.CodeOK)
	if got := results(t, m); got != "getData:0 error:-101 getChildren:0" {
		t.Errorf("got %s", got)
	}
	c.call(2, wire.OpCheckWatches, &wire.CheckWatchesRequest{Path: "/m", Type: 2},
		zoo.CodeNoWatcher)
	if got := results(t, c.call(3, wire.OpMultiRead, multi{}, zoo.CodeOK)); got != "" {
		t.Errorf("nothing is answered with %q", got)
	}
	mixed := multi{
		{wire.OpGetData, &wire.GetDataRequest{Path: "/m"}},
		{wire.OpDelete, &wire.DeleteRequest{Path: "/m", Version: -1}},
	}
	c.call(4, wire.OpMultiRead, mixed, zoo.CodeMarshallingError)
	c.call(5, wire.OpMultiRead, mixed[1:], zoo.CodeMarshallingError)
	c.call(6, wire.OpMultiRead, nil, zoo.CodeMarshallingError)
}

// A few bytes may name a large znode a thousand times; the reply has a bound.
func TestMultiReadDoesNotMultiplyWithoutEnd(t *testing.T) {
	c := startStandalone(t).connect()
	c.create("/large", strings.Repeat("x", 1<<19))
	var parts multi
	for range multiReadBytesMax>>19 + 1 {
		parts = append(parts, multi{{wire.OpGetData, &wire.GetDataRequest{Path: "/large"}}}...)
	}
	c.call(1, wire.OpMultiRead, parts, zoo.CodeMarshallingError)
	c.call(2, wire.OpMultiRead, parts[:2], zoo.CodeOK)
}

func TestASessionMayAskForItsEphemeralsAndItsNames(t *testing.T) {
	s := startStandalone(t)
	c, other := s.connect(), s.connect()
	c.create("/app", "")
	c.call(1, wire.OpCreate, ephemeral("/app/a"), zoo.CodeOK)
	c.call(2, wire.OpCreate, ephemeral("/apple"), zoo.CodeOK)
	other.call(1, wire.OpCreate, ephemeral("/other"), zoo.CodeOK)
	for i, row := range []struct{ prefix, want string }{
		{"/app", "/app/a /apple"}, {"/app/", "/app/a"}, {" / ", "/app/a /apple"},
		{"", "/app/a /apple"}, {"/none", ""},
	} {
		m := c.call(int32(10+i), wire.OpGetEphemerals,
			&wire.GetEphemeralsRequest{PrefixPath: row.prefix}, zoo.CodeOK)
		if got := strings.Join(m.body.Strings(), " "); got != row.want {
			t.Errorf("below %q: %s", row.prefix, got)
		}
	}
	c.call(20, wire.OpAuth, digestAuth("alice:secret"), zoo.CodeOK)
	var who wire.WhoAmIResponse
	who.DecodeFrom(&c.call(21, wire.OpWhoAmI, nil, zoo.CodeOK).body)
	if len(who.ClientInfo) != 2 || who.ClientInfo[1] != (wire.ClientInfo{
		AuthScheme: "digest", User: "alice"}) || who.ClientInfo[0].AuthScheme != "ip" {
		t.Errorf("got %+v", who.ClientInfo)
	}
}

func TestAllChildrenAreCountedWhereTheyMayBeRead(t *testing.T) {
	c := startStandalone(t).connect()
	c.create("/a", "")
	c.create("/a/b", "")
	c.create("/a/b/c", "")
	for i, row := range []struct {
		path  string
		count int32
	}{{"/a", 2}, {"/a/b/c", 0}, {"/", 6}} {
		m := c.call(int32(10+i), wire.OpGetAllChildrenNumber,
			&wire.GetAllChildrenNumberRequest{Path: row.path}, zoo.CodeOK)
		if got := m.body.Int(); got != row.count {
			t.Errorf("%s: %d", row.path, got)
		}
	}
	c.call(20, wire.OpGetAllChildrenNumber,
		&wire.GetAllChildrenNumberRequest{Path: "/none"}, zoo.CodeNoNode)
	closed := create("/closed", "")
	closed.ACL = []zoo.ACL{{Perms: zoo.PermWrite, ID: zoo.AnyoneID}}
	c.call(21, wire.OpCreate, closed, zoo.CodeOK)
	c.call(22, wire.OpGetAllChildrenNumber,
		&wire.GetAllChildrenNumberRequest{Path: "/closed"}, zoo.CodeNoAuth)
}

func results(t *testing.T, m *message) string {
	r := wire.NewMultiResultReader(m.body.Rest())
	var list []string
	for part, more := r.Next(); more; part, more = r.Next() {
		list = append(list, fmt.Sprintf("%v:%d", part.Op, int32(part.Err)))
	}
	if r.Err() != nil {
		t.Error(r.Err())
	}
	return strings.Join(list, " ")
}

// The plot: a session comes back on a second connection; the first one ends, and
// what the session has created stays.
func TestASessionMovesToTheConnectionThatKnowsItsPassword(t *testing.T) {
	s := startStandalone(t)
	before := s.connect()
	before.call(1, wire.OpCreate, ephemeral("/e"), zoo.CodeOK)
	again := before.resume()
	again.HasReadOnly = false
	after := s.dial()
	after.handshake(again)
	if after.opened.SessionID != before.opened.SessionID || after.opened.HasReadOnly {
		t.Errorf("opened %+v", after.opened)
	}
	before.ended()
	after.call(1, wire.OpExists, &wire.ExistsRequest{Path: "/e"}, zoo.CodeOK)

	again.Passwd = make([]byte, wire.PasswordBytes)
	thief := s.dial()
	thief.handshake(again)
	if thief.opened.SessionID != 0 || thief.opened.TimeOut != 0 {
		t.Errorf("a wrong password opened %+v", thief.opened)
	}
	thief.ended()
}

func TestAClientThatHasSeenTheFutureIsSentAway(t *testing.T) {
	ahead := startStandalone(t).dial()
	hello := newSession()
	hello.LastZxidSeen = zoo.MakeZxid(9, 9)
	ahead.sendFrame(hello.AppendTo(nil))
	ahead.ended()
}

func TestASessionEndsByItsClientOrByItsTimeout(t *testing.T) {
	s := startStandalone(t)
	owner, watcher := s.connect(), s.connect()
	silent := s.dial()
	short := newSession()
	short.TimeOut = 1
	silent.handshake(short)
	silent.ended()

	owner.call(1, wire.OpCreate, ephemeral("/e"), zoo.CodeOK)
	watcher.call(1, wire.OpExists, &wire.ExistsRequest{Path: "/e", Watch: true}, zoo.CodeOK)
	owner.call(2, wire.OpCloseSession, nil, zoo.CodeOK)
	if e := watcher.event(); e.Type != zoo.EventNodeDeleted || e.Path != "/e" {
		t.Errorf("got %+v", e)
	}
}

// The plot: a client sends its handshake, auth, setWatches and a create in one
// piece. All is answered in order, with the events of the watches that had missed
// something in front of the answer to setWatches.
func TestWhatFollowsTheHandshakeWaitsForIt(t *testing.T) {
	c := startStandalone(t).dial()
	hello := newSession().AppendTo(nil)
	first := append([]byte{0, 0, 0, byte(len(hello))}, hello...)
	c.pipeline(first,
		request(wire.XidAuth, wire.OpAuth, digestAuth("u:p")),
		request(wire.XidSetWatches, wire.OpSetWatches, &wire.SetWatches{
			ExistWatches: []string{"/zookeeper", "/later"}, DataWatches: []string{"/gone"}}),
		request(1, wire.OpCreate, create("/later", "")))
	c.frame()
	if m := c.reply(wire.XidAuth, zoo.CodeOK); m.Zxid != 0 {
		t.Errorf("auth replied with zxid %v", m.Zxid)
	}
	for _, want := range []wire.WatcherEvent{
		{Type: zoo.EventNodeDeleted, State: 3, Path: "/gone"},
		{Type: zoo.EventNodeCreated, State: 3, Path: "/zookeeper"},
	} {
		if e := c.event(); e != want {
			t.Errorf("got %+v, want %+v", e, want)
		}
	}
	c.reply(wire.XidSetWatches, zoo.CodeOK)
	if e := c.event(); e.Type != zoo.EventNodeCreated || e.Path != "/later" {
		t.Errorf("got %+v", e)
	}
	c.reply(1, zoo.CodeOK)
}

func TestAZnodeIsReadByWhomItsACLAllowsAndByTheSuperUser(t *testing.T) {
	s := startStandalone(t)
	owner := s.connect()
	owner.call(wire.XidAuth, wire.OpAuth, digestAuth("u:p"), zoo.CodeOK)
	mine := create("/mine", "")
	mine.ACL = []zoo.ACL{{Perms: zoo.PermAll, ID: zoo.ID{Scheme: "auth"}}}
	owner.call(1, wire.OpCreate, mine, zoo.CodeOK)

	stranger := s.connect()
	get, getACL := &wire.GetDataRequest{Path: "/mine"}, &wire.GetACLRequest{Path: "/mine"}
	stranger.call(1, wire.OpGetData, get, zoo.CodeNoAuth)
	stranger.call(2, wire.OpGetACL, getACL, zoo.CodeNoAuth)
	stranger.call(wire.XidAuth, wire.OpAuth, digestAuth("super:secret"), zoo.CodeOK)
	stranger.call(3, wire.OpGetData, get, zoo.CodeOK)
	m := stranger.call(4, wire.OpGetACL, getACL, zoo.CodeOK)
	if list := wire.DecodeACL(&m.body); list[0].ID != acl.DigestID("u:p") {
		t.Errorf("got %v", list)
	}
	stranger.call(wire.XidAuth, wire.OpAuth, &wire.AuthPacket{Scheme: "none"}, zoo.CodeAuthFailed)
	stranger.ended()
}

func TestPersistentWatchesStayUntilTheyAreRemoved(t *testing.T) {
	s := startStandalone(t)
	c := s.connect()
	add := &wire.AddWatchRequest{Path: "/p", Mode: zoo.WatchPersistentRecursive}
	c.call(1, wire.OpAddWatch, add, zoo.CodeOK)
	other := s.connect()
	other.create("/p", "")
	other.create("/p/q", "")
	for _, path := range []string{"/p", "/p/q"} {
		if e := c.event(); e.Type != zoo.EventNodeCreated || e.Path != path {
			t.Errorf("got %+v, want the creation of %s", e, path)
		}
	}
	check := &wire.CheckWatchesRequest{Path: "/p", Type: zoo.WatcherPersistentRecursive}
	remove := &wire.RemoveWatchesRequest{Path: "/p", Type: zoo.WatcherAny}
	c.call(2, wire.OpCheckWatches, check, zoo.CodeOK)
	c.call(3, wire.OpRemoveWatches, remove, zoo.CodeOK)
	c.call(4, wire.OpCheckWatches, check, zoo.CodeNoWatcher)
	c.call(5, wire.OpRemoveWatches, remove, zoo.CodeNoWatcher)
	strange := &wire.AddWatchRequest{Path: "/p", Mode: 7}
	c.call(6, wire.OpAddWatch, strange, zoo.CodeMarshallingError)
}

// Java hangs up on an operation that it does not know, and takes what was sent
// behind it down as well; here the client is told, and goes on.
func TestWhatTheServerDoesNotKnowIsRefused(t *testing.T) {
	c := startStandalone(t).connect()
	c.call(2, wire.OpGetData, nil, zoo.CodeMarshallingError)
	c.call(3, wire.OpCreate, nil, zoo.CodeMarshallingError)
	c.call(3, wire.OpSync, nil, zoo.CodeMarshallingError)
	c.call(4, wire.OpExists, &wire.ExistsRequest{Path: "/a\x00b"}, zoo.CodeBadArguments)
	c.pipeline(request(5, wire.OpCreate, create("/behind", "")),
		request(6, wire.OpCheck, &wire.CheckVersionRequest{Path: "/"}),
		request(7, wire.OpPing, nil))
	c.reply(5, zoo.CodeOK)
	c.reply(6, zoo.CodeUnimplemented)
	c.reply(7, zoo.CodeOK)
	if m := c.call(8, wire.Op(4711), nil, zoo.CodeUnimplemented); m.Zxid != zoo.ZxidNone {
		t.Errorf("refused with zxid %v", m.Zxid)
	}
	c.call(9, wire.OpReconfig, &wire.ReconfigRequest{}, zoo.CodeReconfigDisabled)
	c.call(10, wire.OpGetData, &wire.GetDataRequest{Path: "/behind"}, zoo.CodeOK)
}

func TestFramesThatCannotBeEndTheConnection(t *testing.T) {
	s := startStandalone(t)
	for name, b := range map[string][]byte{
		"negative length": {0xff, 0xff, 0xff, 0xfe, 0, 0, 0, 0},
		"too long":        {0x00, 0x10, 0x00, 0x00},
		"short header":    {0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7},
		"an unknown word": []byte("abcd"),
	} {
		t.Run(name, func(t *testing.T) {
			early := s.dial()
			early.write(b)
			if name != "short header" {
				early.ended()
			}
			c := s.connect()
			c.write(b)
			c.ended()
		})
	}
	s.connect().call(1, wire.OpExists, &wire.ExistsRequest{Path: "/"}, zoo.CodeOK)
}

func TestTheLargestFrameFits(t *testing.T) {
	c := startStandalone(t).connect()
	data := strings.Repeat("x", wire.FrameBytesMax-100)
	c.create("/large", data)
	var requests [][]byte
	for i := range int32(20) {
		requests = append(requests,
			request(i, wire.OpGetData, &wire.GetDataRequest{Path: "/large"}))
	}
	c.pipeline(requests...)
	for i := range int32(20) {
		if got := c.reply(i, zoo.CodeOK).body.Buffer(); string(got) != data {
			t.Fatalf("got %d bytes", len(got))
		}
	}
}

func TestFourLetterWords(t *testing.T) {
	s := startStandalone(t)
	s.connect().create("/a", "")
	for word, want := range map[string]string{
		"ruok": "imok", "isro": "rw", "srvr": "Mode: standalone\nNode count: 6\n",
		"mntr": "zk_znode_count\t6\n", "stat": "Clients:\n /127.0.0.1:",
		"strt": "recover data\t", "wchs": "0 connections watching 0 paths",
		"cons": "not in the whitelist",
	} {
		c := s.dial()
		c.write([]byte(word))
		text, err := io.ReadAll(c.nc)
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s: got %q, %v; want %q in it", word, text, err, want)
		}
	}
}

func TestAddressesHaveABoundOnTheirConnections(t *testing.T) {
	disk := startStandalone(t).disk
	cfg := standaloneConfig(disk)
	cfg.Store.DataDir, cfg.ConnsPerHostMax = "/other", 2
	s := start(t, disk, cfg)
	first := s.connect()
	s.connect()
	s.dial().ended()
	first.call(1, wire.OpCloseSession, nil, zoo.CodeOK)
	first.ended()
}

func TestARestartedServerHasItsData(t *testing.T) {
	s := startStandalone(t)
	c := s.connect()
	c.create("/kept", "value")
	before := time.Now()
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(before); took > time.Second {
		t.Errorf("the end took %v", took)
	}
	c.ended()
	again := c.resume()
	c = start(t, s.disk, standaloneConfig(s.disk)).dial()
	c.handshake(again)
	if c.opened.SessionID != again.SessionID {
		t.Error("the session was lost")
	}
	m := c.call(1, wire.OpGetData, &wire.GetDataRequest{Path: "/kept"}, zoo.CodeOK)
	if !bytes.Equal(m.body.Buffer(), []byte("value")) {
		t.Error("the value was lost")
	}
}

// The plot: a client asks for far more than it reads, behind a write so that the
// loop answers. The others must not notice, and in the end it gets everything.
func TestAClientThatDoesNotReadStopsNobodyElse(t *testing.T) {
	s := startStandalone(t)
	c := s.connect()
	data := strings.Repeat("x", 1<<20-200)
	c.create("/large", data)
	const reads = 30
	requests := [][]byte{request(1, wire.OpCreate, create("/write", ""))}
	for i := range int32(reads) {
		requests = append(requests,
			request(2+i, wire.OpGetData, &wire.GetDataRequest{Path: "/large"}))
	}
	c.pipeline(requests...)
	other := s.connect()
	other.create("/other", "")
	set := &wire.SetDataRequest{Path: "/other", Version: -1}
	for i := range int32(50) {
		other.call(i, wire.OpSetData, set, zoo.CodeOK)
	}
	c.reply(1, zoo.CodeOK)
	for i := range int32(reads) {
		if got := c.reply(2+i, zoo.CodeOK).body.Buffer(); string(got) != data {
			t.Fatalf("got %d bytes", len(got))
		}
	}
	c.call(100, wire.OpExists, &wire.ExistsRequest{Path: "/write"}, zoo.CodeOK)
}

// The plot: the replica asks for its data to be recovered anew, as it does when a
// leader cuts off what was applied already.
func TestAServerThatReloadsGoesOnWithItsData(t *testing.T) {
	s := startStandalone(t)
	c := s.connect()
	c.create("/kept", "value")
	s.queue.call(s.loop.reload)
	c.ended()
	again := c.resume()
	c = s.dial()
	c.handshake(again)
	m := c.call(1, wire.OpGetData, &wire.GetDataRequest{Path: "/kept"}, zoo.CodeOK)
	if string(m.body.Buffer()) != "value" {
		t.Error("the value was lost")
	}
	c.create("/new", "")
}

func TestABrokenInvariantEndsTheServer(t *testing.T) {
	disk := vfs.NewMem()
	s := Assemble(Config{Store: store.Config{FS: disk, DataDir: "/data"}}, testLog(t), BuildInfo{})
	s.queue.call(func() { invariant.Holds(false, "planted") })
	var broken *invariant.Broken
	if err := s.Run(t.Context()); !errors.As(err, &broken) {
		t.Errorf("ended with %v", err)
	}
}

// The plot: the disk refuses to sync. What it holds nobody knows, so the server
// must not go on.
func TestAnErrorOfTheDiskEndsTheServer(t *testing.T) {
	cfg := standaloneConfig(vfs.NewMem())
	failure := errors.New("planted")
	cfg.Store.FS = vfs.NewFaulty(cfg.Store.FS, func(_ int, op vfs.Op) error {
		if op.Kind == vfs.OpSync && strings.Contains(op.Name, "log.") {
			return failure
		}
		return nil
	})
	s := Assemble(cfg, testLog(t), BuildInfo{})
	ended := make(chan error, 1)
	go func() { ended <- s.Run(t.Context()) }()
	addresses, err := s.Addresses(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	r := &running{Server: s, t: t, address: addresses[0].String()}
	c := r.dial()
	c.sendFrame(newSession().AppendTo(nil))
	c.ended()
	if err := <-ended; !errors.Is(err, failure) {
		t.Errorf("ended with %v", err)
	}
}

// part is one operation of a multi.
type part struct {
	op     wire.Op
	record jute.Record
}

// multi is the record of a multi.
type multi []part

// AppendTo appends the encoded record to b.
func (m multi) AppendTo(b []byte) []byte {
	for _, p := range m {
		b = p.record.AppendTo(wire.AppendMultiRequest(b, p.op))
	}
	return wire.AppendMultiEnd(b)
}

// DecodeFrom is for servers.
func (m multi) DecodeFrom(*jute.Decoder) {}
