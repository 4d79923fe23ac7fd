package backup

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"zoo"
	"zoo/internal/disk/vfs"
)

// A repository is a set of named objects, in a directory or a bucket. Names have
// at most one slash. docs/format/backup.md is the description for users.
//
//	repository.json                     what this repository is
//	bases/<zxid>.json                   manifest of a base
//	bases/<zxid>-<id>.zst[.age]         its snapshot
//	log/<first>-<last>.json             manifest of a segment
//	log/<first>-<last>-<id>.zst[.age]   its entries
//	head.json                           up to where, and until when, is archived
//
// Zxids in names are 16 hexadecimal digits, so that names sort as histories do. An id
// is random: two programs that archive the same never write the same object. Readers
// also take objects without.
// The .zst objects are Zstandard streams, within an age file if there are keys; the
// plain text of a base is a snapshot file, that of a segment a log file without
// padding (see packages snapshot and txnlog). A .json object is one line of JSON,
// and a line "sha256 " with the checksum of the first in hexadecimal. An object is
// written before the manifest that names it, so that one without means nothing.
const (
	formatName    = "zoo backup"
	formatVersion = 1

	markName     = "repository.json"
	headName     = "head.json"
	basePrefix   = "bases/"
	logPrefix    = "log/"
	suffixJSON   = ".json"
	suffixPlain  = ".zst"
	suffixSealed = ".zst.age"

	sumPrefix = "sha256 "
	// manifestBytesMax is more than any manifest has.
	manifestBytesMax = 64 << 10
)

// Hex is a zxid that JSON has as operators know it, "0x…".
type Hex zoo.Zxid

// MarshalText writes the zxid with 0x.
func (h Hex) MarshalText() ([]byte, error) { return []byte(zoo.Zxid(h).String()), nil }

// UnmarshalText reads what MarshalText writes.
func (h *Hex) UnmarshalText(text []byte) error {
	z, err := ParseZxid(string(text))
	*h = Hex(z)
	return err
}

// ParseZxid reads a zxid in hexadecimal, with or without 0x.
func ParseZxid(text string) (zoo.Zxid, error) {
	z, err := strconv.ParseUint(strings.TrimPrefix(text, "0x"), 16, 63)
	if err != nil {
		return 0, fmt.Errorf("zxid %q: want hexadecimal digits, such as 0x100000002", text)
	}
	return zoo.Zxid(z), nil
}

// Mark is repository.json.
type Mark struct {
	Format  string    `json:"format"`
	Version int       `json:"version"`
	ID      string    `json:"id"`
	Created time.Time `json:"created"`
	// Recipients are the public keys that everything is encrypted for, if any.
	Recipients []string `json:"recipients,omitempty"`
}

// Object is what a manifest says about the object that it names.
type Object struct {
	Key    string `json:"key"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Base is the manifest of a snapshot.
type Base struct {
	Object
	// Zxid is the history that the snapshot contains for sure.
	Zxid Hex `json:"zxid"`
	// ConsistentFrom is where replay must have come for the tree to be of one point
	// in time: beyond Zxid for the fuzzy snapshots of Java's server.
	ConsistentFrom Hex `json:"consistentFrom"`
	// Digest is the tree's digest at Zxid, where it is known.
	Digest string `json:"digest,omitempty"`
	// Suffix is that of the snapshot file's name, ".gz" or ".snappy", if it was
	// compressed before it came here.
	Suffix  string    `json:"suffix,omitempty"`
	Created time.Time `json:"created"`
	// Time is when the last transaction in it was, or the next one; zero if the source
	// did not tell. Created is later.
	Time   time.Time `json:"time,omitzero"`
	Source string    `json:"source"`
}

// moment is when the snapshot was what the ensemble had, at the latest.
func (b Base) moment() time.Time {
	if b.Time.IsZero() || b.ConsistentFrom != b.Zxid {
		return b.Created
	}
	return b.Time
}

// Segment is the manifest of a piece of the log.
type Segment struct {
	Object
	// After is the transaction before the first one.
	After   Hex `json:"after"`
	First   Hex `json:"first"`
	Last    Hex `json:"last"`
	Entries int `json:"entries"`
	// FirstTime and LatestTime bound the entries' times, by the leaders' clocks.
	FirstTime  time.Time `json:"firstTime"`
	LatestTime time.Time `json:"latestTime"`
	// LastSHA256 is the checksum of the last entry, by which a later run knows
	// whether a server's log still is the continuation.
	LastSHA256 string    `json:"lastSha256"`
	Created    time.Time `json:"created"`
	Source     string    `json:"source"`
}

// Head is head.json: how far the last look of the archive reached.
type Head struct {
	Zxid Hex `json:"zxid"`
	// Through is when the source had nothing beyond Zxid.
	Through time.Time `json:"through"`
}

func hexName(z zoo.Zxid) string { return fmt.Sprintf("%016x", uint64(z)) }

func baseName(z zoo.Zxid) string { return basePrefix + hexName(z) }

func segmentName(first, last zoo.Zxid) string {
	return logPrefix + hexName(first) + "-" + hexName(last)
}

// encodeManifest writes v as a .json object.
func encodeManifest(v any) ([]byte, error) {
	line, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(line)
	return fmt.Appendf(line, "\n%s%x\n", sumPrefix, sum), nil
}

// decodeManifest reads a .json object into v.
func decodeManifest(key string, b []byte, v any) error {
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	sum := sha256.Sum256(line)
	want := sumPrefix + hex.EncodeToString(sum[:]) + "\n"
	if string(rest) != want {
		return damage(key, strings.TrimSpace(want), fmt.Sprintf("%.80q", rest))
	}
	if err := json.Unmarshal(line, v); err != nil {
		return damage(key, "a manifest", err.Error())
	}
	return nil
}

const adviceDamage = "restore to a point that does not need it, and make a new base " +
	"with zoo backup create"

// damage is an object that is not what it was.
func damage(key, want, got string) error {
	return &vfs.CorruptError{File: key, Offset: -1, Want: want, Got: got, Advice: adviceDamage}
}
