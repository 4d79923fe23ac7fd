package tree

import (
	"fmt"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// While much is written the images of changed znodes must not pile up until the walk
// comes to them: they are shown next, behind their parents.
func TestAChangedZnodeIsShownNextBehindItsParents(t *testing.T) {
	h := newHistory(t)
	for i := range 300 {
		dir := fmt.Sprintf("/d%03d", i)
		h.create(dir, "dir", zoo.OpenACL())
		h.create(dir+"/leaf", "before", zoo.OpenACL())
	}
	frozen := h.tree.Freeze()
	defer frozen.Close()
	h.do(0, wire.OpSetData, &txn.SetDataTxn{
		Path: "/d299/leaf", Data: []byte("after"), Version: 1})
	h.do(0, wire.OpDelete, &txn.DeleteTxn{Path: "/d298/leaf"})
	h.do(0, wire.OpDelete, &txn.DeleteTxn{Path: "/d298"})
	if frozen.Waiting() == 0 {
		t.Fatal("the images take no memory")
	}
	var shown []string
	show := func(n FrozenNode) { shown = append(shown, n.Path+"="+string(n.Data)) }
	for len(shown) < 5 && frozen.Next(1, show) {
	}
	want := "= /d299=dir /d299/leaf=before /d298=dir /d298/leaf=before"
	if got := strings.Join(shown, " "); got != want {
		t.Errorf("shown first: %s, want %s", got, want)
	}
	if frozen.Waiting() != 0 {
		t.Errorf("%d bytes of images wait", frozen.Waiting())
	}
}
