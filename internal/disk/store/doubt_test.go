package store_test

import (
	"encoding/binary"
	"hash/adler32"
	"strings"
	"testing"
	"time"

	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
)

const newest = "/data/version-2/snapshot.8"

// miscount gives a snapshot file another digest, and seals that fit.
func miscount(t *testing.T, disk vfs.FS, name string) {
	t.Helper()
	redigest(t, disk, name, func(digest []byte) { digest[7]++ })
}

// redigest changes the digest of a snapshot file.
func redigest(t *testing.T, disk vfs.FS, name string, change func(digest []byte)) {
	t.Helper()
	p := []byte(contentOf(t, disk, name))
	const seal, last = 13, 8
	for _, end := range []int{len(p) - seal - last - seal, len(p) - seal} {
		if end < len(p)-seal {
			change(p[end-8 : end])
		}
		binary.BigEndian.PutUint64(p[end:], uint64(adler32.Checksum(p[:end])))
	}
	write(t, disk, name, string(p))
}

// The plot: the newest snapshot is whole to its last byte, but its znodes are not those
// that its digest was made of, though both are of one moment. An older one with its log
// gives the history; the operator is told.
func TestASnapshotThatBeliesItsDigestIsPassedOver(t *testing.T) {
	w, disk := grown(t)
	must(t, w.store.Close())
	miscount(t, disk, newest)
	r := w.open(disk)
	if r.Snapshot != 6 || r.Zxid != 9 || len(r.Notes) == 0 ||
		!strings.Contains(strings.Join(r.Notes, " "), "snapshot.8") {
		t.Fatalf("recovered %v from snapshot %v: %q", r.Zxid, r.Snapshot, r.Notes)
	}
}

// The plot: a server of Java's has begun without a history. Its first snapshot has the
// digest 0, which belongs to no znode; nobody is told of damage.
func TestTheDigestOfJavasFirstSnapshotSaysNothing(t *testing.T) {
	w, disk := grown(t)
	must(t, w.store.Close())
	for _, newer := range []string{"snapshot.2", "snapshot.4", "snapshot.6", "snapshot.8"} {
		must(t, disk.Remove("/data/version-2/"+newer))
	}
	redigest(t, disk, "/data/version-2/snapshot.0", func(digest []byte) { clear(digest) })
	r := w.open(disk)
	if r.Snapshot != 0 || r.Zxid != 9 || len(r.Notes) > 0 {
		t.Fatalf("recovered %v from snapshot %v: %q", r.Zxid, r.Snapshot, r.Notes)
	}
}

// The plot: there is nothing older that gives the history: no snapshot, or none whose
// log is there. Then it is served, as by Java, with a note; but nothing rests on it, and a
// purge takes nothing for its sake.
func TestASnapshotThatBeliesItsDigestIsServedWhereThereIsNoOther(t *testing.T) {
	for name, gone := range map[string][]string{
		"no older snapshot": {"snapshot.0", "snapshot.2", "snapshot.4", "snapshot.6"},
		"no log for them":   {"log.7"},
	} {
		w, disk := grown(t)
		must(t, w.store.Close())
		miscount(t, disk, newest)
		for _, file := range gone {
			dir := "/data/version-2/"
			if strings.HasPrefix(file, "log") {
				dir = "/logs/version-2/"
			}
			must(t, disk.Remove(dir+file))
		}
		r := w.open(disk)
		if r.Snapshot != 8 || r.Zxid != 9 || len(r.Notes) == 0 {
			t.Fatalf("%s: recovered %v from %v: %q", name, r.Zxid, r.Snapshot, r.Notes)
		}
		plan, err := w.store.BeginPurge(time.Time{}, store.Retention{Snapshots: 1})
		must(t, err)
		if len(plan.Remove) > 0 {
			t.Fatalf("%s: a purge relies on it: %+v", name, plan)
		}
	}
}

// A snapshot without a root is broken like any other: the one before it has the history.
func TestASnapshotWithoutARootIsPassedOver(t *testing.T) {
	w, disk := grown(t)
	must(t, w.store.Close())
	p := []byte("ZKSN\x00\x00\x00\x02\xff\xff\xff\xff\xff\xff\xff\xff" +
		strings.Repeat("\x00", 8) + "\x00\x00\x00\x01/")
	p = binary.BigEndian.AppendUint64(p, uint64(adler32.Checksum(p)))
	write(t, disk, newest, string(p)+"\x00\x00\x00\x01/")
	if r := w.open(disk); r.Snapshot != 6 || r.Zxid != 9 {
		t.Fatalf("recovered %v from snapshot %v: %q", r.Zxid, r.Snapshot, r.Notes)
	}
}
