package migrate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"zoo"
	"zoo/client"
	"zoo/internal/migrate/ask"
	"zoo/test/ensemble"
)

// The plot: two servers that have nothing to do with each other pass for one ensemble.
// Whatever differs between their trees is found and named, and what is the same is not;
// that a znode must not be read hides nothing of its Stat.
func TestWhateverDiffersBetweenTreesIsFound(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	one, first := alone(ctx, t)
	two, second := alone(ctx, t)
	for _, c := range []*client.Client{first, second} {
		create(ctx, t, c, "/a", "same", zoo.OpenACL())
	}
	create(ctx, t, first, "/a/only", "x", zoo.OpenACL())
	create(ctx, t, second, "/hidden", "x", []zoo.ACL{{Perms: zoo.PermAdmin, ID: zoo.AnyoneID}})

	targets := []ask.Target{{ID: 1, Address: one.Address()}, {ID: 2, Address: two.Address()}}
	found := ask.Trees(ctx, targets, ask.Options{})
	// The root, /a, both of its times and children, and what is on one server only.
	if len(found.Errors) > 0 || found.Different != 4 {
		t.Fatalf("found %+v", found)
	}
	for _, want := range []string{"/ on servers 1 and 2: the Stats are",
		"/a on servers 1 and 2: the Stats are", "/a/only on servers 1 and 2: one of them does not",
		"/hidden on servers 1 and 2: one of them does not"} {
		if !slices.ContainsFunc(found.Differences, func(d string) bool {
			return strings.HasPrefix(d, want)
		}) {
			t.Errorf("%q is not among %q", want, found.Differences)
		}
	}
	targets[0].Address = two.Address()
	found = ask.Trees(ctx, targets, ask.Options{})
	if found.Different+found.Moving+len(found.Errors) > 0 || found.Znodes < 4 ||
		found.Unreadable != 1 {
		t.Errorf("a server compared with itself: %+v", found)
	}
}

// alone runs one server of ours, and gives a client of it.
func alone(ctx context.Context, t *testing.T) (*ensemble.Server, *client.Client) {
	t.Helper()
	binary, err := ensemble.Build(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	e, err := ensemble.New(ensemble.Options{Dir: t.TempDir(), Voters: 1,
		Program: ensemble.Zoo(binary)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	if err := e.Start(ctx); err != nil {
		t.Fatal(err)
	}
	c, err := client.Dial(ctx, client.Options{Servers: e.Addresses()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close(context.Background()) })
	return e.Servers[0], c
}

func create(ctx context.Context, t *testing.T, c *client.Client, path, data string,
	acl []zoo.ACL) {
	t.Helper()
	_, err := c.Create(ctx, path, []byte(data), client.CreateOptions{ACL: acl})
	if err != nil {
		t.Fatal(fmt.Errorf("create %s: %w", path, err))
	}
}
