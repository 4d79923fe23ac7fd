package backup

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"zoo"
)

// WithSum makes a manifest of a line, so that what is in it gets a hearing.
func WithSum(line []byte) []byte {
	return fmt.Appendf(bytes.Clone(line), "\n%s%x\n", sumPrefix, sha256.Sum256(line))
}

// CountLog reads a log stream to its end.
func CountLog(stream []byte) (n int, last zoo.Zxid, err error) {
	log := newLogReader("stream", bytes.NewReader(stream), zoo.ZxidNone)
	for {
		e, err := log.next()
		if errors.Is(err, io.EOF) {
			return n, last, nil
		}
		if err != nil {
			return n, last, err
		}
		n, last = n+1, e.Zxid
	}
}
