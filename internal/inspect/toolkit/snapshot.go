package toolkit

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/vfs"
)

// Snapshot is one run of zkSnapShotToolkit.sh.
type Snapshot struct {
	Disk vfs.FS
	File snapshot.File
	// Data prints the data, JSON the tree as ncdu reads it.
	Data, JSON bool
	Out        io.Writer
	Now        time.Time

	out    *bufio.Writer
	newest zoo.Zxid
	inode  int
}

// Run does it.
func (s *Snapshot) Run() error {
	t, _, err := snapshot.Read(s.Disk, s.File)
	if err != nil {
		return fail(exitUnexpected, "%v", err)
	}
	t.SetTypes(tree.Types{})
	s.out = bufio.NewWriterSize(s.Out, 64<<10)
	root, _ := t.Lookup("/")
	if s.JSON {
		s.inode = 1000
		fmt.Fprintf(s.out, `[1,0,{"progname":"SnapshotFormatter.java","progver":"0.01",`+
			`"timestamp":%d}`, s.Now.UnixMilli())
		s.ncdu("/", root)
		s.out.WriteString("]")
		return s.out.Flush()
	}
	// Java counts the root twice.
	fmt.Fprintf(s.out, "ZNode Details (count=%d):\n", t.Len()+1)
	s.znode("/", root)
	s.out.WriteString("----\nSession Details (sid, timeout, ephemeralCount):\n")
	t.EachSession(func(id zoo.SessionID, timeout int32) {
		fmt.Fprintf(s.out, "%s, %d, %d\n", hex(uint64(id)), timeout, len(t.Ephemerals(id)))
	})
	fmt.Fprintf(s.out, "----\nLast zxid: 0x%x\n", uint64(max(s.File.Zxid, s.newest)))
	return s.out.Flush()
}

// hex is Java's %#016x.
func hex(n uint64) string { return fmt.Sprintf("0x%014x", n) }

func (s *Snapshot) znode(path string, n tree.Node) {
	st := n.Persisted()
	s.newest = max(s.newest, st.Mzxid, st.Pzxid)
	fmt.Fprintf(s.out, "----\n%s\n  cZxid = %s\n  ctime = %s\n  mZxid = %s\n  mtime = %s\n"+
		"  pZxid = %s\n  cversion = %d\n  dataVersion = %d\n  aclVersion = %d\n"+
		"  ephemeralOwner = %s\n", path, hex(uint64(st.Czxid)), date(st.Ctime),
		hex(uint64(st.Mzxid)), date(st.Mtime), hex(uint64(st.Pzxid)), st.Cversion, st.Version,
		st.Aversion, hex(uint64(st.EphemeralOwner)))
	if s.Data {
		fmt.Fprintf(s.out, "  data = %s\n", base64.StdEncoding.EncodeToString(n.Data()))
	} else {
		fmt.Fprintf(s.out, "  dataLength = %d\n", len(n.Data()))
	}
	n.EachChild(func(name string, child tree.Node) bool {
		s.znode(strings.TrimSuffix(path, "/")+"/"+name, child)
		return true
	})
}

// date is Java's Date.toString().
func date(millis int64) string {
	return time.UnixMilli(millis).Format("Mon Jan 02 15:04:05 MST 2006")
}

// ncdu writes a znode and what is below it as ncdu's export format has it.
func (s *Snapshot) ncdu(name string, n tree.Node) {
	s.inode++
	quoted, err := json.Marshal(name)
	if err != nil {
		quoted = []byte(`""`) // no string is refused
	}
	text := fmt.Sprintf(`{"name":%s,"asize":%d,"dsize":%d,"dev":0,"ino":%d}`,
		quoted, len(n.Data()), len(n.Data()), s.inode)
	if n.NumChildren() == 0 {
		s.out.WriteString("," + text)
		return
	}
	s.out.WriteString(",[" + text)
	n.EachChild(func(name string, child tree.Node) bool {
		s.ncdu(name, child)
		return true
	})
	s.out.WriteString("]")
}
