package inspect

import (
	"cmp"
	"math/bits"
	"slices"
	"strings"

	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/vfs"
)

// Stats are figures about a snapshot's tree.
type Stats struct {
	SnapshotReport
	// Kinds counts the znodes of each kind.
	Kinds map[string]int `json:"kinds"`
	// Depth is the most levels below the root.
	Depth int `json:"depth"`
	// DataSizes and Children say how many znodes have how much of it.
	DataSizes []Bucket `json:"dataSizes"`
	Children  []Bucket `json:"children"`
	// Parents have the most children, Large the most data; Subtrees hold the most
	// data and paths, their own included.
	Parents  []Ranked `json:"mostChildren"`
	Large    []Ranked `json:"mostData"`
	Subtrees []Ranked `json:"largestSubtrees"`
}

// Bucket counts the znodes whose figure is in From to To.
type Bucket struct {
	From  int64 `json:"from"`
	To    int64 `json:"to"`
	Count int   `json:"count"`
}

// Ranked is a znode that is among the first in something.
type Ranked struct {
	Path     string `json:"path"`
	Children int    `json:"children"`
	// Bytes are those of the data; of a subtree, of all paths and data in it.
	Bytes int64 `json:"bytes"`
	// Znodes counts those of the subtree, the top included.
	Znodes int `json:"znodes,omitempty"`
}

// Measure reads a snapshot and ranks up to top znodes of each kind. Of a damaged one
// the figures are about what could be read.
func Measure(disk vfs.FS, file snapshot.File, top int, tell Progress) (*Stats, error) {
	l, err := load(meter(disk, tell, file.Path), file)
	if err != nil {
		return nil, err
	}
	s := &Stats{SnapshotReport: l.report, Kinds: make(map[string]int)}
	if l.tree != nil {
		m := &measurer{Stats: s, top: top}
		l.tree.EachNode(m.node)
		m.leave(0)
		s.DataSizes, s.Children = buckets(m.sizes[:]), buckets(m.children[:])
	}
	return s, nil
}

// measurer walks a tree, each znode before its descendants and those together.
type measurer struct {
	*Stats
	top             int
	sizes, children [histogramBuckets]int
	above           []Ranked // the subtrees that the walk is in
}

// histogramBuckets is one for zero and one for each power of two.
const histogramBuckets = 65

func (m *measurer) node(path string, n tree.Node) bool {
	st := n.Persisted()
	depth := strings.Count(path, "/")
	m.leave(depth)
	path = strings.Clone(path)
	if path == "" {
		path = "/"
	}
	size, children := int64(len(n.Data())), n.NumChildren()
	m.Kinds[kindOf(st.EphemeralOwner)]++
	m.Depth = max(m.Depth, depth)
	m.sizes[bits.Len64(uint64(size))]++
	m.children[bits.Len64(uint64(children))]++
	one := Ranked{Path: path, Children: children, Bytes: size}
	if children > 0 {
		m.Parents = rank(m.Parents, one, m.top, func(r Ranked) int64 { return int64(r.Children) })
	}
	if size > 0 {
		m.Large = rank(m.Large, one, m.top, func(r Ranked) int64 { return r.Bytes })
	}
	one.Znodes, one.Bytes = 1, size+int64(len(path))
	m.above = append(m.above, one)
	return true
}

// leave ends the subtrees at depth and below, and adds them to those they are in.
func (m *measurer) leave(depth int) {
	for len(m.above) > depth {
		last := len(m.above) - 1
		done := m.above[last]
		m.above = m.above[:last]
		if last > 0 {
			m.above[last-1].Bytes += done.Bytes
			m.above[last-1].Znodes += done.Znodes
		}
		if done.Children > 0 {
			m.Subtrees = rank(m.Subtrees, done, m.top, func(r Ranked) int64 { return r.Bytes })
		}
	}
}

// rank puts one among the top, which are sorted: the most first, then by path.
func rank(list []Ranked, one Ranked, top int, by func(Ranked) int64) []Ranked {
	order := func(a, b Ranked) int {
		return cmp.Or(cmp.Compare(by(b), by(a)), strings.Compare(a.Path, b.Path))
	}
	if len(list) >= top && (top == 0 || order(list[len(list)-1], one) <= 0) {
		return list
	}
	at, _ := slices.BinarySearchFunc(list, one, order)
	list = slices.Insert(list, at, one)
	return list[:min(len(list), top)]
}

// buckets leaves out those that are empty.
func buckets(counts []int) []Bucket {
	list := []Bucket{}
	for i, count := range counts {
		switch {
		case count == 0:
		case i == 0:
			list = append(list, Bucket{0, 0, count})
		default:
			list = append(list, Bucket{1 << (i - 1), 1<<i - 1, count})
		}
	}
	return list
}
