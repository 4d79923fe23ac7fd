package server

import (
	"strings"

	"zoo/internal/ops/metrics"
)

// readTally sums up the reads of one connection in one hold of the tree that concern
// one top znode, so that the figures which all connections share are touched once for
// many reads. It belongs to the holder of conn.mu.
type readTally struct {
	summary *metrics.Summary
	batch   metrics.Batch
}

// note adds a read. Those of the root are of no top znode, and not counted, as in Java.
func (r *readTally) note(all *metrics.SummarySet, path string, bytes int) {
	if !within(path, r.summary.Key()) {
		top := topOf(path)
		if top == "" {
			return
		}
		// The top znodes beyond those that are told apart have one summary.
		if summary := all.Of(top); summary != r.summary {
			r.flush()
			r.summary = summary
		}
	}
	r.batch.Observe(int64(bytes))
}

// flush moves what was summed up to where it is seen. It lets go of the summary, which
// may be out of use from the next srst on.
func (r *readTally) flush() {
	r.summary.Take(&r.batch)
	r.summary = nil
}

// within tells whether a path is /top or lies below it.
func within(path, top string) bool {
	end := 1 + len(top)
	return top != "" && len(path) >= end && path[1:end] == top &&
		(len(path) == end || path[end] == '/')
}

// topOf is the first name in a path; empty for the root.
func topOf(path string) string {
	if path == "" {
		return ""
	}
	top, _, _ := strings.Cut(path[1:], "/")
	return top
}
