package client_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"

	"zoo"
	"zoo/client"
)

// The plot: many goroutines begin and leave loops over one path all the time, and each
// writes once its loop is armed; some leave before. The moral: whoever is armed hears of its
// write, although others take their watches of the same path back, and in the end the
// server has no watch.
func TestLoopsOverOnePathDoNotDisturbEachOther(t *testing.T) {
	address, ctx := serve(t), t.Context()
	c := dial(t, client.Options{Servers: []string{address}})
	_, err := c.Create(ctx, "/s", nil, client.CreateOptions{})
	check(t, err)
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			for j := range 20 {
				if err := hearOneself(ctx, c, (i+j)%5 == 0); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	nobodyWatches(t, c, address)
}

// nobodyWatches fails the test if the client, or its server, has a watch.
func nobodyWatches(t *testing.T, c *client.Client, address string) {
	t.Helper()
	// The answer to sync is behind those to the removals.
	check(t, c.Sync(t.Context(), "/"))
	if s := c.Stats(); s.Watches != 0 {
		t.Errorf("%+v", s)
	}
	nc, err := net.Dial("tcp", address)
	check(t, err)
	defer nc.Close()
	_, err = io.WriteString(nc, "wchs")
	check(t, err)
	answer, err := io.ReadAll(nc)
	if err != nil || !strings.Contains(string(answer), "Total watches:0") {
		t.Errorf("%s%v", answer, err)
	}
}

// hearOneself writes within a loop, and leaves it with the next event; who is hasty
// leaves at once.
func hearOneself(ctx context.Context, c *client.Client, hasty bool) error {
	ctx, leave := context.WithCancel(ctx)
	defer leave()
	if hasty {
		go leave()
	}
	armed := false
	for event, err := range c.Watch(ctx, "/s", zoo.WatchPersistent) {
		switch {
		case hasty && errors.Is(err, context.Canceled):
			return nil
		case err != nil:
			return err
		case armed:
			return nil
		case !event.Rearmed():
			return fmt.Errorf("the first event is %+v", event)
		}
		armed = true
		if _, err := c.Set(ctx, "/s", nil, client.AnyVersion); err != nil && !hasty {
			return err
		}
	}
	return errors.New("the loop ended by itself")
}
