package adler

import "golang.org/x/sys/cpu"

const (
	// rowBytes are added at once, by one instruction for each step.
	rowBytes = 32
	// wideBytesMin is what it takes for that to be worth the call.
	wideBytesMin = 2 * rowBytes
)

// addWide adds the rows of a block, of at most blockBytes, and gives what is left of it. Of n
// rows the upper half takes n*rowBytes times what the lower was, rowBytes times what the sum
// of the bytes is before each row, summed up, and each row's own bytes, by their place.
func addWide(low, high uint64, block []byte) (uint64, uint64, []byte) {
	if len(block) < wideBytesMin || !cpu.X86.HasAVX2 {
		return low, high, block
	}
	n := len(block) &^ (rowBytes - 1)
	sum, before, placed := sumRows(&block[0], n)
	high += low*uint64(n) + rowBytes*before + placed
	return low + sum, high, block[n:]
}

// sumRows looks at n bytes from p on, a multiple of rowBytes up to blockBytes and not 0. It
// gives their sum; what that sum is before each row, summed up; and the sum of all bytes, in
// each row the first times 32, the last once.
//
//go:noescape
func sumRows(p *byte, n int) (sum, before, placed uint64)
