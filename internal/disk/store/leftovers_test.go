package store_test

import (
	"errors"
	"strings"
	"testing"

	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
)

const accepted = "/data/version-2/acceptedEpoch"

// leftovers are what a crash of Java's server, or of ours, may leave behind.
var leftovers = map[string]func(t *testing.T, disk *vfs.Mem){
	"a newest log of no bytes": func(t *testing.T, disk *vfs.Mem) {
		write(t, disk, "/logs/version-2/log.5", "")
	},
	"half a header": func(t *testing.T, disk *vfs.Mem) {
		write(t, disk, "/logs/version-2/log.5", "ZKLG\x00\x00")
	},
	"a header and nothing else": func(t *testing.T, disk *vfs.Mem) {
		write(t, disk, "/logs/version-2/log.5",
			"ZKLG\x00\x00\x00\x02"+strings.Repeat("\x00", 8))
	},
	"a newest log of zeros": func(t *testing.T, disk *vfs.Mem) {
		write(t, disk, "/logs/version-2/log.5", strings.Repeat("\x00", 4096))
	},
	"half a snapshot": func(t *testing.T, disk *vfs.Mem) {
		write(t, disk, "/data/version-2/snapshot.3", "ZKSN\x00\x00\x00\x02")
	},
	"a snapshot of no bytes": func(t *testing.T, disk *vfs.Mem) {
		write(t, disk, "/data/version-2/snapshot.4.gz", "")
	},
	"a snapshot that Java was writing": func(t *testing.T, disk *vfs.Mem) {
		write(t, disk, "/data/version-2/snapshot.4.tmp", "ZKSN")
	},
	"epochs that were being replaced": func(t *testing.T, disk *vfs.Mem) {
		write(t, disk, accepted, "0")
		write(t, disk, accepted+".tmp", "1")
		write(t, disk, "/data/version-2/currentEpoch", "1")
	},
	"an epoch that was about to be replaced": func(t *testing.T, disk *vfs.Mem) {
		write(t, disk, "/data/version-2/currentEpoch.tmp", "")
	},
}

// What a crash leaves behind, and which takes nothing with it that was acknowledged, is
// put right: the server starts, with all of its history.
func TestHarmlessLeftoversAreHealed(t *testing.T) {
	for name, leave := range leftovers {
		t.Run(name, func(t *testing.T) {
			w, disk := newWorld(t)
			w.append(creates(1, 4, "a")...)
			w.sync()
			must(t, w.store.Close())
			leave(t, disk)
			for range 2 { // and what the first start leaves is good for the second
				s, r, err := config(disk).Open()
				must(t, err)
				if r.Zxid != 4 || len(r.Tail) != 4 {
					t.Fatalf("the history ends with %v, %d entries", r.Zxid, len(r.Tail))
				}
				must(t, s.Append(creates(5, 5, "a")))
				must(t, s.Sync())
				_, err = s.Truncate(4)
				must(t, err)
				must(t, s.Close())
			}
		})
	}
}

// A bit that flips in a log is seen. In all entries but the last it stops the server,
// with the file, the offset and a command to run; in the last one it cannot be told
// from a torn write, so there the operator is told that it was cut off.
func TestAFlippedBitOfALogIsSeen(t *testing.T) {
	w, disk := newWorld(t)
	w.append(creates(1, 4, "a")...)
	w.sync()
	must(t, w.store.Close())
	const name = "/logs/version-2/log.1"
	whole := []byte(strings.TrimRight(contentOf(t, disk, name), "\x00"))
	entryBytes := (len(whole) - 16) / 4
	const identity = 8 // the database id says nothing, in Java's logs as well
	const stride = 37  // every bit is flipped in txnlog's tests
	for i := 0; i < len(whole)*8; i += stride {
		if at := i / 8; at >= identity && at < 16 {
			continue
		}
		whole[i/8] ^= 1 << (i % 8)
		changed := disk.Clone()
		write(t, changed, name, string(whole))
		whole[i/8] ^= 1 << (i % 8)
		_, r, err := config(changed).Open()
		var corrupt *store.CorruptError
		switch last := i/8 >= len(whole)-entryBytes; {
		case err == nil && last && r.Zxid == 3 && len(r.Notes) > 0:
		case !errors.As(err, &corrupt):
			t.Errorf("bit %d of byte %d: %v, up to %v", i%8, i/8, err, r.Zxid)
		case corrupt.File != name || corrupt.Offset < 0 ||
			!strings.Contains(corrupt.Advice, "zoo dir check"):
			t.Errorf("bit %d of byte %d: %v", i%8, i/8, err)
		}
	}
}
