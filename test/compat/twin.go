package compat

import (
	"fmt"
	"slices"

	"zoo"
)

// The names of the two sides.
const (
	javaName = "java"
	zooName  = "zoo"
)

// couple is a value of Java's server and the one of zoo that stands for it.
type couple struct{ java, zoo int64 }

// twin knows which values of one server stand for which of the other.
type twin struct {
	// zxids is in the order of Java's, and so in that of zoo's.
	zxids    []couple
	sessions []couple
	// javaGaps are zxids that only Java's server has taken, and zooGaps those of zoo
	// alone; each stands for the one before.
	javaGaps, zooGaps map[int64]couple
	// times is the time of each zxid, as each server told it.
	times map[string]map[int64]int64
}

func newTwin() *twin {
	return &twin{javaGaps: map[int64]couple{}, zooGaps: map[int64]couple{},
		times: map[string]map[int64]int64{javaName: {}, zooName: {}}}
}

// recent is the zxid that was seen so many zxids ago, in the numbers of a side; the
// first one where there are not so many, and 0 where there is none.
func (t *twin) recent(name string, back int) zoo.Zxid {
	if len(t.zxids) == 0 {
		return 0
	}
	c := t.zxids[max(0, len(t.zxids)-1-back)]
	if name == javaName {
		return zoo.Zxid(c.java)
	}
	return zoo.Zxid(c.zoo)
}

// matchZxid tells whether two zxids stand for each other. Zero and less are not
// zxids but words, such as none at all.
func (t *twin) matchZxid(java, zoo int64) bool {
	if java <= 0 || zoo <= 0 {
		return java == zoo
	}
	// A gap may also be the only one that has told of an earlier zxid.
	if before, gap := t.javaGaps[java]; gap && before.zoo == zoo {
		return true
	}
	if before, gap := t.zooGaps[zoo]; gap && before.java == java {
		return true
	}
	at, found := slices.BinarySearchFunc(t.zxids, java, func(c couple, z int64) int {
		return int(min(max(c.java-z, -1), 1))
	})
	if found {
		return t.zxids[at].zoo == zoo
	}
	if at > 0 && t.zxids[at-1].zoo >= zoo || at < len(t.zxids) && t.zxids[at].zoo <= zoo {
		return false
	}
	t.zxids = slices.Insert(t.zxids, at, couple{java, zoo})
	return true
}

// skip notes that one of the servers has taken a zxid for what the other has not.
func (t *twin) skip(java, zoo int64) {
	if len(t.zxids) == 0 {
		return
	}
	switch last := t.zxids[len(t.zxids)-1]; {
	case java > last.java && zoo <= last.zoo:
		t.javaGaps[java] = last
	case zoo > last.zoo && java <= last.java:
		t.zooGaps[zoo] = last
	}
}

// matchSession is matchZxid for session ids, in which there is no order. New ones
// come only with a welcome.
func (t *twin) matchSession(java, zoo int64, mayBeNew bool) bool {
	if java == 0 || zoo == 0 {
		return java == zoo
	}
	for _, c := range slices.Backward(t.sessions) {
		if c.java == java || c.zoo == zoo {
			return c.java == java && c.zoo == zoo
		}
	}
	if mayBeNew {
		t.sessions = append(t.sessions, couple{java, zoo})
	}
	return mayBeNew
}

// matchMoment tells whether two times can be those of the same transaction.
func (t *twin) matchMoment(java, zoo field) bool {
	return t.steady(javaName, java) && t.steady(zooName, zoo) &&
		(java.number == 0) == (zoo.number == 0)
}

// steady tells whether a server gives one zxid one time.
func (t *twin) steady(name string, f field) bool {
	if f.of == 0 {
		return true // Each server has its own time for what is built in.
	}
	before, known := t.times[name][f.of]
	if !known {
		t.times[name][f.of] = f.number
	}
	return !known || before == f.number
}

// matches tells whether two fields say the same.
func (t *twin) matches(java, ours field, in sort) bool {
	if java.name != ours.name || java.kind != ours.kind {
		return false
	}
	switch java.kind {
	case zxid:
		if in == notification && java.number == int64(zoo.ZxidNone) {
			return false // the verdict knows which one it has to be
		}
		return t.matchZxid(java.number, ours.number)
	case session:
		return t.matchSession(java.number, ours.number, in == welcome)
	case moment:
		return t.matchMoment(java, ours)
	}
	return java.number == ours.number && java.text == ours.text
}

// clash is one thing in which the servers differ: a field, or a whole message where
// the names of the fields are empty. A missing message is nil.
type clash struct {
	slot int
	// stranger says that somebody has just asked for the slot's session with a wrong
	// password.
	stranger bool
	// moved says that another slot has renewed the slot's session at another server.
	moved bool
	// closed is zoo's zxid of the closeSession in the round, or 0.
	closed int64
	// watches are those of the slot's connection.
	watches *watched
	// causes are what the round's writer has done, by zoo's zxids.
	causes map[int64]cause
	// catchesUp says that the slot has asked for the watches of an earlier connection.
	catchesUp bool
	// empty is zoo's answer to the same request with an empty string for a null.
	empty     *message
	name      string
	request   *request
	java, zoo *message
	javaField field
	zooField  field
}

func (c *clash) String() string {
	switch {
	case c.java == nil:
		return fmt.Sprintf("slot %d: only zoo says: %v", c.slot, c.zoo)
	case c.zoo == nil:
		return fmt.Sprintf("slot %d: only java says: %v", c.slot, c.java)
	case c.name == "":
		return fmt.Sprintf("slot %d: java says: %v\n  zoo says: %v", c.slot, c.java, c.zoo)
	}
	return fmt.Sprintf("slot %d: %s: java %s, zoo %s\n  java: %v\n  zoo:  %v", c.slot, c.name,
		c.javaField.value(), c.zooField.value(), c.java, c.zoo)
}

// verdict is asked about each clash: true allows it.
type verdict func(c *clash) bool

// compareMessages compares two messages that stand at the same place. It is true
// when all is equal or allowed.
func (t *twin) compareMessages(c clash, allow verdict) (clash, bool) {
	if c.java.sort != c.zoo.sort {
		return c, allow(&c)
	}
	length := max(len(c.java.fields), len(c.zoo.fields))
	for i := range length {
		c.javaField, c.zooField = fieldAt(c.java, i), fieldAt(c.zoo, i)
		c.name = c.javaField.name
		if c.name == "" {
			c.name = c.zooField.name
		}
		if t.matches(c.javaField, c.zooField, c.java.sort) {
			continue
		}
		if !allow(&c) {
			return c, false
		}
		if c.name == "zxid" && c.java.sort == reply {
			t.skip(c.javaField.number, c.zooField.number)
		}
	}
	return c, true
}

// timely tells whether zoo's zxid of an event is that of the transaction behind it,
// or that of none where watches are caught up on.
func (c *clash) timely() bool {
	if c.zooField.number == int64(zoo.ZxidNone) {
		return c.catchesUp
	}
	cause, known := c.causes[c.zooField.number]
	return known && cause.explains(c.zoo)
}

// asEmpty tells whether zoo has answered as it has to the same with an empty string.
func (c *clash) asEmpty() bool {
	if c.empty == nil || len(c.empty.fields) != len(c.zoo.fields) {
		return false
	}
	for i, f := range c.zoo.fields {
		if f.name != "xid" && f.name != "zxid" && f != c.empty.fields[i] {
			return false
		}
	}
	return true
}

func fieldAt(m *message, i int) field {
	if i < len(m.fields) {
		return m.fields[i]
	}
	return field{text: "nothing"}
}
