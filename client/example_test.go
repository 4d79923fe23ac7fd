package client_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/netip"
	"time"

	"zoo"
	"zoo/client"
	"zoo/internal/core/replica"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/server"
)

// example gives an example a server of its own and a client of it. An example's error is
// the end of it.
func example(story func(ctx context.Context, address string, c *client.Client) error) {
	cfg := server.Config{
		Config:       replica.Config{ID: 1, TickTime: 2 * time.Second},
		Store:        store.Config{FS: vfs.NewMem(), DataDir: "/data", PreallocateBytes: 1 << 16},
		ClientListen: []string{"127.0.0.1:0"},
	}
	s := server.Assemble(cfg, slog.New(slog.DiscardHandler), server.BuildInfo{Version: "test"})
	ctx, stop := context.WithTimeout(context.Background(), time.Minute)
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	defer func() { <-ended }()
	defer stop()
	addresses, err := s.Addresses(ctx)
	if err != nil {
		fmt.Println(err)
		return
	}
	c, err := client.Dial(ctx, client.Options{Servers: []string{addresses[0].String()}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close(ctx)
	if err := story(ctx, addresses[0].String(), c); err != nil {
		fmt.Println(err)
	}
}

func Example() {
	example(func(ctx context.Context, address string, _ *client.Client) error {
		c, err := client.Dial(ctx, client.Options{Servers: []string{address}})
		if err != nil {
			return err
		}
		defer c.Close(ctx)
		if _, err := c.Create(ctx, "/config", []byte("blue"), client.CreateOptions{}); err != nil {
			return err
		}
		data, stat, err := c.Get(ctx, "/config", nil)
		if err != nil {
			return err
		}
		fmt.Printf("%s, version %d\n", data, stat.Version)
		return c.Delete(ctx, "/config", stat.Version)
	})
	// Output: blue, version 0
}

// What failed is found by errors.Is; the error knows the operation and the path, too.
func ExampleError() {
	example(func(ctx context.Context, _ string, c *client.Client) error {
		_, _, err := c.Get(ctx, "/nobody", nil)
		var failed *client.Error
		if errors.Is(err, zoo.ErrNoNode) && errors.As(err, &failed) {
			fmt.Println(failed.Op, "of", failed.Path, "found no node")
		}
		return nil
	})
	// Output: getData of /nobody found no node
}

func ExampleClient_Transaction() {
	example(func(ctx context.Context, _ string, c *client.Client) error {
		move := func() error {
			_, err := c.Transaction().
				Create("/jobs", nil, client.CreateOptions{}).
				Create("/jobs/a", []byte("1"), client.CreateOptions{}).
				Check("/jobs", 0).
				Commit(ctx)
			return err
		}
		fmt.Println(move())
		fmt.Println(move())
		return nil
	})
	// Output:
	// <nil>
	// create2 "/jobs": node exists (-110)
}

// A program that keeps what is below /config reads all of it when the watch is armed, and
// what has changed afterwards.
func ExampleClient_Watch() {
	example(func(ctx context.Context, _ string, c *client.Client) error {
		for event, err := range c.Watch(ctx, "/config", zoo.WatchPersistentRecursive) {
			switch {
			case err != nil:
				return err
			case event.Rearmed():
				fmt.Println("read all")
				_, err := c.Transaction().Create("/config", nil, client.CreateOptions{}).
					Create("/config/color", nil, client.CreateOptions{}).Commit(ctx)
				if err != nil {
					return err
				}
			default:
				fmt.Println(event.Type, event.Path)
				if event.Path == "/config/color" {
					return nil
				}
			}
		}
		return nil
	})
	// Output:
	// read all
	// NodeCreated /config
	// NodeCreated /config/color
}

func ExampleClient_Follow() {
	example(func(ctx context.Context, _ string, c *client.Client) error {
		for value, err := range c.Follow(ctx, "/color") {
			switch {
			case err != nil:
				return err
			case !value.Exists:
				fmt.Println("no color yet")
				_, err = c.Create(ctx, "/color", []byte("blue"), client.CreateOptions{})
				if err != nil {
					return err
				}
			default:
				fmt.Printf("%s\n", value.Data)
				return nil
			}
		}
		return nil
	})
	// Output:
	// no color yet
	// blue
}

// A callback hears of one change, or with AddWatch of all.
func ExampleOneEvent() {
	example(func(ctx context.Context, _ string, c *client.Client) error {
		watcher, came := client.OneEvent()
		if _, err := c.Exists(ctx, "/late", watcher); !errors.Is(err, zoo.ErrNoNode) {
			return err
		}
		if _, err := c.Create(ctx, "/late", nil, client.CreateOptions{}); err != nil {
			return err
		}
		event := <-came
		fmt.Println(event.Type, event.Path)
		return nil
	})
	// Output: NodeCreated /late
}

// A znode that only ann may touch, of an ensemble below a chroot.
func ExampleDigestAuth() {
	example(func(ctx context.Context, address string, root *client.Client) error {
		if _, err := root.Create(ctx, "/app", nil, client.CreateOptions{}); err != nil {
			return err
		}
		ann, err := client.Dial(ctx, client.Options{Servers: []string{address}, Chroot: "/app",
			Auth: []client.Auth{client.DigestAuth("ann", "secret")}})
		if err != nil {
			return err
		}
		defer ann.Close(ctx)
		acl := []zoo.ACL{{Perms: zoo.PermAll, ID: client.DigestID("ann", "secret")}}
		if _, err := ann.Create(ctx, "/mine", nil, client.CreateOptions{ACL: acl}); err != nil {
			return err
		}
		_, _, err = root.Get(ctx, "/app/mine", nil)
		fmt.Println(errors.Is(err, zoo.ErrNoAuth))
		return nil
	})
	// Output: true
}

// Options that find an ensemble by a name and prefer the servers of the own zone.
func ExampleHostProvider() {
	near := netip.MustParsePrefix("10.0.1.0/24")
	opts := client.Options{
		Hosts: client.DNSHosts{
			Names: []string{"zk.example.com:2181"},
			Zone: func(at netip.Addr) string {
				if near.Contains(at) {
					return "near"
				}
				return "far"
			},
			// Leave it out; this one stands for the network here.
			Resolver: &book{hosts: map[string][]string{
				"zk.example.com": {"10.0.1.7", "10.0.2.7"}}},
		},
		Prefer:  client.PreferZone("near"),
		Backoff: client.Backoff{Min: 100 * time.Millisecond, Max: 10 * time.Second},
	}
	servers, err := opts.Hosts.Servers(context.Background())
	if err != nil {
		fmt.Println(err)
	}
	for _, s := range servers {
		fmt.Println(s.Address, "is", s.Name, "at rank", opts.Prefer(s))
	}
	// Output:
	// 10.0.1.7:2181 is zk.example.com:2181 at rank 0
	// 10.0.2.7:2181 is zk.example.com:2181 at rank 1
}

func ExampleTrace() {
	example(func(ctx context.Context, address string, _ *client.Client) error {
		c, err := client.Dial(ctx, client.Options{Servers: []string{address}, Trace: client.Trace{
			Call: func(_ context.Context, call client.CallInfo) {
				fmt.Println(call.Op, call.Path, call.Err == nil, call.Took > 0)
			},
		}})
		if err != nil {
			return err
		}
		if _, err := c.Exists(ctx, "/", nil); err != nil {
			return err
		}
		return c.Close(ctx)
	})
	// Output:
	// exists / true true
	// closeSession  true true
}

// Children in the order of their names, page by page where the server has pages.
func ExampleClient_EachChild() {
	example(func(ctx context.Context, _ string, c *client.Client) error {
		for _, name := range []string{"/b", "/a"} {
			if _, err := c.Create(ctx, name, nil, client.CreateOptions{}); err != nil {
				return err
			}
		}
		for name, err := range c.EachChild(ctx, "/") {
			if err != nil {
				return err
			}
			fmt.Println(name)
		}
		return nil
	})
	// Output:
	// a
	// b
	// zookeeper
}

// A read that is no older than what anybody was told of before it began.
func ExampleLinearizable() {
	example(func(ctx context.Context, _ string, c *client.Client) error {
		_, err := c.Exists(client.Linearizable(ctx), "/zookeeper", nil)
		fmt.Println(err)
		return nil
	})
	// Output: <nil>
}

func ExampleParseConnectString() {
	servers, chroot, err := client.ParseConnectString("10.0.0.1,zk.example.com:2182/app")
	fmt.Println(servers, chroot, err)
	// Output: [10.0.0.1:2181 zk.example.com:2182] /app <nil>
}

func ExampleClient_RemoveRecursive() {
	example(func(ctx context.Context, _ string, c *client.Client) error {
		_, err := c.Transaction().Create("/old", nil, client.CreateOptions{}).
			Create("/old/a", nil, client.CreateOptions{}).Commit(ctx)
		if err != nil {
			return err
		}
		if err := c.RemoveRecursive(ctx, "/old", 0); !errors.Is(err, zoo.ErrUnimplemented) {
			fmt.Println(err)
		}
		return nil
	})
	// Output: <nil>
}
