package snapshot_test

import (
	"encoding/binary"
	"errors"
	"hash/adler32"
	"strings"
	"testing"

	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/vfs"
	"zoo/internal/jute"
)

// fileOf is a snapshot file with a good seal and these znodes, without data.
func fileOf(paths ...string) []byte {
	p := append([]byte("ZKSN\x00\x00\x00\x02"), strings.Repeat("\xff", 8)...)
	p = append(p, make([]byte, 8)...) // no sessions, no ACLs
	for _, path := range paths {
		p = jute.AppendString(p, path)
		p = jute.AppendBuffer(p, nil)
		p = append(p, make([]byte, 8+60)...)
	}
	p = jute.AppendString(p, "/")
	p = binary.BigEndian.AppendUint64(p, uint64(adler32.Checksum(p)))
	return jute.AppendString(p, "/")
}

// A check that builds no tree refuses what no tree can be built of, as the reader does.
func TestACheckRefusesWhatCannotBeLoaded(t *testing.T) {
	for _, c := range []struct {
		name  string
		paths []string
		good  bool
	}{
		{"a tree", []string{"", "/a", "/a/b", "/c"}, true},
		{"a znode that comes twice", []string{"", "/a", "/a/b", "/a"}, true},
		{"no znodes", nil, false},
		{"no root", []string{"/a"}, false},
		{"a child before its parent", []string{"", "/a/b", "/a"}, false},
		{"a child of nobody", []string{"", "/a", "/b/c"}, false},
		{"a path with an end of its own", []string{"", "/a/"}, false},
	} {
		file := snapshot.File{Path: "/d/snapshot.7", Zxid: 7}
		disk := holding(t, file.Path, fileOf(c.paths...))
		_, checked := snapshot.Check(disk, file)
		_, _, read := snapshot.Read(disk, file)
		for _, err := range []error{checked, read} {
			var corrupt *vfs.CorruptError
			if (err == nil) != c.good || err != nil && !errors.As(err, &corrupt) {
				t.Errorf("%s: checked %v, read %v", c.name, checked, read)
			}
		}
	}
}
