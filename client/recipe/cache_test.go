package recipe_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"zoo"
	"zoo/client"
	"zoo/client/recipe"
)

// The plot: a writer makes, sets and deletes at random below /t, while the cache's
// connection is cut and the server restarted. When it stops the copy becomes equal to the
// tree.
func TestACacheBecomesWhatTheTreeIs(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	reader, writer := w.person(timeout), w.person(timeout)
	cache, err := recipe.OpenCache(ctx, reader.Client, "/t")
	check(t, err)
	if _, found := cache.Get("/t"); found {
		t.Fatal("there is something where nothing is")
	}
	random := rand.New(rand.NewPCG(1, 2))
	for i := range 300 {
		change(ctx, t, writer, random)
		switch i {
		case 100:
			reader.sever()
		case 150:
			reader.heal()
		case 200:
			w.restart()
		}
	}
	until(ctx, t, cache, func() bool { return copied(cache, "/t") == tree(ctx, t, writer, "/t") })
	check(t, cache.Close(ctx))
	if _, err := cache.Wait(ctx, cache.Revision()); !errors.Is(err, client.ErrClosed) {
		t.Fatal(err)
	}
	heard := reader.heard()
	change(ctx, t, writer, random)
	check(t, reader.Sync(ctx, "/"))
	if reader.heard() != heard {
		t.Fatal("a watch is left")
	}
}

// change does something that may fail.
func change(ctx context.Context, t *testing.T, p *person, random *rand.Rand) {
	t.Helper()
	path := "/t"
	for range random.IntN(4) {
		path += fmt.Sprintf("/%d", random.IntN(3))
	}
	var err error
	switch random.IntN(3) {
	case 0:
		_, err = p.Create(ctx, path, []byte(path), client.CreateOptions{})
	case 1:
		_, err = p.Set(ctx, path, fmt.Append(nil, random.Int()), client.AnyVersion)
	case 2:
		err = p.Delete(ctx, path, client.AnyVersion)
	}
	for _, code := range []zoo.Code{zoo.CodeNoNode, zoo.CodeNodeExists, zoo.CodeNotEmpty,
		zoo.CodeConnectionLoss} {
		if errors.Is(err, code) {
			return
		}
	}
	check(t, err)
}

// until waits for a state of the cache.
func until(ctx context.Context, t *testing.T, cache *recipe.Cache, is func() bool) {
	t.Helper()
	for revision := cache.Revision(); !is(); {
		var err error
		revision, err = cache.Wait(ctx, revision)
		check(t, err)
	}
}

func copied(cache *recipe.Cache, path string) string {
	node, found := cache.Get(path)
	if !found {
		return ""
	}
	text := fmt.Sprintf("%s=%s@%v ", path, node.Data, node.Stat.Mzxid)
	for _, name := range node.Children {
		text += copied(cache, path+"/"+name)
	}
	return text
}

func tree(ctx context.Context, t *testing.T, p *person, path string) string {
	t.Helper()
	data, stat, err := p.Get(ctx, path, nil)
	if errors.Is(err, zoo.CodeNoNode) {
		return ""
	}
	check(t, err)
	names, _, err := p.Children(ctx, path, nil)
	check(t, err)
	slices.Sort(names)
	text := fmt.Sprintf("%s=%s@%v ", path, data, stat.Mzxid)
	for _, name := range names {
		text += tree(ctx, t, p, path+"/"+name)
	}
	return text
}

// The plot: a cache's session ends. What it has is still there, and who waits is told.
func TestACacheEndsWithItsSession(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	p := w.person(timeout)
	_, err := p.Create(ctx, "/c", []byte("x"), client.CreateOptions{})
	check(t, err)
	cache, err := recipe.OpenCache(ctx, p.Client, "/")
	check(t, err)
	p.expire()
	for revision := cache.Revision(); err == nil; {
		revision, err = cache.Wait(ctx, revision)
	}
	if !errors.Is(err, recipe.ErrLost) {
		t.Fatal(err)
	}
	if node, found := cache.Get("/c"); !found || string(node.Data) != "x" {
		t.Fatal(node, found)
	}
	if root, _ := cache.Get("/"); !slices.Equal(root.Children, []string{"c", "zookeeper"}) {
		t.Fatal(root.Children)
	}
	check(t, cache.Close(ctx))
}

// The plot: something below must not be read.
func TestACacheThatMayNotReadSaysSo(t *testing.T) {
	w, ctx := newWorld(t, tick), soon(t)
	p := w.person(timeout)
	check(t, makeWith(ctx, p, "/s", zoo.PermAll))
	check(t, makeWith(ctx, p, "/s/t", zoo.PermCreate))
	_, err := recipe.OpenCache(ctx, p.Client, "/s")
	if !errors.Is(err, zoo.CodeNoAuth) || !strings.Contains(err.Error(), "/s/t") {
		t.Fatal(err)
	}
}

func makeWith(ctx context.Context, p *person, path string, perms zoo.Perms) error {
	_, err := p.Create(ctx, path, nil, client.CreateOptions{
		ACL: []zoo.ACL{{Perms: perms, ID: zoo.AnyoneID}}})
	return err
}

func ExampleCache() {
	err := withClient(func(ctx context.Context, c *client.Client) error {
		cache, err := recipe.OpenCache(ctx, c, "/config")
		if err != nil {
			return err
		}
		revision := cache.Revision()
		_, err = c.Create(ctx, "/config", []byte("blue"), client.CreateOptions{})
		if err != nil {
			return err
		}
		if _, err := cache.Wait(ctx, revision); err != nil {
			return err
		}
		node, _ := cache.Get("/config")
		fmt.Printf("%s\n", node.Data)
		return cache.Close(ctx)
	})
	fmt.Println(err)
	// Output:
	// blue
	// <nil>
}
