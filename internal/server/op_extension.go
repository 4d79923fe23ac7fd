package server

import (
	"encoding/binary"
	"slices"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/core/tree"
	"zoo/internal/core/watch"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// The extensions, see docs/format/extensions.md.

// The bounds of one answer: a page, and what a recursive list may look at and say
// while it keeps writers out.
const (
	pageNamesMax        = 10_000
	pageBytesMax        = 512 << 10
	listedZnodesMax     = 1 << 17
	listedBytesMax      = 16 << 20
	versionAny          = -1
	pageNamesGatherOver = 2
)

// arrangedOver is how many children a parent has at least that are put in order before
// they are listed by pages: to look at all of fewer takes less than a millisecond.
// arrangedPerHold of them are put there while nobody else gets at the tree.
const (
	arrangedOver    = 10_000
	arrangedPerHold = 1024
)

// checkNotExists alone is a read: what it finds may have changed when the answer
// arrives.
func (x *exec) checkNotExists(d *jute.Decoder) zoo.Code {
	var r wire.CheckNotExistsRequest
	r.DecodeFrom(d)
	if d.Err() != nil {
		return zoo.CodeMarshallingError
	}
	node, code := x.find(r.Path)
	switch {
	case code == zoo.CodeNoNode:
		return zoo.CodeOK
	case code != zoo.CodeOK:
		return code
	case r.Version == versionAny || r.Version == node.Persisted().Version:
		return zoo.CodeNodeExists
	}
	return zoo.CodeOK
}

// listRecursive lists what is below a znode, level by level. What the connection
// may not read is left out, with all below it. The reply under construction is the
// queue of the znodes whose children are still to be listed.
func (x *exec) listRecursive(d *jute.Decoder) zoo.Code {
	var r wire.ListRecursiveRequest
	r.DecodeFrom(d)
	if d.Err() != nil {
		return zoo.CodeMarshallingError
	}
	top, code := x.find(r.Path)
	if code != zoo.CodeOK {
		return code
	}
	x.walked = true
	l := listing{x: x, start: len(x.out), limit: int64(uint32(r.Limit))}
	x.out = jute.AppendCount(x.out, 0)
	at := len(x.out)
	for l.below(r.Path, top); l.more() && at < len(x.out); {
		path := x.listedAt(at)
		at += lengthBytes + len(path)
		if node, found := x.tree.Lookup(path); found {
			l.below(path, node)
		}
	}
	if l.beyond {
		return zoo.CodeNotEmpty
	}
	binary.BigEndian.PutUint32(x.out[l.start:], uint32(l.count))
	return zoo.CodeOK
}

// listedAt is the path at an offset of the reply.
func (x *exec) listedAt(at int) string {
	d := jute.NewAliasDecoder(x.out[at:])
	return d.String()
}

// listing is a recursive list in the making.
type listing struct {
	x            *exec
	start        int // start is where the reply's body begins.
	count, limit int64
	seen         int
	full         bool // full tells that the limit is reached, which is no error.
	beyond       bool // beyond tells that it is more than one answer can be.
}

func (l *listing) more() bool { return !l.full && !l.beyond }

// below adds the children of a znode.
func (l *listing) below(path string, node tree.Node) {
	if path == "/" {
		path = ""
	}
	node.EachChild(func(name string, child tree.Node) bool {
		x := l.x
		l.seen++
		switch {
		case l.seen > listedZnodesMax || len(x.out)-l.start > listedBytesMax:
			l.beyond = true
		case !x.may(child, zoo.PermRead):
		case l.count == l.limit:
			l.full = true
		default:
			l.count++
			x.out = jute.AppendInt(x.out, int32(len(path)+1+len(name)))
			x.out = append(append(append(x.out, path...), '/'), name...)
		}
		return l.more()
	})
}

// getChildrenPage lists the names of children behind one, by their bytes, which
// every server agrees on and which need not exist any more.
func (x *exec) getChildrenPage(d *jute.Decoder) zoo.Code {
	var r wire.GetChildrenPageRequest
	r.DecodeFrom(d)
	switch {
	case d.Err() != nil:
		return zoo.CodeMarshallingError
	case r.Limit < 1:
		return zoo.CodeBadArguments
	}
	node, code := x.find(r.Path)
	if code != zoo.CodeOK {
		return code
	}
	if r.Watch {
		x.watch(r.Path, watch.Child)
	}
	x.walked = true
	names, more := page(node, r.After, pageLimit(&r))
	start := len(x.out)
	x.out = jute.AppendCount(x.out, len(names))
	for _, name := range names {
		x.out = jute.AppendString(x.out, name)
	}
	x.readBytes = len(x.out) - start
	x.out = node.AppendStat(x.out)
	x.out = jute.AppendBool(x.out, more)
	return zoo.CodeOK
}

// arrangeChildren has the children of a large parent put in order before a page of them
// is listed. It does so by small parts, and lets go of the tree after each.
func (t *turn) arrangeChildren(body []byte) {
	var r wire.GetChildrenPageRequest
	d := jute.NewAliasDecoder(body)
	for r.DecodeFrom(&d); t.unarranged(&r); t.lock(holdTree) {
		t.release()
		t.conn.server.arrange(&r)
		// It is us that keep the client from being heard.
		t.conn.touched.Store(true)
	}
}

// unarranged tells whether children are to be put in order for this client.
func (t *turn) unarranged(r *wire.GetChildrenPageRequest) bool {
	if r.Limit < 1 || t.conn.ending || !t.conn.server.serving {
		return false
	}
	node, found := t.exec.tree.Lookup(r.Path)
	return found && node.NumChildren() > arrangedOver &&
		!node.Arranged(r.After, pageLimit(r)+1) && t.exec.may(node, zoo.PermRead)
}

// pageLimit is how many names a page has at most. One more tells whether there are more.
func pageLimit(r *wire.GetChildrenPageRequest) int { return int(min(r.Limit, pageNamesMax)) }

func (s *Server) arrange(r *wire.GetChildrenPageRequest) {
	s.treeMu.Lock()
	defer s.treeMu.Unlock()
	if !s.serving {
		return
	}
	if node, found := s.tree.Lookup(r.Path); found {
		node.Arrange(r.After, pageLimit(r)+1, arrangedPerHold)
	}
}

// page gives the first names behind one, and whether there are more.
func page(node tree.Node, after string, limit int) (names []string, more bool) {
	if !node.Arranged(after, limit+1) {
		return pageOfAll(node, after, limit)
	}
	node.ChildrenBehind(after, func(name string) bool {
		names = append(names, name)
		return len(names) <= limit
	})
	fit := fitting(names, limit)
	return names[:fit], fit < len(names)
}

// pageOfAll is page where the children are in no order. It looks at all names and keeps
// few: whenever twice as many have gathered as are needed, the higher half goes.
func pageOfAll(node tree.Node, after string, limit int) (names []string, more bool) {
	bar := ""
	node.Children(func(name string) bool {
		if name <= after || bar != "" && name > bar {
			return true
		}
		if names = append(names, name); len(names) == pageNamesGatherOver*(limit+1) {
			slices.Sort(names)
			names = names[:limit+1]
			bar = names[limit]
		}
		return true
	})
	slices.Sort(names)
	fit := fitting(names, limit)
	return names[:fit], fit < len(names)
}

// fitting is the number of names that a page has room for, one at least.
func fitting(names []string, limit int) int {
	room := pageBytesMax
	for i, name := range names {
		if room -= lengthBytes + len(name); i == limit || i > 0 && room < 0 {
			return i
		}
	}
	return len(names)
}

// replyLastPath answers with the path of the last part, which is that of the
// request.
func replyLastPath(b []byte, r *tree.Result) []byte {
	return replyPath(b, &r.Multi[len(r.Multi)-1])
}

// mayAnswer tells whether an outcome can be that of a request with extensions, which
// become multis. A learner knows its clients' transactions by session and xid, and
// a client that has its session at two servers may use an xid twice.
func mayAnswer(o *replica.Outcome, asked []byte) bool {
	switch {
	case o.Op < wire.ExtensionLowest && asked == nil:
		return true
	case o.Result == nil || o.Result.Header.Type == wire.OpError:
		return true
	case o.Result.Header.Type != wire.OpMulti:
		return false
	case asked == nil:
		return len(o.Result.Multi) > 0
	}
	return answersAll(asked, o.Result.Multi)
}

// answersAll tells whether the results are one for each part of a request.
func answersAll(asked []byte, results []tree.Result) bool {
	reader := wire.NewMultiReader(asked)
	for part, more := reader.Next(); more; part, more = reader.Next() {
		var ok bool
		if _, results, ok = outcomeOf(&part, results); !ok {
			return false
		}
	}
	return len(results) == 0
}

// appendExtendedMulti appends the reply to a multi with extensions, of which the
// transaction has other parts than the request.
func appendExtendedMulti(b []byte, o *replica.Outcome, asked []byte) []byte {
	b, mark := wire.BeginFrame(b)
	header := wire.ReplyHeader{Xid: o.Xid, Zxid: o.Result.Header.Zxid}
	b = header.AppendTo(b)
	results := o.Result.Multi
	reader := wire.NewMultiReader(asked)
	for part, more := reader.Next(); more; part, more = reader.Next() {
		var result *tree.Result
		result, results, _ = outcomeOf(&part, results)
		b = replyAsked(b, part.Op, result)
	}
	return wire.EndFrame(wire.AppendMultiEnd(b), mark)
}

// outcomeOf takes the results of one part of the request from the front, and gives
// the last of them. It is one, but for what is removed recursively: there it goes
// on to the znode that was named, which is removed last. False is results that are
// those of another request.
func outcomeOf(part *wire.MultiRequest, results []tree.Result) (
	last *tree.Result, rest []tree.Result, ok bool) {
	n := 1
	if part.Op == wire.OpRemoveRecursive {
		d := jute.NewAliasDecoder(part.Body)
		for path := d.String(); n < len(results) && !concludes(&results[n-1], path); {
			n++
		}
	}
	if n > len(results) {
		return nil, nil, false
	}
	return &results[n-1], results[n:], true
}

func concludes(result *tree.Result, path string) bool {
	return result.Header.Type == wire.OpError || result.Path == path
}

// replyAsked answers for one part: an extension as what it is, whatever it became.
func replyAsked(b []byte, op wire.Op, result *tree.Result) []byte {
	switch {
	case result.Header.Type == wire.OpError || result.Code != zoo.CodeOK:
		return wire.AppendMultiError(b, result.Code)
	case op == wire.OpCreateIfNotExists:
		return replyPath(wire.AppendMultiResult(b, op), result)
	case op >= wire.ExtensionLowest:
		return wire.AppendMultiResult(b, op)
	}
	return replyPart(wire.AppendMultiResult(b, result.Header.Type), result)
}
