package client_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"time"

	"zoo"
	"zoo/client"
	"zoo/internal/core/replica"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/server"
)

// serve runs a server of ours on a disk in memory, and returns its address.
func serve(t *testing.T) string {
	t.Helper()
	cfg := server.Config{
		Config:       replica.Config{ID: 1, TickTime: 2 * time.Second},
		Store:        store.Config{FS: vfs.NewMem(), DataDir: "/data", PreallocateBytes: 1 << 16},
		ClientListen: []string{"127.0.0.1:0"}, Words: []string{"wchs"},
	}
	s := server.Assemble(cfg, slog.New(slog.DiscardHandler), server.BuildInfo{Version: "test"})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	addresses, err := s.Addresses(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return addresses[0].String()
}

func dial(t *testing.T, opts client.Options) *client.Client {
	t.Helper()
	c, err := client.Dial(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return c
}

// check ends a test at the first error.
func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The plot: the life of a znode, told by one client that lives below a chroot.
func TestAServerAnswersEveryOperation(t *testing.T) {
	address, ctx := serve(t), t.Context()
	root := dial(t, client.Options{Servers: []string{address}})
	_, err := root.Create(ctx, "/app", nil, client.CreateOptions{})
	check(t, err)
	c := dial(t, client.Options{Servers: []string{address}, Chroot: "/app",
		Auth: []client.Auth{{Scheme: "digest", Data: []byte("ann:secret")}}})
	w, came := client.OneEvent()
	if _, err := c.Exists(ctx, "/z", w); !errors.Is(err, zoo.CodeNoNode) {
		t.Fatal(err)
	}
	path, stat, err := c.Create2(ctx, "/z", []byte("one"), client.CreateOptions{})
	if err != nil || path != "/z" || stat.DataLength != 3 {
		t.Fatal(path, stat, err)
	}
	if e := <-came; e.Type != zoo.EventNodeCreated || e.Path != "/z" || e.Zxid != stat.Czxid {
		t.Fatalf("heard %+v", e)
	}
	stat, err = c.Set(ctx, "/z", []byte("two"), stat.Version)
	check(t, err)
	data, got, err := c.Get(ctx, "/z", nil)
	if err != nil || string(data) != "two" || got != stat {
		t.Fatal(string(data), got, err)
	}
	haveChildrenAndOwner(t, c, root)
	if err := c.Sync(ctx, "/"); err != nil {
		t.Fatal(err)
	}
	if err := c.Delete(ctx, "/z", client.AnyVersion); err != nil {
		t.Fatal(err)
	}
}

// haveChildrenAndOwner gives /z a child, and lets only those who know a password
// see it.
func haveChildrenAndOwner(t *testing.T, c, root *client.Client) {
	t.Helper()
	ctx := t.Context()
	sequential := client.CreateOptions{Mode: zoo.EphemeralSequential}
	path, err := c.Create(ctx, "/z/n-", nil, sequential)
	if err != nil || path != "/z/n-0000000000" {
		t.Fatal(path, err)
	}
	if names, _, err := c.Children(ctx, "/z", nil); err != nil ||
		!slices.Equal(names, []string{"n-0000000000"}) {
		t.Fatal(names, err)
	}
	_, err = c.SetACL(ctx, "/z", []zoo.ACL{{Perms: zoo.PermAll, ID: zoo.ID{Scheme: "auth"}}}, 0)
	check(t, err)
	acl, stat, err := c.GetACL(ctx, "/z")
	if err != nil || acl[0].ID.Scheme != "digest" || stat.Aversion != 1 {
		t.Fatal(acl, stat, err)
	}
	if _, _, err := root.Get(ctx, "/app/z", nil); !errors.Is(err, zoo.CodeNoAuth) {
		t.Fatal(err)
	}
	check(t, root.AddAuth(ctx, client.Auth{Scheme: "digest", Data: []byte("ann:secret")}))
	_, _, err = root.Get(ctx, "/app/z", nil)
	check(t, err)
	if err := c.Delete(ctx, "/z", client.AnyVersion); !errors.Is(err, zoo.CodeNotEmpty) {
		t.Fatal(err)
	}
	check(t, c.Delete(ctx, path, 0))
}

func TestAMultiMakesAllChangesOrNone(t *testing.T) {
	c, ctx := dial(t, client.Options{Servers: []string{serve(t)}}), t.Context()
	results, err := c.Multi(ctx, client.CreateOp("/m", []byte("x"), client.CreateOptions{}),
		client.SetOp("/m", []byte("y"), 0), client.CheckOp("/m", 1))
	if err != nil || results[0].Path != "/m" || results[1].Stat.Version != 1 {
		t.Fatal(results, err)
	}
	results, err = c.Multi(ctx, client.DeleteOp("/m", 1), client.DeleteOp("/none", 0),
		client.DeleteOp("/later", 0))
	var guilty *client.Error
	if !errors.As(err, &guilty) || guilty.Path != "/none" || guilty.Code != zoo.CodeNoNode {
		t.Fatal(err)
	}
	if results[0].Err != nil || results[2].Err != nil {
		t.Fatal(results)
	}
	if _, err := c.Exists(ctx, "/m", nil); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Multi(ctx); err != nil {
		t.Fatal(err)
	}
}

func TestARemovedWatchIsHeardOfAndFiresNoMore(t *testing.T) {
	c, ctx := dial(t, client.Options{Servers: []string{serve(t)}}), t.Context()
	heard := make(chan client.Event, 10)
	mine := client.NewWatcher(func(e client.Event) { heard <- e })
	other := client.NewWatcher(func(client.Event) {})
	for _, w := range []client.Watcher{mine, other} {
		check(t, c.AddWatch(ctx, "/w", zoo.WatchPersistent, w))
	}
	removal := client.Removal{Type: zoo.WatcherAny, Watcher: mine}
	check(t, c.RemoveWatches(ctx, "/w", removal))
	if e := <-heard; e.Type != zoo.EventPersistentWatchRemoved || e.Path != "/w" {
		t.Fatalf("heard %+v", e)
	}
	if err := c.RemoveWatches(ctx, "/w", removal); !errors.Is(err, zoo.CodeNoWatcher) {
		t.Fatal(err)
	}
	check(t, c.RemoveWatches(ctx, "/w", client.Removal{Type: zoo.WatcherPersistent}))
	_, err := c.Create(ctx, "/w", nil, client.CreateOptions{})
	check(t, err)
	if len(heard) > 0 {
		t.Fatalf("heard %+v", <-heard)
	}
}

// The plot: many callers share the one connection.
func TestManyCallersShareOneConnection(t *testing.T) {
	c := dial(t, client.Options{Servers: []string{serve(t)}})
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			path := fmt.Sprintf("/n%d", i)
			_, err := c.Create(t.Context(), path, []byte(path), client.CreateOptions{})
			if err != nil {
				t.Error(err)
			}
			data, _, err := c.Get(t.Context(), path, nil)
			if err != nil || string(data) != path {
				t.Errorf("%s holds %q: %v", path, data, err)
			}
		})
	}
	group.Wait()
}
