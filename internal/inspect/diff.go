package inspect

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/vfs"
)

// Difference is a znode or session that two snapshots do not have alike.
type Difference struct {
	// What is added, removed or changed.
	What    string `json:"what"`
	Path    string `json:"path,omitempty"`
	Session string `json:"session,omitempty"`
	// Fields are the differences of a changed one, in a fixed order.
	Fields []Field `json:"fields,omitempty"`
}

// Field is a value that differs.
type Field struct {
	Name   string `json:"name"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// What can be different.
const (
	Added   = "added"
	Removed = "removed"
	Changed = "changed"
)

// String is the difference on one line.
func (d Difference) String() string {
	sign := map[string]string{Added: "+", Removed: "-", Changed: "~"}[d.What]
	var b strings.Builder
	if d.Session != "" {
		fmt.Fprintf(&b, "%s session %s", sign, d.Session)
	} else {
		fmt.Fprintf(&b, "%s %q", sign, d.Path)
	}
	for _, f := range d.Fields {
		fmt.Fprintf(&b, " %s=%s>%s", f.Name, f.Before, f.After)
	}
	return b.String()
}

// Diff tells what is different in after, sorted: sessions, then paths. The damages are
// those of both files; what could not be read shows as removed or added.
func Diff(disk vfs.FS, before, after snapshot.File, data Data, tell Progress) (
	[]Difference, []Damage, error) {
	disk = meter(disk, tell, before.Path, after.Path)
	var sides [2]*loaded
	var damages []Damage
	for i, file := range []snapshot.File{before, after} {
		l, err := load(disk, file)
		if err != nil {
			return nil, nil, err
		}
		if l.tree == nil {
			l.tree = tree.New()
		}
		sides[i] = l
		damages = append(damages, l.report.Damages...)
	}
	d := differ{before: sides[0].tree, after: sides[1].tree, data: data}
	d.sessions()
	d.znodes()
	return d.found, damages, nil
}

type differ struct {
	before, after *tree.Tree
	data          Data
	found         []Difference
}

func (d *differ) sessions() {
	d.before.EachSession(func(id zoo.SessionID, timeout int32) {
		now, known := d.after.SessionTimeout(id)
		switch {
		case !known:
			d.found = append(d.found, Difference{What: Removed, Session: id.String()})
		case now != timeout:
			d.found = append(d.found, Difference{What: Changed, Session: id.String(),
				Fields: []Field{{"timeoutMillis", fmt.Sprint(timeout), fmt.Sprint(now)}}})
		}
	})
	d.after.EachSession(func(id zoo.SessionID, _ int32) {
		if _, known := d.before.SessionTimeout(id); !known {
			d.found = append(d.found, Difference{What: Added, Session: id.String()})
		}
	})
	slices.SortStableFunc(d.found, func(a, b Difference) int {
		return strings.Compare(a.Session, b.Session)
	})
}

func (d *differ) znodes() {
	first := len(d.found)
	d.before.EachNode(func(path string, n tree.Node) bool {
		now, known := d.after.Lookup(path)
		if !known {
			d.add(Removed, path, nil)
		} else if fields := d.compare(n, now); fields != nil {
			d.add(Changed, path, fields)
		}
		return true
	})
	d.after.EachNode(func(path string, _ tree.Node) bool {
		if _, known := d.before.Lookup(path); !known {
			d.add(Added, path, nil)
		}
		return true
	})
	slices.SortFunc(d.found[first:], func(a, b Difference) int {
		return cmp.Compare(a.Path, b.Path)
	})
}

func (d *differ) add(what, path string, fields []Field) {
	if path == "" {
		path = "/"
	}
	d.found = append(d.found, Difference{What: what, Path: strings.Clone(path), Fields: fields})
}

// compare gives the fields that differ.
func (d *differ) compare(a, b tree.Node) []Field {
	x, y := a.Persisted(), b.Persisted()
	var fields []Field
	add := func(name string, before, after fmt.Stringer) {
		if before.String() != after.String() {
			fields = append(fields, Field{name, before.String(), after.String()})
		}
	}
	if !bytes.Equal(a.Data(), b.Data()) || (a.Data() == nil) != (b.Data() == nil) {
		fields = append(fields, Field{"data", d.dataText(a.Data()), d.dataText(b.Data())})
	}
	if before, after := aclText(a), aclText(b); before != after {
		fields = append(fields, Field{"acl", before, after})
	}
	if x == y {
		return fields
	}
	add("czxid", x.Czxid, y.Czxid)
	add("mzxid", x.Mzxid, y.Mzxid)
	add("pzxid", x.Pzxid, y.Pzxid)
	add("ctime", millis(x.Ctime), millis(y.Ctime))
	add("mtime", millis(x.Mtime), millis(y.Mtime))
	add("version", number(x.Version), number(y.Version))
	add("cversion", number(x.Cversion), number(y.Cversion))
	add("aversion", number(x.Aversion), number(y.Aversion))
	add("ephemeralOwner", x.EphemeralOwner, y.EphemeralOwner)
	return fields
}

type number int32

func (n number) String() string { return fmt.Sprint(int32(n)) }

type millis int64

func (m millis) String() string { return Time(int64(m)) }

func aclText(n tree.Node) string { return strings.Join(ACLTexts(n.ACL()), ",") }

func (d *differ) dataText(p []byte) string {
	switch {
	case p == nil:
		return "null"
	case d.data == ShowData:
		return fmt.Sprintf("%q", p)
	}
	return fmt.Sprintf("%d bytes", len(p))
}
