package certs

import (
	"errors"
	"net"
	"os"
	"time"
)

// Verdict is what the first bytes of a connection tell.
type Verdict uint8

// The verdicts.
const (
	// Undecided needs more bytes, at most DetectionBytes in all.
	Undecided Verdict = iota
	Plain
	TLS
)

// DetectionBytes always decide.
const DetectionBytes = 3

// The beginning of a TLS connection: a handshake record of version 3.x.
//
//	type      1 byte  22
//	version   2 bytes 3, then 0 to 4
//	length    2 bytes
//
// ZooKeeper's own begin with the length of the first frame, which would be 352 MB,
// or with a letter.
const (
	recordHandshake   = 22
	recordMajor       = 3
	recordMinorNewest = 4
)

// Detect tells whether a connection speaks TLS from its first bytes.
func Detect(first []byte) Verdict {
	switch {
	case len(first) == 0:
		return Undecided
	case first[0] != recordHandshake:
		return Plain
	case len(first) == 1:
		return Undecided
	case first[1] != recordMajor:
		return Plain
	case len(first) == 2:
		return Undecided
	case first[2] > recordMinorNewest:
		return Plain
	}
	return TLS
}

// Sniff reads the first bytes of a connection, which whoever serves it must put in front
// of the rest. One that says nothing for long is taken for a plain one, which is then
// waited for as for any other. The read deadline is gone afterwards.
func Sniff(conn net.Conn, atMost time.Duration) (Verdict, []byte, error) {
	_ = conn.SetReadDeadline(time.Now().Add(atMost))
	defer conn.SetReadDeadline(time.Time{})
	first := make([]byte, 0, DetectionBytes)
	for {
		n, err := conn.Read(first[len(first):cap(first)])
		first = first[:len(first)+n]
		verdict := Detect(first)
		switch {
		case verdict != Undecided:
			return verdict, first, nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			return Plain, first, nil
		case err != nil:
			return verdict, first, err
		}
	}
}
