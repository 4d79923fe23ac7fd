package shell

import (
	"context"
	"fmt"
	"maps"
	"slices"
)

// command is one that asks a server.
type command struct {
	name string
	// form is what follows the name in the list of commands.
	form    string
	options []option
	// argsMin is how many arguments there must be.
	argsMin int
	run     func(context.Context, *Shell, *parsed) error
}

// parse reads a line of the command, which may have more options than its own.
func (c *command) parse(line []string, others []option) (*parsed, error) {
	p, err := parseOptions(line, slices.Concat(c.options, formOptions(), others))
	if err == nil {
		p.takeForm()
	}
	return p, err
}

// least is how many arguments there must be: data that comes from elsewhere is none.
func (c *command) least(p *parsed) int {
	if c.name == "set" && p.has("-in") {
		return c.argsMin - 1
	}
	return c.argsMin
}

// line is the command's own line of usage.
func (c *command) line() string { return c.name + " " + c.form }

// flags are options without a value.
func flags(names ...string) []option {
	var all []option
	for _, name := range names {
		all = append(all, option{name: name})
	}
	return all
}

// quotas are the four limits; one may be given.
func quotas(value bool) []option {
	var all []option
	for _, name := range []string{"n", "b", "N", "B"} {
		all = append(all, option{name: name, value: value, group: "quota"})
	}
	return all
}

// valued is an option with a value.
func valued(name string) option { return option{name: name, value: true} }

// ownForms are the commands about the shell, for the list.
var ownForms = map[string]string{"connect": "host:port", "history": "", "printwatches": "on|off",
	"quit": "", "redo": "cmdno"}

// find is the command of a name.
func find(name string) (*command, bool) {
	for _, c := range commands() {
		if c.name == name {
			return &c, true
		}
	}
	return nil, false
}

// commands is the table of all that ask a server.
func commands() []command {
	return slices.Concat(readers(), writers(), zkCliOthers(), more())
}

func zkCliOthers() []command {
	return []command{
		{"addWatch", "[-m mode] path # optional mode is one of [PERSISTENT, " +
			"PERSISTENT_RECURSIVE] - default is PERSISTENT_RECURSIVE",
			[]option{valued("m")}, 1, addWatch},
		{"addauth", "scheme auth", nil, 1, addAuth},
		{"close", "", nil, 0, closeSession},
		{"removewatches", "path [-c|-d|-p|-r|-a] [-l]", append(flags("l"),
			option{name: "c", group: "type"}, option{name: "d", group: "type"},
			option{name: "p", group: "type"}, option{name: "r", group: "type"},
			option{name: "a", group: "type"}), 1, removeWatches},
		{"sync", "path", nil, 1, syncPath},
		{"version", "", nil, 0, version},
		{"whoami", "", nil, 0, whoAmI},
	}
}

func readers() []command {
	return []command{
		{"config", "[-c] [-w] [-s]", flags("c", "w", "s"), 0, config},
		{"get", "[-s] [-w] [-b] [-x] path", append(flags("s", "w", "b", "x"),
			valued("-out")), 1, get},
		{"getAcl", "[-s] path", flags("s"), 1, getACL},
		{"getAllChildrenNumber", "path", nil, 1, getAllChildrenNumber},
		{"getEphemerals", "path", nil, 0, getEphemerals},
		{"listquota", "path", nil, 1, listQuota},
		{"ls", "[-s] [-w] [-R] path", flags("s", "w", "R"), 1, list},
		{"stat", "[-w] path", flags("w"), 1, stat},
	}
}

func writers() []command {
	return []command{
		{"create", "[-s] [-e] [-c] [-t ttl] path [data] [acl]",
			append(flags("s", "e", "c"), valued("t"), valued("-in")), 1, create},
		{"delete", "[-v version] path", []option{valued("v")}, 1, remove},
		{"deleteall", "path [-b batch size]", []option{valued("b")}, 1, removeAll},
		{"delquota", "[-n|-b|-N|-B] path", quotas(false), 1, deleteQuota},
		{"reconfig", "[-s] [-v version] [[-file path] | [-members serverID=host:port1:port2;" +
			"port3[,...]*]] | [-add serverId=host:port1:port2;port3[,...]]* " +
			"[-remove serverId[,...]*]", append(flags("s"), valued("v"), valued("file"),
			valued("members"), valued("add"), valued("remove")), 0, reconfigure},
		{"set", "path data [-s] [-v version] [-b]", append(flags("s", "b"), valued("v"),
			valued("-in")), 2, set},
		{"setAcl", "[-s] [-v version] [-R] path acl", append(flags("s", "R"), valued("v")),
			2, setACL},
		{"setquota", "-n|-b|-N|-B val path", quotas(true), 0, setQuota},
	}
}

// usage lists all commands, in the order of their bytes. Scripts see zkCli's list; somebody at
// a terminal sees what zkCli has not, too.
func (s *Shell) usage() {
	forms := maps.Clone(ownForms)
	for _, c := range slices.Concat(readers(), writers(), zkCliOthers()) {
		forms[c.name] = c.form
	}
	text := "ZooKeeper -server host:port -client-configuration properties-file cmd args\n"
	for _, name := range slices.Sorted(maps.Keys(forms)) {
		text += fmt.Sprintf("\t%s %s\n", name, forms[name])
	}
	if s.Terminal {
		text += "more than zkCli has, beside --json and --table of all commands:\n"
		for _, c := range more() {
			text += fmt.Sprintf("\t%s %s\n", c.name, c.form)
		}
	}
	s.complain("%s", text)
}

// help lists all commands, or tells of one. For zkCli it is no command, so that a script sees
// the list and that there is none.
func (s *Shell) help(names []string) error {
	if len(names) == 0 {
		s.usage()
		return nil
	}
	for _, name := range names {
		command, ok := find(name)
		if !ok {
			return &failure{"Command not found: Command not found " + name, exitNotFound}
		}
		s.print("%s\n%s\n", command.line(), abouts[name])
	}
	return nil
}
