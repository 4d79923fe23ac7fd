package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"zoo"
	"zoo/internal/config"
	"zoo/internal/core/quorum"
	"zoo/internal/migrate"
	"zoo/internal/migrate/ask"
)

// migrateCommand replaces Java's servers one at a time, by an operator's hands.
type migrateCommand struct {
	Check  migrateCheckCommand  `cmd:"" help:"Tell what of each zoo.cfg counts, and where the servers do not agree."`
	Plan   migratePlanCommand   `cmd:"" help:"Ask the servers for their roles, and print what to do in which order."`
	Verify migrateVerifyCommand `cmd:"" help:"Look whether a step has left the ensemble whole."`
	Back   migrateBackCommand   `cmd:"" help:"Print the way back from where the state says we are."`
}

// membersFlags name the servers of an ensemble.
type membersFlags struct {
	Define []string `short:"D" sep:"none" placeholder:"name=value" help:"A property that every server is given on its command line."`
	JVM    []string `name:"jvm" sep:"none" placeholder:"[ID=]FILE" help:"What Java's server is started with, such as conf/java.env: of all servers, or of one."`
}

// members reads the configurations, each [ID=]zoo.cfg.
func (f *membersFlags) members(args []string) ([]migrate.Member, error) {
	var all []migrate.Member
	for _, arg := range args {
		id, file := splitID(arg)
		if _, err := os.Stat(file); err != nil {
			return nil, err
		}
		src := config.Source{Args: []string{file}, ID: id}
		properties, err := f.properties(id)
		if err != nil {
			return nil, err
		}
		src.Properties = append(properties, f.Define...)
		all = append(all, migrate.ReadMember(src))
	}
	return all, nil
}

// splitID takes ID= off the front, where there is one.
func splitID(arg string) (zoo.ServerID, string) {
	number, rest, found := strings.Cut(arg, "=")
	id, err := strconv.ParseInt(number, 10, 64)
	if !found || err != nil {
		return 0, arg
	}
	return zoo.ServerID(id), rest
}

// properties are what the files of JVM options say for a server.
func (f *membersFlags) properties(id zoo.ServerID) ([]string, error) {
	var all []string
	for _, arg := range f.JVM {
		of, file := splitID(arg)
		if of != 0 && of != id {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		properties, _, _ := migrate.ParseJVMOptions(string(text))
		all = append(all, properties...)
	}
	return all, nil
}

// usable refuses configurations with which nothing can be planned.
func usable(members []migrate.Member) error {
	var errs []error
	for i := range members {
		for _, text := range members[i].Refusals {
			errs = append(errs, errors.New(text))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("%w\nzoo serve does not start with that; see `zoo migrate check`, and "+
			"name a server whose myid is elsewhere as ID=zoo.cfg", err)
	}
	return nil
}

// rule is who decides in the ensemble; nil for a standalone server.
func rule(members []migrate.Member) (*quorum.View, error) {
	if members[0].Config.Standalone() {
		return nil, nil
	}
	return members[0].Config.View()
}

// targets are where the members can be asked.
func targets(members []migrate.Member) ([]ask.Target, error) {
	var all []ask.Target
	for i := range members {
		t, err := target(&members[i], members)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

// migratePlanCommand prints the way there.
type migratePlanCommand struct {
	membersFlags
	State     string   `required:"" placeholder:"FILE" help:"Where the migration is kept between the commands. If FILE exists the plan goes on from there."`
	Offline   bool     `help:"Ask nobody. The voter with the highest id is taken for the leader."`
	There     string   `placeholder:"PATH" help:"What zoo.cfg is called on each server's host; {id} is its number. Without, as given here."`
	StopJava  string   `placeholder:"CMD" help:"Stops Java's server; zkServer.sh stop {cfg} when absent. In this and the next three {cfg}, {id}, {data} and {flags} (the -D options that count) are the server's own, {env} is SERVER_JVMFLAGS with these options."`
	StartJava string   `placeholder:"CMD" help:"Starts Java's server; zkServer.sh start {cfg} when absent."`
	StopZoo   string   `placeholder:"CMD" help:"Stops ours; /opt/zoo/bin/zkServer.sh stop {cfg} when absent."`
	StartZoo  string   `placeholder:"CMD" help:"Starts ours, on the same zoo.cfg and the same directories; {env}/opt/zoo/bin/zkServer.sh start {cfg} when absent."`
	JSON      bool     `name:"json" help:"Print JSON."`
	Config    []string `arg:"" name:"[ID=]zoo.cfg" help:"The zoo.cfg of every server; with its number where dataDir/myid cannot be read here."`
}

// Run plans, and writes the state unless something is in the way.
func (c *migratePlanCommand) Run(ctx context.Context, m *Main) error {
	members, err := c.members(c.Config)
	if err != nil {
		return troubled(err)
	}
	if err := usable(members); err != nil {
		return troubled(err)
	}
	seen, err := look(ctx, members, c.Offline)
	if err != nil {
		return troubled(err)
	}
	state, err := c.state(members, seen)
	if err != nil {
		return troubled(err)
	}
	decides, err := rule(members)
	if err != nil {
		return troubled(err)
	}
	state.Turn(migrate.Zoo, seen, decides)
	found := append(migrate.Check(members), state.Ready(seen)...)
	report := planReport{Findings: grave(found), Good: migrate.Sound(found), state: c.State}
	if report.Good {
		report.Steps = state.Acts(state.Steps[state.Verified:], state.Verified+1, c.State)
		report.Back = state.Acts(state.Back(decides), len(state.Steps)+1, c.State)
		if err := writeState(c.State, state); err != nil {
			return troubled(err)
		}
	}
	return m.tellPlan(&report, c.JSON)
}

// look asks the servers, unless nobody is to be asked.
func look(ctx context.Context, members []migrate.Member, offline bool) ([]migrate.Seen, error) {
	if offline {
		return nil, nil
	}
	where, err := targets(members)
	if err != nil {
		return nil, err
	}
	return ask.Servers(ctx, where), nil
}

// state goes on with the one in the file, or begins one.
func (c *migratePlanCommand) state(members []migrate.Member,
	seen []migrate.Seen) (*migrate.State, error) {
	state, err := readState(c.State)
	if errors.Is(err, os.ErrNotExist) {
		state, err = migrate.Begin(members, seen), nil
		state.Last = migrate.Note(time.Now(), migrate.Evidence{Seen: seen})
	}
	if err == nil {
		err = state.Knows(members)
	}
	if err != nil {
		return nil, err
	}
	state.Commands.Replace(migrate.Commands{StopJava: c.StopJava, StartJava: c.StartJava,
		StopZoo: c.StopZoo, StartZoo: c.StartZoo})
	for i := range state.Servers {
		server := &state.Servers[i]
		// The other commands may be given in another directory.
		if server.Config, err = filepath.Abs(server.Config); err != nil {
			return nil, err
		}
		if c.There != "" {
			server.There = strings.ReplaceAll(c.There, "{id}", server.Name())
		}
	}
	return state, nil
}

// grave are the findings that say more than a note.
func grave(found []migrate.Finding) []migrate.Finding {
	return slices.DeleteFunc(slices.Clone(found), func(f migrate.Finding) bool {
		return f.Severity == migrate.SeverityNote
	})
}

// migrateBackCommand prints the way back.
type migrateBackCommand struct {
	membersFlags
	State   string   `required:"" placeholder:"FILE" help:"The state that the plan has written."`
	Offline bool     `help:"Ask nobody, and believe the state."`
	JSON    bool     `name:"json" help:"Print JSON."`
	Config  []string `arg:"" optional:"" name:"[ID=]zoo.cfg" help:"The zoo.cfg of every server; those of the plan when absent."`
}

// Run plans the way back. It is printed also when not all is well, which makes the exit
// code 1: who wants to go back may well have a reason.
func (c *migrateBackCommand) Run(ctx context.Context, m *Main) error {
	state, members, err := c.known(c.State, c.Config)
	if err != nil {
		return troubled(err)
	}
	seen, err := look(ctx, members, c.Offline)
	if err != nil {
		return troubled(err)
	}
	decides, err := rule(members)
	if err != nil {
		return troubled(err)
	}
	state.Turn(migrate.Java, seen, decides)
	found := state.Ready(seen)
	report := planReport{Findings: grave(found), Good: migrate.Sound(found), state: c.State,
		Steps: state.Acts(state.Steps[state.Verified:], state.Verified+1, c.State), back: true}
	if err := writeState(c.State, state); err != nil {
		return troubled(err)
	}
	return m.tellPlan(&report, c.JSON)
}

// known is a state with its servers' configurations.
func (f *membersFlags) known(file string, args []string) (
	*migrate.State, []migrate.Member, error) {
	state, err := readState(file)
	if err != nil {
		return nil, nil, err
	}
	if len(args) == 0 {
		for i := range state.Servers {
			args = append(args, state.Servers[i].Name()+"="+state.Servers[i].Config)
		}
	}
	members, err := f.members(args)
	if err != nil {
		return nil, nil, err
	}
	if err := usable(members); err != nil {
		return nil, nil, err
	}
	return state, members, state.Knows(members)
}
