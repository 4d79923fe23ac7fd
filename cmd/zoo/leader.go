package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"zoo"
	"zoo/internal/dev/status"
)

// leaderCommand is about who leads an ensemble.
type leaderCommand struct {
	Transfer leaderTransferCommand `cmd:"" help:"Have the leader hand over to another server."`
}

type leaderTransferCommand struct {
	Server   []string      `short:"s" xor:"where" required:"" placeholder:"host:port" help:"Where the ensemble's servers take clients: the leader is found among them."`
	Admin    string        `xor:"where" required:"" placeholder:"http://host:8080" help:"The admin port of the leader."`
	To       int64         `placeholder:"id" help:"Who is to lead. Without, the voter that is most in sync."`
	AuthFile string        `placeholder:"file" help:"A file with what the leader is told in the header Authorization, such as: digest super:secret."`
	Timeout  time.Duration `default:"30s" help:"How long it may take."`
	trustFlags
}

// Run asks the leader, and tells who leads then.
func (c *leaderTransferCommand) Run(ctx context.Context, m *Main) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	if c.Admin == "" {
		leads, err := c.find(ctx)
		if err != nil {
			return err
		}
		if int64(leads) == c.To {
			fmt.Fprintf(m.Stdout, "server %d leads\n", c.To)
			return nil
		}
	}
	query := url.Values{}
	if c.To != 0 {
		query.Set("to", strconv.FormatInt(c.To, 10))
	}
	var answer struct{ Leader int64 }
	port := adminPort{base: c.Admin, authFile: c.AuthFile, trust: &c.trustFlags}
	err := port.ask(ctx, http.MethodPost, "leader_transfer", query, &answer)
	if err != nil {
		return err
	}
	if answer.Leader == 0 {
		return errors.New("the answer names no leader; is it zoo's?")
	}
	fmt.Fprintf(m.Stdout, "server %d leads\n", answer.Leader)
	return nil
}

// find finds the leader among the servers, and its admin port.
func (c *leaderTransferCommand) find(ctx context.Context) (zoo.ServerID, error) {
	errs := []error{errors.New("no server at -s leads")}
	for _, address := range c.Server {
		s := status.Query(ctx, address)
		if s.Error != "" {
			errs = append(errs, fmt.Errorf("%s: %s", address, s.Error))
			continue
		}
		if s.Role != "leader" {
			errs = append(errs, fmt.Errorf("%s is a %s", address, s.Role))
			continue
		}
		id, _, err := configuration(ctx, address)
		if err == nil {
			c.Admin, err = c.adminOf(ctx, address)
		}
		return id, err
	}
	return 0, errors.Join(errs...)
}
