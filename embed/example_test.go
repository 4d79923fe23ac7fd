package embed_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"time"

	"zoo"
	"zoo/client"
	"zoo/embed"
)

// A program with a server of its own, and a client of that.
func Example() {
	dir, err := os.MkdirTemp("", "embed-")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()

	server, err := embed.Start(ctx, embed.Config{DataDir: dir})
	if err != nil {
		log.Fatal(err)
	}
	defer server.Close(ctx)

	c, err := client.Dial(ctx, client.Options{Servers: []string{server.Address()}})
	if err != nil {
		log.Fatal(err)
	}
	defer c.Close(ctx)
	_, err = c.Create(ctx, "/greeting", []byte("hello"), client.CreateOptions{})
	if err != nil {
		log.Fatal(err)
	}
	data, _, err := c.Get(ctx, "/greeting", nil)
	fmt.Println(string(data), err)
	fmt.Println(server.Mode())
	// Output:
	// hello <nil>
	// standalone
}

// A member of an ensemble of three. The others run elsewhere, with the same Servers.
func ExampleStart_ensemble() {
	member := func(ctx context.Context) (*embed.Server, error) {
		return embed.Start(ctx, embed.Config{
			DataDir:       "/var/lib/app/zoo",
			ClientAddress: "10.0.0.1:2181",
			ID:            1,
			Servers: map[zoo.ServerID]string{
				1: "10.0.0.1:2888:3888",
				2: "10.0.0.2:2888:3888",
				3: "10.0.0.3:2888:3888",
			},
			Settings: map[string]string{"tickTime": "1000"},
		})
	}
	_ = member
}
