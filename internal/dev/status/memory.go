package status

import (
	"context"
	"fmt"
	"net"
	"strings"
	"time"
)

// memoryTimeout bounds the question which subtrees hold the most: a server walks over
// its whole tree to tell.
const memoryTimeout = time.Minute

// Subtree is a znode with all below it.
type Subtree struct {
	Path        string `json:"path"`
	Znodes      int64  `json:"znodes"`
	DataBytes   int64  `json:"data_bytes"`
	MemoryBytes int64  `json:"memory_bytes"`
}

// MemoryUse is which subtrees of a server hold the most memory, the whole tree first.
type MemoryUse struct {
	Address  string    `json:"address"`
	Subtrees []Subtree `json:"subtrees"`
	// OmittedBytes is how much a subtree may hold that is missing.
	OmittedBytes int64 `json:"omitted_bytes"`
}

// Memory asks one server which subtrees hold the most: lines of
//
//	<bytes of memory>\t<znodes>\t<bytes of data>\t<path>
func Memory(ctx context.Context, address string) (MemoryUse, error) {
	use := MemoryUse{Address: address}
	text, err := askWithin(ctx, memoryTimeout, &net.Dialer{}, address, "topm")
	if err != nil {
		return use, err
	}
	for line := range strings.Lines(text) {
		fields := strings.SplitN(strings.TrimRight(line, "\r\n"), "\t", 4)
		if len(fields) == 2 && fields[0] == "omitted" {
			use.OmittedBytes = whole(fields[1])
		}
		if len(fields) == 4 {
			use.Subtrees = append(use.Subtrees, Subtree{
				MemoryBytes: whole(fields[0]), Znodes: whole(fields[1]),
				DataBytes: whole(fields[2]), Path: fields[3],
			})
		}
	}
	if len(use.Subtrees) == 0 {
		return use, fmt.Errorf("%s does not tell what its memory holds", address)
	}
	return use, nil
}
