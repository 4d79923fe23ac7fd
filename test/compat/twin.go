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
	// gaps are zxids that only Java's server has taken; each stands for the one before.
	gaps map[int64]couple
	// times is the time of each zxid, as each server told it.
	times map[string]map[int64]int64
}

func newTwin() *twin {
	return &twin{gaps: map[int64]couple{},
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
	if before, gap := t.gaps[java]; gap && before.zoo == zoo {
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

// skip notes that java's server has taken a zxid for what zoo has not.
func (t *twin) skip(java int64) {
	if n := len(t.zxids); n > 0 && java > t.zxids[n-1].java {
		t.gaps[java] = t.zxids[n-1]
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
	before, known := t.times[name][f.of]
	if !known {
		t.times[name][f.of] = f.number
	}
	return !known || before == f.number
}

// matches tells whether two fields say the same.
func (t *twin) matches(java, zoo field, in sort) bool {
	if java.name != zoo.name || java.kind != zoo.kind {
		return false
	}
	switch java.kind {
	case zxid:
		return t.matchZxid(java.number, zoo.number)
	case session:
		return t.matchSession(java.number, zoo.number, in == welcome)
	case moment:
		return t.matchMoment(java, zoo)
	}
	return java.number == zoo.number && java.text == zoo.text
}

// clash is one thing in which the servers differ: a field, or a whole message where
// the names of the fields are empty. A missing message is nil.
type clash struct {
	slot int
	// stranger says that somebody has just asked for the slot's session with a wrong
	// password.
	stranger bool
	// closed is zoo's zxid of the closeSession in the round, or 0.
	closed    int64
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
			t.skip(c.javaField.number)
		}
	}
	return c, true
}

func fieldAt(m *message, i int) field {
	if i < len(m.fields) {
		return m.fields[i]
	}
	return field{text: "nothing"}
}
