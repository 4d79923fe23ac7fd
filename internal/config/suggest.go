package config

import "strings"

// guess looks for the name that was meant by one that nothing reads.
type guess struct {
	name  string // in lower case
	best  string // what comes nearest, or empty while nothing is near
	edits int    // fewer than so many would make a name nearer
}

// nameBytesMax bounds the names that are guessed at: none of ours is as long.
const nameBytesMax = 127

// guessAt begins with a name of which a third may be wrong.
func guessAt(name string) *guess {
	return &guess{name: strings.ToLower(name), edits: len(name)/3 + 1}
}

// consider takes note of a name that could have been meant.
func (g *guess) consider(candidate string) {
	longer := len(candidate) - len(g.name)
	if max(longer, -longer) >= g.edits || max(len(g.name), len(candidate)) > nameBytesMax {
		return
	}
	if edits := editDistance(g.name, strings.ToLower(candidate)); edits < g.edits {
		g.best, g.edits = candidate, edits
	}
}

// editDistance counts insertions, deletions, replacements and swaps of neighbours that
// turn a into b. Both have at most nameBytesMax bytes. It allocates nothing: a file
// may have thousands of names that nobody knows.
func editDistance(a, b string) int {
	var rows [3][nameBytesMax + 1]int
	before, row, next := &rows[0], &rows[1], &rows[2]
	for j := range len(b) + 1 {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next[0] = i
		for j := 1; j <= len(b); j++ {
			next[j] = row[j-1]
			if a[i-1] != b[j-1] {
				next[j] = 1 + min(row[j-1], row[j], next[j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row, next = row, next, before
	}
	return row[len(b)]
}
