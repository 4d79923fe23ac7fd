// Package adler computes Adler-32, the checksum of snapshots and of the log's entries: 32
// bytes at a time on a processor with AVX2, else eight. It guarantees the very sums of
// hash/adler32, which goes byte by byte and was a tenth of what a start on a large data
// directory cost. It knows no files.
package adler

import "encoding/binary"

// New is the sum of nothing.
const New Sum = 1

// A Sum is the Adler-32 of what was added to New. In its lower half is one more than the
// sum of all bytes, in its upper half the sum of what the lower half has been after each of
// them, both modulo 65521.
type Sum uint32

const (
	modulus = 65521
	// wordBytes are added at once.
	wordBytes = 8
	// chunkBytes is how much is added before lanes of 16 bits are emptied: of 16 words the
	// lanes of above come to 255*(0+1+…+15) = 30600.
	chunkBytes = 16 * wordBytes
	// blockBytes is how much is added before the halves are reduced, which are of 64 bits
	// meanwhile.
	blockBytes = 1 << 20
	// evenLanes are the even bytes of a word as lanes of 16 bits.
	evenLanes = 0x00ff00ff00ff00ff
)

// Checksum is the sum of p.
func Checksum(p []byte) Sum { return New.Add(p) }

// A Hash sums what is written to it.
type Hash struct{ sum Sum }

// NewHash begins a sum.
func NewHash() *Hash { return &Hash{New} }

// Write adds p, and never fails.
func (h *Hash) Write(p []byte) (int, error) {
	h.sum = h.sum.Add(p)
	return len(p), nil
}

// Sum32 is the sum of what was written so far.
func (h *Hash) Sum32() uint32 { return uint32(h.sum) }

// Add gives the sum of what s is the sum of, with p behind it.
func (s Sum) Add(p []byte) Sum {
	low, high := uint64(s&0xffff), uint64(s>>16)
	for len(p) > 0 {
		block := p[:min(len(p), blockBytes)]
		p = p[len(block):]
		low, high, block = addWide(low, high, block)
		low, high = addNarrow(low, high, block)
		low %= modulus
		high %= modulus
	}
	return Sum(high<<16 | low)
}

// addNarrow adds what is left of a block, which may be all of it.
func addNarrow(low, high uint64, block []byte) (uint64, uint64) {
	for len(block) >= wordBytes {
		chunk := block[:min(len(block), chunkBytes)&^(wordBytes-1)]
		block = block[len(chunk):]
		low, high = addWords(low, high, chunk)
	}
	for _, b := range block {
		low += uint64(b)
		high += low
	}
	return low, high
}

// addWords adds the words of a chunk. Of n bytes b0, b1 … the lower half takes the sum; the
// upper takes n times what the lower was, and n*b0 + (n-1)*b1 + … + 1*b(n-1). A byte of a word
// with m words behind it has a factor of 8*m and one between 8 and 1, by its place. The 8*m are
// had by adding up, before each word, all those before it.
func addWords(low, high uint64, chunk []byte) (uint64, uint64) {
	high += low * uint64(len(chunk))
	var even, odd, evenAbove, oddAbove uint64
	for len(chunk) >= wordBytes {
		word := binary.LittleEndian.Uint64(chunk)
		chunk = chunk[wordBytes:]
		evenAbove += even
		oddAbove += odd
		even += word & evenLanes
		odd += word >> 8 & evenLanes
	}
	e0, e1, e2, e3 := lanes(even)
	o0, o1, o2, o3 := lanes(odd)
	low += e0 + e1 + e2 + e3 + o0 + o1 + o2 + o3
	high += 8*e0 + 7*o0 + 6*e1 + 5*o1 + 4*e2 + 3*o2 + 2*e3 + o3
	return low, high + wordBytes*(total(evenAbove)+total(oddAbove))
}

func lanes(x uint64) (a, b, c, d uint64) {
	return x & 0xffff, x >> 16 & 0xffff, x >> 32 & 0xffff, x >> 48
}

func total(x uint64) uint64 {
	a, b, c, d := lanes(x)
	return a + b + c + d
}
