package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"zoo"
	"zoo/client"
	"zoo/internal/core/quorum"
	"zoo/internal/dev/status"
)

// memberCommand changes an ensemble one server and one step at a time. Each step is
// checked first: a quorum of what the ensemble will be must be there.
type memberCommand struct {
	List    memberListCommand    `cmd:"" help:"Show who belongs to the ensemble, and how they are."`
	Add     memberAddCommand     `cmd:"" help:"Add a running server, as an observer."`
	Promote memberPromoteCommand `cmd:"" help:"Let an observer that is in sync vote."`
	Demote  memberDemoteCommand  `cmd:"" help:"Make an observer of a voter."`
	Remove  memberRemoveCommand  `cmd:"" help:"Take a server out of the ensemble."`
	Drain   memberDrainCommand   `cmd:"" help:"Send the clients of a server to others, so that it may be stopped."`
	Undrain memberUndrainCommand `cmd:"" help:"Let a server take clients again."`
}

// memberFlags are those of every step.
type memberFlags struct {
	Server  []string      `required:"" short:"s" placeholder:"host:port" help:"Where the ensemble's servers take clients."`
	Auth    []string      `placeholder:"scheme:data" help:"Who asks, such as digest:super:password; only a super user may reconfigure."`
	Timeout time.Duration `default:"1m" help:"How long a step may take."`
}

type memberListCommand struct{ memberFlags }

type memberAddCommand struct {
	memberFlags
	Line string `arg:"" name:"server.N=host:port:port;clientPort" help:"The new server's line."`
}

type memberPromoteCommand struct {
	memberFlags
	ID int64 `arg:"" name:"id" help:"The server's id."`
}

type memberDemoteCommand struct {
	memberFlags
	ID int64 `arg:"" name:"id" help:"The server's id."`
}

type memberRemoveCommand struct {
	memberFlags
	ID int64 `arg:"" name:"id" help:"The server's id."`
}

const configPath = "/zookeeper/config"

// membership is one look at an ensemble.
type membership struct {
	flags  memberFlags
	m      *Main
	client *client.Client
	view   *quorum.View
	seen   map[zoo.ServerID]status.Server
}

// open connects to the ensemble and looks at it; the caller calls close.
func (f memberFlags) open(ctx context.Context, m *Main) (*membership, func(), error) {
	options := client.Options{Servers: f.Server}
	for _, text := range f.Auth {
		scheme, data, _ := strings.Cut(text, ":")
		options.Auth = append(options.Auth, client.Auth{Scheme: scheme, Data: []byte(data)})
	}
	c, err := client.New(options)
	if err != nil {
		return nil, nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, f.Timeout)
	e := &membership{flags: f, m: m, client: c}
	shut := func() {
		_ = c.Close(ctx)
		cancel()
	}
	if err := e.look(ctx); err != nil {
		shut()
		return nil, nil, err
	}
	return e, shut, nil
}

// look reads the configuration and asks every member how it is.
func (e *membership) look(ctx context.Context) error {
	data, _, err := e.client.Get(ctx, configPath, nil)
	if err != nil {
		return fmt.Errorf("read the configuration: %w", err)
	}
	if len(data) == 0 {
		return fmt.Errorf("%s is empty: the server at -s is standalone, it has no members",
			configPath)
	}
	if e.view, err = quorum.ParseView(string(data)); err != nil {
		return fmt.Errorf("the configuration in %s: %w", configPath, err)
	}
	e.seen = map[zoo.ServerID]status.Server{}
	for _, m := range e.view.Members() {
		if line, ok := e.view.Server(m.ID); ok {
			e.seen[m.ID] = query(ctx, line)
		}
	}
	return nil
}

// query asks a server how it is, at the address that its line gives to clients.
func query(ctx context.Context, line quorum.Server) status.Server {
	if line.ClientPort == 0 {
		return status.Server{Error: "its line has no port for clients"}
	}
	return status.Query(ctx, clientAddress(line))
}

// clientAddress is where a server is reached that listens on every address.
func clientAddress(line quorum.Server) string {
	if line.ClientHost == "0.0.0.0" || line.ClientHost == "::" {
		line.ClientHost = line.Addresses[0].Host
	}
	return line.ClientAddress()
}

func (e *membership) alive(id zoo.ServerID) bool { return e.seen[id].Error == "" }

// holds refuses a configuration that would have no quorum if it were in force now.
func holds(next *quorum.View, alive func(zoo.ServerID) bool) error {
	if next.Decides(alive) {
		return nil
	}
	var down []string
	for _, id := range next.Voters() {
		if !alive(id) {
			down = append(down, strconv.FormatInt(int64(id), 10))
		}
	}
	return fmt.Errorf("the ensemble would have no quorum: of its voters %v the servers %s do "+
		"not answer; bring them back first", next.Voters(), strings.Join(down, ", "))
}

// change takes one step, from exactly the configuration that was looked at.
func (e *membership) change(ctx context.Context, joining, leaving string) error {
	next, err := e.view.Change(joining, leaving, e.view.Version()+1)
	if err != nil {
		return err
	}
	if err := holds(next, e.alive); err != nil {
		return err
	}
	before := e.view.Version()
	_, _, err = e.client.Reconfig(ctx, client.Reconfiguration{
		Joining: joining, Leaving: leaving, Version: int64(before)})
	if err != nil {
		return e.settle(ctx, next, err)
	}
	return e.look(ctx)
}

// settle finds out what became of a step whose answer was lost, as when the server that
// was asked has changed its role with it.
func (e *membership) settle(ctx context.Context, wanted *quorum.View, why error) error {
	var code *client.Error
	switch {
	case errors.Is(why, zoo.CodeNoAuth):
		return fmt.Errorf("%w: only a super user may reconfigure; see --auth", why)
	case errors.Is(why, zoo.CodeReconfigDisabled):
		return fmt.Errorf("%w: set reconfigEnabled=true in every zoo.cfg, one server after "+
			"the other", why)
	case errors.As(why, &code) && !errors.Is(why, zoo.CodeConnectionLoss):
		return why
	}
	if err := e.look(ctx); err != nil {
		return errors.Join(why, err)
	}
	if !e.view.SameMembers(wanted) {
		return fmt.Errorf("%w; the configuration is still version %v", why, e.view.Version())
	}
	return nil
}

// await waits until a server has a role.
func (e *membership) await(ctx context.Context, id zoo.ServerID, roles ...string) error {
	ticks := time.NewTicker(200 * time.Millisecond)
	defer ticks.Stop()
	for {
		line, _ := e.view.Server(id)
		s := query(ctx, line)
		for _, role := range roles {
			if s.Error == "" && s.Role == role {
				fmt.Fprintf(e.m.Stdout, "server %d is %s, at %s\n", id, role, s.ZxidText)
				return nil
			}
		}
		select {
		case <-ticks.C:
		case <-ctx.Done():
			return fmt.Errorf("server %d is not %s yet (%s%s); the configuration names it, and "+
				"it may still come", id, strings.Join(roles, " or "), s.Role, s.Error)
		}
	}
}

// Run shows the ensemble.
func (c *memberListCommand) Run(ctx context.Context, m *Main) error {
	e, shut, err := c.open(ctx, m)
	if err != nil {
		return err
	}
	defer shut()
	fmt.Fprintf(m.Stdout, "configuration %v\n", e.view.Version())
	t := tabwriter.NewWriter(m.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "ID\tVOTES\tROLE\tCONNECTIONS\tZXID\tLINE")
	for _, member := range e.view.Members() {
		s := e.seen[member.ID]
		role := s.State()
		if s.Error != "" {
			role = s.Error
		}
		votes := "yes"
		if member.Observer {
			votes = "no"
		}
		fmt.Fprintf(t, "%d\t%s\t%s\t%d\t%s\t%s\n", member.ID, votes, role, s.Connections,
			s.ZxidText, member.Text)
	}
	if err := t.Flush(); err != nil {
		return err
	}
	return holds(e.view, e.alive)
}

// Run adds a server. It must run already, with the members of today in its zoo.cfg and
// itself as observer: two that are told to be voters could agree with each other.
func (c *memberAddCommand) Run(ctx context.Context, m *Main) error {
	e, shut, err := c.open(ctx, m)
	if err != nil {
		return err
	}
	defer shut()
	next, err := e.view.Change(c.Line, "", e.view.Version()+1)
	if err != nil {
		return err
	}
	number, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(c.Line), "server."), "=")
	id, _ := strconv.ParseInt(number, 10, 64)
	line, ok := next.Server(zoo.ServerID(id))
	if !ok {
		return fmt.Errorf("%q: want server.N=host:port:port;clientPort", c.Line)
	}
	if _, member := e.view.Member(line.ID); member {
		return fmt.Errorf("server %d is a member already; promote and demote change its vote", id)
	}
	line.Observer = true
	if err := joins(query(ctx, line), line.ID); err != nil {
		return err
	}
	if err := e.change(ctx, line.Key()+"="+line.String(), ""); err != nil {
		return err
	}
	return e.await(ctx, line.ID, "observer")
}

// joins tells what is wrong with a server that is to join.
func joins(s status.Server, id zoo.ServerID) error {
	const how = "its zoo.cfg lists the present members and itself as observer, and no " +
		"dynamicConfigFile; with reconfigEnabled=true it then follows without a vote"
	switch {
	case s.Error != "":
		return fmt.Errorf("server %d does not serve (%s); start it first: %s", id, s.Error, how)
	case s.Role == "leader", s.Role == "standalone":
		return fmt.Errorf("server %d is %s of an ensemble of its own, and would lose what it "+
			"holds; stop it, empty its data directory, and see that %s", id, s.Role, how)
	}
	return nil
}

// Run lets an observer vote.
func (c *memberPromoteCommand) Run(ctx context.Context, m *Main) error {
	e, shut, err := c.open(ctx, m)
	if err != nil {
		return err
	}
	defer shut()
	line, s, err := e.member(c.ID)
	switch {
	case err != nil:
		return err
	case !line.Observer:
		return fmt.Errorf("server %d votes already", c.ID)
	case s.Error != "" || s.Role != "observer":
		return fmt.Errorf("server %d is not in sync as an observer (%s%s); it would only make "+
			"the quorum larger", c.ID, s.Role, s.Error)
	}
	line.Observer = false
	if err := e.change(ctx, line.Key()+"="+line.String(), ""); err != nil {
		return err
	}
	return e.await(ctx, line.ID, "follower", "leader")
}

// Run takes a server's vote.
func (c *memberDemoteCommand) Run(ctx context.Context, m *Main) error {
	e, shut, err := c.open(ctx, m)
	if err != nil {
		return err
	}
	defer shut()
	line, s, err := e.member(c.ID)
	if err != nil {
		return err
	}
	if line.Observer {
		return fmt.Errorf("server %d is an observer already", c.ID)
	}
	line.Observer = true
	if err := e.change(ctx, line.Key()+"="+line.String(), ""); err != nil {
		return err
	}
	if s.Error != "" {
		fmt.Fprintf(m.Stdout, "server %d does not vote any more; it does not answer\n", c.ID)
		return nil
	}
	return e.await(ctx, line.ID, "observer")
}

// Run takes a server out.
func (c *memberRemoveCommand) Run(ctx context.Context, m *Main) error {
	e, shut, err := c.open(ctx, m)
	if err != nil {
		return err
	}
	defer shut()
	if _, _, err := e.member(c.ID); err != nil {
		return err
	}
	if err := e.change(ctx, "", strconv.FormatInt(c.ID, 10)); err != nil {
		return err
	}
	fmt.Fprintf(m.Stdout, "server %d is no member any more; it follows without a vote until it "+
		"is stopped\n", c.ID)
	return nil
}

// member finds a member and how it is.
func (e *membership) member(id int64) (quorum.Server, status.Server, error) {
	line, ok := e.view.Server(zoo.ServerID(id))
	if !ok {
		return line, status.Server{}, fmt.Errorf("server %d is no member of configuration %v",
			id, e.view.Version())
	}
	return line, e.seen[line.ID], nil
}
