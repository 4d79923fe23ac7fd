package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"text/tabwriter"

	"zoo/internal/dev/status"
)

type topCommand struct {
	Memory   bool     `xor:"what" required:"" help:"Show the subtrees that hold the most memory."`
	Paths    bool     `xor:"what" required:"" help:"Show the paths that are read and written the most of late."`
	Depth    int      `xor:"what" required:"" placeholder:"1-4" help:"Show the subtrees whose tops are so deep, by how much they are read and written of late."`
	By       string   `enum:"requests,reads,writes" default:"requests" help:"What --paths and --depth go by: requests, reads or writes."`
	AuthFile string   `placeholder:"file" help:"A file with what the admin port is told in the header Authorization, for --paths and --depth, such as: digest super:secret."`
	Lines    int      `short:"n" default:"20" help:"Show so many, 100 at most."`
	JSON     bool     `name:"json" help:"Print JSON."`
	Server   []string `arg:"" name:"host:port" help:"Client addresses; the port is 2181 when absent."`
	trustFlags
}

// Run asks every server in turn. One that did not answer makes the exit code 1.
func (c *topCommand) Run(ctx context.Context, m *Main) error {
	if c.Lines < 1 {
		return fmt.Errorf("-n %d: at least one line", c.Lines)
	}
	for i, address := range c.Server {
		if _, _, err := net.SplitHostPort(address); err != nil {
			c.Server[i] = net.JoinHostPort(address, clientPortDefault)
		}
	}
	if c.Memory {
		return c.memory(ctx, m)
	}
	return c.busiest(ctx, m)
}

func (c *topCommand) memory(ctx context.Context, m *Main) error {
	var all []status.MemoryUse
	var errs []error
	for _, address := range c.Server {
		use, err := status.Memory(ctx, address)
		if err != nil {
			errs = append(errs, fmt.Errorf("memory of %s: %w", address, err))
			continue
		}
		use.Subtrees = use.Subtrees[:min(c.Lines, len(use.Subtrees))]
		all = append(all, use)
	}
	if c.JSON {
		return errors.Join(append(errs, printJSON(m, all))...)
	}
	for i := range all {
		errs = append(errs, printMemory(m, &all[i]))
	}
	return errors.Join(errs...)
}

func printMemory(m *Main, use *status.MemoryUse) error {
	fmt.Fprintln(m.Stdout, use.Address)
	t := tabwriter.NewWriter(m.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "MEMORY\tSHARE\tZNODES\tDATA\t  SUBTREE")
	whole := max(use.Subtrees[0].MemoryBytes, 1)
	for _, s := range use.Subtrees {
		fmt.Fprintf(t, "%s\t%.1f %%\t%d\t%s\t  %s\n", bytesText(s.MemoryBytes),
			100*float64(s.MemoryBytes)/float64(whole), s.Znodes, bytesText(s.DataBytes),
			shownPath(s.Path))
	}
	if err := t.Flush(); err != nil || use.OmittedBytes == 0 {
		return err
	}
	_, err := fmt.Fprintf(m.Stdout, "Subtrees of less than %s may be missing.\n",
		bytesText(use.OmittedBytes))
	return err
}

// shownPath keeps a path from writing control characters to a terminal.
func shownPath(path string) string {
	if quoted := strconv.Quote(path); len(quoted) != len(path)+2 {
		return quoted
	}
	return path
}

// bytesText is a number of bytes with the unit that suits it.
func bytesText(n int64) string {
	const step = 1024
	value, units := float64(n), []string{"KiB", "MiB", "GiB", "TiB"}
	if n < step {
		return fmt.Sprintf("%d B", n)
	}
	unit := ""
	for _, unit = range units {
		if value /= step; value < step {
			break
		}
	}
	return fmt.Sprintf("%.1f %s", value, unit)
}
