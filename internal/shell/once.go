package shell

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"zoo/client"
)

// Verb is a command that can be a command line of its own.
type Verb struct {
	// Name is zkCli's, and Form what follows it.
	Name, Form string
	// Help is a sentence, and Options has one for each option.
	Help    string
	Options []VerbOption
}

// VerbOption is an option of a verb, as it is written.
type VerbOption struct {
	Flag string
	// Value names the value; empty where the option has none.
	Value string
	Help  string
}

// unsuited are the commands that make no sense alone.
var unsuited = []string{"close", "version"}

// Verbs are all commands that make sense alone, by their names.
func Verbs() []Verb {
	var all []Verb
	for _, c := range commands() {
		if slices.Contains(unsuited, c.name) {
			continue
		}
		all = append(all, Verb{Name: c.name, Form: c.form, Help: abouts[c.name],
			Options: described(c.name, c.options)})
	}
	slices.SortFunc(all, func(a, b Verb) int { return strings.Compare(a.Name, b.Name) })
	return all
}

// CommonOptions are those that every verb has besides its own.
func CommonOptions() []VerbOption {
	return described("", slices.Concat(formOptions(), onceOptions()))
}

func described(name string, options []option) []VerbOption {
	var all []VerbOption
	for _, o := range options {
		text := abouts[name+" -"+o.name]
		v := VerbOption{Flag: "-" + o.name, Help: text}
		if value, help, found := strings.Cut(text, "|"); found {
			v.Value, v.Help = value, help
		}
		all = append(all, v)
	}
	return all
}

// onceOptions are those about the session of a single command.
func onceOptions() []option {
	return append(flags("-wait", "-tls", "-readonly", "-help"), valued("-server"),
		valued("-timeout"), valued("-auth"), valued("-ca"), valued("-cert"),
		valued("-keytab"), valued("-principal"), valued("-client-configuration"), valued("D"))
}

// Once is a verb with its arguments.
type Once struct {
	// Server is the connect string; empty where none is given.
	Server string
	// Timeout is the session's, and how long a server is looked for.
	Timeout time.Duration
	// Auth are the identities of --auth.
	Auth []client.Auth
	// Definitions are the values of -D, name=value each, and Configuration a file of them.
	Definitions   []string
	Configuration string
	// TLS, CA and Cert are those of the options.
	TLS      bool
	CA, Cert string
	// KeyTab and Principal are whom Kerberos proves; empty for nobody.
	KeyTab, Principal string
	// Help asks for the help only.
	Help bool
	// Wait goes on until an event has come.
	Wait bool

	readOnly bool
	command  *command
	parsed   *parsed
}

// ErrUsage is the error of arguments that cannot be.
var ErrUsage = errors.New("wrong usage")

// onceTimeout is the session's timeout where none is given.
const onceTimeout = 10 * time.Second

// ParseOnce reads the arguments of a verb.
func ParseOnce(name string, args []string) (*Once, error) {
	c, ok := find(name)
	if !ok {
		return nil, fmt.Errorf("%w: there is no verb %s", ErrUsage, name)
	}
	p, err := c.parse(append([]string{name}, args...), onceOptions())
	if err != nil {
		_, text, _ := strings.Cut(err.Error(), ": ")
		return nil, fmt.Errorf("%w: %s", ErrUsage, text)
	}
	o := &Once{command: c, parsed: p, Timeout: onceTimeout, Server: p.values["-server"],
		Configuration: p.values["-client-configuration"], CA: p.values["-ca"],
		Cert: p.values["-cert"], KeyTab: p.values["-keytab"],
		Principal: p.values["-principal"], TLS: p.has("-tls"), Help: p.has("-help"),
		Definitions: p.lists["D"], readOnly: p.has("-readonly"), Wait: p.has("-wait")}
	if text, ok := p.values["-timeout"]; ok {
		if o.Timeout, err = timeoutOf(text); err != nil {
			return nil, err
		}
	}
	for _, text := range p.lists["-auth"] {
		scheme, data, _ := strings.Cut(text, ":")
		o.Auth = append(o.Auth, client.Auth{Scheme: scheme, Data: []byte(data)})
	}
	for _, option := range onceOptions() {
		delete(p.values, option.name)
	}
	if !o.Help && len(p.args) <= c.least(p) {
		return nil, fmt.Errorf("%w: %s", ErrUsage, c.line())
	}
	return o, nil
}

// timeoutOf reads a duration, or as in zkCli a number of milliseconds.
func timeoutOf(text string) (time.Duration, error) {
	if millis, err := strconv.ParseInt(text, 10, 32); err == nil {
		text = strconv.FormatInt(millis, 10) + "ms"
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 {
		return 0, fmt.Errorf("%w: --timeout %s: want a duration, such as 10s", ErrUsage, text)
	}
	return d, nil
}

// RunOnce runs a verb in a session of its own with the server of the Arguments, and returns
// the exit code.
func (s *Shell) RunOnce(ctx context.Context, o *Once) (int, error) {
	s.single = true
	s.Timeout, s.ReadOnly = o.Timeout, o.readOnly
	s.Options.Auth = append(s.Options.Auth, o.Auth...)
	if o.Wait {
		s.heard, s.lost = make(chan struct{}), make(chan struct{})
	}
	heard, lost := s.heard, s.lost
	if err := s.connect(ctx, s.Server); err != nil {
		return o.unreached(), err
	}
	reach, stop := context.WithTimeout(ctx, o.Timeout)
	defer stop()
	if err := s.client.WaitConnected(reach); err != nil {
		s.abandon()
		return o.unreached(), fmt.Errorf("no server of %s answers: %w", s.Server, err)
	}
	err := o.command.run(ctx, s, o.parsed)
	if err == nil && o.Wait {
		if o.command.name == "addWatch" {
			heard = nil // There may be more.
		}
		err = listen(ctx, heard, lost)
	}
	if err != nil {
		s.complain("%s\n", answer(err))
	}
	return exitOf(err), s.leave(ctx)
}

// unreached is the exit code where no server was reached. Of diff, 1 would be an answer.
func (o *Once) unreached() int {
	if o.command.name == "diff" {
		return exitTrouble
	}
	return exitFailed
}

// listen waits for an event, or until nobody wants to hear any more.
func listen(ctx context.Context, heard, lost <-chan struct{}) error {
	select {
	case <-heard:
	case <-ctx.Done():
	case <-lost:
		return failed("the session has expired")
	}
	return nil
}

// leavePatience is how long the end of a session may take that was interrupted.
const leavePatience = 2 * time.Second

// leave ends the session, also after an interrupt: ephemeral znodes go with it.
func (s *Shell) leave(ctx context.Context) error {
	s.setQuiet(true)
	if !s.client.State().Connected() {
		s.abandon()
		return nil
	}
	if ctx.Err() == nil {
		return ignoreLoss(s.client.Close(ctx))
	}
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), leavePatience)
	defer stop()
	return ignoreLoss(s.client.Close(ctx))
}

// abandon leaves a session without a server, which ends by its timeout.
func (s *Shell) abandon() {
	s.setQuiet(true)
	ctx, stop := context.WithCancel(context.Background())
	stop()
	_ = s.client.Close(ctx)
}
