package audit

import (
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/disk/vfs"
	"zoo/internal/wire"
)

const name = "/audit.log"

// filed is a log in a file, with a count of what it loses.
func filed(disk vfs.FS, bytesMax int64, files int) (l *Log, lines *int) {
	lines = new(int)
	return New(Config{File: name, FS: disk, FileBytesMax: bytesMax, FilesMax: files,
		User: func(id zoo.ID) string { return id.ID }, ServerUser: "server",
		Lost: func(n int, _ error) { *lines += n }}), lines
}

// emptyDisk has a directory, and nothing in it.
func emptyDisk(t *testing.T) vfs.FS {
	disk := vfs.NewMem()
	if err := disk.MkdirAll("/"); err != nil {
		t.Fatal(err)
	}
	return disk
}

func deletion(path string) Entry {
	return Entry{Asked: &Asked{Session: 1, Op: wire.OpDelete, Path: path}}
}

func read(t *testing.T, disk vfs.FS, name string) string {
	t.Helper()
	f, err := disk.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The plot: more is noted than four files have room for. The moral: there are three, none
// above its size, and they end with what came last, whole.
func TestFilesAreBoundedInSizeAndNumber(t *testing.T) {
	disk := emptyDisk(t)
	l, lost := filed(disk, 1000, 3)
	for i := range 100 {
		l.Note(deletion(fmt.Sprintf("/n%d", i)))
	}
	l.Close()
	l.Run()
	names, err := disk.List("/")
	if err != nil || !slices.Equal(names, []string{"audit.log", "audit.log.1", "audit.log.2"}) {
		t.Fatalf("files %q, %v", names, err)
	}
	var all strings.Builder
	for _, name := range []string{name + ".2", name + ".1", name} {
		text := read(t, disk, name)
		if len(text) > 1000 || !strings.HasSuffix(text, "\n") {
			t.Errorf("%s has %d bytes", name, len(text))
		}
		all.WriteString(text)
	}
	lines := strings.Split(strings.TrimSuffix(all.String(), "\n"), "\n")
	for i, line := range lines {
		if want := fmt.Sprintf(`"/n%d"`, 100-len(lines)+i); !strings.Contains(line, want) {
			t.Fatalf("line %d has no %s: %s", i, want, line)
		}
	}
	if *lost != 0 {
		t.Errorf("%d lines lost", *lost)
	}
}

func TestOneFileBeginsAnew(t *testing.T) {
	disk := emptyDisk(t)
	l, _ := filed(disk, 1000, 1)
	for range 100 {
		l.Note(deletion("/n"))
	}
	l.Close()
	l.Run()
	if names, err := disk.List("/"); err != nil || len(names) != 1 {
		t.Fatalf("files %q, %v", names, err)
	}
	if n := len(read(t, disk, name)); n > 1000 {
		t.Errorf("%d bytes", n)
	}
}

// The plot: nobody writes while more is noted than has room. The moral: Note returns, what
// was lost is counted, and the log says where it is missing.
func TestWhatIsLostIsCountedAndTold(t *testing.T) {
	disk := emptyDisk(t)
	l, lost := filed(disk, 1<<30, 1)
	for range entriesMax + 7 {
		l.Note(deletion("/n"))
	}
	l.Close()
	l.Run()
	if *lost != 7 {
		t.Errorf("%d lines lost, want 7", *lost)
	}
	if text := read(t, disk, name); !strings.HasSuffix(text,
		`"operation":"auditLost","result":"failure","lines":7}`+"\n") {
		t.Errorf("the log ends with %s", text[max(0, len(text)-200):])
	}
}

func TestWhatWaitsIsBoundedInBytes(t *testing.T) {
	l, _ := filed(emptyDisk(t), 1<<30, 1)
	path := "/" + strings.Repeat("p", 1<<20)
	for range 100 {
		l.Note(deletion(path))
	}
	if _, dropped, _ := l.take(); dropped < 84 {
		t.Errorf("%d of 100 MiB were dropped", dropped)
	}
}

// The plot: a server starts for the first time, and its log has a line before the directory
// for it is there. The moral: the line is not lost.
func TestTheDirectoryOfTheLogIsMade(t *testing.T) {
	disk := vfs.NewMem()
	l, lost := filed(disk, 1<<20, 2)
	l.Note(deletion("/n"))
	l.Close()
	l.Run()
	if *lost != 0 || !strings.Contains(read(t, disk, name), `"/n"`) {
		t.Errorf("%d lines are lost", *lost)
	}
}

// The plot: a crash has cut off the last line. The moral: the next one begins on its own.
func TestALineThatWasCutOffEnds(t *testing.T) {
	disk := emptyDisk(t)
	f, err := disk.Create(name)
	if err == nil {
		_, err = f.Write([]byte(`{"time`))
	}
	if err != nil {
		t.Fatal(err)
	}
	l, _ := filed(disk, 1<<20, 2)
	l.Note(deletion("/n"))
	l.Close()
	l.Run()
	if text := read(t, disk, name); !strings.HasPrefix(text, "{\"time\n{\"time\":") {
		t.Errorf("the log has %s", text)
	}
}

// What cannot be read has a line all the same.
func TestARequestThatCannotBeReadIsAudited(t *testing.T) {
	for op := range operations {
		e := Entry{Asked: Read(op, []byte{0, 0}), Code: zoo.CodeMarshallingError}
		if got := e.lines(); len(got) != 1 || got[0].result != failure {
			t.Errorf("%v: %+v", op, got)
		}
	}
}

// The plot: the memory of a request is taken for the next one before the line is written.
func TestWhatIsReadSharesNoMemoryWithTheRequest(t *testing.T) {
	acls := []zoo.ACL{{Perms: zoo.PermRead, ID: zoo.ID{Scheme: "ip", ID: "::1"}}}
	create := (&wire.CreateRequest{Path: "/a", ACL: acls}).AppendTo(nil)
	parts := append(wire.AppendMultiRequest(nil, wire.OpCreate), create...)
	for op, body := range map[wire.Op][]byte{
		wire.OpCreate: create,
		wire.OpDelete: (&wire.DeleteRequest{Path: "/a"}).AppendTo(nil),
		wire.OpSetACL: (&wire.SetACLRequest{Path: "/a", ACL: acls}).AppendTo(nil),
		wire.OpMulti:  wire.AppendMultiEnd(parts),
	} {
		asked, again := Read(op, slices.Clone(body)), slices.Clone(body)
		got := Read(op, again)
		for i := range again {
			again[i] = 'x'
		}
		if !reflect.DeepEqual(got, asked) {
			t.Errorf("%v: got %+v, want %+v", op, got, asked)
		}
	}
}

func TestListsHaveNoHashes(t *testing.T) {
	l := New(Config{Log: slog.New(slog.DiscardHandler)})
	var list []zoo.ACL
	for _, id := range []zoo.ID{{Scheme: "world", ID: "anyone"}, {Scheme: "ip", ID: "::1"},
		{Scheme: "digest", ID: "u:hash"}, {Scheme: "digest", ID: "hash"},
		{Scheme: "auth", ID: "password"}, {Scheme: "x509", ID: "CN=a"}} {
		list = append(list, zoo.ACL{Perms: zoo.PermRead, ID: id})
	}
	want := "world:anyone:r,ip:::1:r,digest:u:r,digest::r,auth::r,x509:CN=a:r"
	if got := l.list(list); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
