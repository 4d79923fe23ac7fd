package tree

import (
	"encoding/binary"
	"math/bits"
)

// An arena hands out blocks of bytes by number, so that whoever keeps them needs
// no pointers. Blocks come in classes of size; a slab is cut into blocks of one
// class:
//
//	slab    0        1        2  …  2047      granules of 16 bytes
//	        [block 0        ][block 1 …       blocks of one class
//	free    [next u16|…                       1 + granule of the next free block
//
//	number  slab << 11 | first granule        for a block in a slab
//	        index of the large table          for a block above slabBlockMax
//
// A slab whose last block comes back gives up its memory.
type arena struct {
	slabs     []slab
	partial   [classCount]uint32 // 1 + the first slab of the class with room.
	filled    [classCount]bool   // The class has filled a slab: the next are made whole.
	empty     []uint32           // Slabs without memory.
	large     [][]byte
	largeFree []uint32
}

type slab struct {
	memory     []byte // memory of a class's first slab starts small and doubles up to slabBytes.
	next, prev uint32 // 1 + the neighbours in the class's list of slabs with room.
	live       uint16 // Blocks in use.
	cut        uint16 // Granules given out so far, used or free again.
	free       uint16 // 1 + the granule of the first free block.
	class      uint8
	listed     bool // The slab is in the class's list.
}

const (
	granuleBytes   = 16
	granuleBits    = 11
	slabGranules   = 1 << granuleBits
	slabBytes      = slabGranules * granuleBytes
	slabBytesFirst = 256
	slabBlockMax   = 8 << 10
	smallClasses   = 16 // Classes of 16, 32 … 256 bytes; then four per doubling.
	smallMax       = smallClasses * granuleBytes
	classCount     = smallClasses + 4*5
)

// classOf is the class of the smallest block that holds size bytes.
func classOf(size int) int {
	if size <= smallMax {
		return max(size-1, 0) / granuleBytes
	}
	power := bits.Len(uint(size-1)) - 1
	return smallClasses + (power-8)*4 + (size-1-1<<power)/(1<<power/4)
}

// classBytes is the size of a class's blocks.
func classBytes(class int) int {
	if class < smallClasses {
		return (class + 1) * granuleBytes
	}
	class -= smallClasses
	power := smallMax << (class / 4)
	return power + (class%4+1)*power/4
}

// sameBlock tells whether a block made for one size also fits the other.
func sameBlock(before, after int) bool {
	if before > slabBlockMax || after > slabBlockMax {
		return before == after
	}
	return classOf(before) == classOf(after)
}

// bytes is the block of the given number and size. It is good until the block is
// freed; its slab may move when another block is allocated, though.
func (a *arena) bytes(number uint32, size int) []byte {
	if size > slabBlockMax {
		return a.large[number]
	}
	start := int(number%slabGranules) * granuleBytes
	return a.slabs[number>>granuleBits].memory[start : start+size : start+size]
}

// alloc gives a block of size bytes, whose content is arbitrary.
func (a *arena) alloc(size int) uint32 {
	if size > slabBlockMax {
		return a.allocLarge(size)
	}
	class := classOf(size)
	if a.partial[class] == 0 {
		a.open(class)
	}
	index := a.partial[class] - 1
	s := &a.slabs[index]
	granule := s.take()
	if s.full() {
		a.filled[class] = true
		a.unlist(index)
	}
	return index<<granuleBits | uint32(granule)
}

// release takes back a block that alloc gave for the same size.
func (a *arena) release(number uint32, size int) {
	if size > slabBlockMax {
		a.large[number] = nil
		a.largeFree = append(a.largeFree, number)
		return
	}
	index := number >> granuleBits
	s := &a.slabs[index]
	s.put(uint16(number % slabGranules))
	if !s.listed {
		a.list(index)
	}
	if s.live == 0 {
		a.unlist(index)
		s.memory = nil
		a.empty = append(a.empty, index)
	}
}

func (a *arena) allocLarge(size int) uint32 {
	block := make([]byte, size)
	if last := len(a.largeFree) - 1; last >= 0 {
		number := a.largeFree[last]
		a.largeFree = a.largeFree[:last]
		a.large[number] = block
		return number
	}
	a.large = append(a.large, block)
	return uint32(len(a.large) - 1)
}

// open gives the class a slab with room.
func (a *arena) open(class int) {
	index := uint32(len(a.slabs))
	if last := len(a.empty) - 1; last >= 0 {
		index = a.empty[last]
		a.empty = a.empty[:last]
	} else {
		a.slabs = append(a.slabs, slab{})
	}
	a.slabs[index] = slab{class: uint8(class)}
	if a.filled[class] {
		a.slabs[index].memory = make([]byte, slabBytes)
	}
	a.list(index)
}

func (a *arena) list(index uint32) {
	s := &a.slabs[index]
	head := &a.partial[s.class]
	s.next, s.prev, s.listed = *head, 0, true
	if *head != 0 {
		a.slabs[*head-1].prev = index + 1
	}
	*head = index + 1
}

func (a *arena) unlist(index uint32) {
	s := &a.slabs[index]
	s.listed = false
	if s.prev != 0 {
		a.slabs[s.prev-1].next = s.next
	} else {
		a.partial[s.class] = s.next
	}
	if s.next != 0 {
		a.slabs[s.next-1].prev = s.prev
	}
}

func (s *slab) granules() int { return classBytes(int(s.class)) / granuleBytes }

func (s *slab) full() bool { return s.free == 0 && int(s.cut)+s.granules() > slabGranules }

func (s *slab) take() uint16 {
	s.live++
	if s.free != 0 {
		granule := s.free - 1
		s.free = binary.LittleEndian.Uint16(s.memory[int(granule)*granuleBytes:])
		return granule
	}
	granule := s.cut
	s.cut += uint16(s.granules())
	if end := int(s.cut) * granuleBytes; end > len(s.memory) {
		s.grow(end)
	}
	return granule
}

func (s *slab) put(granule uint16) {
	s.live--
	binary.LittleEndian.PutUint16(s.memory[int(granule)*granuleBytes:], s.free)
	s.free = granule + 1
}

func (s *slab) grow(end int) {
	size := min(max(end, 2*len(s.memory), slabBytesFirst), slabBytes)
	memory := make([]byte, size)
	copy(memory, s.memory)
	s.memory = memory
}
