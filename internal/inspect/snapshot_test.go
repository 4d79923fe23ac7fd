package inspect

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// grow applies a history of a session with an ephemeral, a container, a znode with a
// time to live, and /app with children below it.
func grow(t *testing.T) *tree.Tree {
	t.Helper()
	made := tree.New()
	z := zoo.Zxid(0x100000000)
	apply := func(op wire.Op, record interface{ AppendTo([]byte) []byte }) {
		z++
		h := txn.Header{Session: 0x2a, Zxid: z, Time: 1_700_000_000_000 + int64(z&0xff), Type: op}
		_, err := made.Apply(txn.Entry{Zxid: z, Bytes: record.AppendTo(h.AppendTo(nil))})
		if err != nil {
			t.Fatal(err)
		}
	}
	create := func(path, data string, ephemeral bool) {
		acl := zoo.OpenACL()
		if ephemeral {
			acl = []zoo.ACL{{Perms: zoo.PermRead, ID: zoo.ID{Scheme: "digest", ID: "bob:abc="}}}
		}
		apply(wire.OpCreate, &txn.CreateTxn{
			Path: path, Data: []byte(data), ACL: acl, Ephemeral: ephemeral, ParentCVersion: 1})
	}
	apply(wire.OpCreateSession, &txn.CreateSessionTxn{TimeOut: 4000})
	create("/app", "", false)
	for i := range 5 {
		create(fmt.Sprintf("/app/c%d", i), strings.Repeat("x", i*10), false)
	}
	create("/big", strings.Repeat("y", 1000), false)
	create("/lock", "\x00\xff", true)
	apply(wire.OpCreateContainer, &txn.CreateContainerTxn{Path: "/box", ParentCVersion: 4})
	apply(wire.OpCreateTTL, &txn.CreateTTLTxn{Path: "/brief", ParentCVersion: 5, TTL: 1234})
	return made
}

// snapshot writes a tree's snapshot.
func (s *site) snapshot(t *tree.Tree) snapshot.File {
	s.Helper()
	frozen := t.Freeze()
	defer frozen.Close()
	source := snapshot.Source{Frozen: frozen, Lock: snapshot.NoLock{}}
	s.must(snapshot.Write(s.disk, s.dir, source))
	return snapshot.File{Path: filepath.Join(s.dir, snapshot.Name(t.Zxid())), Zxid: t.Zxid()}
}

func TestStatsCountAndRankWhatIsThere(t *testing.T) {
	s := newSite(t)
	made := grow(t)
	stats, err := Measure(s.disk, s.snapshot(made), 2, nil)
	s.must(err)
	if stats.Znodes != made.Len() || stats.Sessions != 1 || stats.DataBytes != 1102 ||
		stats.Depth != 2 || !stats.Good() || stats.Fuzzy || stats.Stored != stats.Digest {
		t.Errorf("%+v", stats)
	}
	kinds := fmt.Sprint(stats.Kinds)
	if kinds != "map[container:1 ephemeral:1 persistent:11 ttl:1]" {
		t.Error(kinds)
	}
	if got := stats.Subtrees; len(got) != 2 || got[0].Path != "/" || got[1].Path != "/app" ||
		got[1].Znodes != 6 || got[1].Bytes != 100+4+5*7 {
		t.Errorf("subtrees %+v", got)
	}
	if got := stats.Large; len(got) != 2 || got[0].Path != "/big" || got[1].Path != "/app/c4" {
		t.Errorf("large %+v", got)
	}
	if got := fmt.Sprint(stats.Children); got != "[{0 0 11} {2 3 1} {4 7 2}]" {
		t.Errorf("children %s", got)
	}
}

// A snapshot that was damaged anywhere is not called good; the damage has a place.
func TestEveryFlippedBitOfASnapshotIsTold(t *testing.T) {
	s := newSite(t)
	file := s.snapshot(grow(t))
	whole := s.read(file.Path)
	for offset := range whole {
		s.write(file.Path, int64(offset), []byte{whole[offset] ^ 1<<(offset%8)})
		reports, err := VerifySnapshots(s.disk, []snapshot.File{file}, nil)
		s.must(err)
		if reports[0].Good() {
			t.Errorf("bit %d at offset %d is not told", offset%8, offset)
		}
		s.write(file.Path, int64(offset), whole[offset:offset+1])
	}
}

// A znode is shown with all that is known of it, and its data on demand only.
func TestShowPutsZnodesIntoWords(t *testing.T) {
	s := newSite(t)
	file := s.snapshot(grow(t))
	var lines []string
	show := func(o ShowOptions) {
		t.Helper()
		lines = nil
		o.Znode = func(n Znode) error { lines = append(lines, n.String()); return nil }
		o.Session = func(n Session) error { lines = append(lines, n.String()); return nil }
		damages, err := Show(s.disk, file, o)
		s.must(err)
		if len(damages) > 0 {
			t.Fatal(damages)
		}
	}
	show(ShowOptions{Path: "/lock", Depth: -1, Data: ShowData})
	want := []string{"session=0x2a timeoutMillis=4000",
		`"/lock" ephemeral dataBytes=2 version=0 cversion=0 aversion=0 czxid=0x100000009 ` +
			`mzxid=0x100000009 pzxid=0x100000009 ctime=2023-11-14T22:13:20.009Z ` +
			`mtime=2023-11-14T22:13:20.009Z ephemeralOwner=0x2a acl="digest:bob:abc=:r" ` +
			`data="\x00\xff"`}
	if !slices.Equal(lines, want) {
		t.Errorf("%s\nwant\n%s", strings.Join(lines, "\n"), strings.Join(want, "\n"))
	}
	show(ShowOptions{Path: "/app/", Depth: 0})
	if len(lines) != 2 || strings.Contains(lines[1], " data=") {
		t.Error(lines)
	}
	show(ShowOptions{Depth: 1})
	if len(lines) != 1+7 {
		t.Error(lines)
	}
}

// change applies some changes to what grow has made.
func (s *site) change(made *tree.Tree) {
	s.Helper()
	for i, part := range []struct {
		op     wire.Op
		record interface{ AppendTo([]byte) []byte }
	}{
		{wire.OpSetData, &txn.SetDataTxn{Path: "/big", Data: []byte("z"), Version: 1}},
		{wire.OpDelete, &txn.DeleteTxn{Path: "/app/c1"}},
		{wire.OpCreate, &txn.CreateTxn{Path: "/new", ParentCVersion: 6, ACL: zoo.OpenACL()}},
		{wire.OpCloseSession, &txn.CloseSessionTxn{Paths: []string{"/lock"}}},
	} {
		h := txn.Header{Session: 0x2a, Zxid: zoo.MakeZxid(2, uint32(i+1)),
			Time: 1_700_000_001_000, Type: part.op}
		_, err := made.Apply(txn.Entry{Zxid: h.Zxid, Bytes: part.record.AppendTo(h.AppendTo(nil))})
		s.must(err)
	}
}

func TestDiffTellsEachField(t *testing.T) {
	s := newSite(t)
	made := grow(t)
	before := s.snapshot(made)
	s.change(made)
	after := s.snapshot(made)
	found, damages, err := Diff(s.disk, before, after, HideData, nil)
	s.must(err)
	var lines []string
	for _, d := range found {
		lines = append(lines, d.String())
	}
	want := `- session 0x2a
~ "/" pzxid=0x10000000b>0x200000004 cversion=5>6
~ "/app" pzxid=0x100000003>0x200000002
- "/app/c1"
~ "/big" data=1000 bytes>1 bytes mzxid=0x100000008>0x200000001` +
		` mtime=2023-11-14T22:13:20.008Z>2023-11-14T22:13:21.000Z version=0>1
- "/lock"
+ "/new"`
	if got := strings.Join(lines, "\n"); len(damages) > 0 || got != want {
		t.Errorf("%s\n%v\nwant\n%s", got, damages, want)
	}
	same, _, err := Diff(s.disk, after, after, HideData, nil)
	s.must(err)
	if len(same) > 0 {
		t.Errorf("with itself: %v", same)
	}
}

// A snapshot that says that it is ahead of its name is good, and needs its log, also where
// no znode tells.
func TestASnapshotThatSaysSoIsFuzzy(t *testing.T) {
	s := newSite(t)
	made := grow(t)
	until := made.Zxid() + 3
	made.SetFuzzy(tree.Fuzzy{Until: until, Digest: 7, HasDigest: true})
	reports, err := VerifySnapshots(s.disk, []SnapshotFile{s.snapshot(made)}, nil)
	s.must(err)
	if r := reports[0]; !r.Good() || !r.Fuzzy || r.LastZxid != until.String() {
		t.Errorf("%+v", r)
	}
}
