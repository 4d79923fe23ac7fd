package snapshot

import (
	"strings"
	"sync"
	"testing"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/vfs"
)

// later is a znode's state after the freeze of the writer.
func later(n tree.FrozenNode) tree.FrozenNode {
	n.Data = []byte("later")
	n.Stat.Version++
	n.Digest = uint32(tree.NodeDigest(n.Path, n.Data, &n.Stat))
	return n
}

// The plot: between the tree and the file a znode gets lost, or comes twice, or is another
// one, or as it was at another moment. The file would be whole, with seals that fit; but
// the writer counts what it writes, and the snapshot is lost.
func TestASnapshotOfAnythingButTheTreeIsNotPublished(t *testing.T) {
	for name, write := range map[string]func(e *encoder, n tree.FrozenNode){
		"lost":  func(*encoder, tree.FrozenNode) {},
		"twice": func(e *encoder, n tree.FrozenNode) { e.node(n); e.node(n) },
		"later": func(e *encoder, n tree.FrozenNode) { e.node(later(n)) },
		"new": func(e *encoder, n tree.FrozenNode) {
			e.node(n)
			n.Path = "/new"
			e.node(later(n))
		},
		"another": func(e *encoder, n tree.FrozenNode) {
			n.Path = "/another"
			e.node(later(n))
		},
	} {
		disk := vfs.NewMem()
		if err := disk.MkdirAll("/d"); err != nil {
			t.Fatal(err)
		}
		w := Format{}.NewWriter(disk, "/d", "unfinished", wholeSource())
		w.enc.begin()
		w.enc.Frozen.Next(1, func(n tree.FrozenNode) { write(&w.enc, n) })
		if err := w.Finish(); err == nil || !strings.Contains(err.Error(), "znodes") {
			t.Errorf("%s: the writer says %v", name, err)
		}
		if w.Publish() == nil {
			t.Errorf("%s: published", name)
		}
		if files, err := List(disk, "/d"); err != nil || len(files) > 0 {
			t.Errorf("%s: there is %v, %v", name, files, err)
		}
	}
}

func wholeSource() Source {
	t := tree.New()
	t.SetZxid(zoo.Zxid(7))
	return Source{Frozen: t.Freeze(), Lock: &sync.Mutex{}}
}
