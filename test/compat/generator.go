package compat

import (
	"math/rand/v2"
	"slices"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// generator makes rounds out of a seed and nothing else.
type generator struct {
	*rand.Rand
	slots int
	xid   int32
	// steady says that nothing else is under way when a request comes.
	steady bool
	// remote says that requests go through other servers than the one that checks
	// them, which may be late with what it has committed.
	remote bool
	// frameMax is the limit of frames that the servers have, 0 for the usual one.
	frameMax int
}

func newGenerator(seed uint64, slots int) *generator {
	return &generator{Rand: rand.New(rand.NewPCG(seed, 0x200c0de)), slots: slots}
}

// requestsMax is how many requests one round may pipeline: enough to fill the
// servers' pipelines, few enough to stay below their limits on outstanding ones.
const requestsMax = 120

// weighted is one row of a table to draw from.
type weighted[T any] struct {
	weight int
	value  T
}

func draw[T any](g *generator, rows []weighted[T]) T {
	total := 0
	for _, r := range rows {
		total += r.weight
	}
	n := g.IntN(total)
	for _, r := range rows {
		if n -= r.weight; n < 0 {
			return r.value
		}
	}
	panic("unreachable: the weights have no sum")
}

func (g *generator) oneIn(n int) bool { return g.IntN(n) == 0 }

func pick[T any](g *generator, list []T) T { return list[g.IntN(len(list))] }

// round draws the next round.
func (g *generator) round() round {
	r := round{slot: g.IntN(g.slots), hello: g.hello()}
	switch {
	case g.oneIn(40):
		r.drop = true
		return r
	case g.oneIn(12):
		r.again = true
	}
	switch {
	case g.oneIn(10):
		r.requests = g.lonely()
		return r
	case g.oneIn(5) && !g.remote:
		r.requests, r.stepwise = g.steps(), true
		return r
	}
	r.eager = g.oneIn(3)
	r.requests = g.pipeline()
	if g.oneIn(15) {
		r.requests = append(r.requests, g.ender(wire.OpCloseSession))
	}
	return r
}

// pipeline draws requests that are sent at once. Identities come first: the answers
// to them overtake others, and so would the end of the connection.
func (g *generator) pipeline() []request {
	var all []request
	for g.oneIn(6) {
		all = append(all, g.identify(politely))
	}
	hidden := changed{}
	for n := 1 + g.IntN(pick(g, []int{8, requestsMax / 2, requestsMax})); n > 0; n-- {
		some := []request{g.request(draw(g, operations))}
		if g.oneIn(20) {
			some = g.quota(softPlaces, softTexts)
		}
		for i := range some {
			if !hidden.hits(&some[i]) {
				hidden.note(&some[i])
				all = append(all, some[i])
			}
		}
	}
	return all
}

// ender is a request after which the connection ought to end.
func (g *generator) ender(op wire.Op) request {
	r := g.frame(op, nil)
	r.ends = true
	return r
}

// frame is a request with a body that is encoded already.
func (g *generator) frame(op wire.Op, body []byte) request {
	return request{op: op, payload: append(header(g.nextXid(), op), body...), back: -1}
}

// nextXid mostly counts, as clients do.
func (g *generator) nextXid() int32 {
	if g.oneIn(50) {
		return pick(g, []int32{0, 1, 7, -3, -5, -100, 1<<31 - 1, -1 << 31})
	}
	g.xid = g.xid%0x0ba00000 + 1
	return g.xid
}

// request draws one request that may be pipelined with others.
func (g *generator) request(op wire.Op) request {
	body, back := g.body(op)
	r := g.frame(op, body)
	r.back = back
	switch op {
	case wire.OpPing:
		r.payload = header(-2, op)
	case wire.OpSetWatches, wire.OpSetWatches2:
		copy(r.payload, header(-8, op))
	}
	if op == wire.OpReconfig && g.remote {
		return r // A session of Java's ensembles is stuck when it cannot be read.
	}
	if g.oneIn(60) && slices.Contains(harmless, op) {
		r.payload = g.spoil(r.payload)
		r.back = -1
	} else if g.oneIn(60) {
		r.payload = g.cut(r.payload)
		r.back = -1
	}
	return r
}

// harmless are the operations in which a bit may flip without leading to what the
// universe of paths, ACLs and watches avoids.
var harmless = []wire.Op{wire.OpDelete, wire.OpSetData, wire.OpGetACL, wire.OpSync,
	wire.OpGetEphemerals, wire.OpGetAllChildrenNumber}

// operations are the weights of what is asked.
var operations = []weighted[wire.Op]{
	{22, wire.OpCreate}, {14, wire.OpCreate2}, {8, wire.OpDelete}, {8, wire.OpSetData},
	{8, wire.OpMulti}, {7, wire.OpExists}, {8, wire.OpGetData},
	{5, wire.OpGetACL}, {5, wire.OpGetChildren}, {5, wire.OpGetChildren2}, {2, wire.OpSync},
	{2, wire.OpPing}, {2, wire.OpSetWatches}, {2, wire.OpSetWatches2}, {4, wire.OpAddWatch},
	{4, wire.OpCheckWatches}, {5, wire.OpRemoveWatches}, {4, wire.OpCreateContainer},
	{5, wire.OpCreateTTL},
	{1, wire.OpDeleteContainer}, {3, wire.OpMultiRead}, {3, wire.OpGetEphemerals},
	{3, wire.OpGetAllChildrenNumber}, {2, wire.OpWhoAmI}, {3, wire.OpSetACL},
	{1, wire.OpReconfig},
}

// requestHeaderBytes is how much of a payload its header takes.
const requestHeaderBytes = 8

// cut leaves out the end of a request, or adds to it.
func (g *generator) cut(payload []byte) []byte {
	if body := len(payload) - requestHeaderBytes; body > 0 && g.oneIn(2) {
		return payload[:requestHeaderBytes+g.IntN(body)]
	}
	return append(payload, 1, 2, 3)
}

// spoil cuts, or flips a bit.
func (g *generator) spoil(payload []byte) []byte {
	if body := len(payload) - requestHeaderBytes; body > 0 && g.oneIn(2) {
		payload[requestHeaderBytes+g.IntN(body)] ^= byte(1 << g.IntN(8))
		return payload
	}
	return g.cut(payload)
}

// body draws the record of a request. The second result is request.back.
func (g *generator) body(op wire.Op) ([]byte, int) {
	switch op {
	case wire.OpSetWatches, wire.OpSetWatches2:
		return g.setWatches(op), g.IntN(200)
	case wire.OpMulti:
		return g.multi(changes), -1
	case wire.OpMultiRead:
		return g.multi(reads), -1
	case wire.OpPing, wire.OpWhoAmI, wire.OpCloseSession:
		return nil, -1
	case wire.OpReconfig:
		return g.reconfig(), -1
	}
	return g.simple(op), -1
}

// simple draws the record of an operation that a multi could have, or a read.
func (g *generator) simple(op wire.Op) []byte {
	path := g.path(op)
	switch op {
	case wire.OpAddWatch:
		return g.addWatch()
	case wire.OpDeleteContainer:
		path = nowhere // Java 3.8 never deletes what a client asks it to.
	case wire.OpCheckWatches, wire.OpRemoveWatches, wire.OpCreateTTL:
		if g.oneIn(20) {
			path = nowhere
		}
	}
	b := jute.AppendString(nil, path)
	switch op {
	case wire.OpCreate, wire.OpCreate2, wire.OpCreateContainer, wire.OpCreateTTL:
		b = g.appendACL(g.appendData(b), path)
		mode := g.mode(op)
		b = jute.AppendInt(b, int32(mode))
		if op == wire.OpCreateTTL {
			b = jute.AppendLong(b, g.ttl(mode, path))
		}
	case wire.OpSetData:
		b = jute.AppendInt(g.appendData(b), g.version())
	case wire.OpSetACL:
		b = jute.AppendInt(g.appendACL(b, path), g.version())
	case wire.OpDelete, wire.OpCheck:
		b = jute.AppendInt(b, g.version())
	case wire.OpExists, wire.OpGetData, wire.OpGetChildren, wire.OpGetChildren2:
		b = jute.AppendBool(b, g.oneIn(3) && mayWatch(op, path))
	case wire.OpCheckWatches, wire.OpRemoveWatches:
		b = jute.AppendInt(b, g.watcherType(op, path))
	}
	return b
}

// reconfig draws a change of the members, which neither side allows.
func (g *generator) reconfig() []byte {
	var b []byte
	for range 3 {
		b = appendText(b, pick(g, []string{null, "", "1", "server.9=127.0.0.1:1:2;3", "?"}))
	}
	return jute.AppendLong(b, pick(g, []int64{-1, 0, 1, 1 << 40}))
}

func (g *generator) addWatch() []byte {
	mode, paths := zoo.WatchPersistent, persistent
	if g.oneIn(2) {
		mode, paths = zoo.WatchPersistentRecursive, recursive
	}
	if g.oneIn(15) {
		mode = pick(g, []zoo.AddWatchMode{2, -1, 5, 1 << 30})
	}
	return jute.AppendInt(jute.AppendString(nil, pick(g, paths)), int32(mode))
}

// watcherType draws the type of a checkWatches or removeWatches. Java 3.8 takes the
// persistent watches of a path with the others that it is asked for; so where there
// may be any, all are asked for.
func (g *generator) watcherType(op wire.Op, path string) int32 {
	switch {
	case isPersistent(path) && path != nowhere:
		return pick(g, []int32{3, 3, 3, 0, 6, -1})
	case op == wire.OpRemoveWatches && path != nowhere:
		return pick(g, []int32{1, 2, 3, 1, 2, 3, 0, 6, -1})
	}
	return pick(g, []int32{1, 2, 3, 1, 2, 3, 4, 5, 0, 6, -1})
}

func (g *generator) version() int32 {
	return pick(g, []int32{-1, -1, -1, -1, 0, 0, 1, 2, 3, -2, 1<<31 - 1, -1 << 31})
}

// mode draws the flags of a create.
func (g *generator) mode(op wire.Op) zoo.CreateMode {
	if g.oneIn(40) {
		return pick(g, []zoo.CreateMode{-1, 7, 8, 9, 1 << 30, -1 << 31})
	}
	switch op {
	case wire.OpCreateContainer:
		return pick(g, []zoo.CreateMode{4, 4, 4, 4, 0, 2})
	case wire.OpCreateTTL:
		return pick(g, []zoo.CreateMode{5, 5, 5, 6, 6, 0, 1, 4})
	}
	return pick(g, []zoo.CreateMode{0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4})
}

// ttl draws a time to live. What asks for none without the flags of one Java takes
// into its log, and cannot apply it then.
func (g *generator) ttl(mode zoo.CreateMode, path string) int64 {
	if !mode.IsTTL() && path != nowhere {
		return pick(g, []int64{0, 1, 1000, 1 << 40, 1<<63 - 1})
	}
	return pick(g, []int64{1, 1000, 100000, 1<<40 - 1, 1 << 40, 0, -1, 1<<63 - 1, -1 << 63})
}

func (g *generator) appendData(b []byte) []byte {
	switch g.IntN(10) {
	case 0:
		return jute.AppendNull(b)
	case 1:
		return jute.AppendBuffer(b, []byte{})
	}
	data := make([]byte, g.IntN(40))
	for i := range data {
		data[i] = byte(g.Uint32())
	}
	return jute.AppendBuffer(b, data)
}

// setWatches draws what a client says after it has come back. The zxid is filled in
// when the request is sent.
func (g *generator) setWatches(op wire.Op) []byte {
	b := jute.AppendLong(nil, 0)
	lists := 3
	if op == wire.OpSetWatches2 {
		lists = 5
	}
	for i := range lists {
		n := g.IntN(4)
		b = jute.AppendCount(b, n)
		for range n {
			switch i {
			case 3:
				b = jute.AppendString(b, pick(g, persistent))
			case 4:
				b = jute.AppendString(b, pick(g, recursive))
			default:
				b = jute.AppendString(b, g.standardPath(op))
			}
		}
	}
	return b
}

// What a multi may be made of, with some that it may not.
var (
	changes = []weighted[wire.Op]{{20, wire.OpCreate}, {10, wire.OpCreate2}, {10, wire.OpDelete},
		{12, wire.OpSetData}, {12, wire.OpCheck}, {3, wire.OpCreateContainer}}
	reads = []weighted[wire.Op]{{10, wire.OpGetData}, {10, wire.OpGetChildren}}
	alien = []wire.Op{wire.OpMulti, wire.OpSetACL, wire.OpSync, wire.OpExists, wire.OpGetData,
		wire.OpGetChildren, wire.OpDeleteContainer, wire.OpError, wire.OpCreate, 77}
)

func (g *generator) multi(parts []weighted[wire.Op]) []byte {
	var b []byte
	for range g.IntN(5) {
		op := draw(g, parts)
		if g.oneIn(60) {
			op = pick(g, alien)
		}
		b = wire.AppendMultiRequest(b, op)
		b = append(b, g.simple(op)...)
	}
	if g.oneIn(80) {
		return b
	}
	return wire.AppendMultiEnd(b)
}
