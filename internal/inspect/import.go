package inspect

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/vfs"
)

// ErrImport means lines that are no exported snapshot.
var ErrImport = errors.New("not an exported snapshot")

// ImportOptions have useful zero values.
type ImportOptions struct {
	// Damaged admits the export of a snapshot that could not be read whole.
	Damaged bool
}

// importLineBytesMax is more than the largest znode takes.
const importLineBytesMax = 1 << 30

// Import makes a snapshot file in dir of exported lines, and gives its path. It
// never replaces one.
func Import(disk vfs.FS, from io.Reader, dir string, o ImportOptions) (*SnapshotReport, error) {
	im := &importer{loader: tree.NewLoader(), lists: make(map[int64]string), o: o}
	im.fields = newTextFields(&im.present)
	if err := im.read(from); err != nil {
		return nil, err
	}
	t, err := im.loader.Finish(im.zxid)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrImport, err)
	}
	file := SnapshotFile{Path: filepath.Join(dir, snapshot.Name(im.zxid)), Zxid: im.zxid}
	if _, err := disk.Stat(file.Path); !errors.Is(err, fs.ErrNotExist) {
		return nil, errors.Join(err, fmt.Errorf("%s is there already", file.Path))
	}
	frozen := t.Freeze()
	defer frozen.Close()
	source := snapshot.Source{Frozen: frozen, Lock: snapshot.NoLock{}}
	if err := snapshot.Write(disk, dir, source); err != nil {
		return nil, err
	}
	l, err := load(disk, file)
	if err != nil {
		return nil, err
	}
	return &l.report, nil
}

// importer reads lines of either form.
type importer struct {
	loader *tree.Loader
	zxid   zoo.Zxid
	begun  bool
	ended  bool
	lists  map[int64]string // the lists by their numbers, joined
	fresh  int64
	o      ImportOptions

	present importLine // the line that is being read
	fields  textFields // where its fields go
}

func (im *importer) read(from io.Reader) error {
	lines := bufio.NewScanner(from)
	lines.Buffer(make([]byte, 64<<10), importLineBytesMax)
	number := 0
	for lines.Scan() {
		number++
		text := strings.TrimSpace(lines.Text())
		if text == "" {
			continue
		}
		if err := im.line(text); err != nil {
			return fmt.Errorf("line %d: %w: %w", number, ErrImport, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("line %d: %w", number+1, err)
	}
	if !im.ended {
		return fmt.Errorf("%w: the last line is missing, which says that it is whole", ErrImport)
	}
	return nil
}

// importLine is all that a line can be.
type importLine struct {
	exportHead
	Session       string `json:"session"`
	TimeoutMillis int32  `json:"timeoutMillis"`
	End           bool   `json:"end"`
	Damages       int    `json:"damages"`
	Znode
}

func (im *importer) line(text string) error {
	l := &im.present
	*l = importLine{}
	var err error
	if text[0] == '{' {
		err = json.Unmarshal([]byte(text), l)
	} else {
		err = l.parse(text, im.fields)
	}
	switch {
	case err != nil:
		return err
	case im.ended:
		return errors.New("something follows the end")
	case l.exportHead.Version != 0:
		return im.head(l.exportHead)
	case !im.begun:
		return errors.New("the head is missing")
	case l.End:
		im.ended = true
		return im.whole(l.Damages)
	case l.Session != "":
		id, err := hexadecimal(l.Session)
		im.loader.Session(zoo.SessionID(id), l.TimeoutMillis)
		return err
	case l.Path != "":
		return im.znode(&l.Znode)
	}
	return errors.New("neither head, session, znode nor end")
}

// whole refuses the export of what could not be read whole, unless that is wanted.
func (im *importer) whole(damages int) error {
	if damages > 0 && !im.o.Damaged {
		return fmt.Errorf("the snapshot was damaged in %d places, so that znodes may be missing "+
			"or wrong; --damaged imports what there is", damages)
	}
	return nil
}

func (im *importer) head(h exportHead) error {
	if h.Version != exportVersion || im.begun {
		return fmt.Errorf("head of version %d; want one, of version %d", h.Version, exportVersion)
	}
	z, err := hexadecimal(h.Zxid)
	im.zxid, im.begun = zoo.Zxid(z), true
	return err
}

func (im *importer) znode(n *Znode) error {
	st := zoo.StatPersisted{Ctime: n.CtimeMillis, Mtime: n.MtimeMillis, Version: n.Version,
		Cversion: n.Cversion, Aversion: n.Aversion}
	var numbers [4]uint64
	for i, text := range []string{n.Czxid, n.Mzxid, n.Pzxid, n.Owner} {
		var err error
		if numbers[i], err = hexadecimal(text); err != nil {
			return err
		}
	}
	st.Czxid, st.Mzxid = zoo.Zxid(numbers[0]), zoo.Zxid(numbers[1])
	st.Pzxid, st.EphemeralOwner = zoo.Zxid(numbers[2]), zoo.SessionID(numbers[3])
	path := n.Path
	if path == "/" {
		path = ""
	} else if err := zoo.ValidatePath(path); err != nil {
		return err
	}
	index, err := im.acl(n)
	if err != nil {
		return err
	}
	data := n.Data
	switch {
	case n.DataBytes < 0 && len(data) == 0:
		data = nil
	case data == nil:
		data = []byte{}
	}
	return im.loader.Node(path, data, index, &st)
}

// freshACL is where the numbers of lists begin that the export did not number so.
const freshACL = 1 << 32

// acl gives the number of a znode's list, and defines it where it is new.
func (im *importer) acl(n *Znode) (int64, error) {
	if n.ACL == nil {
		return n.ACLIndex, nil // a list that the snapshot lacks
	}
	list, err := ParseACLTexts(n.ACL)
	if err != nil {
		return 0, err
	}
	if len(list) == 1 && list[0] == zoo.OpenACL()[0] {
		return -1, nil
	}
	key := strings.Join(n.ACL, "\x00")
	index := n.ACLIndex
	if bound, known := im.lists[index]; index <= 0 || known && bound != key {
		im.fresh++
		index = freshACL + im.fresh
	}
	im.lists[index] = key
	im.loader.ACL(index, list)
	return index, nil
}

// ParseACLTexts reads what ACLTexts writes.
func ParseACLTexts(texts []string) ([]zoo.ACL, error) {
	list := []zoo.ACL{}
	for _, text := range texts {
		scheme, rest, ok := strings.Cut(text, ":")
		colon := strings.LastIndexByte(rest, ':')
		if !ok || colon < 0 {
			return nil, fmt.Errorf("acl %q is not scheme:id:perms", text)
		}
		perms, err := parsePerms(rest[colon+1:])
		if err != nil {
			return nil, fmt.Errorf("acl %q: %w", text, err)
		}
		list = append(list, zoo.ACL{Perms: perms, ID: zoo.ID{Scheme: scheme, ID: rest[:colon]}})
	}
	return list, nil
}

func parsePerms(text string) (zoo.Perms, error) {
	if n, err := strconv.ParseInt(text, 10, 32); err == nil {
		return zoo.Perms(n), nil
	}
	var perms zoo.Perms
	for i := range len(text) {
		at := strings.IndexByte("rwcda", text[i])
		if at < 0 {
			return 0, fmt.Errorf("permissions %q are not of cdrwa", text)
		}
		perms |= 1 << at
	}
	return perms, nil
}

func hexadecimal(text string) (uint64, error) {
	digits, ok := strings.CutPrefix(text, "0x")
	n, err := strconv.ParseUint(digits, 16, 64)
	if !ok || err != nil {
		return 0, fmt.Errorf("%q is no number in hexadecimal with 0x", text)
	}
	return n, nil
}

// parse reads a line of the text form.
func (l *importLine) parse(text string, fields textFields) error {
	word, rest, _ := strings.Cut(text, " ")
	l.DataBytes = -1
	l.End = word == "end"
	for rest = strings.TrimSpace(rest); rest != ""; rest = strings.TrimSpace(rest) {
		name, value, ok := strings.Cut(rest, "=")
		if !ok {
			return fmt.Errorf("%q is not name=value", rest)
		}
		if strings.HasPrefix(value, `"`) {
			quoted, err := strconv.QuotedPrefix(value)
			if err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			rest = value[len(quoted):]
			value, _ = strconv.Unquote(quoted)
		} else {
			value, rest, _ = strings.Cut(value, " ")
		}
		if err := fields.set(word+" "+name, value); err != nil {
			return err
		}
	}
	return nil
}

// textFields are the fields of the text form, by the word of the line and their name.
type textFields map[string]func(value string) error

func (f textFields) set(key, value string) error {
	set, known := f[key]
	if !known {
		return fmt.Errorf("unknown field: %s", key)
	}
	if err := set(value); err != nil {
		return fmt.Errorf("%s=%s: %w", key, value, err)
	}
	return nil
}

// newTextFields makes the setters for one line.
func newTextFields(l *importLine) textFields {
	return textFields{
		"zoo-snapshot version":  integer(&l.exportHead.Version),
		"zoo-snapshot zxid":     verbatim(&l.exportHead.Zxid),
		"session id":            verbatim(&l.Session),
		"session timeoutMillis": integer(&l.TimeoutMillis),
		"znode path":            verbatim(&l.Path),
		"znode data": func(value string) error {
			l.Data, l.DataBytes = []byte(value), len(value)
			return nil
		},
		"znode acl": func(value string) error {
			l.ACL = append(l.ACL, value)
			return nil
		},
		"znode aclIndex":       integer(&l.ACLIndex),
		"znode czxid":          verbatim(&l.Czxid),
		"znode mzxid":          verbatim(&l.Mzxid),
		"znode pzxid":          verbatim(&l.Pzxid),
		"znode ctimeMillis":    integer(&l.CtimeMillis),
		"znode mtimeMillis":    integer(&l.MtimeMillis),
		"znode version":        integer(&l.Znode.Version),
		"znode cversion":       integer(&l.Cversion),
		"znode aversion":       integer(&l.Aversion),
		"znode ephemeralOwner": verbatim(&l.Owner),
		"end sessions":         func(string) error { return nil },
		"end znodes":           func(string) error { return nil },
		"end damages":          integer(&l.Damages),
	}
}

func verbatim(to *string) func(string) error {
	return func(value string) error { *to = value; return nil }
}

func integer[T int | int32 | int64](to *T) func(string) error {
	return func(value string) error {
		n, err := strconv.ParseInt(value, 10, 64)
		if *to = T(n); err == nil && int64(*to) != n {
			err = strconv.ErrRange
		}
		return err
	}
}
