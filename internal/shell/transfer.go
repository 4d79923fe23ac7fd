package shell

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"zoo"
	"zoo/client"
)

// An export is a text of lines, of which each is a JSON object (docs/format/export.md):
//
//	{"format":"zoo-export","version":1,"path":"/app"}
//	{"path":"/","data":"text","acl":["world:anyone:cdrwa"]}
//	{"path":"/b","base64":"/w==","acl":[…]}
//	{"path":"/e","kind":"ephemeral","owner":"0x10000a","acl":[…]}
//	{"znodes":3}
//
// Paths are below the path of the first line, parents first. The last line tells a whole
// export from one that was cut off.
const (
	exportFormat  = "zoo-export"
	exportVersion = 1
	// exportLineBytesMax bounds a line: data of the largest kind in base64.
	exportLineBytesMax = 2 * dataBytesMax
)

// export writes a subtree. It is read while others may write: each znode is as it was at
// some time, and not all at the same.
func export(ctx context.Context, s *Shell, p *parsed) error {
	root := p.args[1]
	if err := checkPath(root); err != nil {
		return err
	}
	name := stream
	if given, ok := p.values["-out"]; ok {
		name = given
	}
	out, err := s.create(name)
	if err != nil {
		return err
	}
	buffer := bufio.NewWriter(out)
	err = s.exportTo(ctx, buffer, root)
	return errors.Join(err, buffer.Flush(), out.Close())
}

func (s *Shell) exportTo(ctx context.Context, out io.Writer, root string) error {
	count := s.progress("exported")
	defer count.end()
	write := func(r row) error {
		text, err := r.JSON()
		if err == nil {
			_, err = io.WriteString(out, text+"\n")
		}
		return err
	}
	w := walk{shell: s, whole: true, depthMax: -1, skip: leaveOutOwn(root)}
	w.visit = func(at *found) error {
		if at.depth == 0 {
			// Only now it is known that there is something to export.
			err := write(row{{"format", exportFormat}, {"version", exportVersion}, {"path", root}})
			if err != nil {
				return err
			}
		}
		count.one()
		return write(exported(root, at))
	}
	if err := w.run(ctx, root); err != nil {
		return err
	}
	return write(row{{"znodes", count.count}})
}

// exported is the line of a znode.
func exported(root string, at *found) row {
	r := row{{"path", relative(root, at.path)}}
	if at.data != nil {
		r = append(r, dataColumn(at.data))
	}
	if at.mode == zoo.Ephemeral {
		r = append(r, column{"kind", "ephemeral"}, column{"owner", hex(at.stat.EphemeralOwner)})
	}
	return append(r, column{"acl", aclTexts(at.acl)})
}

// imported is a line of an export.
type imported struct {
	Format  string   `json:"format"`
	Version int      `json:"version"`
	Path    string   `json:"path"`
	Data    *string  `json:"data"`
	Base64  *string  `json:"base64"`
	Kind    string   `json:"kind"`
	TTL     int64    `json:"ttl"`
	Owner   string   `json:"owner"`
	ACL     []string `json:"acl"`
	Znodes  *int     `json:"znodes"`
}

// importCommand makes what an export has, below a path, of which the parent must exist.
func importCommand(ctx context.Context, s *Shell, p *parsed) error {
	target := p.args[1]
	if err := checkPath(target); err != nil {
		return err
	}
	name := stream
	if given, ok := p.values["-in"]; ok {
		name = given
	}
	in, err := s.open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	i := importing{shell: s, target: target, replace: p.has("-replace"),
		writes: &parts{shell: s}, count: s.progress("imported")}
	defer i.count.end()
	if err := i.read(ctx, in); err != nil {
		return err
	}
	s.complain("%d znodes made, %d replaced, %d ephemeral ones left out\n",
		i.made, i.replaced, i.ephemerals)
	return nil
}

// open is a file to read, or the input.
func (s *Shell) open(name string) (io.ReadCloser, error) {
	switch {
	case name != stream && s.OpenFile == nil:
		return nil, fmt.Errorf("%s: files cannot be read here", name)
	case name != stream:
		return s.OpenFile(name)
	case !s.single && len(s.Command) == 0:
		return nil, errNoInput
	}
	return io.NopCloser(s.In), nil
}

// importing is an import under way.
type importing struct {
	shell   *Shell
	target  string
	replace bool
	writes  *parts
	count   *progress
	// line is the number of the present one, and znodes how many of them were znodes.
	line, znodes               int
	made, replaced, ephemerals int
}

// read makes what the lines say. The last one must be there.
func (i *importing) read(ctx context.Context, in io.Reader) error {
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, exportLineBytesMax)
	whole := false
	for lines.Scan() {
		i.line++
		var entry imported
		if err := json.Unmarshal(lines.Bytes(), &entry); err != nil {
			return failed("line %d: %v", i.line, err)
		}
		if whole {
			return failed("line %d: it comes behind the end", i.line)
		}
		if entry.Znodes != nil {
			whole = *entry.Znodes == i.znodes
			continue
		}
		if err := i.take(ctx, &entry); err != nil {
			return err
		}
	}
	err := errors.Join(lines.Err(), i.writes.flush(ctx))
	if err == nil && !whole {
		return failed("the export was cut off: its end is missing or counts other znodes than "+
			"the %d that were read, all of which are here now", i.znodes)
	}
	return err
}

// take is one line: the first tells the format, the others are znodes.
func (i *importing) take(ctx context.Context, entry *imported) error {
	if i.line == 1 {
		if entry.Format != exportFormat || entry.Version != exportVersion {
			return failed("it is no export of version %d", exportVersion)
		}
		return nil
	}
	i.znodes++
	i.count.one()
	if !strings.HasPrefix(entry.Path, "/") {
		return failed("line %d: %s", i.line, pathReason(entry.Path))
	}
	at, err := entry.znode()
	if err != nil {
		return failed("line %d: %v", i.line, err)
	}
	at.path = join(i.target, entry.Path)
	if at.mode == zoo.Ephemeral {
		i.ephemerals++
		i.shell.complain("left out: %s was an ephemeral znode of session %s\n", at.path,
			entry.Owner)
		return nil
	}
	return i.make(ctx, at)
}

// make creates a znode, or gives an existing one the data and the ACL. The root exists
// always.
func (i *importing) make(ctx context.Context, at *found) error {
	if i.replace || at.path == "/" {
		_, err := i.shell.client.Exists(ctx, at.path, nil)
		switch {
		case err == nil && i.replace:
			return i.write(ctx, at)
		case err == nil:
			return nil
		case !errors.Is(err, zoo.CodeNoNode):
			return err
		}
	}
	i.made++
	return i.writes.add(ctx, createAs(at.path, at), len(at.path)+len(at.data))
}

// write replaces what a znode has.
func (i *importing) write(ctx context.Context, at *found) error {
	i.replaced++
	if _, err := i.shell.client.SetACL(ctx, at.path, at.acl, client.AnyVersion); err != nil {
		return err
	}
	op := client.SetOp(at.path, at.data, client.AnyVersion)
	return i.writes.add(ctx, op, len(at.path)+len(at.data))
}

// znode is what a line tells, as a walk would have found it.
func (e *imported) znode() (*found, error) {
	mode, known := kinds[e.Kind]
	if !known {
		return nil, fmt.Errorf("kind %q is not known", e.Kind)
	}
	if mode.IsTTL() && (e.TTL <= 0 || e.TTL > zoo.TTLMax) {
		return nil, fmt.Errorf("ttl %d is not in 1 to %d", e.TTL, zoo.TTLMax)
	}
	at := &found{mode: mode, ttl: e.TTL}
	switch {
	case e.Base64 != nil:
		data, err := base64.StdEncoding.DecodeString(*e.Base64)
		if err != nil {
			return nil, err
		}
		at.data = data
	case e.Data != nil:
		at.data = []byte(*e.Data)
	}
	return at, e.acls(at)
}

// acls reads the entries, which must be in order: what zkCli passes over is an error here.
func (e *imported) acls(at *found) error {
	for _, text := range e.ACL {
		scheme, rest, _ := strings.Cut(text, ":")
		colon := strings.LastIndexByte(rest, ':')
		if colon < 0 {
			return fmt.Errorf("acl %q does not have the form scheme:id:perm", text)
		}
		perms, ok := permsOf(rest[colon+1:])
		if !ok {
			return fmt.Errorf("acl %q has a permission that is not known", text)
		}
		id := zoo.ID{Scheme: scheme, ID: rest[:colon]}
		at.acl = append(at.acl, zoo.ACL{ID: id, Perms: perms})
	}
	if len(e.ACL) == 0 {
		return errors.New("it has no acl")
	}
	return nil
}

// permsOf reads letters such as cdrwa.
func permsOf(text string) (perms zoo.Perms, ok bool) {
	for _, letter := range text {
		perm := zoo.PermOf(letter)
		if perm == 0 {
			return 0, false
		}
		perms |= perm
	}
	return perms, true
}
