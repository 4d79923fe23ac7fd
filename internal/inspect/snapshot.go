package inspect

import (
	"errors"
	"fmt"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/vfs"
)

// SnapshotFile is a snapshot and the zxid in its name.
type SnapshotFile = snapshot.File

// SnapshotReport is what verifying tells of a snapshot.
type SnapshotReport struct {
	File string `json:"file"`
	// Zxid is the one in the file's name: the history that is in it for sure. Last
	// is the newest that may be in it.
	Zxid     string `json:"zxid"`
	LastZxid string `json:"lastZxid"`
	Bytes    int64  `json:"bytes"`
	Znodes   int    `json:"znodes"`
	Sessions int    `json:"sessions"`
	ACLs     int    `json:"acls"`
	// DataBytes is the length of all data of znodes.
	DataBytes int64 `json:"dataBytes"`
	// Fuzzy means that some znodes are newer than Zxid or may be, as in the snapshots
	// that Java's server writes under load: the log behind it sets that right.
	Fuzzy bool `json:"fuzzy"`
	// Digest is that of the znodes; Stored the one in the file, at StoredZxid.
	Digest     string `json:"digest"`
	Stored     string `json:"storedDigest,omitempty"`
	StoredZxid string `json:"storedDigestZxid,omitempty"`
	// Lost counts ephemerals whose session the snapshot does not have.
	Lost    int      `json:"ephemeralsWithoutSession"`
	Damages []Damage `json:"damages"`

	zxid zoo.Zxid
}

// Good tells whether a server would start with the snapshot.
func (r SnapshotReport) Good() bool { return len(r.Damages) == 0 }

// loaded is a snapshot in memory, as far as it could be read.
type loaded struct {
	*snapshotReader
	tree *tree.Tree // nil if there is not even a root
	info snapshot.Info
}

// snapshotReader builds the tree and counts on the way.
type snapshotReader struct {
	loader *tree.Loader
	report SnapshotReport
	newest zoo.Zxid
	owners map[zoo.SessionID]bool // sessions that exist
	lists  map[int64][]zoo.ACL
}

// Session implements snapshot.Visitor.
func (r *snapshotReader) Session(id zoo.SessionID, timeoutMillis int32) {
	r.report.Sessions++
	r.owners[id] = true
	r.loader.Session(id, timeoutMillis)
}

// ACL implements snapshot.Visitor.
func (r *snapshotReader) ACL(index int64, list []zoo.ACL) {
	r.report.ACLs++
	r.lists[index] = list
	r.loader.ACL(index, list)
}

// Node implements snapshot.Visitor.
func (r *snapshotReader) Node(path string, data []byte, acl int64, st *zoo.StatPersisted) error {
	r.report.Znodes++
	r.report.DataBytes += int64(len(data))
	r.newest = max(r.newest, st.Czxid, st.Mzxid, st.Pzxid)
	if ownerType(st.EphemeralOwner) == tree.OwnerSession && !r.owners[st.EphemeralOwner] {
		r.report.Lost++
	}
	return r.loader.Node(path, data, acl, st)
}

// ownerType takes znodes with a time to live for what they are, also where the
// server's settings would not.
func ownerType(owner zoo.SessionID) tree.OwnerType { return tree.Types{Extended: true}.Of(owner) }

// load reads a snapshot as far as it goes. The only errors are the disk's: what is
// wrong with the content is in the report.
func load(disk vfs.FS, file snapshot.File) (*loaded, error) {
	l := &loaded{snapshotReader: &snapshotReader{
		loader: tree.NewLoader(), owners: make(map[zoo.SessionID]bool),
		lists: make(map[int64][]zoo.ACL),
	}}
	r := &l.report
	*r = SnapshotReport{File: file.Path, Zxid: file.Zxid.String(), Damages: []Damage{},
		zxid: file.Zxid}
	stat, err := disk.Stat(file.Path)
	if err != nil {
		return nil, err
	}
	r.Bytes = stat.Size
	l.info, err = snapshot.Visit(disk, file, l)
	if err := r.blame(err); err != nil {
		return nil, err
	}
	l.finish(file)
	return l, nil
}

// blame files an error that lies in the content as damage.
func (r *SnapshotReport) blame(err error) error {
	var corrupt *vfs.CorruptError
	if !errors.As(err, &corrupt) {
		return err
	}
	r.Damages = append(r.Damages, Damage{File: r.File, Offset: corrupt.Offset,
		Want: corrupt.Want, Got: corrupt.Got})
	return nil
}

// finish makes the tree of what was read, and compares digests.
func (l *loaded) finish(file snapshot.File) {
	r := &l.report
	last := max(l.info.LastZxid, l.info.Fuzzy().Until, l.newest)
	r.LastZxid, r.Fuzzy = last.String(), last > file.Zxid
	before := r.Znodes
	t, err := l.loader.Finish(file.Zxid)
	if err != nil {
		if r.Good() {
			r.Damages = append(r.Damages, Damage{File: r.File, Offset: -1,
				Want: "a tree", Got: err.Error()})
		}
		return
	}
	t.SetTypes(tree.Types{Extended: true})
	l.tree = t
	r.Digest = fmt.Sprintf("%#x", t.Digest())
	if !l.info.HasDigest {
		return
	}
	r.Stored = fmt.Sprintf("%#x", l.info.Digest)
	r.StoredZxid = l.info.DigestZxid.String()
	// The system's own znodes, which Finish adds to old snapshots, have digests.
	comparable := l.info.Comparable() && !r.Fuzzy && t.Len() == before
	if r.Good() && comparable && r.Stored != r.Digest {
		r.Damages = append(r.Damages, Damage{File: r.File, Offset: -1,
			Want: "znodes with digest " + r.Stored, Got: r.Digest})
	}
}

// VerifySnapshots reads snapshots whole and reports on each.
func VerifySnapshots(
	disk vfs.FS, files []snapshot.File, tell Progress) ([]SnapshotReport, error) {
	disk = meter(disk, tell, paths(files)...)
	var reports []SnapshotReport
	for _, file := range files {
		l, err := load(disk, file)
		if err != nil {
			return reports, err
		}
		reports = append(reports, l.report)
	}
	return reports, nil
}

func paths(files []snapshot.File) []string {
	var paths []string
	for _, file := range files {
		paths = append(paths, file.Path)
	}
	return paths
}
