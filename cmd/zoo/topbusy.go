package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"text/tabwriter"
)

// busyLine is a path, or a subtree, with its requests in a second.
type busyLine struct {
	Path   string  `json:"path"`
	Reads  float64 `json:"reads_per_second"`
	Writes float64 `json:"writes_per_second"`
	Missed float64 `json:"missed_per_second"`
}

// busyAnswer is what one server tells: of paths or of subtrees.
type busyAnswer struct {
	Address  string     `json:"address"`
	Paths    []busyLine `json:"paths,omitempty"`
	Subtrees []busyLine `json:"subtrees,omitempty"`
	Reads    float64    `json:"reads_per_second"`
	Writes   float64    `json:"writes_per_second"`
	Sampled  int        `json:"sampled_one_of"`
}

// busiest asks the admin port of each server.
func (c *topCommand) busiest(ctx context.Context, m *Main) error {
	command, query := "top_paths", url.Values{"by": {c.By},
		"limit": {strconv.Itoa(min(c.Lines, topLinesMax))}}
	if c.Depth != 0 {
		command = "top_subtrees"
		query.Set("depth", strconv.Itoa(c.Depth))
	}
	all := []busyAnswer{}
	var errs []error
	for _, address := range c.Server {
		answer := busyAnswer{Address: address}
		admin, err := c.adminOf(ctx, address)
		if err == nil {
			port := adminPort{base: admin, authFile: c.AuthFile, trust: &c.trustFlags}
			err = port.ask(ctx, http.MethodGet, command, query, &answer)
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", address, err))
			continue
		}
		all = append(all, answer)
	}
	if c.JSON {
		return errors.Join(append(errs, printJSON(m, all))...)
	}
	for i := range all {
		errs = append(errs, printBusy(m, &all[i]))
	}
	return errors.Join(errs...)
}

// topLinesMax is how many lines are shown at most.
const topLinesMax = 100

func printBusy(m *Main, a *busyAnswer) error {
	fmt.Fprintf(m.Stdout, "%s: %.1f reads and %.1f writes in a second\n", a.Address, a.Reads,
		a.Writes)
	t := tabwriter.NewWriter(m.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "READS/S\tWRITES/S\tSHARE\t  PATH")
	sum := max(a.Reads+a.Writes, rateLeastShown)
	for _, l := range append(a.Paths, a.Subtrees...) {
		fmt.Fprintf(t, "%.1f\t%.1f\t%.1f %%\t  %s\n", l.Reads, l.Writes,
			100*(l.Reads+l.Writes)/sum, shownPath(l.Path))
	}
	return t.Flush()
}

// rateLeastShown keeps shares of nothing from being infinite.
const rateLeastShown = 1e-9
