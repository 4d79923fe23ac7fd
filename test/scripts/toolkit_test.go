package scripts

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
	"zoo/test/ensemble"
)

// javaTools is the class path of Java's offline tools.
const javaTools = "/usr/share/java/zookeeper.jar:/usr/share/java/commons-cli.jar:" +
	"/usr/share/java/slf4j-nop.jar"

// history is a data directory with one transaction of each kind in its log, and a
// snapshot of them; and the paths of both.
func history(t *testing.T) (log, snap string) {
	t.Helper()
	h := &home{T: t}
	dir := t.TempDir()
	s, r, err := store.Open(vfs.OS{}, dir, "")
	h.must(err)
	acl := []zoo.ACL{{Perms: zoo.PermRead, ID: zoo.ID{Scheme: "digest", ID: "bob:x="}},
		{Perms: zoo.PermAll, ID: zoo.AnyoneID}}
	for i, record := range oneOfEach(acl) {
		header := txn.Header{Session: 0x1000_0000_0000_002a + zoo.SessionID(i/10), Cxid: int32(i),
			Zxid: zoo.MakeZxid(1, uint32(i+1)), Time: 1_700_000_000_123 + int64(i)*1000,
			Type: record.op}
		e := txn.NewEntry(header, record.record, nil)
		h.must(s.Append([]txn.Entry{e}))
		_, err := r.Tree.Apply(e)
		h.must(err)
	}
	h.must(s.Close())
	writeSnapshot(t, dir, r.Tree)
	versions := store.VersionDir(dir)
	return filepath.Join(versions, "log.100000001"), filepath.Join(versions, "snapshot.10000000c")
}

// change is a record and its type.
type change struct {
	op     wire.Op
	record jute.Record
}

// oneOfEach is a transaction of each kind.
func oneOfEach(acl []zoo.ACL) []change {
	part := txn.SetDataTxn{Path: "/a", Data: []byte("two"), Version: 2}
	return []change{
		{wire.OpCreateSession, &txn.CreateSessionTxn{TimeOut: 4000}},
		{wire.OpCreate, &txn.CreateTxn{Path: "/a", Data: []byte("one"), ACL: acl,
			ParentCVersion: 1}},
		{wire.OpSetData, &txn.SetDataTxn{Path: "/a", Data: []byte("one more"), Version: 1}},
		{wire.OpSetACL, &txn.SetACLTxn{Path: "/a", ACL: acl, Version: 1}},
		{wire.OpCreate2, &txn.CreateTxn{Path: "/a/e", ACL: zoo.OpenACL(), Ephemeral: true,
			ParentCVersion: 1}},
		{wire.OpCreateContainer, &txn.CreateContainerTxn{Path: "/box", ACL: acl,
			ParentCVersion: 2}},
		{wire.OpMulti, &txn.MultiTxn{Txns: []txn.SubTxn{
			{Type: wire.OpSetData, Data: part.AppendTo(nil)}}}},
		{wire.OpError, &txn.ErrorTxn{Err: zoo.CodeNoNode}},
		{wire.OpCreate, &txn.CreateTxn{Path: "/gone", Data: []byte{}, ACL: zoo.OpenACL(),
			ParentCVersion: 3}},
		{wire.OpDelete, &txn.DeleteTxn{Path: "/gone"}},
		{wire.OpCloseSession, &txn.CloseSessionTxn{Paths: []string{"/none", "/a/x"}}},
		{wire.OpCreateSession, &txn.CreateSessionTxn{TimeOut: 8000}},
	}
}

// tool runs a script of ours.
func tool(t *testing.T, name string, args ...string) (stdout string, code int) {
	t.Helper()
	script, err := filepath.Abs("../../dist/bin/" + name)
	if err != nil {
		t.Fatal(err)
	}
	h := &home{T: t, script: script, env: append(os.Environ(), "ZOO_BINARY="+binary)}
	stdout, _, code = h.sh(args...)
	return stdout, code
}

// java runs one of Java's tools.
func java(t *testing.T, class string, args ...string) (stdout string, code int) {
	t.Helper()
	ensemble.LeaveOut(t, "Java's ZooKeeper", ensemble.FindJava())
	cmd := exec.Command("java", append([]string{"-Duser.language=en", "-cp", javaTools,
		"org.apache.zookeeper.server." + class}, args...)...)
	out, err := cmd.Output()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// modern brings a line of 3.8's log tool into the form of 3.9, which writes the
// parts of a multi field by field, and no ' before the path of a delete.
func modern(text string) string {
	text = strings.ReplaceAll(text, " delete '/", " delete /")
	return regexp.MustCompile(`(?m) multi .*(\n\x00.*)?$`).ReplaceAllString(text, " multi")
}

// The plot: the same log is read by Java's tool and by ours, whole and with a wrong
// checksum, printed, repaired and chopped. Lines, files and codes are the same.
func TestTheLogToolWritesWhatJavasDoes(t *testing.T) {
	log, _ := history(t)
	broken := filepath.Join(filepath.Dir(log), "broken")
	b, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	b[16+3+4] ^= 1 // the checksum of the first entry
	for _, args := range [][]string{{"FILE"}, {"-d", "FILE"}, {"-r", "-y", "FILE"},
		{"-r", "-v", "-y", "FILE"}, {"-c", "-z", "0x100000004", "FILE"}, {"-h"}, {}} {
		for _, file := range []string{log, broken} {
			if file == log && !slices.Equal(args, []string{"FILE"}) {
				continue // a JVM takes its time
			}
			if err := os.WriteFile(broken, b, 0o600); err != nil {
				t.Fatal(err)
			}
			compareTools(t, file, args)
		}
	}
}

func compareTools(t *testing.T, file string, args []string) {
	t.Helper()
	args = slices.Clone(args)
	if i := slices.Index(args, "FILE"); i >= 0 {
		args[i] = file
	}
	var texts, files [2]string
	var codes [2]int
	for i, run := range []func() (string, int){
		func() (string, int) { return java(t, "persistence.TxnLogToolkit", args...) },
		func() (string, int) { return tool(t, "zkTxnLogToolkit.sh", args...) },
	} {
		texts[i], codes[i] = run()
		for _, made := range []string{file + ".fixed", file + ".chopped4294967300"} {
			b, err := os.ReadFile(made)
			if err == nil {
				// Java's file is preallocated.
				files[i] += made + strings.TrimRight(string(b), "\x00")
			}
			os.Remove(made)
		}
	}
	usage := len(args) == 0 || args[0] == "-h"
	if !usage && modern(texts[0]) != modern(texts[1]) || codes[0] != codes[1] {
		t.Errorf("%v: code %d, Java's %d\n%s\nJava:\n%s",
			args, codes[1], codes[0], texts[1], texts[0])
	}
	if files[0] != files[1] {
		t.Errorf("%v: other files: %d and %d bytes", args, len(files[1]), len(files[0]))
	}
}

// Java's tool for snapshots walks children in the order of a hash, so the blocks of
// znodes are compared sorted.
func TestTheSnapshotToolWritesWhatJavasDoes(t *testing.T) {
	_, snap := history(t)
	for _, args := range [][]string{{snap}, {"-d", snap}, {"-d", "-json", snap},
		{}, {snap + "0"}} {
		ours, code := tool(t, "zkSnapShotToolkit.sh", args...)
		theirs, javaCode := java(t, "SnapshotFormatter", args...)
		if got, want := blocks(ours), blocks(theirs); got != want || code != javaCode {
			t.Errorf("%v: code %d, Java's %d\n%s\nJava:\n%s", args, code, javaCode, got, want)
		}
	}
	stamp := regexp.MustCompile(`"timestamp":\d+|"ino":\d+`)
	ours, _ := tool(t, "zkSnapShotToolkit.sh", "-json", snap)
	theirs, _ := java(t, "SnapshotFormatter", "-json", snap)
	sorted := func(text string) string {
		parts := regexp.MustCompile(`[\[\]{}]+,?`).Split(stamp.ReplaceAllString(text, ""), -1)
		slices.Sort(parts)
		return strings.Join(parts, "\n")
	}
	if sorted(ours) != sorted(theirs) || len(ours) != len(theirs) {
		t.Errorf("JSON:\n%s\nJava:\n%s", ours, theirs)
	}
}

func blocks(text string) string {
	parts := strings.Split(text, "----\n")
	slices.Sort(parts)
	return strings.Join(parts, "----\n")
}

// writeSnapshot writes a snapshot into a data directory.
func writeSnapshot(t *testing.T, dir string, from *tree.Tree) {
	t.Helper()
	frozen := from.Freeze()
	defer frozen.Close()
	err := snapshot.Write(vfs.OS{}, store.VersionDir(dir),
		snapshot.Source{Frozen: frozen, Lock: snapshot.NoLock{}})
	if err != nil {
		t.Fatal(err)
	}
}

// The plot: the same directory of five snapshots is purged by Java's tool and by ours.
// The same files stay, and the same are told of.
func TestTheCleanupRemovesWhatJavasDoes(t *testing.T) {
	var said, left [2]string
	for i := range said {
		dir := purgeable(t)
		if i == 0 {
			said[i], _ = java(t, "PurgeTxnLog", dir, dir, "-n", "3")
		} else {
			conf := t.TempDir()
			err := os.WriteFile(filepath.Join(conf, "zoo.cfg"), []byte("dataDir="+dir+"\n"), 0o600)
			if err != nil {
				t.Fatal(err)
			}
			said[i], _ = tool(t, "zkCleanup.sh", "--config", conf, "-n", "3")
		}
		lines := strings.Split(strings.ReplaceAll(said[i], dir, "DIR"), "\n")
		slices.Sort(lines)
		said[i] = regexp.MustCompile(`: .*\t`).ReplaceAllString(strings.Join(lines, "\n"), " ")
		names, err := vfs.OS{}.List(store.VersionDir(dir))
		if err != nil {
			t.Fatal(err)
		}
		names = slices.DeleteFunc(names, func(n string) bool { return n == "zoo.plan" })
		left[i] = strings.Join(names, " ")
	}
	if said[0] != said[1] || left[0] != left[1] || !strings.Contains(said[1], "Removing file") {
		t.Errorf("said\n%s\nJava:\n%s\nleft %s\nJava's %s", said[1], said[0], left[1], left[0])
	}
	if _, code := tool(t, "zkCleanup.sh", "-n", "2"); code != 1 {
		t.Errorf("keeping 2: code %d", code)
	}
}

// purgeable is a data directory with five snapshots and a log file behind each.
func purgeable(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	h := &home{T: t}
	s, r, err := store.Config{FS: vfs.OS{}, DataDir: dir, PreallocateBytes: 4096}.Open()
	h.must(err)
	for i := range uint32(5) {
		z := zoo.MakeZxid(1, i+1)
		e := txn.NewEntry(txn.Header{Zxid: z, Type: wire.OpCreateSession, Session: 1},
			&txn.CreateSessionTxn{TimeOut: 4000}, nil)
		h.must(s.Append([]txn.Entry{e}))
		_, err := r.Tree.Apply(e)
		h.must(err)
		h.must(s.Roll())
		writeSnapshot(t, dir, r.Tree)
	}
	h.must(s.Close())
	return dir
}
