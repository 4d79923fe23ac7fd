package watch

// slab keeps values of one type at places numbered from 1, and uses places again.
// It grows in chunks, so that growing never copies what is there. A pointer from at
// is good until the next add.
type slab[T any] struct {
	chunks [][]T
	free   []uint32
	count  uint32
}

const (
	chunkBits = 10
	chunkLen  = 1 << chunkBits
)

// add stores a value and gives its place.
func (s *slab[T]) add(v T) uint32 {
	if n := len(s.free); n > 0 {
		i := s.free[n-1]
		s.free = s.free[:n-1]
		*s.at(i) = v
		return i
	}
	if s.count%chunkLen == 0 {
		s.chunks = append(s.chunks, s.newChunk())
	}
	last := &s.chunks[len(s.chunks)-1]
	*last = append(*last, v)
	s.count++
	return s.count
}

// newChunk lets only the first chunk begin small: most tables stay so.
func (s *slab[T]) newChunk() []T {
	if s.count == 0 {
		return nil
	}
	return make([]T, 0, chunkLen)
}

// at gives the value at a place.
func (s *slab[T]) at(i uint32) *T { return &s.chunks[(i-1)>>chunkBits][(i-1)%chunkLen] }

// remove clears a place for later use.
func (s *slab[T]) remove(i uint32) {
	var zero T
	*s.at(i) = zero
	s.free = append(s.free, i)
}

// end is the first place that was never used.
func (s *slab[T]) end() uint32 { return s.count + 1 }
