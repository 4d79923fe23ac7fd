package compat

import (
	"slices"
	"strings"

	"zoo/internal/jute"
	"zoo/internal/wire"
)

// guarded is the root of the only subtree whose ACLs may keep readers out. Java 3.8
// answers exists and sends events there to clients that may not read, which 3.9 and
// zoo do not; outside of it there is no such difference to allow.
const guarded = "/g"

// isGuarded tells whether a path lies there, sequential siblings included.
func isGuarded(path string) bool { return strings.HasPrefix(path, guarded) }

// nowhere is a path that is never created.
const nowhere = "/nowhere/x"

// The paths are few, so that requests meet each other's traces.
var (
	shallow = []string{"/a", "/b", "/c", "/d", guarded, "/q", "/e"}
	names   = []string{"x", "y", "z", "s0000000000", "s0000000001", "s0000000002"}
	builtIn = []string{"/", "/", "/zookeeper", "/zookeeper/quota", "/zookeeper/config"}
	// strange are paths at the edges of what is allowed, on both sides of them.
	strange = []string{"", "a", "//", "/a/", "/a//x", "/a/.", "/./a", "/a/..", "/a/...", "/..",
		"/a\x00", "/a/\x00", "\x00", "/a\x01", "/a\x1f", "/a/\x7f", "/a\u0085", "/a\u009f",
		"/a\u00a0", "/a/\u00e9", "/\ud7ff", "/\ue000", "/\uf8ff", "/\uf900", "/\uffef", "/\ufff0",
		"/\uffff", "/\U0001f600", "/a/\U00010000", "/a\xed\xa0\x80", "/\xed\xa0\xbd\xed\xb8\x80",
		"/a\xff", "/a/\xc0\x80", "/ ", "/a b", "/a\tb", "/a\n", "/zookeeper/x",
		"/zookeeper/quota/a",
		"/a/x/" + strings.Repeat("l", 300), "/" + strings.Repeat("k/", 20) + "k"}
)

// path draws a path that suits the operation.
func (g *generator) path(op wire.Op) string {
	isCreate := slices.Contains([]wire.Op{wire.OpCreate, wire.OpCreate2, wire.OpCreateTTL}, op)
	switch n := g.IntN(1000); {
	case g.steady && g.oneIn(2):
		return g.countedPath()
	case n < 5:
		return nowhere
	case isCreate && n < 200:
		return pick(g, shallow) + "/s" // a sequential one meets the names of others
	case n < 350:
		return pick(g, shallow)
	case n < 750:
		return pick(g, shallow) + "/" + pick(g, names)
	case n < 880:
		return pick(g, shallow) + "/" + pick(g, names) + "/" + pick(g, names)
	case n < 940:
		return pick(g, builtIn)
	}
	return pick(g, strange)
}

// Java 3.8 keeps one mode for a client's watches on a path: the last one that it has
// asked for takes the place of the others. So a path has watches of one mode only.
var (
	persistent = []string{"/a", "/a/y", guarded + "/x", "/a//", nowhere}
	recursive  = []string{"/", guarded, "/a/x", "/a/none", guarded + "/y/z"}
)

// isPersistent tells whether there may be persistent watches on a path, and so none
// of the standard ones.
func isPersistent(path string) bool {
	return slices.Contains(persistent, path) || slices.Contains(recursive, path)
}

// mayWatch tells whether a read may leave a standard watch.
func mayWatch(op wire.Op, path string) bool {
	// What exists may watch where it may not read differs; see guarded.
	return !isPersistent(path) && !(op == wire.OpExists && isGuarded(path))
}

// standardPath draws a path for standard watches.
func (g *generator) standardPath(op wire.Op) string {
	for {
		if path := g.path(op); !isPersistent(path) {
			return path
		}
	}
}

// appendACL appends a list that lets everyone read, but in the guarded subtree.
func (g *generator) appendACL(b []byte, path string) []byte {
	switch g.IntN(40) {
	case 0:
		return jute.AppendNull(b)
	case 1:
		return jute.AppendCount(b, 0)
	}
	lists := openLists
	switch {
	case path == nowhere:
		lists = laterLists
	case g.oneIn(6):
		lists = oddLists
	case isGuarded(path) && g.oneIn(2):
		lists = closedLists
	}
	return appendList(b, pick(g, lists))
}

func appendList(b []byte, list []entry) []byte {
	b = jute.AppendCount(b, len(list))
	for _, e := range list {
		b = jute.AppendInt(b, e.perms)
		b = appendText(appendText(b, e.scheme), e.id)
	}
	return b
}

// null stands for a string that is none.
const null = "\x00null"

func appendText(b []byte, s string) []byte {
	if s == null {
		return jute.AppendNull(b)
	}
	return jute.AppendString(b, s)
}

// entry is one element of an ACL.
type entry struct {
	perms      int32
	scheme, id string
}

// The users of the scheme digest, as addauth knows them and as ACLs do: user:secret,
// with the SHA-1 of it in base 64.
const (
	ann       = "ann:secret"
	annDigest = "ann:7RJfAeIvrl4zdj6sS2fXrQHDvHM="
	bob       = "bob:secret"
	bobDigest = "bob:fyVmFCwVbTJYrznoSu1koqYEYF0="
)

var everyone = entry{31, "world", "anyone"}

var (
	openLists = [][]entry{
		{everyone}, {everyone}, {everyone}, {everyone}, {everyone, everyone},
		{{1, "world", "anyone"}}, {{15, "world", "anyone"}}, {{17, "world", "anyone"}},
		{{1, "world", "anyone"}, {31, "digest", annDigest}},
		{{1, "world", "anyone"}, {31, "digest", annDigest}, {31, "digest", bobDigest}},
		{{1, "world", "anyone"}, {30, "auth", ""}},
		{{31, "auth", ""}, {1, "world", "anyone"}},
		{{5, "world", "anyone"}, {31, "ip", "127.0.0.1"}},
		{{1, "world", "anyone"}, {31, "ip", "127.0.0.0/8"}},
		{{3, "world", "anyone"}, {31, "ip", "10.0.0.0/8"}},
	}
	// oddLists are wrong, or look so.
	oddLists = [][]entry{
		{everyone, {31, "world", "nobody"}}, {everyone, {31, "world", ""}},
		{everyone, {31, "World", "anyone"}}, {everyone, {31, "", ""}},
		{everyone, {31, "digest", "ann"}}, {everyone, {31, "digest", "a:b:c"}},
		{everyone, {31, "digest", ":"}}, {everyone, {31, "digest", ""}},
		{everyone, {31, "digest", "ann:"}}, {everyone, {31, "digest", ":x"}},
		{everyone, {31, "ip", "127.0.0.1/33"}}, {everyone, {31, "ip", "127.0.0.1/-1"}},
		{everyone, {31, "ip", "127.0.0.1/"}}, {everyone, {31, "ip", "/8"}},
		{everyone, {31, "ip", "127.0.0"}}, {everyone, {31, "ip", "127.0.0.256"}},
		{everyone, {31, "ip", "127.0.0.1/8/9"}}, {everyone, {31, "ip", "127.0.0.1/0"}},
		{everyone, {31, "ip", "127.0.0.1/32"}}, {everyone, {31, "ip", "::1/129"}},
		{everyone, {31, "ip", "1.2.3.4 "}}, {everyone, {31, "ip", ""}},
		{everyone, {31, "ip", "host"}}, {everyone, {31, "ip", "1::2::3"}},
		{everyone, {31, "ip", "01.2.3.4"}},
		{everyone, {31, "super", ""}}, {everyone, {31, "x509", "CN=ann"}},
		{everyone, {31, "sasl", "ann"}}, {everyone, {31, "nothing", "ann"}},
		{everyone, {0, "digest", annDigest}}, {everyone, {-1, "digest", annDigest}},
		{everyone, {32, "digest", annDigest}}, {{-1, "world", "anyone"}},
		{{31, "auth", "whatever"}, everyone},
	}
	// laterLists are good only for servers that know addresses of IPv6. They are set
	// where there is no znode.
	laterLists = [][]entry{
		{everyone, {31, "ip", "::1"}}, {everyone, {31, "ip", "fe80::/10"}},
		{everyone, {31, "ip", "::1/128"}}, {everyone, {31, "ip", "::ffff:127.0.0.1"}},
		{everyone, {31, "ip", "1:2:3:4:5:6:7:8"}},
	}
	// closedLists keep readers out.
	closedLists = [][]entry{
		{{31, "digest", annDigest}}, {{31, "digest", bobDigest}}, {{30, "world", "anyone"}},
		{{31, "auth", ""}}, {{31, "ip", "10.1.2.3"}}, {{16, "world", "anyone"}},
		{{30, "world", "anyone"}, {31, "digest", annDigest}},
		{{31, "ip", "127.0.0.1"}}, {{0, "world", "anyone"}},
	}
)
