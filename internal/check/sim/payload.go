package sim

import (
	"bufio"
	"bytes"

	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
)

// thaw makes a tree of one that travelled behind a SNAP packet, through the bytes
// that a socket would carry. The sender's tree may have changed since it was
// frozen; the frozen one must not show that.
func thaw(frozen *tree.Frozen) (*tree.Tree, error) {
	defer frozen.Close()
	var wire bytes.Buffer
	from := snapshot.Source{Frozen: frozen, Lock: snapshot.NoLock{}}
	if err := snapshot.WriteStream(&wire, from); err != nil {
		return nil, err
	}
	return snapshot.ReadStream(bufio.NewReader(&wire), frozen.Zxid())
}
