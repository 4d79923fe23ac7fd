package datadir

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
	"zoo/test/ensemble"
)

// limit bounds one row, on a machine that is busy with other tests.
const limit = 3 * time.Minute

// rows are the settings that change what is in the files.
var rows = []struct {
	name  string
	lines []string
	// bare has Java's server start from our last snapshot alone.
	bare bool
	// digested has Java's server look for digests, which are not there.
	digested bool
}{
	{name: "plain, our log"},
	{name: "plain, our snapshot", bare: true},
	{name: "gz, without digests", bare: true,
		lines: []string{"snapshot.compression.method=gz", undigested}},
	{name: "without digests, for a server with them", bare: true, digested: true,
		lines: []string{undigested}},
	{name: "snappy", bare: true, lines: []string{"snapshot.compression.method=snappy"}},
}

// always are settings of all rows: snapshots all the time, and a system that survives.
var always = []string{"snapCount=200", "forceSync=no", "extendedTypesEnabled=true"}

const undigested = "digest.enabled=false"

// run has a server of this program on the directory.
func run(
	ctx context.Context, t *testing.T, dir string, lines []string, p ensemble.Program,
) *ensemble.Server {
	t.Helper()
	e, err := ensemble.New(ensemble.Options{Dir: dir, Voters: 1, Program: p,
		Lines: append(lines, always...)})
	must(t, err)
	t.Cleanup(func() { _ = e.Close() })
	must(t, e.Start(ctx))
	return e.Servers[0]
}

// The plot: Java's server is written to by several clients at once while it takes
// snapshots, and dies. From every snapshot that it has left, and the log behind it, we
// come to the state that its clients saw. Our server goes on with the directory, is
// written to as well, and dies; Java's opens what it left.
func TestJavaAndZooOpenEachOthersDirectories(t *testing.T) {
	ensemble.LeaveOut(t, "Java's ZooKeeper", ensemble.FindJava())
	binary, err := ensemble.Build(t.Context(), t.TempDir())
	must(t, err)
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), limit)
			defer cancel()
			dir := t.TempDir()
			java, own := ensemble.Java("512m"), ensemble.Zoo(binary)
			seen := live(ctx, t, run(ctx, t, dir, row.lines, java), "/java")
			replayAll(t, dataDir(dir), seen, !slices.Contains(row.lines, undigested))

			ours := run(ctx, t, dir, row.lines, own)
			portray(ctx, t, ours).expect(t, "our server", seen)
			seen = live(ctx, t, ours, "/zoo")
			if row.bare {
				leaveOneSnapshot(t, dataDir(dir), row.lines)
			}

			if row.digested {
				row.lines = nil
			}
			theirs := run(ctx, t, dir, row.lines, java)
			portray(ctx, t, theirs).expect(t, "Java's server", seen)
			n, _, err := theirs.Monitor(ctx, "zk_digest_mismatches_count")
			if err != nil || n != "0" {
				t.Errorf("Java has found %q digests that differ, %v", n, err)
			}
			must(t, theirs.Kill())
		})
	}
}

// dataDir is that of the only server of an ensemble.
func dataDir(dir string) string { return filepath.Join(dir, "server.1", "data") }

// live plays on a server, takes its portrait and kills it.
func live(ctx context.Context, t *testing.T, s *ensemble.Server, top string) portrait {
	t.Helper()
	clients := play(ctx, t, s.Address(), top)
	defer leave(clients)
	seen := portray(ctx, t, s)
	must(t, s.Kill())
	return seen
}

// replayAll loads every snapshot and replays the log behind it.
func replayAll(t *testing.T, dir string, want portrait, digested bool) {
	t.Helper()
	at := store.VersionDir(dir)
	files, err := snapshot.List(vfs.OS{}, at)
	must(t, err)
	fuzzy := 0
	for _, file := range files {
		tr, info, err := snapshot.Read(vfs.OS{}, file)
		must(t, err)
		if info.DigestZxid > info.Zxid {
			fuzzy++
		}
		digests := replay(t, tr, at, info)
		tr.SetTypes(tree.Types{Extended: true})
		ofTree(tr).expect(t, filepath.Base(file.Path), want)
		if info.HasDigest != digested || digests > 0 != digested {
			t.Errorf("digests in the snapshot: %v, in %d entries", info.HasDigest, digests)
		}
	}
	t.Logf("%d snapshots, %d of them are known to be fuzzy", len(files), fuzzy)
	if len(files) < 2 {
		t.Errorf("only %d snapshots were taken meanwhile", len(files))
	}
}

// replay applies the log behind a snapshot, and counts the entries with a digest;
// errors have none. They must agree beyond the zxid of the snapshot's own digest: of
// the transaction after that zxid the snapshot may still have a part, and of none
// later.
func replay(t *testing.T, tr *tree.Tree, at string, info snapshot.Info) (digests int) {
	t.Helper()
	tr.SetTypes(tree.Types{Extended: true})
	log, err := txnlog.NewReader(vfs.OS{}, at, info.Zxid)
	must(t, err)
	for {
		e, err := log.Next()
		if errors.Is(err, io.EOF) {
			return digests
		}
		must(t, err)
		r, err := tr.Apply(e)
		must(t, err)
		if r.HasDigest {
			digests++
		}
		if r.DigestDiffers && info.HasDigest && e.Zxid > info.DigestZxid {
			t.Fatalf("the digest at %v is another", e.Zxid)
		}
	}
}

// leaveOneSnapshot replaces a directory's history by one snapshot of ours at its end.
func leaveOneSnapshot(t *testing.T, dir string, lines []string) {
	t.Helper()
	cfg := store.Config{FS: vfs.OS{}, DataDir: dir}
	for _, line := range lines {
		word, found := strings.CutPrefix(line, "snapshot.compression.method=")
		if found {
			cfg.Snapshots.Compression, _ = snapshot.ParseCompression(word)
		}
		if line == undigested {
			cfg.Snapshots.DigestOmitted = true
		}
	}
	s, r, err := cfg.Open()
	must(t, err)
	r.Tree.SetTypes(tree.Types{Extended: true})
	for _, e := range r.Tail {
		_, err := r.Tree.Apply(e)
		must(t, err)
	}
	frozen := r.Tree.Freeze()
	defer frozen.Close()
	must(t, s.InstallSnapshot(snapshot.Source{Frozen: frozen, Lock: snapshot.NoLock{}}))
	must(t, s.Close())
	names, err := os.ReadDir(store.VersionDir(dir))
	must(t, err)
	want := cfg.Snapshots.Name(r.Zxid)
	for _, name := range names {
		if strings.Contains(name.Name(), ".") && name.Name() != want {
			t.Errorf("%s is left besides %s", name.Name(), want)
		}
	}
}
