package compat

import (
	"fmt"
	"strings"
	"sync"

	"zoo/internal/wire"
)

// difference is one row of the table: something in which zoo is allowed to differ
// from Java's ZooKeeper 3.8.0.
type difference struct {
	name string
	// java and zoo say what each of them does, and reason why zoo does not do as
	// Java 3.8 does.
	java, zoo, reason string
	matches           func(c *clash) bool
}

// differences is the whole table. The test allows what is in it, nothing else, and
// fails when a row is not needed any more.
var differences = []difference{
	{
		name:   "zxid of notifications",
		java:   "The header of a watch event has zxid -1.",
		zoo:    "It has the zxid of the transaction; -1 only where setWatches catches up.",
		reason: "ZooKeeper 3.9 does so.",
		matches: func(c *clash) bool {
			return c.isField(notification, "zxid") && c.javaField.number == -1 && c.timely()
		},
	},
	{
		name:   "exists without READ",
		java:   "exists answers clients that may not read the znode.",
		zoo:    "It answers -102, and sets no watch.",
		reason: "ZooKeeper 3.9.2 does so.",
		matches: func(c *clash) bool {
			return c.code(0, -102) && c.request.op == 3 && isGuarded(c.request.path())
		},
	},
	{
		name:   "null strings",
		java:   "Null where a path or an identity must be is answered with -5.",
		zoo:    "Null is the empty string.",
		reason: "Java fails with an exception that nobody has thought of.",
		matches: func(c *clash) bool {
			return c.request != nil && c.request.void && c.java != nil && c.zoo != nil &&
				c.java.sort == reply && c.zoo.sort == reply && c.asEmpty() &&
				(c.java.number("err") == -5 || c.javaField.text == "null")
		},
	},
	{
		name:   "check alone",
		java:   "check outside of a multi takes a zxid.",
		zoo:    "It is refused with -6 at once.",
		reason: "It is a part of a multi and no request; 3.9 says -6, too, and closes.",
		matches: func(c *clash) bool {
			return c.request != nil && c.request.op == 13 && c.java != nil && c.zoo != nil &&
				c.java.sort == reply && c.zoo.sort == reply && c.zoo.number("err") == -6
		},
	},
	{
		name:   "createTTL without the flags of one",
		java:   "A createTTL with other flags and a negative time is taken as it is.",
		zoo:    "It is answered with -8.",
		reason: "Java writes to its log what it cannot apply.",
		matches: func(c *clash) bool {
			return c.code(-101, -8) && c.request.op == 21 || c.code(-114, -8) &&
				c.request.op == 21 && c.request.path() == nowhere
		},
	},
	{
		name:   "reconfig that cannot be read",
		java:   "The -5 for a reconfig that cannot be read takes no zxid.",
		zoo:    "It takes one.",
		reason: "So do all other writes that cannot be read, in Java, too.",
		matches: func(c *clash) bool {
			return c.code5() && c.request.op == 16 && c.name == "zxid"
		},
	},
	{
		name:   "multiRead of writes",
		java:   "The -5 for a multiRead that begins with a write takes a zxid, and has a body.",
		zoo:    "It is -5 and nothing else.",
		reason: "An error has no body, and a read takes no zxid.",
		matches: func(c *clash) bool {
			return c.code5() && c.request.op == 22 && (c.name == "zxid" || c.name == "rest")
		},
	},
	{
		name:   "all children of the empty path",
		java:   "getAllChildrenNumber of the empty path counts the root as a child of itself.",
		zoo:    "It answers as for the root.",
		reason: "The empty path is the root's other name.",
		matches: func(c *clash) bool {
			return c.name == "totalNumber" && c.request.path() == "" &&
				c.javaField.number == c.zooField.number+1
		},
	},
	{
		name: "wrong passwords",
		java: "A handshake with a wrong password closes the connection that the session has.",
		zoo:  "It changes nothing for the session.",
		reason: "Whoever has seen a session's id, which is no secret, could keep its client " +
			"from its connection.",
		matches: func(c *clash) bool {
			return c.stranger && c.java != nil && c.java.sort == closing &&
				c.zoo != nil && c.zoo.sort == barrier
		},
	},
	{
		name:   "writes of sessions that have moved",
		java:   "A write of a session that has moved to another server ends the connection.",
		zoo:    "It is answered with -118 before.",
		reason: "A client that has moved hears why its old connection ends.",
		matches: func(c *clash) bool {
			return c.java != nil && c.zoo != nil && c.zoo.number("err") == -118 &&
				(c.java.sort == closing || c.java.sort == barrier)
		},
	},
	{
		name:   "syncs of sessions that have moved",
		java:   "At the leader a sync of a session that has moved ends the connection.",
		zoo:    "It is answered, as by the other servers.",
		reason: "A sync changes nothing, and reads of such a session are answered, too.",
		matches: func(c *clash) bool {
			return c.moved && c.java != nil && c.java.sort == closing && c.zoo != nil &&
				c.zoo.number("err") == 0 && (c.zoo.sort == barrier ||
				c.zoo.sort == reply && c.zoo.request.op == wire.OpSync)
		},
	},
	{
		name:   "ACLs with addresses of IPv6",
		java:   "An ACL of the scheme ip with an address of IPv6 is refused with -114.",
		zoo:    "It is accepted.",
		reason: "ZooKeeper 3.9 accepts it.",
		matches: func(c *clash) bool {
			return c.javaField.number == -114 && c.zooField.number == -101 &&
				c.request != nil && strings.Contains(string(c.request.payload), nowhere)
		},
	},
	{
		name:   "watcher types 4 and 5",
		java:   "checkWatches and removeWatches answer -5 to the types 4 and 5.",
		zoo:    "They are the persistent and the persistent recursive watches.",
		reason: "ZooKeeper 3.9 knows them.",
		matches: func(c *clash) bool {
			return (c.code(-5, 0) || c.code(-5, -121)) && c.request.watcherType() > 3
		},
	},
	{
		name:   "operations that do not exist",
		java:   "After -6 for an operation that is none the connection is closed.",
		zoo:    "The connection stays.",
		reason: "A client that asks for what only a newer server has keeps its session.",
		matches: func(c *clash) bool {
			return c.request != nil && c.request.ends && c.request.op != -11 &&
				c.java != nil && c.java.sort == closing && c.zoo != nil && c.zoo.sort == barrier
		},
	},
	{
		name:   "checkWatches of relative paths",
		java:   "checkWatches of a path that does not begin with a slash is answered with -5.",
		zoo:    "It is answered with -121.",
		reason: "Java fails with an exception that nobody has thought of.",
		matches: func(c *clash) bool {
			return c.code(-5, -121) && c.request.op == 17 &&
				!strings.HasPrefix(c.request.path(), "/")
		},
	},
	{
		name:   "characters beyond U+FFFF",
		java:   "Paths in answers have them as two surrogates of three bytes each.",
		zoo:    "Paths in answers are UTF-8, as they came.",
		reason: "They cannot be in the path of a znode; only what echoes a path shows them.",
		matches: func(c *clash) bool {
			return c.name == "path" && c.javaField.text != c.zooField.text &&
				plain(c.javaField.text) == c.zooField.text
		},
	},
	{
		name: "checkWatches of others' watches",
		java: "checkWatches finds the watches that others have on the path, and the " +
			"recursive ones of the znodes above.",
		zoo:    "It finds what the client itself has set on the path.",
		reason: "What checkWatches finds can be removed.",
		matches: func(c *clash) bool {
			return c.code(0, -121) && c.request.op == 17 &&
				!c.watches.has(c.request.path(), c.request.watcherType())
		},
	},
	{
		name:   "deleteContainer of a client",
		java:   "deleteContainer is answered with -8, whatever the path is.",
		zoo:    "It deletes a container, or a znode with a time to live, that is empty.",
		reason: "ZooKeeper 3.9 does so; 3.8 takes the header of the request for the path.",
		matches: func(c *clash) bool {
			return (c.code(-8, -101) || c.code(-8, -5)) && c.request.op == 20
		},
	},
	{
		name: "watcher types 1 and 2",
		java: "The types 1 and 2 mean the persistent watches of the path, too.",
		zoo:  "They mean the standard watches alone.",
		reason: "ZooKeeper 3.9 does so; a client that removes one watch must not lose " +
			"another.",
		matches: func(c *clash) bool {
			return (c.code(0, -121) || c.code(-121, 0)) && c.request.watcherType() > 0 &&
				c.request.path() == nowhere
		},
	},
}

// page is docs/compatibility.md up to its end: what is compared, and the table.
func page() string {
	var b strings.Builder
	b.WriteString(pageHead)
	for _, d := range differences {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", d.name, d.java, d.zoo, d.reason)
	}
	return b.String() + pageTail
}

// isField tells whether the clash is about one field of such messages.
func (c *clash) isField(in sort, name string) bool {
	return c.java != nil && c.zoo != nil && c.name == name && c.java.sort == in && c.zoo.sort == in
}

// code tells whether the clash comes from the codes of two replies: it is about the
// codes themselves or about the bodies, which follow from them.
func (c *clash) code(java, zoo int64) bool {
	return c.java != nil && c.zoo != nil && c.java.sort == reply && c.zoo.sort == reply &&
		c.name != "zxid" && c.name != "xid" &&
		c.java.number("err") == java && c.zoo.number("err") == zoo
}

// code5 tells whether both servers answer that they cannot decode the request.
func (c *clash) code5() bool {
	return c.java != nil && c.zoo != nil && c.java.sort == reply && c.zoo.sort == reply &&
		c.java.number("err") == -5 && c.zoo.number("err") == -5
}

// ledger counts how often each row was used.
type ledger struct {
	mu   sync.Mutex
	uses []int // uses is under mu.
}

func newLedger() *ledger { return &ledger{uses: make([]int, len(differences))} }

// allow tells whether a row of the table matches, and counts it.
func (l *ledger) allow(c *clash) bool {
	for i := range differences {
		if differences[i].matches(c) {
			l.mu.Lock()
			l.uses[i]++
			l.mu.Unlock()
			return true
		}
	}
	return false
}

func (l *ledger) String() string {
	var b strings.Builder
	for i, d := range differences {
		fmt.Fprintf(&b, "%8d  %s\n", l.uses[i], d.name)
	}
	return b.String()
}
