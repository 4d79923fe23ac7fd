package compat

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// kind says how two values are compared.
type kind uint8

// The kinds.
const (
	exact   kind = iota // equal as they are
	zxid                // equal under the bijection of zxids
	session             // equal under the bijection of session ids
	moment              // a time; the same for the same zxid on each side
)

// field is one value of a message.
type field struct {
	name   string
	kind   kind
	number int64
	text   string // text is used instead of number where it is not empty.
	of     int64  // of is the zxid that a moment belongs to.
}

func (f field) value() string {
	if f.text != "" {
		return f.text
	}
	if f.kind == zxid || f.kind == session {
		return fmt.Sprintf("0x%x", uint64(f.number))
	}
	return strconv.FormatInt(f.number, 10)
}

// fields collects the values of one message while it is decoded.
type fields struct {
	d      jute.Decoder
	prefix string
	list   []field
}

func (f *fields) add(x field) {
	x.name = f.prefix + x.name
	f.list = append(f.list, x)
}

func (f *fields) int(name string) int32 {
	n := f.d.Int()
	f.add(field{name: name, number: int64(n)})
	return n
}

func (f *fields) long(name string, k kind) int64 {
	n := f.d.Long()
	f.add(field{name: name, kind: k, number: n})
	return n
}

// block reads a string or a buffer, in which null differs from empty.
func (f *fields) block(name string) {
	f.add(field{name: name, text: quote(f.d.Buffer())})
}

// ports are what differs in the members that /zookeeper/config names.
var ports = regexp.MustCompile(`:\d{5}\b`)

// data is block for the data of a znode.
func (f *fields) data() {
	p := f.d.Buffer()
	if bytes.HasPrefix(p, []byte("server.1=")) {
		p = ports.ReplaceAll(p, []byte(":port"))
	}
	f.add(field{name: "data", text: quote(p)})
}

func quote(p []byte) string {
	if p == nil {
		return "null"
	}
	return strconv.Quote(string(p))
}

// plain is a quoted text with each pair of surrogates as the one character that it
// stands for: Java writes them apart, with three bytes each.
func plain(quoted string) string {
	text, err := strconv.Unquote(quoted)
	if err != nil || !strings.Contains(text, "\xed") {
		return quoted
	}
	var units []uint16
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		if r == utf8.RuneError && size == 1 && i+3 <= len(text) && text[i] == 0xed {
			r, size = 0xd000|rune(text[i+1]&0x3f)<<6|rune(text[i+2]&0x3f), 3
			units = append(units, uint16(r))
		} else {
			units = utf16.AppendRune(units, r)
		}
		i += size
	}
	return strconv.Quote(string(utf16.Decode(units)))
}

// set reads a vector of strings whose order is nobody's promise.
func (f *fields) set(name string) {
	n, present := f.d.NullableCount(4)
	list := make([]string, n)
	for i := range list {
		list[i] = quote(f.d.Buffer())
	}
	slices.Sort(list)
	f.add(field{name: name, text: fmt.Sprint(present, list)})
}

// pairs reads a vector of identities, whose order is nobody's promise either.
func (f *fields) identities(name string) {
	n, present := f.d.NullableCount(8)
	list := make([]string, n)
	for i := range list {
		list[i] = quote(f.d.Buffer()) + ":" + quote(f.d.Buffer())
	}
	slices.Sort(list)
	f.add(field{name: name, text: fmt.Sprint(present, list)})
}

func (f *fields) acl() {
	n, present := f.d.NullableCount(12)
	list := make([]string, n)
	for i := range list {
		perms := zoo.Perms(f.d.Int())
		list[i] = fmt.Sprintf("%d %s:%s", perms, quote(f.d.Buffer()), quote(f.d.Buffer()))
	}
	// What auth has become stands in the order of the client's identities.
	for start := range list {
		end := start + 1
		for end < len(list) && sameKind(list[start], list[end]) {
			end++
		}
		slices.Sort(list[start:end])
	}
	f.add(field{name: "acl", text: fmt.Sprint(present, " ", strings.Join(list, ", "))})
}

// sameKind tells whether two entries have the same permissions and scheme.
func sameKind(a, b string) bool {
	before, _, _ := strings.Cut(a, ":")
	after, _, _ := strings.Cut(b, ":")
	return before == after
}

func (f *fields) stat() {
	czxid, mzxid := f.long("czxid", zxid), f.long("mzxid", zxid)
	f.add(field{name: "ctime", kind: moment, number: f.d.Long(), of: czxid})
	f.add(field{name: "mtime", kind: moment, number: f.d.Long(), of: mzxid})
	f.int("version")
	f.int("cversion")
	f.int("aversion")
	f.long("ephemeralOwner", session)
	f.int("dataLength")
	f.int("numChildren")
	f.long("pzxid", zxid)
}

// end notes what was left over, or why the message could not be read.
func (f *fields) end() []field {
	if err := f.d.Err(); err != nil {
		f.add(field{name: "undecodable", text: err.Error()})
	} else if rest := f.d.Rest(); len(rest) > 0 {
		f.add(field{name: "rest", text: hex.EncodeToString(rest)})
	}
	return f.list
}

// body reads what follows the header of a reply that is no error.
func (f *fields) body(op wire.Op) {
	switch op {
	case wire.OpCreate, wire.OpSync:
		f.block("path")
	case wire.OpCreate2, wire.OpCreateContainer, wire.OpCreateTTL:
		f.block("path")
		f.stat()
	case wire.OpExists, wire.OpSetData, wire.OpSetACL:
		f.stat()
	case wire.OpGetData, wire.OpReconfig:
		f.data()
		f.stat()
	case wire.OpGetACL:
		f.acl()
		f.stat()
	case wire.OpGetChildren:
		f.set("children")
	case wire.OpGetChildren2:
		f.set("children")
		f.stat()
	case wire.OpMulti, wire.OpMultiRead:
		f.parts()
	default:
		f.rareBody(op)
	}
}

func (f *fields) rareBody(op wire.Op) {
	switch op {
	case wire.OpSASL:
		f.block("token")
	case wire.OpGetEphemerals:
		f.set("ephemerals")
	case wire.OpGetAllChildrenNumber:
		f.int("totalNumber")
	case wire.OpAddWatch:
		f.int("body.err")
	case wire.OpWhoAmI:
		f.identities("clientInfo")
	}
}

// parts reads the results of a multi.
func (f *fields) parts() {
	for i := 0; f.d.Err() == nil; i++ {
		f.prefix = "part" + strconv.Itoa(i) + "."
		op := wire.Op(f.int("type"))
		done := f.d.Bool()
		f.int("err")
		if done {
			break
		}
		if op == wire.OpError {
			f.int("body.err")
		} else {
			f.body(op)
		}
	}
	f.prefix = ""
}
