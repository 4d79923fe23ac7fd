package inspect

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"zoo/internal/disk/vfs"
)

// An exported snapshot has a line for each thing, in one of two forms. The first line
// is the head, the last one says that nothing is missing; between them are sessions,
// then znodes, parents before children. Lines can be changed, added and removed.
//
//	{"zooSnapshot":1,"zxid":"0x5"}
//	{"session":"0x2a","timeoutMillis":4000}
//	{"path":"/a","dataBytes":3,"data":"YWJj","acl":["world:anyone:cdrwa"],…}
//	{"end":true,"sessions":1,"znodes":5,"damages":0}
//
//	zoo-snapshot version=1 zxid=0x5
//	session id=0x2a timeoutMillis=4000
//	znode path="/a" data="abc" acl="world:anyone:cdrwa" aclIndex=-1 czxid=0x1 …
//	end sessions=1 znodes=5 damages=0
//
// Data is Base64 in JSON, and null where dataBytes is -1; in text it is quoted as in
// Go, and left out where it is null. aclIndex is the number of the list in the
// snapshot's table; without acl it is that of a list which the snapshot lacks.
const exportVersion = 1

// ExportForm is how an export is written.
type ExportForm string

// The forms.
const (
	FormJSON ExportForm = "json"
	FormText ExportForm = "text"
)

type exportHead struct {
	Version int    `json:"zooSnapshot"`
	Zxid    string `json:"zxid"`
}

type exportEnd struct {
	End      bool `json:"end"`
	Sessions int  `json:"sessions"`
	Znodes   int  `json:"znodes"`
	// Damages counts the places that could not be read.
	Damages int `json:"damages"`
}

// exporter writes lines in one form.
type exporter struct {
	out *bufio.Writer
	enc *json.Encoder // nil for text
	end exportEnd
}

// Export writes a snapshot as lines. A damaged one is exported as far as it can be
// read; the damages say that something may be missing.
func Export(disk vfs.FS, file SnapshotFile, to io.Writer, form ExportForm, tell Progress) (
	[]Damage, error) {
	e := &exporter{out: bufio.NewWriterSize(to, 64<<10), end: exportEnd{End: true}}
	if form == FormJSON {
		e.enc = json.NewEncoder(e.out)
		e.enc.SetEscapeHTML(false)
	}
	if err := e.head(file); err != nil {
		return nil, err
	}
	damages, err := Show(disk, file, ShowOptions{Depth: -1, Data: ShowData, Progress: tell,
		Session: e.session, Znode: e.znode})
	if err == nil {
		e.end.Damages = len(damages)
		err = e.line(e.end, fmt.Sprintf("end sessions=%d znodes=%d damages=%d",
			e.end.Sessions, e.end.Znodes, e.end.Damages))
	}
	return damages, errors.Join(err, e.out.Flush())
}

func (e *exporter) line(value any, text string) error {
	if e.enc != nil {
		return e.enc.Encode(value)
	}
	_, err := e.out.WriteString(text + "\n")
	return err
}

func (e *exporter) head(file SnapshotFile) error {
	h := exportHead{Version: exportVersion, Zxid: file.Zxid.String()}
	return e.line(h, fmt.Sprintf("zoo-snapshot version=%d zxid=%s", h.Version, h.Zxid))
}

func (e *exporter) session(s Session) error {
	e.end.Sessions++
	return e.line(s, fmt.Sprintf("session id=%s timeoutMillis=%d", s.ID, s.TimeoutMillis))
}

func (e *exporter) znode(n Znode) error {
	e.end.Znodes++
	return e.line(n, n.exportText())
}

// exportText is the znode in the form that importText reads.
func (n *Znode) exportText() string {
	var b strings.Builder
	fmt.Fprintf(&b, "znode path=%s", strconv.Quote(n.Path))
	if n.DataBytes >= 0 {
		fmt.Fprintf(&b, " data=%s", strconv.Quote(string(n.Data)))
	}
	for _, acl := range n.ACL {
		fmt.Fprintf(&b, " acl=%s", strconv.Quote(acl))
	}
	fmt.Fprintf(&b, " aclIndex=%d czxid=%s mzxid=%s pzxid=%s ctimeMillis=%d mtimeMillis=%d "+
		"version=%d cversion=%d aversion=%d ephemeralOwner=%s", n.ACLIndex, n.Czxid, n.Mzxid,
		n.Pzxid, n.CtimeMillis, n.MtimeMillis, n.Version, n.Cversion, n.Aversion, n.Owner)
	return b.String()
}
