package inspect

import (
	"fmt"
	"strings"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/vfs"
)

// Znode is a znode of a snapshot in words.
type Znode struct {
	Path string `json:"path"`
	// DataBytes is -1 where the data is null.
	DataBytes int `json:"dataBytes"`
	// Data is nil unless it is asked for: it may be secret.
	Data []byte `json:"data,omitempty"`
	// ACL is null where the snapshot lacks the list of this number, as a fuzzy one
	// may.
	ACL         []string `json:"acl"`
	ACLIndex    int64    `json:"aclIndex"`
	Czxid       string   `json:"czxid"`
	Mzxid       string   `json:"mzxid"`
	Pzxid       string   `json:"pzxid"`
	CtimeMillis int64    `json:"ctimeMillis"`
	MtimeMillis int64    `json:"mtimeMillis"`
	Version     int32    `json:"version"`
	Cversion    int32    `json:"cversion"`
	Aversion    int32    `json:"aversion"`
	// Owner is the session of an ephemeral, or the special value of a container or
	// of a znode with a time to live, which Kind tells.
	Owner     string `json:"ephemeralOwner"`
	Kind      string `json:"kind"`
	TTLMillis int64  `json:"ttlMillis,omitempty"`
}

// The kinds of znodes.
const (
	KindPersistent = "persistent"
	KindEphemeral  = "ephemeral"
	KindContainer  = "container"
	KindTTL        = "ttl"
)

// kindOf tells a znode's kind by its owner.
func kindOf(owner zoo.SessionID) string {
	switch ownerType(owner) {
	case tree.OwnerSession:
		return KindEphemeral
	case tree.OwnerContainer:
		return KindContainer
	case tree.OwnerTTL:
		return KindTTL
	}
	return KindPersistent
}

// znode puts a znode into words.
func znode(path string, p []byte, st *zoo.StatPersisted, data Data) Znode {
	if path == "" {
		path = "/"
	}
	n := Znode{
		Path: strings.Clone(path), DataBytes: len(p), Czxid: st.Czxid.String(),
		Mzxid: st.Mzxid.String(), Pzxid: st.Pzxid.String(), CtimeMillis: st.Ctime,
		MtimeMillis: st.Mtime, Version: st.Version, Cversion: st.Cversion,
		Aversion: st.Aversion, Owner: st.EphemeralOwner.String(),
		Kind: kindOf(st.EphemeralOwner),
	}
	if p == nil {
		n.DataBytes = -1
	}
	if data == ShowData {
		n.Data = append([]byte(nil), p...)
	}
	if n.Kind == KindTTL {
		n.TTLMillis = st.EphemeralOwner.TTL()
	}
	return n
}

// String is the znode on one line.
func (n Znode) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%q %s dataBytes=%d version=%d cversion=%d aversion=%d czxid=%s mzxid=%s "+
		"pzxid=%s ctime=%s mtime=%s", n.Path, n.Kind, n.DataBytes, n.Version, n.Cversion,
		n.Aversion, n.Czxid, n.Mzxid, n.Pzxid, Time(n.CtimeMillis), Time(n.MtimeMillis))
	if n.Kind == KindEphemeral {
		fmt.Fprintf(&b, " ephemeralOwner=%s", n.Owner)
	}
	if n.Kind == KindTTL {
		fmt.Fprintf(&b, " ttlMillis=%d", n.TTLMillis)
	}
	if n.ACL == nil {
		fmt.Fprintf(&b, " acl=unknown")
	} else {
		fmt.Fprintf(&b, " acl=%q", strings.Join(n.ACL, ","))
	}
	if n.Data != nil {
		fmt.Fprintf(&b, " data=%q", n.Data)
	}
	return b.String()
}

// Session is a session of a snapshot.
type Session struct {
	ID            string `json:"session"`
	TimeoutMillis int32  `json:"timeoutMillis"`
}

// String is the session on one line.
func (s Session) String() string {
	return fmt.Sprintf("session=%s timeoutMillis=%d", s.ID, s.TimeoutMillis)
}

// ShowOptions say what of a snapshot is shown.
type ShowOptions struct {
	// Path is the top of what is shown; "" is everything. Depth is how many levels
	// below it, -1 all.
	Path     string
	Depth    int
	Data     Data
	Progress Progress
	// Session and Znode take what is shown, in the order of the file. A nil one
	// takes nothing.
	Session func(Session) error
	Znode   func(Znode) error
}

// Show reads a snapshot and shows its parts as they come, all that can be read
// before the first damage of its structure; a wrong checksum is told at the end.
func Show(disk vfs.FS, file snapshot.File, o ShowOptions) ([]Damage, error) {
	shower := &shower{o: o, lists: map[int64][]string{-1: ACLTexts(zoo.OpenACL())}}
	var r SnapshotReport
	r.File = file.Path
	_, err := snapshot.Visit(meter(disk, o.Progress, file.Path), file, shower)
	if shower.err != nil {
		return nil, shower.err
	}
	return r.Damages, r.blame(err)
}

// shower is a visitor that puts things into words.
type shower struct {
	o     ShowOptions
	lists map[int64][]string
	err   error // of whoever takes it
}

// Session implements snapshot.Visitor.
func (s *shower) Session(id zoo.SessionID, timeoutMillis int32) {
	if s.o.Session != nil && s.err == nil {
		s.err = s.o.Session(Session{id.String(), timeoutMillis})
	}
}

// ACL implements snapshot.Visitor.
func (s *shower) ACL(index int64, list []zoo.ACL) {
	if _, known := s.lists[index]; !known {
		s.lists[index] = append([]string{}, ACLTexts(list)...)
	}
}

// Node implements snapshot.Visitor.
func (s *shower) Node(path string, data []byte, acl int64, st *zoo.StatPersisted) error {
	if s.o.Znode == nil || s.err != nil || !s.o.wants(path) {
		return s.err
	}
	n := znode(path, data, st, s.o.Data)
	n.ACL, n.ACLIndex = s.lists[acl], acl
	s.err = s.o.Znode(n)
	return s.err
}

func (o *ShowOptions) wants(path string) bool {
	top := strings.TrimSuffix(o.Path, "/")
	if path != top && !strings.HasPrefix(path, top+"/") {
		return false
	}
	return o.Depth < 0 || strings.Count(path[len(top):], "/") <= o.Depth
}
