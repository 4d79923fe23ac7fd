package datadir

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"zoo"
	"zoo/client"
)

// ann is who may read what is private.
var ann = client.Auth{Scheme: "digest", Data: []byte("ann:secret")}

// private lets ann do everything, and nobody else anything.
func private() []zoo.ACL {
	return []zoo.ACL{{Perms: zoo.PermAll,
		ID: zoo.ID{Scheme: "auth"}}}
}

// dial opens a session that lives longer than a test.
func dial(ctx context.Context, t *testing.T, address string) *client.Client {
	t.Helper()
	c, err := client.New(client.Options{Servers: []string{address}, Auth: []client.Auth{ann},
		SessionTimeout: 40 * time.Second, FrameBytesMax: 8 << 20})
	must(t, err)
	must(t, c.WaitConnected(ctx))
	return c
}

// leave ends clients without a word to the server, so that their sessions live on.
func leave(clients []*client.Client) {
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	for _, c := range clients {
		_ = c.Close(gone) // that it was not ended properly is what is wanted
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// player is one of those that write at the same time, each below a znode of its own.
type player struct {
	*rand.Rand
	client *client.Client
	top    string
}

const (
	players   = 6
	movesEach = 250
	furniture = 800
)

// furnish makes one znode of each kind, a quota, and so many plain znodes that a
// snapshot takes a moment.
func furnish(ctx context.Context, t *testing.T, c *client.Client, top string) {
	t.Helper()
	quota := "/zookeeper/quota" + top
	for _, step := range []struct {
		path, data string
		opts       client.CreateOptions
	}{
		{path: top, data: "top"},
		{quota, "", client.CreateOptions{}},
		{path: quota + "/zookeeper_limits", data: "count=100000,bytes=-1"},
		{path: quota + "/zookeeper_stats", data: "count=0,bytes=0"},
		{top + "/private", "secret", client.CreateOptions{ACL: private()}},
		{top + "/container", "", client.CreateOptions{Mode: zoo.Container}},
		{top + "/ttl", "t", client.CreateOptions{Mode: zoo.PersistentTTL, TTLMillis: 1 << 35}},
		{top + "/ephemeral", "e", client.CreateOptions{Mode: zoo.Ephemeral}},
		{path: top + "/ünïcode ☃", data: "\x00\xff"},
		{path: top + "/many"},
	} {
		_, err := c.Create(ctx, step.path, []byte(step.data), step.opts)
		must(t, err)
	}
	for i := 0; i < furniture; i += 100 {
		var ops []client.Op
		for j := i; j < i+100; j++ {
			ops = append(ops, client.CreateOp(fmt.Sprintf("%s/many/n%05d", top, j),
				make([]byte, j%300), client.CreateOptions{}))
		}
		_, err := c.Multi(ctx, ops...)
		must(t, err)
	}
}

// play fills a server below top, by several clients at once, and gives those whose
// sessions have not ended.
func play(ctx context.Context, t *testing.T, address, top string) []*client.Client {
	t.Helper()
	owner := dial(ctx, t, address)
	furnish(ctx, t, owner, top)
	clients := []*client.Client{owner}
	var wg sync.WaitGroup
	errs := make([]error, players)
	for i := range players {
		p := player{rand.New(rand.NewPCG(7, uint64(i))), dial(ctx, t, address),
			fmt.Sprintf("%s/p%d", top, i)}
		clients = append(clients, p.client)
		wg.Go(func() { errs[i] = p.play(ctx) })
	}
	wg.Wait()
	must(t, errors.Join(errs...))
	must(t, clients[players].Close(ctx)) // this session ends, with its ephemerals
	return clients[:players]
}

func (p player) play(ctx context.Context) error {
	_, err := p.client.Create(ctx, p.top, nil, client.CreateOptions{})
	for i := 0; i < movesEach && err == nil; i++ {
		err = p.move(ctx)
	}
	return err
}

// move changes something. That it is there already, or gone, is part of the game.
func (p player) move(ctx context.Context) error {
	path := fmt.Sprintf("%s/n%d", p.top, p.IntN(30))
	data := make([]byte, p.IntN(200))
	var err error
	switch p.IntN(8) {
	case 0, 1, 2:
		mode := zoo.CreateMode(p.IntN(2)) // persistent or ephemeral
		_, err = p.client.Create(ctx, path, data, client.CreateOptions{Mode: mode})
	case 3:
		err = p.client.Delete(ctx, path, -1)
	case 4:
		_, err = p.client.Set(ctx, path, data, -1)
	case 5:
		_, err = p.client.SetACL(ctx, path, private(), -1)
	case 6:
		_, err = p.client.Multi(ctx, client.CreateOp(path, data, client.CreateOptions{}),
			client.SetOp(p.top, data, -1), client.DeleteOp(path, -1))
	case 7:
		_, err = p.client.Create(ctx, p.top+"/s", data,
			client.CreateOptions{Mode: zoo.PersistentSequential})
	}
	for _, expected := range []zoo.Code{zoo.CodeNoNode, zoo.CodeNodeExists} {
		if errors.Is(err, expected) {
			return nil
		}
	}
	return err
}
