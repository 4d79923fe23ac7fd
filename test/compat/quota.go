package compat

import (
	"strings"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// Java compares a write with what is applied, and not with what is under way. So
// the subtree in which quotas are hard has one write at a time; elsewhere they are
// soft, and count only.
const counted = "/h"

// quotaTop is where the znodes of quotas are.
const quotaTop = "/zookeeper/quota"

var (
	softPlaces = []string{"/a", "/b", "/b/x", "/c/x/y", "/e"}
	hardPlaces = []string{counted, counted + "/x", counted + "/x/y"}
	softTexts  = []string{"count=-1,bytes=-1", "count=3,bytes=-1", "count=-1,bytes=10",
		"count=5,bytes=100", "count=0,bytes=0", "", "bytes=7", "count=1;bytes=2",
		"x=1", "bytes=1,count=2", "count=1,count=2", "count=9=,bytes=9=", "count=+5,bytes=-7",
		"count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=-1", "count=1,,bytes=2",
		"count=9223372036854775807,bytes=1", "count=1,bytes=2,"}
	hardTexts = []string{"count=-1,bytes=-1=;byteHardLimit=-1;countHardLimit=4",
		"count=-1,bytes=-1=;byteHardLimit=60;countHardLimit=-1",
		"count=2,bytes=9=;byteHardLimit=100;countHardLimit=6", "countHardLimit=2",
		"byteHardLimit=0", "count=1,bytes=1=;byteHardLimit=-1;countHardLimit=0",
		"countHardLimit=3,byteHardLimit=3", "count=1,bytes=1"}
	// usageTexts are what a client may have put where the server counts.
	usageTexts = []string{"count=0,bytes=0", "count=1,bytes=1", "", "count=-5,bytes=3",
		"count=7", "bytes=-1=;byteHardLimit=-1;countHardLimit=-1", "count=100,bytes=100"}
)

// quota draws a request about the znodes of quotas, or several that set one as the
// command-line client does.
func (g *generator) quota(places, texts []string) []request {
	about := pick(g, places)
	limits, stats := quotaTop+about+"/zookeeper_limits", quotaTop+about+"/zookeeper_stats"
	if g.oneIn(5) {
		return g.setQuota(about, pick(g, texts))
	}
	path, text := limits, pick(g, texts)
	switch g.IntN(5) {
	case 0:
		path = quotaTop + about // without a text that is read
	case 1, 2:
		path, text = stats, pick(g, usageTexts)
	}
	op := draw(g, quotaOperations)
	b := jute.AppendString(nil, path)
	switch op {
	case wire.OpCreate, wire.OpCreate2:
		return []request{g.plainCreate(op, path, text)}
	case wire.OpSetData:
		b = jute.AppendInt(jute.AppendBuffer(b, []byte(text)), g.version())
	case wire.OpDelete:
		b = jute.AppendInt(b, g.version())
	default:
		b = jute.AppendBool(b, g.oneIn(3) && !isPersistent(path))
	}
	return []request{g.frame(op, b)}
}

var quotaOperations = []weighted[wire.Op]{{4, wire.OpCreate}, {2, wire.OpCreate2},
	{4, wire.OpSetData}, {3, wire.OpDelete}, {12, wire.OpGetData}, {2, wire.OpExists},
	{2, wire.OpGetChildren2}}

// setQuota creates all that a quota needs.
func (g *generator) setQuota(about, limits string) []request {
	var all []request
	for i := 1; i <= len(about); i++ {
		if i == len(about) || about[i] == '/' {
			all = append(all, g.plainCreate(wire.OpCreate, quotaTop+about[:i], ""))
		}
	}
	return append(all,
		g.plainCreate(wire.OpCreate, quotaTop+about+"/zookeeper_limits", limits),
		g.plainCreate(wire.OpCreate, quotaTop+about+"/zookeeper_stats", "count=0,bytes=0"))
}

func (g *generator) plainCreate(op wire.Op, path, data string) request {
	b := jute.AppendBuffer(jute.AppendString(nil, path), []byte(data))
	mode := zoo.CreateMode(0)
	if g.oneIn(30) && !strings.Contains(data, "Hard") {
		mode = pick(g, []zoo.CreateMode{1, 2, 3})
	}
	return g.frame(op, jute.AppendInt(appendList(b, []entry{everyone}), int32(mode)))
}

// steps draws requests that are sent one after the other: what depends on what has
// been applied, such as hard quotas, and identities.
func (g *generator) steps() []request {
	var all []request
	g.steady = true
	for range 1 + g.IntN(10) {
		switch g.IntN(8) {
		case 0:
			all = append(all, g.identify(rudely))
		case 1, 2:
			all = append(all, g.quota(hardPlaces, hardTexts)...)
		case 3:
			all = append(all, g.request(wire.OpSetACL))
		default:
			all = append(all, g.request(draw(g, operations)))
		}
	}
	g.steady = false
	return all
}

// countedPath draws a path in the subtree of hard quotas.
func (g *generator) countedPath() string {
	switch g.IntN(4) {
	case 0:
		return counted
	case 1:
		return counted + "/" + pick(g, names)
	}
	return counted + "/x/" + pick(g, names)
}

// changed are the paths whose ACL a round has changed.
type changed map[string]bool

// note adds what a request changes.
func (c changed) note(r *request) {
	if r.op == wire.OpSetACL {
		c[rooted(r.path())] = true
	}
}

// writes tells whether an operation is checked before it becomes a transaction.
func writes(op wire.Op) bool {
	info, known := op.Info()
	return known && info.Class == wire.ClassWrite
}

// hits tells whether a write is checked by an ACL that the round has changed: Java
// may take the old list or the new one.
func (c changed) hits(r *request) bool {
	if len(c) == 0 || !writes(r.op) {
		return false
	}
	if r.op != wire.OpMulti {
		return c.governs(r.path())
	}
	reader := wire.NewMultiReader(r.payload[requestHeaderBytes:])
	for part, more := reader.Next(); more; part, more = reader.Next() {
		d := jute.NewDecoder(part.Body)
		if c.governs(string(d.Buffer())) {
			return true
		}
	}
	return false
}

func (c changed) governs(path string) bool {
	parent := path[:max(strings.LastIndexByte(path, '/'), 0)]
	return c[rooted(path)] || c[rooted(parent)]
}

// rooted names the root by its one name.
func rooted(path string) string {
	if path == "" {
		return "/"
	}
	return path
}
