package shell_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"zoo/client"
)

// The plot: one znode has more children than fit one page, and one of these has children
// of its own. The moral: ls prints one sorted list, and deleteall leaves nothing.
func TestLargeFamiliesAreListedAndDeleted(t *testing.T) {
	address, ctx := serve(t), t.Context()
	c, err := client.Dial(ctx, client.Options{Servers: []string{address}})
	if err != nil {
		t.Fatal(err)
	}
	ops := []client.Op{client.CreateOp("/p", nil, client.CreateOptions{})}
	var names []string
	for i := range 10_500 {
		names = append(names, fmt.Sprintf("n-%04x", i*40503%65536))
		ops = append(ops, client.CreateOp("/p/"+names[i], nil, client.CreateOptions{}))
	}
	for _, below := range []string{"/a", "/b", "/a/c"} {
		ops = append(ops, client.CreateOp("/p/"+names[77]+below, nil, client.CreateOptions{}))
	}
	for part := range slices.Chunk(ops, 500) {
		if _, err := c.Multi(ctx, part...); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(ctx); err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	want := "[" + strings.Join(names, ", ") + "]\ncZxid = "
	if got := run(t, address, "ls -s /p\n"); !strings.Contains(got.out, want) {
		t.Errorf("ls says %d bytes, not %d, and %q", len(got.out), len(want), got.err)
	}
	if got := run(t, address, "ls -R /p\n"); strings.Count(got.out, "\n/p") != len(ops) {
		t.Errorf("ls -R has %d lines, not %d", strings.Count(got.out, "\n/p"), len(ops))
	}
	got := run(t, address, "deleteall /p -b 300\nls /\n")
	if !strings.HasSuffix(got.out, "[zookeeper]\n") || got.err != "" {
		t.Errorf("deleteall leaves %q and says %q", got.out, got.err)
	}
}
