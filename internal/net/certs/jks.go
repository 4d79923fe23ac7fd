package certs

import (
	"encoding/binary"
	"fmt"
)

// A JKS store; numbers are big-endian, text is a length of two bytes and its bytes:
//
//	magic      4 bytes  0xFEEDFEED
//	version    4 bytes  1 or 2
//	entries    4 bytes  how many
//	each entry:
//	  tag      4 bytes  1 private key, 2 trusted certificate
//	  alias    text
//	  created  8 bytes  milliseconds since 1970
//	  private key only: length 4, key; chain 4, then so many certificates
//	  trusted certificate: one certificate
//	digest     20 bytes of SHA-1
//
// where a certificate is its type as text (version 2 only), its length in 4 bytes
// and its bytes.

// The numbers of the format.
const (
	jksVersion1, jksVersion2 = 1, 2
	jksKeyEntry              = 1
	jksTrustedEntry          = 2
	jksDigestBytes           = 20
	jksCreatedBytes          = 8
)

// checkJKS walks over the lengths in a store, because its reader believes them and
// would allocate what they say.
func checkJKS(b []byte) error {
	w := &walker{rest: b}
	w.number() // kindOf has seen the magic.
	version := w.number()
	if !w.short && version != jksVersion1 && version != jksVersion2 {
		return fmt.Errorf("version %d of JKS is unknown", version)
	}
	for n := w.number(); n > 0 && !w.short; n-- {
		w.entry(version)
	}
	w.skip(jksDigestBytes)
	if w.short || len(w.rest) > 0 {
		return fmt.Errorf("it is damaged: its lengths do not add up to its %d bytes", len(b))
	}
	return nil
}

// walker goes over bytes; short is set when there were too few.
type walker struct {
	rest  []byte
	short bool
}

func (w *walker) skip(n uint32) []byte {
	if uint64(n) > uint64(len(w.rest)) {
		w.short, w.rest = true, nil
		return nil
	}
	skipped := w.rest[:n]
	w.rest = w.rest[n:]
	return skipped
}

// number is 0 beyond the end.
func (w *walker) number() uint32 {
	b := w.skip(4)
	if w.short {
		return 0
	}
	return binary.BigEndian.Uint32(b)
}

func (w *walker) text() {
	b := w.skip(2)
	if !w.short {
		w.skip(uint32(binary.BigEndian.Uint16(b)))
	}
}

func (w *walker) entry(version uint32) {
	tag := w.number()
	w.text()
	w.skip(jksCreatedBytes)
	switch tag {
	case jksKeyEntry:
		w.skip(w.number())
		for n := w.number(); n > 0 && !w.short; n-- {
			w.certificate(version)
		}
	case jksTrustedEntry:
		w.certificate(version)
	default:
		w.short = true
	}
}

func (w *walker) certificate(version uint32) {
	if version == jksVersion2 {
		w.text()
	}
	w.skip(w.number())
}
