package recipe_test

import (
	"context"
	"errors"
	"time"

	"zoo/client"
	"zoo/internal/disk/vfs"
)

// withClient gives the examples a server and a session.
func withClient(f func(context.Context, *client.Client) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	address, stop, err := run(vfs.NewMem(), 2*time.Second)
	if err != nil {
		return err
	}
	c, err := client.Dial(ctx, client.Options{Servers: []string{address}})
	if err != nil {
		return errors.Join(err, stop())
	}
	return errors.Join(f(ctx, c), c.Close(ctx), stop())
}
