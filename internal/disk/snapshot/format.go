package snapshot

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"zoo"
	"zoo/internal/disk/vfs"
)

// A snapshot file is named snapshot.<zxid in hex>, with .gz or .snappy behind it
// if it is compressed as a whole. All integers are big-endian; a string is its
// length (4) and its bytes; a vector is its count (4) and its elements.
//
//	file header    4  magic "ZKSN"            only in files
//	               4  version, 2
//	               8  database id, -1
//	body              vector of sessions:     id (8), timeout in ms (4)
//	                  vector of ACL lists:    index (8), vector of
//	                                          perms (4), scheme, id (strings)
//	                  znodes, parents first:  path (string; the root is "")
//	                                          data (4 + n; length -1 is null)
//	                                          ACL index (8; -1 is the open ACL)
//	                                          czxid, mzxid, ctime, mtime (8 each)
//	                                          version, cversion, aversion (4 each)
//	                                          ephemeral owner, pzxid (8 each)
//	                  the string "/"          instead of a next path
//	seal          13  Adler-32 of all before (8), the string "/"   only in files
//	digest        20  zxid (8), version 2 (4), digest (8)          since 3.6
//	seal          13  as above; covers the earlier seal, too
//	last zxid      8                                               since 3.9
//	seal          13  as above
//
// Either of the last two parts may be missing. In a snapshot that is fuzzy they
// are of the transaction that makes it whole; a digest that is not known there is
// that of zxid 0. On the wire, after a SNAP packet, only the body is sent.
const (
	namePrefix       = "snapshot."
	unfinishedPrefix = "unfinished-snapshot."
	suffixGzip       = ".gz"
	suffixSnappy     = ".snappy"

	magic      = 0x5a4b534e
	version    = 2
	databaseID = -1

	headerBytes     = 16
	sealBytes       = 13
	digestBytes     = 20
	lastZxidBytes   = 8
	aclAndStatBytes = 8 + 60

	digestVersion = 2
	endPath       = "/"
)

// Format says how snapshots are written; the zero value is what Java's server
// writes by default. Whatever it says, all forms are read.
type Format struct {
	Compression Compression
	// DigestOmitted leaves the digest out (digest.enabled=false), and the last part as
	// well: a server of Java's that looks for a digest takes that part for one, finds
	// the file too short, and refuses it.
	DigestOmitted bool
	// LastZxidOmitted leaves the last part out, as servers before 3.9 do
	// (serializeLastProcessedZxid.enabled=false).
	LastZxidOmitted bool
}

// Name is the file name of a finished snapshot that is not compressed.
func Name(z zoo.Zxid) string { return fmt.Sprintf("%s%x", namePrefix, uint64(z)) }

// Name is the file name of a finished snapshot in this format.
func (f Format) Name(z zoo.Zxid) string { return Name(z) + f.Compression.Suffix() }

// UnfinishedName is the file name of a snapshot that is being written. Nobody
// takes it for a snapshot, neither we nor Java's server.
func UnfinishedName(z zoo.Zxid) string {
	return fmt.Sprintf("%s%x", unfinishedPrefix, uint64(z))
}

// IsUnfinished tells whether a file name is one that UnfinishedName makes.
func IsUnfinished(name string) bool { return strings.HasPrefix(name, unfinishedPrefix) }

// ParseName gives the zxid of a snapshot from its file name.
func ParseName(name string) (zoo.Zxid, bool) {
	digits, ok := strings.CutPrefix(name, namePrefix)
	if !ok {
		return 0, false
	}
	digits = strings.TrimSuffix(digits, CompressionOf(name).Suffix())
	z, err := strconv.ParseUint(digits, 16, 64)
	return zoo.Zxid(z), err == nil
}

// File is a snapshot in a directory.
type File struct {
	Path string
	Zxid zoo.Zxid
}

// List gives the snapshots in dir, newest first, whatever they hold.
func List(disk vfs.FS, dir string) ([]File, error) {
	names, err := disk.List(dir)
	if err != nil {
		return nil, fmt.Errorf("list snapshots %s: %w", dir, err)
	}
	var files []File
	for _, name := range names {
		if z, ok := ParseName(name); ok {
			files = append(files, File{filepath.Join(dir, name), z})
		}
	}
	slices.SortStableFunc(files, func(a, b File) int { return cmp.Compare(b.Zxid, a.Zxid) })
	return files, nil
}

func appendHeader(b []byte) []byte {
	dbid := int64(databaseID)
	b = binary.BigEndian.AppendUint32(b, magic)
	b = binary.BigEndian.AppendUint32(b, version)
	return binary.BigEndian.AppendUint64(b, uint64(dbid))
}
