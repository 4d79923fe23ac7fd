package config

import "strings"

// nearest is the candidate with the fewest edits to name, or "" when none is
// near enough to be what was meant: a third of the name may be wrong.
func nearest(name string, candidates []string) string {
	best, bestEdits := "", len(name)/3+1
	for _, c := range candidates {
		edits := editDistance(strings.ToLower(name), strings.ToLower(c))
		if edits < bestEdits {
			best, bestEdits = c, edits
		}
	}
	return best
}

// editDistance counts insertions, deletions, replacements and swaps of
// neighbours that turn a into b.
func editDistance(a, b string) int {
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
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
		before, row = row, next
	}
	return row[len(b)]
}
