package audit

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// The results of ZooKeeper's audit log. Invoked is for what nobody waited for: a server
// that is about to stop, and a change whose client had hung up before its outcome.
const (
	success = "success"
	failure = "failure"
	invoked = "invoked"
)

// The operations that are no request.
const (
	ServerStart = "serverStart"
	ServerStop  = "serverStop"
	// SessionEnd is the end of an ephemeral znode with its session.
	SessionEnd = "ephemeralZNodeDeletionOnSessionCloseOrExpire"
	// lost tells how many lines are missing before it.
	lost = "auditLost"
)

// multiFailed is the operation of a multi of which nothing was done.
const multiFailed = "multiOperation"

// Asked is who asked for what. It keeps nothing of the request but paths and lists, and is
// not changed any more.
type Asked struct {
	Session zoo.SessionID
	IDs     []zoo.ID
	IP      string
	Op      wire.Op
	Path    string
	// Type is the znode_type of a create, else empty.
	Type string
	// ACL is the list of a setACL.
	ACL []zoo.ACL
	// Parts are those of a multi.
	Parts []AskedPart
}

// AskedPart is what a part of a multi asked for.
type AskedPart struct{ Path, Type string }

// Entry is what the log is told of. Asked is nil for what no client has asked for: then
// Operation, Path and Session say what it is, and the user is the server's.
type Entry struct {
	At    time.Time
	Asked *Asked
	// Operation, Path and Session are for entries without Asked. A Path beside Asked is
	// that of the znode that was made, if it is another one.
	Operation, Path string
	Session         zoo.SessionID
	// Zxid is the transaction's, zero for none.
	Zxid zoo.Zxid
	Code zoo.Code
	// Unknown tells that nobody was there to hear the outcome.
	Unknown bool
	// Parts are what the transaction of a multi did, or a part's refusal.
	Parts []Part
	// missing is how many lines were lost.
	missing int
}

// Part is one change of a multi's transaction.
type Part struct {
	Op   wire.Op
	Path string
	Code zoo.Code
}

// operations are the names of the requests that are audited.
var operations = map[wire.Op]string{
	wire.OpCreate: "create", wire.OpCreate2: "create", wire.OpCreateContainer: "create",
	wire.OpCreateTTL: "create", wire.OpDelete: "delete", wire.OpDeleteContainer: "delete",
	wire.OpSetData: "setData", wire.OpSetACL: "setAcl", wire.OpMulti: multiFailed,
	wire.OpReconfig: "reconfig", wire.OpCreateIfNotExists: "create",
	wire.OpRemoveRecursive: "delete", wire.OpTryRemove: "delete",
}

// Audits tells whether requests of a type are audited.
func Audits(op wire.Op) bool { return operations[op] != "" }

// configPath is what a reconfig changes.
const configPath = "/zookeeper/config"

// Read takes from the body of a request what the log will say of it, and shares no memory
// with it: the next request takes its place. A body that cannot be read gives what can.
func Read(op wire.Op, body []byte) *Asked {
	a := &Asked{Op: op}
	d := jute.NewDecoder(body)
	switch op {
	case wire.OpMulti:
		a.readParts(body)
	case wire.OpReconfig:
		a.Path = configPath
	case wire.OpSetACL:
		var r wire.SetACLRequest
		r.DecodeFrom(&d)
		a.Path, a.ACL = r.Path, r.ACL
	default:
		a.Path, a.Type = readPath(op, body)
	}
	return a
}

func (a *Asked) readParts(body []byte) {
	reader := wire.NewMultiReader(body)
	for part, more := reader.Next(); more; part, more = reader.Next() {
		path, kind := readPath(part.Op, part.Body)
		a.Parts = append(a.Parts, AskedPart{path, kind})
	}
}

// readPath reads the path, which is first in every request, and the type of a create.
func readPath(op wire.Op, body []byte) (path, kind string) {
	d := jute.NewDecoder(body)
	switch op {
	case wire.OpCreate, wire.OpCreate2, wire.OpCreateContainer, wire.OpCreateTTL,
		wire.OpCreateIfNotExists:
		var r wire.CreateRequest
		if r.DecodeFrom(&d); d.Err() == nil {
			kind = typeOf(r.Flags)
		}
		return r.Path, kind
	}
	return d.String(), ""
}

// types are ZooKeeper's names of the modes.
var types = [...]string{
	zoo.Persistent: "persistent", zoo.Ephemeral: "ephemeral",
	zoo.PersistentSequential: "persistent_sequential",
	zoo.EphemeralSequential:  "ephemeral_sequential", zoo.Container: "container",
	zoo.PersistentTTL:           "persistent_with_ttl",
	zoo.PersistentSequentialTTL: "persistent_sequential_with_ttl",
}

func typeOf(mode zoo.CreateMode) string {
	if !mode.Valid() {
		return ""
	}
	return types[mode]
}

// weight is about what an entry takes, in bytes.
func (e *Entry) weight() int {
	const each = 64
	n := 4*each + len(e.Path)
	for i := range e.Parts {
		n += each + len(e.Parts[i].Path)
	}
	if e.Asked == nil {
		return n
	}
	n += len(e.Asked.Path)
	for i := range e.Asked.Parts {
		n += each + len(e.Asked.Parts[i].Path)
	}
	for i := range e.Asked.ACL {
		n += each + len(e.Asked.ACL[i].ID.Scheme) + len(e.Asked.ACL[i].ID.ID)
	}
	return n
}

// line is one line of the log.
type line struct {
	operation, path, kind string
	result                string
	code                  zoo.Code
}

// lines are what an entry comes to: one line, but for a multi that was done, which has one
// for each change.
func (e *Entry) lines() []line {
	one := line{operation: e.Operation, path: e.Path, result: e.result(), code: e.Code}
	if e.Asked == nil {
		return []line{one}
	}
	one.operation, one.kind = operations[e.Asked.Op], e.Asked.Type
	if one.path == "" {
		one.path = e.Asked.Path
	}
	switch {
	case e.Code == zoo.CodeOK && len(e.Parts) > 0:
		return e.changes()
	case e.Asked.Op == wire.OpMulti && e.Code == zoo.CodeOK && !e.Unknown:
		return nil // It had no parts.
	case e.Asked.Op == wire.OpMulti:
		one.path = e.culprit()
	}
	return []line{one}
}

func (e *Entry) result() string {
	switch {
	case e.Unknown, e.Operation == ServerStop:
		return invoked
	case e.Code != zoo.CodeOK, e.missing > 0:
		return failure
	}
	return success
}

// changes are the lines of a transaction. A part that only checks changes nothing.
func (e *Entry) changes() []line {
	all := make([]line, 0, len(e.Parts))
	for i := range e.Parts {
		part := &e.Parts[i]
		name := operations[part.Op]
		if name == "" {
			continue
		}
		one := line{operation: name, path: part.Path, result: success}
		// With extensions a transaction has other parts than the request.
		if len(e.Asked.Parts) == len(e.Parts) {
			one.kind = e.Asked.Parts[i].Type
		}
		all = append(all, one)
	}
	return all
}

// culprit is the path of the part for which a multi was refused, if one was.
func (e *Entry) culprit() string {
	if len(e.Asked.Parts) != len(e.Parts) {
		return ""
	}
	for i := range e.Parts {
		if e.Code != zoo.CodeOK && e.Parts[i].Code == e.Code {
			return e.Asked.Parts[i].Path
		}
	}
	return ""
}

// record is a line for a handler: failures are warnings.
func (l *Log) record(e *Entry, one *line) slog.Record {
	level := slog.LevelInfo
	if one.result == failure {
		level = slog.LevelWarn
	}
	r := slog.NewRecord(e.At, level, "audit", 0)
	add := func(key, value string) {
		if value != "" {
			r.AddAttrs(slog.String(key, value))
		}
	}
	session, user, ip := e.Session, l.cfg.ServerUser, ""
	if e.Asked != nil {
		session, user, ip = e.Asked.Session, l.users(e.Asked.IDs), e.Asked.IP
	}
	if session != 0 {
		add("session", fmt.Sprintf("0x%x", uint64(session)))
	}
	add("user", user)
	add("ip", ip)
	add("operation", one.operation)
	add("znode", one.path)
	add("znode_type", one.kind)
	if e.Asked != nil {
		add("acl", l.list(e.Asked.ACL))
	}
	add("result", one.result)
	if one.result == success && e.Zxid != 0 {
		add("zxid", e.Zxid.String())
	}
	if e.missing > 0 {
		r.AddAttrs(slog.Int("lines", e.missing))
	}
	if one.result == failure && one.code != zoo.CodeOK {
		add("error", one.code.Error())
	}
	return r
}

// users are the names of identities, without what is secret. One without a name is called by
// its scheme: super.
func (l *Log) users(ids []zoo.ID) string {
	names := make([]string, 0, len(ids))
	for _, id := range ids {
		name := l.cfg.User(id)
		if name == "" {
			name = id.Scheme
		}
		names = append(names, name)
	}
	return strings.Join(names, ",")
}

// list is an ACL as zkCli writes it, but for the hashes of passwords, and for what a client
// may have taken for the place of one.
func (l *Log) list(acls []zoo.ACL) string {
	var b strings.Builder
	for i, a := range acls {
		if i > 0 {
			b.WriteByte(',')
		}
		id := a.ID.ID
		switch a.ID.Scheme {
		case "world", "ip", "sasl", "x509":
		default:
			id, _, _ = strings.Cut(id, ":")
			if id == a.ID.ID {
				id = ""
			}
		}
		b.WriteString(a.ID.Scheme + ":" + id + ":" + a.Perms.String())
	}
	return b.String()
}
