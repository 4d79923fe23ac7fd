package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"zoo"
	"zoo/internal/config"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/server"
)

// recoverCommand makes a new ensemble from what one server of a lost one has.
type recoverCommand struct {
	Config  string   `arg:"" help:"The zoo.cfg of the survivor."`
	Define  []string `short:"D" sep:"none" placeholder:"name=value" help:"Set a property, as for serve."`
	Execute bool     `help:"Do it. Without, tell what would be done and change nothing."`
	Epoch   uint32   `help:"The epoch of the new ensemble. Without, one that no old server can have reached."`
	Output  string   `placeholder:"FILE" help:"Where to write the new configuration; FILE must not exist. Without, it is zoo.cfg with .recovered behind it."`
}

// Run tells what will be done, and does it if it was told to.
func (c *recoverCommand) Run(m *Main) error {
	cfg, own, err := c.survivor()
	if err != nil {
		return err
	}
	if c.Output == "" {
		c.Output = c.Config + ".recovered"
	}
	if _, err := os.Stat(c.Output); err == nil {
		return fmt.Errorf("%s exists; name another file with --output", c.Output)
	}
	plan, err := c.rehearse(m, cfg, own.Store)
	if err != nil {
		return err
	}
	made, err := config.Alone(c.Config, cfg, c.Output, plan.Epoch.Start())
	if err != nil {
		return err
	}
	if !c.Execute {
		fmt.Fprintf(m.Stdout, "the configuration would be:\n\n%s\n"+
			"Nothing was changed. Stop every server of the old ensemble, copy the data\n"+
			"directories, and run the same with --execute.\n", made.Text+made.DynamicText)
		return nil
	}
	if err := carryOut(own.Store, plan); err != nil {
		return err
	}
	if made.DynamicFile != "" {
		if err := writeNew(made.DynamicFile, made.DynamicText); err != nil {
			return err
		}
	}
	if err := writeNew(c.Output, made.Text); err != nil {
		return err
	}
	fmt.Fprintf(m.Stdout, recovered, c.Output)
	return nil
}

// recovered is what is left to do.
const recovered = `done. Start the first server of the new ensemble with: zoo serve %s
Empty the data directories of all others before they join it. They are started after
it, one at a time: two empty ones that find each other first are a quorum that knows
nothing.
`

func (c *recoverCommand) survivor() (*config.Config, server.Config, error) {
	cfg, _, err := config.Load(config.Source{Args: []string{c.Config}, Properties: c.Define})
	if err != nil {
		return nil, server.Config{}, err
	}
	if cfg.Standalone() {
		return nil, server.Config{}, fmt.Errorf("%s: %w: it is that of a standalone server, "+
			"which needs no others; start it", c.Config, store.ErrRefound)
	}
	own, err := server.FromConfig(cfg)
	own.Store.DirsExpected = true // nothing is made where nothing was
	return cfg, own, err
}

// rehearse opens the directory without changing it, and tells what is in it.
func (c *recoverCommand) rehearse(m *Main, cfg *config.Config,
	dir store.Config) (store.Refounding, error) {
	dir.FS = vfs.NewOverlay(vfs.OS{})
	s, r, err := dir.Open()
	if err != nil {
		return store.Refounding{}, err
	}
	defer s.Close()
	plan, err := store.PlanRefounding(&r, zoo.Epoch(c.Epoch))
	if err != nil {
		return plan, fmt.Errorf("%s: %w", cfg.DataDir, err)
	}
	fmt.Fprintf(m.Stdout, "survivor       server %d, data in %s, log in %s\n"+
		"history        ends with %v: a snapshot of %v, and %d transactions behind it\n"+
		"epochs         current %d, accepted %d\n"+
		"holds          %d znodes and %d sessions in that snapshot\n",
		cfg.ID, cfg.DataDir, cfg.DataLogDir, plan.Last, r.Tree.Zxid(), len(r.Tail),
		plan.Current, plan.Accepted, r.Tree.Len(), r.Tree.SessionCount())
	for _, note := range r.Notes {
		fmt.Fprintf(m.Stdout, "note           %s\n", note)
	}
	fmt.Fprintf(m.Stdout, "\n"+
		"With several survivors take the one with the greatest current epoch, and\n"+
		"among those the one whose history ends latest. What only the lost servers had\n"+
		"is lost.\n\n"+
		"will be done:\n"+
		"  1. acceptedEpoch becomes %d, so that no leader of the old ensemble is followed\n"+
		"  2. transaction %v, which changes nothing, begins the new epoch\n"+
		"  3. currentEpoch becomes %d\n"+
		"  4. %s is written: server %d alone, which others may join later\n\n",
		plan.Epoch, plan.First, plan.Epoch, c.Output, cfg.ID)
	return plan, nil
}

// carryOut changes the directory, unless it is another one than was looked at.
func carryOut(dir store.Config, plan store.Refounding) error {
	s, r, err := dir.Open()
	if err != nil {
		return err
	}
	again, err := store.PlanRefounding(&r, plan.Epoch)
	if err == nil && again != plan {
		err = fmt.Errorf("the directory has changed: its history ends with %v now; "+
			"is a server running?", again.Last)
	}
	if err == nil {
		err = s.Refound(plan, time.Now())
	}
	return errors.Join(err, s.Close())
}

// writeNew writes a file that must not be there yet, durably.
func writeNew(name, text string) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = strings.NewReader(text).WriteTo(f)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}
