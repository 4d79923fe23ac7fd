package main

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"zoo/internal/config"
	"zoo/internal/server"
)

type configCommand struct {
	Ensemble ensembleCommand `cmd:"" passthrough:"" help:"Print the configuration of the ensemble; the word ensemble may be left out."`

	Explain explainCommand `cmd:"" help:"Show each setting: its value, where it comes from, what it means."`
}

type explainCommand struct {
	Define []string `short:"D" sep:"none" placeholder:"name=value" help:"Set a property, as for serve."`
	All    bool     `help:"Show the settings that were not given, too."`
	Config []string `arg:"" optional:"" help:"What serve takes: a zoo.cfg, or clientPort dataDir [tickTime] [maxClientCnxns]."`
}

// Run prints the settings, then the warnings; a configuration that cannot work
// makes the exit code 2, as it does for serve.
func (c *explainCommand) Run(m *Main) error {
	src, err := source(c.Config, c.Define)
	if err != nil {
		return err
	}
	lines, warnings, bad := config.Explain(src)
	t := tabwriter.NewWriter(m.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "NAME\tVALUE\tORIGIN\tMEANING")
	for _, line := range lines {
		if line.Default && !c.All {
			continue
		}
		if line.Value == "" {
			line.Value = "-"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\n", line.Name, line.Value, line.Origin, line.Meaning)
	}
	err = t.Flush()
	c.explainTLS(m, src)
	for _, w := range warnings {
		fmt.Fprintf(m.Stderr, "warning: %s\n", w)
	}
	return errors.Join(err, bad)
}

// explainTLS prints what the stores and protocols come to. Stores that cannot be used
// are a warning: they may lie on the server's machine only. A configuration that does
// not load was explained already.
func (c *explainCommand) explainTLS(m *Main, src config.Source) {
	cfg, _, err := config.Load(src)
	if err != nil {
		return
	}
	for _, ports := range []struct {
		are     string
		explain func(*config.Config) ([]string, error)
	}{{"TLS for clients", server.ExplainTLS}, {"TLS between servers", server.ExplainPeerTLS},
		{"TLS for operators", server.ExplainAdminTLS}} {
		lines, err := ports.explain(cfg)
		for _, line := range lines {
			fmt.Fprintf(m.Stdout, "%s: %s\n", ports.are, line)
		}
		if err != nil {
			fmt.Fprintf(m.Stderr, "warning: %v\n", err)
		}
	}
}
