package snapshot

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/adler"
	"zoo/internal/disk/vfs"
)

// readBytes is the buffer for reading files.
const readBytes = 256 << 10

// Info is what a snapshot file says about itself besides its content.
type Info struct {
	// Zxid is the history that the file contains for sure; it is in its name.
	Zxid zoo.Zxid
	// Digest is the tree's digest at DigestZxid, which is ahead of Zxid in
	// fuzzy snapshots; HasDigest tells whether there is one.
	Digest     uint64
	DigestZxid zoo.Zxid
	HasDigest  bool
	// LastZxid is the history that the file contains at most; files from before
	// 3.9 do not tell (HasLastZxid), then it is Zxid.
	LastZxid    zoo.Zxid
	HasLastZxid bool
}

// Read loads a snapshot file. Content that is not a whole snapshot is reported
// as a *vfs.CorruptError.
func Read(disk vfs.FS, file File) (*tree.Tree, Info, error) {
	loader := tree.NewLoader()
	info, err := readParts(disk, file, parts{body: func(s *source) { s.body(loader) }})
	if err != nil {
		return nil, info, fmt.Errorf("read snapshot %s: %w", file.Path, err)
	}
	t, err := finish(loader, file.Zxid, file.Path)
	return t, info, err
}

// finish is Finish of a loader with what a file or a stream of this name has held.
func finish(loader *tree.Loader, z zoo.Zxid, name string) (*tree.Tree, error) {
	t, err := loader.Finish(z)
	if errors.Is(err, tree.ErrNoRoot) {
		err = &vfs.CorruptError{File: name, Offset: -1, Want: "the root", Got: err.Error()}
	}
	return t, err
}

// Exact tells whether the digest is of the very znodes that the file holds: it was not
// written while they changed.
func (i *Info) Exact() bool {
	return i.Comparable() && i.HasLastZxid && i.LastZxid == i.Zxid
}

// Fuzzy is how far the znodes may be ahead of Zxid: as far as one of the last two parts of
// the file says. The digest is the tree's there, unless the znodes were written on behind it.
func (i *Info) Fuzzy() tree.Fuzzy {
	if max(i.DigestZxid, i.LastZxid) <= i.Zxid {
		return tree.Fuzzy{}
	}
	if i.DigestZxid < i.LastZxid || !i.HasDigest {
		return tree.Fuzzy{Until: max(i.DigestZxid, i.LastZxid)}
	}
	return tree.Fuzzy{Until: i.DigestZxid, Digest: i.Digest, HasDigest: true}
}

// Comparable tells whether the digest says something about the znodes: it is of the
// moment that the file is of. That of a server of Java's that begins without a history is
// 0 whatever the system's own znodes are: nothing has been added to it yet.
func (i *Info) Comparable() bool {
	return i.HasDigest && i.DigestZxid == i.Zxid && (i.Zxid != 0 || i.Digest != 0)
}

// Check reads a snapshot file without building its tree. It refuses what Read refuses, and
// an Exact snapshot whose digest is not that of its znodes.
func Check(disk vfs.FS, file File) (Info, error) {
	c := newCensus()
	info, err := readParts(disk, file, parts{
		body: func(s *source) { s.census(c) }, end: c.end,
	})
	if err != nil {
		return info, fmt.Errorf("check snapshot %s: %w", file.Path, err)
	}
	return info, nil
}

// parts are those who read the body of a file, and who judge all of it; nil for nobody.
type parts struct {
	body func(*source)
	end  func(*source, *Info)
}

// readParts reads a file with someone for its body.
func readParts(disk vfs.FS, file File, to parts) (Info, error) {
	info := Info{Zxid: file.Zxid, LastZxid: file.Zxid}
	f, err := disk.Open(file.Path)
	if err != nil {
		return info, err
	}
	defer f.Close()
	plain, err := CompressionOf(file.Path).reader(f, file.Path)
	if err != nil {
		return info, err
	}
	s := &source{r: bufio.NewReaderSize(plain, readBytes), sum: adler.NewHash()}
	s.header()
	to.body(s)
	s.seal()
	s.trailer(&info)
	if to.end != nil {
		to.end(s, &info)
	}
	return info, s.corrupt(file.Path)
}

func (s *source) header() {
	want := string(appendHeader(nil))
	if got := s.take(headerBytes); s.err == nil && string(got[:8]) != want[:8] {
		s.refuse(fmt.Sprintf("header %x", want), fmt.Sprintf("%x", got))
	}
}

// seal checks the checksum of everything before it.
func (s *source) seal() {
	if s.err != nil {
		return
	}
	sum := uint64(s.sum.Sum32())
	p := s.take(sealBytes)
	if s.err != nil {
		return
	}
	if got := binary.BigEndian.Uint64(p); got != sum {
		s.refuse(fmt.Sprintf("checksum %#x of what was read", sum), fmt.Sprintf("%#x", got))
	}
	if end := string(p[8:]); end != "\x00\x00\x00\x01/" {
		s.refuse(`"/" after the checksum`, fmt.Sprintf("%q", end))
	}
}

// trailer reads what follows the sealed body. The parts can be told apart only by
// how much is left. Java accepts a trailer that was cut short, or is of another
// version; so do we, by not reading it: the body is whole.
func (s *source) trailer(info *Info) {
	if s.err != nil {
		return
	}
	const digestPart, lastPart = digestBytes + sealBytes, lastZxidBytes + sealBytes
	rest, err := s.r.Peek(digestPart + lastPart + 1)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
		return
	}
	left := len(rest)
	if left == digestPart || left == digestPart+lastPart {
		info.DigestZxid = zoo.Zxid(s.long())
		info.HasDigest = s.int() == digestVersion
		info.Digest = uint64(s.long())
		s.seal()
		left -= digestPart
	}
	if left == lastPart {
		info.LastZxid, info.HasLastZxid = zoo.Zxid(s.long()), true
		s.seal()
	}
}
