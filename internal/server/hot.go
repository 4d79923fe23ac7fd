package server

import (
	"zoo/internal/core/tree"
	"zoo/internal/ops/admin"
	"zoo/internal/ops/command"
	"zoo/internal/ops/sketch"
)

// figures are those that subtrees are compared by.
var figures = map[admin.Figure]func(u *tree.Usage) int64{
	admin.ByMemory: func(u *tree.Usage) int64 { return u.MemoryBytes },
	admin.ByData:   func(u *tree.Usage) int64 { return u.DataBytes },
	admin.ByZnodes: func(u *tree.Usage) int64 { return u.Znodes },
}

// LargestSubtrees finds the subtrees of a depth that have the most of a figure.
func (o operator) LargestSubtrees(by admin.Figure, depth, limit int) command.MemoryUse {
	return o.server.largest(tree.Ranking{Limit: limit, By: figures[by], Depth: depth})
}

// Rates are those of paths, or of subtrees of a depth.
func (o operator) Rates(depth int) sketch.Rates {
	return o.server.hot.At(o.server.mono(), depth)
}
