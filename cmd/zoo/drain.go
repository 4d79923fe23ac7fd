package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/dev/status"
)

// exitClientsLeft says that a server is being drained, and has clients still.
const exitClientsLeft = 3

// drainFlags say which server it is about, and who asks.
type drainFlags struct {
	Server   []string `short:"s" placeholder:"host:port" help:"Where the ensemble's servers take clients; needed with an id."`
	Admin    string   `placeholder:"http://host:8080" help:"The admin port of the server. Without, where it says that it is."`
	AuthFile string   `placeholder:"file" help:"A file with what the server is told in the header Authorization, such as: digest super:secret."`
	JSON     bool     `name:"json" help:"Print JSON, one object a line."`
	trustFlags
}

type memberDrainCommand struct {
	drainFlags
	Rate    int           `default:"100" help:"How many clients to send away in a second."`
	Timeout time.Duration `default:"10m" help:"How long to wait until no client is left."`
	Member  string        `arg:"" name:"id|host:clientPort" help:"The server."`
}

type memberUndrainCommand struct {
	drainFlags
	Timeout time.Duration `default:"30s" help:"How long it may take."`
	Member  string        `arg:"" name:"id|host:clientPort" help:"The server."`
}

// drainee is the server that a command is about.
type drainee struct {
	id      zoo.ServerID
	address string
	view    *quorum.View
	admin   adminPort
}

// find finds a server and its admin port. It asks by four-letter words: a server that is
// drained takes no session.
func (f *drainFlags) find(ctx context.Context, member string) (*drainee, error) {
	d := &drainee{address: member,
		admin: adminPort{base: f.Admin, authFile: f.AuthFile, trust: &f.trustFlags}}
	if id, err := strconv.ParseInt(member, 10, 64); err == nil {
		if d.address, err = f.addressOf(ctx, zoo.ServerID(id)); err != nil {
			return nil, err
		}
	}
	if _, _, err := net.SplitHostPort(d.address); err != nil {
		return nil, fmt.Errorf("%q: want a server's id, or host:port where it takes clients",
			member)
	}
	var err error
	if d.id, d.view, err = configuration(ctx, d.address); err != nil {
		return nil, err
	}
	if f.Admin == "" {
		if d.admin.base, err = f.adminOf(ctx, d.address); err != nil {
			return nil, err
		}
	}
	// Before anything is asked for: it could be another server's port.
	_, err = d.ask(ctx, http.MethodGet, "member_status", nil)
	return d, err
}

// addressOf finds where a member takes clients.
func (f *drainFlags) addressOf(ctx context.Context, id zoo.ServerID) (string, error) {
	errs := []error{fmt.Errorf("server %d: no server at -s tells where it is", id)}
	for _, address := range f.Server {
		_, view, err := configuration(ctx, address)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		line, member := view.Server(id)
		switch {
		case !member:
			return "", fmt.Errorf("server %d is no member of configuration %v", id, view.Version())
		case line.ClientPort == 0:
			return "", fmt.Errorf("the line of server %d has no port for clients; "+
				"give host:port instead of its id", id)
		}
		return clientAddress(line), nil
	}
	return "", errors.Join(errs...)
}

// configuration asks a server who it is, and for the configuration in force.
func configuration(ctx context.Context, address string) (zoo.ServerID, *quorum.View, error) {
	text, err := status.Ask(ctx, address, "conf")
	if err != nil {
		return 0, nil, fmt.Errorf("ask %s who it is: %w", address, err)
	}
	own, members, ensemble := strings.Cut(text, "membership:")
	if !ensemble {
		return 0, nil, fmt.Errorf("%s is a standalone server: its clients would have nowhere "+
			"to go", address)
	}
	var id int64
	for line := range strings.Lines(own) {
		if value, ok := strings.CutPrefix(strings.TrimSpace(line), "serverId="); ok {
			id, _ = strconv.ParseInt(value, 10, 64)
		}
	}
	view, err := quorum.ParseView(strings.TrimSpace(members))
	if err != nil {
		return 0, nil, fmt.Errorf("the configuration of %s: %w", address, err)
	}
	return zoo.ServerID(id), view, nil
}

// adminOf finds the admin port of a server by its start-up timeline.
func (f *trustFlags) adminOf(ctx context.Context, address string) (string, error) {
	stages, err := status.Startup(ctx, address)
	if err != nil {
		return "", fmt.Errorf("ask %s for its admin port: %w; give it with --admin", address, err)
	}
	for _, stage := range stages {
		if stage.Name == "listen for operators" {
			return f.adminURL(address, stage.Detail)
		}
	}
	return "", fmt.Errorf("%s has no admin port; see admin.enableServer", address)
}

func isLoopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// attendance is what a server answers about its clients.
type attendance struct {
	Server    int64  `json:"server"`
	State     string `json:"state"`
	Clients   int    `json:"clients"`
	Leads     bool   `json:"leads"`
	Reason    string `json:"reason,omitempty"`
	ElapsedMS int64  `json:"elapsed_ms"`
}

// ask has the server do something about its clients.
func (d *drainee) ask(ctx context.Context, method, command string, query url.Values,
) (attendance, error) {
	var a attendance
	err := d.admin.ask(ctx, method, command, query, &a)
	if err == nil && a.Server != int64(d.id) {
		err = fmt.Errorf("%s is the admin port of server %d, and %s is server %d",
			d.admin.base, a.Server, d.address, d.id)
	}
	return a, err
}

// spareable refuses to drain a voter that its ensemble needs: it is drained to be stopped.
func (d *drainee) spareable(ctx context.Context) error {
	if !d.view.IsVoter(d.id) {
		return nil
	}
	down := []zoo.ServerID{}
	for _, id := range d.view.Voters() {
		line, ok := d.view.Server(id)
		if id != d.id && (!ok || query(ctx, line).Error != "") {
			down = append(down, id)
		}
	}
	if d.view.Decides(func(id zoo.ServerID) bool {
		return id != d.id && !slices.Contains(down, id)
	}) {
		return nil
	}
	return fmt.Errorf("server %d must not be stopped, so it is not drained: without it there "+
		"would be no quorum, since of the other voters %v do not answer", d.id, down)
}

// progressInterval lies between two questions how far a server has come.
const progressInterval = 200 * time.Millisecond

// Run drains a server and waits until it has no client.
func (c *memberDrainCommand) Run(ctx context.Context, m *Main) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	d, err := c.find(ctx, c.Member)
	if err != nil {
		return err
	}
	if err := d.spareable(ctx); err != nil {
		return err
	}
	return c.await(ctx, m, d)
}

// await has a server drained, and shows how far it has come until it is.
func (c *memberDrainCommand) await(ctx context.Context, m *Main, d *drainee) error {
	began := time.Now()
	query := url.Values{"rate": {strconv.Itoa(c.Rate)}}
	a, err := d.ask(ctx, http.MethodPost, "member_drain", query)
	if err != nil {
		return fmt.Errorf("server %d is not drained: %w", d.id, err)
	}
	shown := attendance{Clients: -1}
	ticks := time.NewTicker(progressInterval)
	defer ticks.Stop()
	for {
		a.ElapsedMS = time.Since(began).Milliseconds()
		c.show(m, shown, a)
		shown = a
		switch {
		case a.State == "open":
			return fmt.Errorf("server %d takes clients again: %s", d.id, a.Reason)
		case a.State == "drained" && !a.Leads:
			return nil
		case a.State == "drained":
			// An election has made it the leader since: it hands over once more.
			if a, err = d.ask(ctx, http.MethodPost, "member_drain", query); err != nil {
				return err
			}
			continue
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return coded{fmt.Errorf("server %d has %d clients still; it goes on parting with "+
				"them until zoo member undrain", d.id, a.Clients), exitClientsLeft}
		}
		if a, err = d.ask(ctx, http.MethodGet, "member_status", nil); err != nil &&
			ctx.Err() == nil {
			return err
		} else if err != nil {
			a = shown
		}
	}
}

// show prints how far a server has come, if that is news.
func (c *drainFlags) show(m *Main, before, a attendance) {
	if before.Clients == a.Clients && before.State == a.State {
		return
	}
	if c.JSON {
		text, _ := json.Marshal(a) // of strings and numbers
		fmt.Fprintln(m.Stdout, string(text))
		return
	}
	switch a.State {
	case "draining":
		fmt.Fprintf(m.Stdout, "server %d: %d clients left\n", a.Server, a.Clients)
	case "drained":
		fmt.Fprintf(m.Stdout, "server %d is drained: it stays a member, and takes no clients "+
			"until zoo member undrain, or a restart\n", a.Server)
	case "open":
		fmt.Fprintf(m.Stdout, "server %d takes clients\n", a.Server)
	}
}

// Run has a server take clients again.
func (c *memberUndrainCommand) Run(ctx context.Context, m *Main) error {
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	d, err := c.find(ctx, c.Member)
	if err != nil {
		return err
	}
	a, err := d.ask(ctx, http.MethodPost, "member_undrain", nil)
	if err != nil {
		return err
	}
	c.show(m, attendance{Clients: -1}, a)
	return nil
}
