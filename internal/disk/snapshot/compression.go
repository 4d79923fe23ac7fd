package snapshot

import (
	"io"
	"strings"

	"github.com/klauspost/compress/gzip"

	"zoo/internal/disk/vfs"
)

// Compression is how a snapshot file is compressed as a whole. The end of its
// name tells.
type Compression uint8

// The compressions of snapshot.compression.method.
const (
	Plain Compression = iota
	Gzip
	Snappy
)

// compressions has the end of the file name and the word of the setting of each.
var compressions = [...]struct{ suffix, word string }{
	Plain: {"", ""}, Gzip: {suffixGzip, "gz"}, Snappy: {suffixSnappy, "snappy"},
}

// ParseCompression reads a value of snapshot.compression.method; false if there
// is no such method.
func ParseCompression(word string) (Compression, bool) {
	for c, known := range compressions {
		if word == known.word {
			return Compression(c), true
		}
	}
	return Plain, false
}

// CompressionOf tells how the file of this name is compressed.
func CompressionOf(name string) Compression {
	switch {
	case strings.HasSuffix(name, suffixGzip):
		return Gzip
	case strings.HasSuffix(name, suffixSnappy):
		return Snappy
	}
	return Plain
}

// Suffix is the end of the file's name.
func (c Compression) Suffix() string { return compressions[c].suffix }

// writer compresses what is written to w. Its Close ends the compression, not w.
func (c Compression) writer(w io.Writer) io.WriteCloser {
	switch c {
	case Gzip:
		return gzip.NewWriter(w)
	case Snappy:
		return newSnappyWriter(w)
	}
	return plainWriter{w}
}

type plainWriter struct{ io.Writer }

func (plainWriter) Close() error { return nil }

// reader gives the content of f, and reports broken compression as corruption of
// the file of this name.
func (c Compression) reader(f io.Reader, name string) (io.Reader, error) {
	own := &blamed{r: f}
	var plain io.Reader
	var err error
	switch c {
	case Plain:
		return f, nil
	case Gzip:
		plain, err = gzip.NewReader(own)
	case Snappy:
		plain, err = newSnappyReader(own)
	}
	d := &decompressor{file: own, plain: plain, name: name, word: compressions[c].word}
	return d, d.judge(err)
}

// blamed remembers that it was the disk that failed, and not the compression.
type blamed struct {
	r   io.Reader
	err error
}

func (b *blamed) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if err != nil && err != io.EOF {
		b.err = err
	}
	return n, err
}

// decompressor reads a compressed file.
type decompressor struct {
	file  *blamed
	plain io.Reader
	name  string
	word  string
}

func (d *decompressor) Read(p []byte) (int, error) {
	n, err := d.plain.Read(p)
	if err == io.EOF {
		return n, err
	}
	return n, d.judge(err)
}

// judge tells errors of the disk, after which the file may be good, from those of
// what is compressed.
func (d *decompressor) judge(err error) error {
	if err == nil || d.file.err != nil {
		return d.file.err
	}
	return &vfs.CorruptError{File: d.name, Offset: -1,
		Want: d.word + " compression as it was written", Got: err.Error()}
}
