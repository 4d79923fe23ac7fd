package backup_test

import (
	"bytes"
	"errors"
	"testing"

	"zoo/internal/disk/backup"
	"zoo/internal/disk/vfs"
)

// FuzzRepository gives the reader a repository of which three objects hold anything.
// It restores a tree, or says what is wrong; it never restores silently over damage
// that a checksum shows.
func FuzzRepository(f *testing.F) {
	mark := []byte(`{"format":"zoo backup","version":1,"id":"1","created":"2026-01-02T03:04:05Z"}`)
	f.Add(mark, []byte(`{"key":"bases/0000000000000001.zst","zxid":"0x1","consistentFrom":"0x1"}`),
		[]byte{0x28, 0xb5, 0x2f, 0xfd, 0, 0, 1, 0, 0})
	f.Fuzz(func(t *testing.T, mark, manifest, object []byte) {
		disk := vfs.NewMem()
		target := backup.Dir{FS: disk, Path: "/vault"}
		name := "bases/0000000000000001"
		for key, content := range map[string][]byte{
			"repository.json": backup.WithSum(mark), name + ".json": backup.WithSum(manifest),
			name + ".zst": object,
			"log/0000000000000002-0000000000000002.json": manifest,
		} {
			must(t, target.Put(t.Context(), key, bytes.NewReader(content)))
		}
		r, err := backup.Open(t.Context(), target, backup.Keys{})
		if err != nil {
			return
		}
		_, err = r.Verify(t.Context(), backup.Full)
		if err != nil && !errors.Is(err, backup.ErrKey) {
			t.Fatalf("what is read is damage or not: %v", err)
		}
	})
}

// FuzzLogStream reads a segment that says anything. It is damaged, or what its
// manifest says of it.
func FuzzLogStream(f *testing.F) {
	f.Add([]byte("ZKLG\x00\x00\x00\x02\x00\x00\x00\x00\x00\x00\x00\x00"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, stream []byte) {
		n, last, err := backup.CountLog(stream)
		if err == nil && n > 0 && last <= 0 {
			t.Fatalf("%d entries up to %v", n, last)
		}
		var damage *vfs.CorruptError
		if err != nil && !errors.As(err, &damage) {
			t.Fatalf("not a word of what is wrong with the stream: %v", err)
		}
	})
}
