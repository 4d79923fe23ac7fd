package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/alecthomas/kong"

	"zoo/client"
	"zoo/internal/shell"
)

// The environment of the commands on znodes.
const (
	serverVariable = "ZOO_SERVER"
	authVariable   = "ZOO_AUTH"
	serverDefault  = "127.0.0.1:2181"
)

// verbCommand is one of zkCli's commands, or of those that zkCli has not, in a session of
// its own. The shell knows what it takes.
type verbCommand struct {
	Name string   `kong:"-"`
	Args []string `arg:"" optional:"" name:"arguments"`
}

// ensembleCommand is zkCli's config, below a name that was taken.
type ensembleCommand struct {
	Args []string `arg:"" optional:"" name:"arguments"`
}

// Run prints the configuration of the ensemble.
func (c *ensembleCommand) Run(ctx context.Context, m *Main) error {
	return (&verbCommand{Name: "config", Args: c.Args}).Run(ctx, m)
}

// znodesGroup is the title of the commands on znodes.
const znodesGroup = "Znodes"

// verbs are the commands on znodes for kong.
func verbs() []kong.Option {
	var all []kong.Option
	for _, v := range shell.Verbs() {
		if v.Name == "config" {
			continue
		}
		all = append(all, kong.DynamicCommand(v.Name, v.Help, znodesGroup,
			&verbCommand{Name: v.Name}, `cmd:"" passthrough:""`))
	}
	return all
}

// ensembleFirst lets "zoo config -c" be zkCli's config, beside the sub-commands.
func ensembleFirst(args []string) []string {
	if len(args) == 0 || args[0] != "config" {
		return args
	}
	if len(args) > 1 && (args[1] == "--help" || args[1] == "-h" ||
		!strings.HasPrefix(args[1], "-")) {
		return args
	}
	return slices.Insert(slices.Clone(args), 1, "ensemble")
}

// Run runs the command.
func (c *verbCommand) Run(ctx context.Context, m *Main) error {
	once, err := shell.ParseOnce(c.Name, c.Args)
	if errors.Is(err, shell.ErrUsage) {
		fmt.Fprintf(m.Stderr, "zoo %s: %v\nzoo %s --help tells more.\n", c.Name, err, c.Name)
		return exitCode(exitUsage)
	}
	if err != nil {
		return err
	}
	if once.Help {
		return c.help(m)
	}
	s, err := m.shellFor(once)
	if err != nil {
		return err
	}
	flush := m.output(s, once, c.Name)
	code, err := s.RunOnce(ctx, once)
	err = errors.Join(err, flush())
	if err == nil && code != exitOK {
		return exitCode(code)
	}
	if code == int(exitTrouble) {
		return troubled(err)
	}
	return err
}

// shellFor is a shell with the settings of a single command.
func (m *Main) shellFor(once *shell.Once) (*shell.Shell, error) {
	set, rest := definitions(defined(once.Definitions))
	if len(rest) > 0 {
		return nil, fmt.Errorf("-D %s: want name=value", rest[0])
	}
	if once.Configuration != "" {
		if err := set.read(once.Configuration); err != nil {
			return nil, err
		}
	}
	if once.TLS || once.CA != "" || once.Cert != "" {
		set["client.secure"] = "true"
	}
	set.give("ssl.trustStore.location", once.CA)
	set.give("ssl.keyStore.location", once.Cert)
	opts, err := set.options(m.Stderr)
	if err != nil {
		return nil, err
	}
	if once.KeyTab != "" || once.Principal != "" {
		begin, err := set.kerberos(once.KeyTab, once.Principal)
		if err != nil {
			return nil, fmt.Errorf("--keytab, --principal: %w", err)
		}
		opts.SASL = telling(begin, m.Stderr)
	}
	if text := os.Getenv(authVariable); text != "" && len(once.Auth) == 0 {
		scheme, data, _ := strings.Cut(text, ":")
		opts.Auth = []client.Auth{{Scheme: scheme, Data: []byte(data)}}
	}
	server := cmp.Or(once.Server, os.Getenv(serverVariable), serverDefault)
	return &shell.Shell{Arguments: shell.Arguments{Server: server, Timeout: once.Timeout},
		In: os.Stdin, Out: m.Stdout, Err: m.Stderr, ReadFile: os.ReadFile, Options: opts,
		OpenFile: openFile, CreateFile: createFile,
		Version: version + ", built on " + built}, nil
}

func openFile(name string) (io.ReadCloser, error) { return os.Open(name) }

// createFile makes a file that only its owner reads: data of znodes may be secret.
func createFile(name string) (io.WriteCloser, error) {
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
}

// defined are values of -D as arguments.
func defined(values []string) []string {
	all := make([]string, len(values))
	for i, value := range values {
		all[i] = "-D" + value
	}
	return all
}

// give sets what an option gives.
func (p properties) give(name, value string) {
	if value != "" {
		p[name] = value
	}
}

// quietVerbs print nothing themselves while they work.
var quietVerbs = []string{"cp", "mv", "import", "rm", "deleteall"}

// output chooses where a command's output goes: at a terminal each line at once, elsewhere in
// large pieces. The function that comes with it writes the rest.
func (m *Main) output(s *shell.Shell, once *shell.Once, name string) (flush func() error) {
	seen := isTerminal(m.Stdout)
	if isTerminal(m.Stderr) && (!seen || slices.Contains(quietVerbs, name)) {
		s.Progress = m.Stderr
	}
	if seen || once.Wait {
		return func() error { return nil }
	}
	out := bufio.NewWriterSize(m.Stdout, 64<<10)
	s.Out, s.Err = out, inOrder{out, m.Stderr}
	return out.Flush
}

// inOrder is an error output before which the output is written.
type inOrder struct {
	out *bufio.Writer
	err io.Writer
}

// Write writes what waits, and then b.
func (o inOrder) Write(b []byte) (int, error) {
	if err := o.out.Flush(); err != nil {
		return 0, err
	}
	return o.err.Write(b)
}

// help prints what a command takes.
func (c *verbCommand) help(m *Main) error {
	all := shell.Verbs()
	v := all[slices.IndexFunc(all, func(v shell.Verb) bool { return v.Name == c.Name })]
	_, err := io.WriteString(m.Stdout, ownHelp(v)+"\n"+commonHelp())
	return err
}

// helpWidth is that of help texts, in characters.
const helpWidth = 80

// ownHelp is the help of one command.
func ownHelp(v shell.Verb) string {
	usage := strings.TrimRight("Usage: zoo "+v.Name+" "+v.Form, " ")
	text := usage + "\n\n" + wrapped(v.Help, 0)
	if len(v.Options) > 0 {
		text += "\nOptions:\n" + optionsHelp(v.Options)
	}
	return text
}

// commonHelp is the help of the options that all these commands have.
func commonHelp() string {
	return "Options of all commands on znodes:\n" + optionsHelp(shell.CommonOptions())
}

func optionsHelp(options []shell.VerbOption) string {
	wide := 0
	for _, o := range options {
		wide = max(wide, len(o.Flag+" "+o.Value))
	}
	var b strings.Builder
	for _, o := range options {
		text := wrapped(o.Help, wide+4)
		fmt.Fprintf(&b, "  %-*s  %s", wide, o.Flag+" "+o.Value, strings.TrimLeft(text, " "))
	}
	return b.String()
}

// wrapped is a text in lines that begin with blanks.
func wrapped(text string, indent int) string {
	var b strings.Builder
	line := strings.Repeat(" ", indent)
	for _, word := range strings.Fields(text) {
		if len(line) > indent && len(line)+1+len(word) > helpWidth {
			b.WriteString(line + "\n")
			line = strings.Repeat(" ", indent)
		}
		if len(line) > indent {
			line += " "
		}
		line += word
	}
	return b.String() + line + "\n"
}
