package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// leaderCommand is about who leads an ensemble.
type leaderCommand struct {
	Transfer leaderTransferCommand `cmd:"" help:"Have the leader hand over to another server."`
}

type leaderTransferCommand struct {
	Admin    string        `required:"" placeholder:"http://host:8080" help:"The admin port of the leader."`
	To       int64         `placeholder:"id" help:"Who is to lead. Without, the voter that is most in sync."`
	AuthFile string        `placeholder:"file" help:"A file with what the leader is told in the header Authorization, such as: digest super:secret."`
	Timeout  time.Duration `default:"30s" help:"How long it may take."`
}

// Run asks the leader, and tells who leads then.
func (c *leaderTransferCommand) Run(ctx context.Context, m *Main) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	query := url.Values{}
	if c.To != 0 {
		query.Set("to", strconv.FormatInt(c.To, 10))
	}
	var answer struct{ Leader int64 }
	err := adminPort{c.Admin, c.AuthFile}.ask(ctx, http.MethodPost, "leader_transfer", query,
		&answer)
	if err != nil {
		return err
	}
	if answer.Leader == 0 {
		return errors.New("the answer names no leader; is it zoo's?")
	}
	fmt.Fprintf(m.Stdout, "server %d leads\n", answer.Leader)
	return nil
}
