package inspect

import (
	"regexp"
	"strings"

	"zoo"
)

// DumpOptions say which transactions are shown. Damage always is.
type DumpOptions struct {
	// From and To bound the zxids; 0 is no bound.
	From, To zoo.Zxid
	// Path is a znode: only what touches it or its descendants is shown.
	Path string
	// Session and Type, unless they are zero, must be the transaction's.
	Session zoo.SessionID
	Type    string
	// Pattern must match the line of the transaction as String writes it.
	Pattern  *regexp.Regexp
	Data     Data
	Progress Progress
}

func (o *DumpOptions) within(z zoo.Zxid) bool {
	return (o.From == 0 || z >= o.From) && (o.To == 0 || z <= o.To)
}

func (o *DumpOptions) wants(t *Transaction) bool {
	if o.Session != 0 && t.Session != o.Session.String() {
		return false
	}
	if o.Type != "" && !t.Change.has(o.Type) {
		return false
	}
	if o.Path != "" && !t.Change.touches(o.Path) {
		return false
	}
	return o.Pattern == nil || o.Pattern.MatchString(t.String())
}

// has tells whether the change, or a part of it, is of a type.
func (c *Change) has(kind string) bool {
	if strings.EqualFold(c.Type, kind) {
		return true
	}
	for i := range c.Parts {
		if c.Parts[i].has(kind) {
			return true
		}
	}
	return false
}

// touches tells whether the change is about a znode or what lies below it.
func (c *Change) touches(path string) bool {
	found := false
	c.Touches(func(p string) { found = found || below(p, path) })
	return found
}

// below tells whether path is top or one of its descendants.
func below(path, top string) bool {
	return path == top || top == "/" || strings.HasPrefix(path, top+"/")
}
