package client_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"

	"zoo"
	"zoo/client"
	"zoo/internal/wire"
)

// The plot: the extensions one after the other, each alone and below a chroot.
func TestExtensionsAnswerBelowAChroot(t *testing.T) {
	address, ctx := serve(t), t.Context()
	root := dial(t, client.Options{Servers: []string{address}})
	_, err := root.Create(ctx, "/app", nil, client.CreateOptions{})
	check(t, err)
	c := dial(t, client.Options{Servers: []string{address}, Chroot: "/app"})
	check(t, c.CheckNotExists(ctx, "/e", client.AnyVersion))
	for range 2 {
		check(t, c.CreateIfNotExists(ctx, "/e", nil, client.CreateOptions{}))
	}
	if err := c.CheckNotExists(ctx, "/e", 0); !errors.Is(err, zoo.ErrNodeExists) {
		t.Fatal(err)
	}
	_, err = c.Transaction().Create("/e/a", nil, client.CreateOptions{}).
		Create("/e/a/b", nil, client.CreateOptions{}).Commit(ctx)
	check(t, err)
	all, err := c.ListRecursive(ctx, "/e", 0)
	if err != nil || !slices.Equal(all, []string{"/e/a", "/e/a/b"}) {
		t.Fatal(all, err)
	}
	if all, err := c.ListRecursive(ctx, "/e", 1); err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	check(t, c.TryRemove(ctx, "/e/a", client.AnyVersion))
	if err := c.RemoveRecursive(ctx, "/e", 2); !errors.Is(err, zoo.ErrNotEmpty) {
		t.Fatal(err)
	}
	check(t, c.RemoveRecursive(ctx, "/e", 3))
	if _, err := c.Exists(ctx, "/e", nil); !errors.Is(err, zoo.ErrNoNode) {
		t.Fatal(err)
	}
}

// The plot: a transaction of extensions is the first that a connection hears of them.
func TestATransactionMayHoldExtensions(t *testing.T) {
	c, ctx := dial(t, client.Options{Servers: []string{serve(t)}}), t.Context()
	changes := c.Transaction().Add(client.CheckNotExistsOp("/t", client.AnyVersion),
		client.CreateIfNotExistsOp("/t", nil, client.CreateOptions{}),
		client.CreateIfNotExistsOp("/t", nil, client.CreateOptions{}),
		client.TryRemoveOp("/none", client.AnyVersion), client.RemoveRecursiveOp("/none", 0))
	results, err := changes.Commit(ctx)
	if err != nil || changes.Len() != len(results) || results[2].Path != "/t" {
		t.Fatal(results, err)
	}
	if _, err := changes.Commit(ctx); !errors.Is(err, zoo.ErrNodeExists) {
		t.Fatal(err)
	}
}

// The plot: a transaction is gathered, refused as a whole, and made.
func TestATransactionIsMadeAllOrNotAtAll(t *testing.T) {
	c, ctx := dial(t, client.Options{Servers: []string{serve(t)}}), t.Context()
	results, err := c.Transaction().Create("/x", nil, client.CreateOptions{}).
		Check("/x", 7).Commit(ctx)
	if !errors.Is(err, zoo.ErrBadVersion) || !errors.Is(results[1].Err, zoo.ErrBadVersion) {
		t.Fatal(results, err)
	}
	results, err = c.Transaction().Create("/x", nil, client.CreateOptions{}).Check("/x", 0).
		Set("/x", []byte("1"), 0).Delete("/x", 1).Commit(ctx)
	if err != nil || len(results) != 4 || results[2].Stat.Version != 1 {
		t.Fatal(results, err)
	}
	if results, err := c.Transaction().Commit(ctx); len(results) > 0 || err != nil {
		t.Fatal(results, err)
	}
}

// The plot: a server like Java's has no extensions. It is never sent one, whether alone
// or within a transaction, for it would hang up.
func TestNoExtensionIsSentUnasked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFake(t)
		c := f.begin(f.options())
		p := f.accept(granted())
		failed := make(chan error)
		go func() { failed <- c.TryRemove(t.Context(), "/a", client.AnyVersion) }()
		for range 2 {
			var asked wire.GetDataRequest
			h := p.hear(wire.OpGetData, &asked)
			if asked.Path != "/keeper/extensions" {
				t.Fatalf("asked for %s", asked.Path)
			}
			p.answer(wire.ReplyHeader{Xid: h.Xid, Err: zoo.CodeNoNode}, nil)
			if err := <-failed; !errors.Is(err, zoo.ErrUnimplemented) {
				t.Fatal(err)
			}
			go func() {
				_, err := c.Multi(t.Context(), client.TryRemoveOp("/a", client.AnyVersion))
				failed <- err
			}()
		}
		p.answer(wire.ReplyHeader{Xid: p.hear(wire.OpGetData, nil).Xid, Err: zoo.CodeNoNode}, nil)
		<-failed
		p.leave(c)
	})
}
