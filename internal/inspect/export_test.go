package inspect

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"zoo/internal/disk/snapshot"
)

// A snapshot that is exported and imported again has the same znodes, stats, data,
// lists and sessions, in either form, and is the same file.
func TestWhatIsExportedIsImportedAgain(t *testing.T) {
	for _, form := range []ExportForm{FormJSON, FormText} {
		s := newSite(t)
		file := s.snapshot(grow(t))
		want, _, err := snapshot.Read(s.disk, file)
		s.must(err)
		var lines bytes.Buffer
		damages, err := Export(s.disk, file, &lines, form, nil)
		if err != nil || len(damages) > 0 {
			t.Fatal(damages, err)
		}
		s.must(s.disk.MkdirAll("other"))
		report, err := Import(s.disk, bytes.NewReader(lines.Bytes()), "other", ImportOptions{})
		s.must(err)
		got, _, err := snapshot.Read(s.disk, SnapshotFile{Path: report.File, Zxid: file.Zxid})
		s.must(err)
		if got.Fingerprint() != want.Fingerprint() || report.Stored != report.Digest {
			t.Errorf("%s: another tree: %+v\n%s", form, report, &lines)
		}
		if !bytes.Equal(s.read(report.File), s.read(file.Path)) {
			t.Errorf("%s: another file", form)
		}
		_, err = Import(s.disk, bytes.NewReader(lines.Bytes()), "other", ImportOptions{})
		if err == nil || !strings.Contains(err.Error(), "there already") {
			t.Errorf("%s: a second time: %v", form, err)
		}
	}
}

// What is no whole export is refused, with the line and the reason.
func TestLinesThatAreNoExportAreRefused(t *testing.T) {
	head, root, end := `{"zooSnapshot":1,"zxid":"0x5"}`,
		`znode path="/" czxid=0x0 mzxid=0x0 pzxid=0x0 ephemeralOwner=0x0 aclIndex=-1`,
		"end sessions=0 znodes=1"
	for _, c := range []struct{ lines, want string }{
		{"", "the last line is missing"},
		{head + "\n" + root, "the last line is missing"},
		{root, "line 1: not an exported snapshot: the head is missing"},
		{head + "\n" + head, "line 2: not an exported snapshot: head of version 1"},
		{head + "\n" + end, "no root"},
		{head + "\n" + root + "\nznode path=\"/a/b\" czxid=0x0", "line 3"},
		{head + "\n" + strings.Replace(root, `"/"`, `"/a/b"`, 1), "before its parent"},
		{head + "\n" + root + " acl=\"nobody\"", `acl "nobody" is not scheme:id:perms`},
		{head + "\n" + root + " wings=2", "unknown field: znode wings"},
		{head + "\n" + root + " data=\"x", "invalid syntax"},
		{head + "\n" + root + "\n" + end + "\n" + end, "line 4"},
		{head + "\n" + root + "\n" + end + " damages=2", "--damaged imports what there is"},
		{`{"zooSnapshot":2}`, "of version 1"},
		{"{", "line 1"},
	} {
		s := newSite(t)
		_, err := Import(s.disk, strings.NewReader(c.lines), s.dir, ImportOptions{})
		if !errors.Is(err, ErrImport) || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s\n%v, want %s", c.lines, err, c.want)
		}
	}
}

// An export of a damaged snapshot says so, and is imported on demand.
func TestADamagedSnapshotIsExportedAsFarAsItGoes(t *testing.T) {
	s := newSite(t)
	file := s.snapshot(grow(t))
	s.flip(file.Path, int64(len(s.read(file.Path)))/2)
	var lines bytes.Buffer
	damages, err := Export(s.disk, file, &lines, FormJSON, nil)
	if err != nil || len(damages) != 1 {
		t.Fatal(damages, err)
	}
	s.must(s.disk.MkdirAll("other"))
	_, err = Import(s.disk, bytes.NewReader(lines.Bytes()), "other", ImportOptions{})
	if !errors.Is(err, ErrImport) {
		t.Error(err)
	}
	_, err = Import(s.disk, &lines, "other", ImportOptions{Damaged: true})
	s.must(err)
}

func FuzzImport(f *testing.F) {
	f.Add([]byte("{\"zooSnapshot\":1,\"zxid\":\"0x5\"}\nznode path=\"/\" czxid=0x0 mzxid=0x0 " +
		"pzxid=0x0 ephemeralOwner=0x0 aclIndex=-1 acl=\"world:anyone:r\"\nend sessions=0"))
	f.Fuzz(func(t *testing.T, lines []byte) {
		s := newSite(t)
		report, err := Import(s.disk, bytes.NewReader(lines), s.dir, ImportOptions{})
		if err == nil && !report.Good() {
			t.Errorf("imported and not good: %+v", report)
		}
	})
}
