package main

import (
	"fmt"
	"os"
)

// disk is a log. Only one goroutine at a time uses it.
type disk interface {
	// Append writes behind what is there; nothing is durable before Sync.
	Append(b []byte) error
	Sync() error
}

// ringBytes is the size of a log. It has its room and its zeros before it is used, and is
// written over and over.
const ringBytes = 64 << 20

// ring is a log in a file of a fixed size.
type ring struct {
	file     *os.File
	size, at int64
	// sync is the cheapest call that makes what was written durable.
	sync func() error
}

// openRing makes a log of size bytes, all of them durable zeros.
func openRing(name string, size int64) (*ring, error) {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	r := &ring{file: file, size: size, sync: syncOf(file)}
	zeros := make([]byte, min(size, 1<<20))
	for left := size; left > 0 && err == nil; left -= int64(len(zeros)) {
		err = r.Append(zeros[:min(left, int64(len(zeros)))])
	}
	if err == nil {
		err = file.Sync()
	}
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("fill %s: %w", name, err)
	}
	return r, nil
}

// Append goes on at the beginning when the end is reached.
func (r *ring) Append(b []byte) error {
	for len(b) > 0 {
		n := min(int64(len(b)), r.size-r.at)
		if _, err := r.file.WriteAt(b[:n], r.at); err != nil {
			return err
		}
		r.at = (r.at + n) % r.size
		b = b[n:]
	}
	return nil
}

// Sync makes all that was appended durable.
func (r *ring) Sync() error { return r.sync() }

// Close closes the file.
func (r *ring) Close() error { return r.file.Close() }
