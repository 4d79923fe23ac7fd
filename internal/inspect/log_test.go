package inspect

import (
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// entry is the creation of /n<counter> in epoch 1.
func entry(counter uint32) txn.Entry {
	z := zoo.MakeZxid(1, counter)
	return txn.NewEntry(
		txn.Header{Session: 0x2a, Cxid: int32(counter), Zxid: z, Time: 1_700_000_000_000,
			Type: wire.OpCreate2},
		&txn.CreateTxn{Path: fmt.Sprintf("/n%d", counter), Data: []byte("secret of " + z.String()),
			ACL: zoo.OpenACL(), ParentCVersion: int32(counter)}, &txn.Digest{Version: 2, Tree: 7})
}

// site is a data directory on a disk in memory.
type site struct {
	*testing.T
	disk *vfs.Mem
	dir  string // version-2
}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t, vfs.NewMem(), "data/version-2"}
	s.must(s.disk.MkdirAll(s.dir))
	return s
}

func (s *site) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

// log writes the entries from..to of epoch 1 as one file, and gives its path and
// where each entry begins.
func (s *site) log(from, to uint32) (path string, offsets map[uint32]int64) {
	s.Helper()
	before := zoo.MakeZxid(1, from-1)
	if from == 1 {
		before = 0
	}
	w := txnlog.NewWriter(s.disk, s.dir, before, txnlog.Config{PreallocateBytes: 4 << 10})
	offsets = make(map[uint32]int64)
	for i := from; i <= to; i++ {
		offsets[i] = max(w.SegmentBytes(), 16)
		s.must(w.Append([]txn.Entry{entry(i)}))
	}
	s.must(w.Close())
	return filepath.Join(s.dir, txnlog.Name(zoo.MakeZxid(1, from))), offsets
}

// write overwrites bytes of a file.
func (s *site) write(path string, offset int64, p []byte) {
	s.Helper()
	f, err := s.disk.OpenWrite(path)
	s.must(err)
	_, err = f.WriteAt(p, offset)
	s.must(err)
	s.must(f.Sync())
	s.must(f.Close())
}

// flip changes one bit.
func (s *site) flip(path string, offset int64) {
	s.Helper()
	b := []byte{s.read(path)[offset] ^ 0x10}
	s.write(path, offset, b)
}

func (s *site) read(path string) []byte {
	s.Helper()
	f, err := s.disk.Open(path)
	s.must(err)
	defer f.Close()
	b, err := io.ReadAll(f)
	s.must(err)
	return b
}

// dump is the lines of a dump.
func (s *site) dump(o DumpOptions, paths ...string) (zxids []string, damages []Damage) {
	s.Helper()
	s.must(Dump(s.disk, paths, o, func(r Record) error {
		if r.Damage != nil {
			damages = append(damages, *r.Damage)
		} else {
			zxids = append(zxids, r.Transaction.Zxid)
		}
		return nil
	}))
	return zxids, damages
}

// The plot: three places of a log are damaged in three ways: data, a length, and the
// file's header. All of them are told with their offsets, and all that is whole
// between and behind them is shown.
func TestADumpGoesOnBehindEachDamage(t *testing.T) {
	s := newSite(t)
	path, at := s.log(1, 20)
	s.flip(path, 1)
	s.flip(path, at[5]+60)
	s.write(path, at[12]+8, []byte{0, 0, 0, 40})
	zxids, damages := s.dump(DumpOptions{}, path)
	if len(zxids) != 18 || slices.Contains(zxids, "0x100000005") ||
		slices.Contains(zxids, "0x10000000c") {
		t.Errorf("shown are %v", zxids)
	}
	if len(damages) != 3 || damages[0].Offset != 0 || damages[1].Offset != at[5] ||
		damages[1].Size != at[6]-at[5] || damages[1].Zxid != "0x100000005" ||
		damages[2].Offset != at[12] || damages[2].Size != at[13]-at[12] || damages[2].Torn {
		t.Errorf("damages: %+v", damages)
	}
}

// A power cut leaves a part of the last write: that is torn, not damaged. What came
// before zeros that no server reads beyond is told, too.
func TestATornTailIsToldApartFromDamage(t *testing.T) {
	s := newSite(t)
	path, at := s.log(1, 5)
	s.write(path, at[5]+40, make([]byte, 81))
	s.write(path, 40_000, []byte("remains"))
	reports, err := VerifyLogs(s.disk, []string{path}, nil)
	s.must(err)
	r := reports[0]
	if len(r.Damages) != 1 || r.Damages[0].Offset != at[5] || r.Good() || r.Torn() {
		t.Errorf("with remains far behind: %+v", r)
	}
	s.write(path, 40_000, make([]byte, 7))
	reports, err = VerifyLogs(s.disk, []string{path}, nil)
	s.must(err)
	if r = reports[0]; !r.Good() || !r.Torn() || r.Transactions != 4 || r.Last != "0x100000004" {
		t.Errorf("torn: %+v", r)
	}
}

func TestBytesBehindTheEndAreTold(t *testing.T) {
	s := newSite(t)
	path, _ := s.log(1, 3)
	hidden := txnlog.AppendFrame(nil, entry(9))
	s.write(path, 30_000, hidden)
	zxids, damages := s.dump(DumpOptions{}, path)
	if len(damages) != 1 || !damages[0].Torn || damages[0].Offset+damages[0].Size != 30_000 ||
		strings.Join(zxids, " ") != "0x100000001 0x100000002 0x100000003 0x100000009" {
		t.Errorf("%v %+v", zxids, damages)
	}
}

// Two whole files with a transaction missing between them: each is good, the log is not.
func TestVerifyFindsGapsBetweenFiles(t *testing.T) {
	s := newSite(t)
	first, _ := s.log(1, 4)
	second, at := s.log(6, 8)
	reports, err := VerifyLogs(s.disk, []string{first, second}, nil)
	s.must(err)
	if !reports[0].Good() || reports[1].Good() || len(reports[1].Gaps) != 1 {
		t.Fatalf("%+v", reports)
	}
	want := fmt.Sprintf("GAP %s at offset %d: after 0x100000004 comes 0x100000006", second, at[6])
	if got := reports[1].Gaps[0].String(); got != want {
		t.Errorf("%s", got)
	}
}

// A bit flipped at any place of a small log that holds data is told, and told where:
// the damaged place covers it.
func TestEveryFlippedBitOfALogIsTold(t *testing.T) {
	s := newSite(t)
	path, at := s.log(1, 3)
	whole := s.read(path)
	end := at[3] + (at[3] - at[2])
	for offset := int64(0); offset < end; offset++ {
		if offset >= 8 && offset < 16 {
			continue // the database id, which no server reads
		}
		for bit := range 8 {
			s.write(path, offset, []byte{whole[offset] ^ 1<<bit})
			_, damages := s.dump(DumpOptions{}, path)
			covered := slices.ContainsFunc(damages, func(d Damage) bool {
				return d.Offset <= offset && offset < d.Offset+d.Size
			})
			if !covered {
				t.Errorf("bit %d at offset %d: %+v", bit, offset, damages)
			}
		}
		s.write(path, offset, whole[offset:offset+1])
	}
}

func TestFiltersNarrowADumpDown(t *testing.T) {
	s := newSite(t)
	path, _ := s.log(1, 9)
	for _, c := range []struct {
		want string
		o    DumpOptions
	}{
		{"0x100000003 0x100000004", DumpOptions{From: 0x100000003, To: 0x100000004}},
		{"0x100000007", DumpOptions{Path: "/n7"}},
		{"", DumpOptions{Session: 0x2b}},
		{"", DumpOptions{Type: "delete"}},
		{"0x100000008", DumpOptions{Type: "CREATE2", Pattern: regexp.MustCompile(`path="/n[8]"`)}},
		{"", DumpOptions{Pattern: regexp.MustCompile("secret")}},
		{"0x100000002", DumpOptions{Pattern: regexp.MustCompile("secret.*2"), Data: ShowData}},
	} {
		zxids, _ := s.dump(c.o, path)
		if got := strings.Join(zxids, " "); got != c.want {
			t.Errorf("%+v: %q, want %q", c.o, got, c.want)
		}
	}
}

// Each kind of transaction has its line.
func TestTransactionsInWords(t *testing.T) {
	sub := (&txn.DeleteTxn{Path: "/a"}).AppendTo(nil)
	refused := (&txn.ErrorTxn{Err: zoo.CodeNoNode}).AppendTo(nil)
	for _, c := range []struct {
		op     wire.Op
		record interface{ AppendTo([]byte) []byte }
		want   string
	}{
		{wire.OpSetData, &txn.SetDataTxn{Path: "/a", Version: 3},
			`setData path="/a" dataBytes=-1 version=3`},
		{wire.OpSetACL, &txn.SetACLTxn{Path: "/a", ACL: zoo.OpenACL(), Version: 1},
			`setACL path="/a" acl="world:anyone:cdrwa" version=1`},
		{wire.OpCreateTTL, &txn.CreateTTLTxn{Path: "/t", Data: []byte{}, TTL: 5},
			`createTTL path="/t" dataBytes=0 ttlMillis=5 parentCversion=0`},
		{wire.OpCreateSession, &txn.CreateSessionTxn{TimeOut: 4000},
			`createSession timeoutMillis=4000`},
		{wire.OpCloseSession, &txn.CloseSessionTxn{Paths: []string{"/e"}},
			`closeSession paths=["/e"]`},
		{wire.OpMulti, &txn.MultiTxn{Txns: []txn.SubTxn{{Type: wire.OpDelete, Data: sub},
			{Type: wire.OpError, Data: refused}}},
			`multi {delete path="/a"} {error error="` + zoo.CodeNoNode.Error() + `"}`},
	} {
		h := txn.Header{Session: 1, Cxid: 2, Zxid: 3, Type: c.op}
		b := c.record.AppendTo(h.AppendTo(nil))
		d, err := Describe(txn.Entry{Zxid: 3, Bytes: b}, HideData)
		if err != nil {
			t.Fatal(err)
		}
		want := "0x3 1970-01-01T00:00:00.000Z session=0x1 cxid=2 " + c.want
		if got := d.String(); got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
	}
}
