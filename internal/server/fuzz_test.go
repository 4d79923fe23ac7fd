package server

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"testing"
	"time"

	"zoo"
	"zoo/internal/check/alloc"
	"zoo/internal/core/acl"
	"zoo/internal/core/tree"
	"zoo/internal/disk/vfs"
	"zoo/internal/jute"
	"zoo/internal/net/sasl/digestmd5"
	"zoo/internal/wire"
)

// fuzzedOps are all operations there are, those that only servers use, and some that
// nobody has.
var fuzzedOps = []wire.Op{
	wire.OpNotification, wire.OpCreate, wire.OpDelete, wire.OpExists, wire.OpGetData,
	wire.OpSetData, wire.OpGetACL, wire.OpSetACL, wire.OpGetChildren, wire.OpSync, 10,
	wire.OpPing, wire.OpGetChildren2, wire.OpCheck, wire.OpMulti, wire.OpCreate2,
	wire.OpReconfig, wire.OpCheckWatches, wire.OpRemoveWatches, wire.OpCreateContainer,
	wire.OpDeleteContainer, wire.OpCreateTTL, wire.OpMultiRead, wire.OpAuth,
	wire.OpSetWatches, wire.OpSASL, wire.OpGetEphemerals, wire.OpGetAllChildrenNumber,
	wire.OpSetWatches2, wire.OpAddWatch, wire.OpWhoAmI, wire.OpCreateSession,
	wire.OpCloseSession, wire.OpError, 108, 500, 501, 502, 503, 504, 505, 506, 507, 508,
	-1 << 31, 1<<31 - 1, wire.OpGetChildrenPage,
}

// A script is what the sessions of a fuzzed server ask, one after the other:
//
//	session    1 byte, of scriptSessions
//	operation  1 byte, an index of fuzzedOps
//	length     2 bytes
//	body       length bytes, or what is left
const (
	scriptSessions  = 3
	scriptHeadBytes = 4
	// scriptBytesMax is what one script may be: more finds nothing that this does not.
	scriptBytesMax = 16 << 10
)

// appendStep appends a request to a script.
func appendStep(script []byte, session int, op wire.Op, record jute.Record) []byte {
	index := 0
	for i, known := range fuzzedOps {
		if known == op {
			index = i
		}
	}
	script = append(script, byte(session), byte(index), 0, 0)
	at := len(script)
	if record != nil {
		script = record.AppendTo(script)
	}
	binary.BigEndian.PutUint16(script[at-2:], uint16(len(script)-at))
	return script
}

// nextStep takes a request off a script.
func nextStep(script []byte) (session int, op wire.Op, body, rest []byte) {
	session = int(script[0]) % scriptSessions
	op = fuzzedOps[int(script[1])%len(fuzzedOps)]
	n := int(binary.BigEndian.Uint16(script[2:]))
	body, rest = script[scriptHeadBytes:], []byte(nil)
	if n < len(body) {
		body, rest = body[:n], body[n:]
	}
	return session, op, body, rest
}

// aScript has every operation once, each with what it understands, by a client that
// may do nearly all.
func aScript() []byte {
	script := appendStep(nil, 0, wire.OpAuth, digestAuth("super:secret"))
	for _, steps := range [][]part{someWrites(), someReads(), someWatches(), someExtensions(),
		theRest()} {
		for _, step := range steps {
			script = appendStep(script, 0, step.op, step.record)
		}
	}
	return script
}

func someWrites() []part {
	open := zoo.OpenACL()
	return []part{
		{wire.OpCreate, create("/f", "x")},
		{wire.OpCreate2, ephemeral("/f/e")},
		{wire.OpCreateContainer, &wire.CreateRequest{Path: "/c", ACL: open, Flags: zoo.Container}},
		{wire.OpCreateTTL, &wire.CreateTTLRequest{Path: "/t", ACL: open,
			Flags: zoo.PersistentSequentialTTL, TTL: 9}},
		{wire.OpSetData, &wire.SetDataRequest{Path: "/f", Data: []byte("y"), Version: -1}},
		{wire.OpSetACL, &wire.SetACLRequest{Path: "/f", ACL: open, Version: -1}},
		{wire.OpSync, &wire.SyncRequest{Path: "/f"}},
		{wire.OpReconfig, &wire.ReconfigRequest{JoiningServers: "server.2=a:1:2"}},
		{wire.OpMulti, aMulti()},
	}
}

func someReads() []part {
	return []part{
		{wire.OpExists, &wire.ExistsRequest{Path: "/none", Watch: true}},
		{wire.OpGetData, &wire.GetDataRequest{Path: "/f", Watch: true}},
		{wire.OpGetChildren, &wire.GetChildrenRequest{Path: "/", Watch: true}},
		{wire.OpGetChildren2, &wire.GetChildren2Request{Path: "/f", Watch: true}},
		{wire.OpGetACL, &wire.GetACLRequest{Path: "/f"}},
		{wire.OpGetEphemerals, &wire.GetEphemeralsRequest{PrefixPath: "/f"}},
		{wire.OpGetAllChildrenNumber, &wire.GetAllChildrenNumberRequest{Path: "/"}},
		{wire.OpMultiRead, multi{{wire.OpGetData, &wire.GetDataRequest{Path: "/f"}},
			{wire.OpGetChildren, &wire.GetChildrenRequest{Path: "/none"}}}},
	}
}

func someWatches() []part {
	paths := []string{"/", "/f", "/none"}
	return []part{
		{wire.OpAddWatch, &wire.AddWatchRequest{Path: "/f", Mode: zoo.WatchPersistentRecursive}},
		{wire.OpCheckWatches, &wire.CheckWatchesRequest{Path: "/f", Type: zoo.WatcherAny}},
		{wire.OpRemoveWatches, &wire.RemoveWatchesRequest{Path: "/f", Type: zoo.WatcherData}},
		{wire.OpSetWatches, &wire.SetWatches{DataWatches: paths, ChildWatches: paths}},
		{wire.OpSetWatches2, &wire.SetWatches2{DataWatches: paths, ExistWatches: paths,
			ChildWatches: paths, PersistentWatches: paths, PersistentRecursiveWatches: paths}},
	}
}

func someExtensions() []part {
	return []part{
		{wire.OpGetData, getData(flagsPath)},
		{wire.OpCheckNotExists, &wire.CheckNotExistsRequest{Path: "/f", Version: -1}},
		{wire.OpListRecursive, &wire.ListRecursiveRequest{Path: "/", Limit: -1}},
		{wire.OpGetChildrenPage, &wire.GetChildrenPageRequest{Path: "/", After: "c", Limit: 2}},
		{wire.OpTryRemove, &wire.TryRemoveRequest{Path: "/f", Version: -1}},
		{wire.OpRemoveRecursive, &wire.RemoveRecursiveRequest{Path: "/m", Limit: 9}},
		{wire.OpCreateIfNotExists, create("/f", "x")},
		{wire.OpMulti, multi{
			{wire.OpCheckNotExists, &wire.CheckNotExistsRequest{Path: "/m", Version: -1}},
			{wire.OpCreateIfNotExists, create("/m", "x")},
			{wire.OpRemoveRecursive, &wire.RemoveRecursiveRequest{Path: "/m", Limit: 9}},
			{wire.OpTryRemove, &wire.TryRemoveRequest{Path: "/m"}}}},
	}
}

func theRest() []part {
	return []part{
		{wire.OpSASL, &wire.GetSASLRequest{Token: []byte{}}},
		{wire.OpSASL, &wire.GetSASLRequest{Token: []byte(digestResponse("bob", "b", "n"))}},
		{wire.OpWhoAmI, nil}, {wire.OpPing, nil},
		{wire.OpCheck, &wire.CheckVersionRequest{Path: "/f", Version: 1}},
		{wire.OpDelete, &wire.DeleteRequest{Path: "/f", Version: -1}},
		{wire.OpDeleteContainer, &wire.DeleteContainerRequest{Path: "/c"}},
		{wire.OpCloseSession, nil},
	}
}

func aMulti() multi {
	return multi{
		{wire.OpCreate, create("/m", "x")},
		{wire.OpCreateTTL, &wire.CreateTTLRequest{Path: "/m/t", ACL: zoo.OpenACL(),
			Flags: zoo.PersistentTTL, TTL: 9}},
		{wire.OpSetData, &wire.SetDataRequest{Path: "/m", Data: []byte("y"), Version: 0}},
		{wire.OpCheck, &wire.CheckVersionRequest{Path: "/m", Version: 1}},
		{wire.OpDelete, &wire.DeleteRequest{Path: "/m/t", Version: -1}},
	}
}

// permissive is the configuration of a server that has all there is.
func permissive(disk *vfs.Mem) Config {
	cfg := standaloneConfig(disk)
	cfg.Words = []string{"*"}
	cfg.ClientListen = nil
	// No session may end just because its client is not heard of.
	cfg.SessionTimeoutMin, cfg.SessionTimeoutMax = time.Hour, time.Hour
	cfg.Types = tree.Types{Extended: true}
	cfg.EnforceQuota, cfg.ReconfigEnabled = true, true
	cfg.Rules.Providers = acl.ProvidersDefault | acl.ProviderSASL | acl.ProviderEnsemble |
		acl.ProviderX509
	cfg.Rules.EnsembleNames = []string{"east"}
	cfg.Access.SASLFailedAllowed = true
	cfg.Access.SASL = &digestmd5.Mechanism{
		Passwords: map[string]string{"bob": "b"}, Random: rand.Reader,
	}
	return cfg
}

// FuzzRequests lets three sessions ask anything of a new server. Whatever they ask, it
// lives on, closes their sessions, and has allocated no more than that explains.
func FuzzRequests(f *testing.F) {
	script := aScript()
	f.Add(script)
	ask := appendStep(nil, 0, wire.OpGetData, getData(flagsPath))
	for len(script) > scriptHeadBytes {
		_, op, body, rest := nextStep(script)
		step := script[:scriptHeadBytes+len(body)]
		if operationOf(op).extension {
			step = append(bytes.Clone(ask), step...)
		}
		f.Add(step)
		script = rest
	}
	f.Add(meeting())
	f.Fuzz(func(t *testing.T, script []byte) {
		if len(script) > scriptBytesMax {
			return
		}
		disk := vfs.NewMem()
		s := startLogging(t, disk, permissive(disk), slog.New(slog.DiscardHandler))
		alloc.Bounded(t, len(script), func() { s.play(script) })
	})
}

// Whoever adds an operation adds what it understands to aScript, for FuzzRequests.
func TestTheFuzzedScriptHasEveryOperation(t *testing.T) {
	script, asked := aScript(), map[wire.Op]bool{}
	for len(script) > 0 {
		var op wire.Op
		_, op, _, script = nextStep(script)
		asked[op] = true
	}
	for op := operationLowest; op < wire.ExtensionLowest+wire.Op(len(extensions)); op++ {
		if operationOf(op) != &unknown && !asked[op] {
			t.Errorf("%v is no step of aScript, or no entry of fuzzedOps", op)
		}
	}
}

// meeting is a script of several sessions that get into each other's way.
func meeting() []byte {
	b := appendStep(nil, 0, wire.OpCreate, create("/a", ""))
	b = appendStep(b, 1, wire.OpGetData, &wire.GetDataRequest{Path: "/a", Watch: true})
	b = appendStep(b, 2, wire.OpAddWatch, &wire.AddWatchRequest{Path: "/", Mode: 1})
	b = appendStep(b, 1, wire.OpCreate, ephemeral("/a/e"))
	b = appendStep(b, 2, wire.OpCreate, create("/a/e", ""))
	b = appendStep(b, 0, wire.OpSetData, &wire.SetDataRequest{Path: "/a", Version: 0})
	b = appendStep(b, 1, wire.OpCloseSession, nil)
	b = appendStep(b, 0, wire.OpDelete, &wire.DeleteRequest{Path: "/a", Version: -1})
	b = appendStep(b, 2, wire.OpMulti, multi{{wire.OpCreate, create("/b", "")},
		{wire.OpDelete, &wire.DeleteRequest{Path: "/a/e", Version: -1}}})
	return appendStep(b, 0, wire.OpNotification, nil)
}

// play sends the steps of a script, and waits until all sessions are closed.
func (r *running) play(script []byte) {
	r.t.Helper()
	var visitors [scriptSessions]*visitor
	for xid := int32(1); len(script) >= scriptHeadBytes; xid++ {
		session, op, body, rest := nextStep(script)
		script = rest
		if visitors[session] == nil {
			visitors[session] = r.visit()
			visitors[session].send(frameOf(newSession().AppendTo(nil)))
		}
		header := wire.RequestHeader{Xid: xid, Type: op}
		visitors[session].send(frameOf(append(header.AppendTo(nil), body...)))
	}
	for _, v := range visitors {
		if v != nil {
			v.send(request(1, wire.OpCloseSession, nil))
			v.awaitEnd(r.t)
		}
	}
	r.lives(r.t)
}

// lives fails unless the server still works.
func (r *running) lives(t testing.TB) {
	t.Helper()
	select {
	case <-r.closing:
		t.Fatal(r.failure)
	default:
	}
}

// visitor is a client on a pipe, which reads all answers and heeds none.
type visitor struct {
	nc   net.Conn
	gone chan struct{} // closed when the server has hung up, or patience has ended
	err  error         // set before gone is closed
}

func (r *running) visit() *visitor {
	near, far := net.Pipe()
	_ = near.SetDeadline(time.Now().Add(patience))
	v := &visitor{nc: near, gone: make(chan struct{})}
	go func() {
		_, v.err = io.Copy(io.Discard, near)
		close(v.gone)
	}()
	r.Attach(far)
	return v
}

// send writes as much as the server takes.
func (v *visitor) send(b []byte) { _, _ = v.nc.Write(b) }

// awaitEnd fails unless the server hangs up.
func (v *visitor) awaitEnd(t testing.TB) {
	t.Helper()
	<-v.gone
	_ = v.nc.Close()
	if errors.Is(v.err, os.ErrDeadlineExceeded) {
		t.Fatal("the server does not hang up on a session that was closed")
	}
}

func frameOf(payload []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(payload))), payload...)
}
