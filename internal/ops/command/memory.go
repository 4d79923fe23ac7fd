package command

import (
	"fmt"
	"strings"
)

// MemoryUse is which subtrees of the tree hold the most memory.
type MemoryUse struct {
	// Subtrees begin with the root, which is all of the tree. One may lie in another.
	Subtrees []Subtree
	// Omitted is how many bytes a subtree may hold that is missing, or may hold more
	// than is told: 0 but for a tree with very many directories.
	Omitted int64
}

// Subtree is a znode with all below it.
type Subtree struct {
	Path string
	// Znodes counts them.
	Znodes int64
	// DataBytes are those of their data, MemoryBytes all that they occupy.
	DataBytes, MemoryBytes int64
}

// subtreesShown is how many subtrees an answer has.
const subtreesShown = 100

// memory answers topm, the largest first, in lines of
//
//	<bytes of memory>\t<znodes>\t<bytes of data>\t<path>
//
// and a last one, "omitted\t<bytes>", where there may be others as large as that.
func (a *Answerer) memory(*Overview) string {
	use := a.Source.Memory(subtreesShown)
	var b strings.Builder
	for _, s := range use.Subtrees {
		fmt.Fprintf(&b, "%d\t%d\t%d\t%s\n", s.MemoryBytes, s.Znodes, s.DataBytes, s.Path)
	}
	if use.Omitted > 0 {
		fmt.Fprintf(&b, "omitted\t%d\n", use.Omitted)
	}
	return b.String()
}
