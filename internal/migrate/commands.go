package migrate

import (
	"cmp"
	"fmt"
	"strings"
)

// Commands are what stops and starts servers, as the operator types them on their hosts.
// In each of them {cfg}, {id} and {data} stand for the server's own, {flags} for the
// properties that no file has, and {env} for the same as a setting of SERVER_JVMFLAGS
// with a blank behind it.
type Commands struct {
	StopJava  string `json:"stop_java"`
	StartJava string `json:"start_java"`
	StopZoo   string `json:"stop_zoo"`
	StartZoo  string `json:"start_zoo"`
}

// Replace takes over those of the others that are given.
func (c *Commands) Replace(by Commands) {
	c.StopJava = cmp.Or(by.StopJava, c.StopJava)
	c.StartJava = cmp.Or(by.StartJava, c.StartJava)
	c.StopZoo = cmp.Or(by.StopZoo, c.StopZoo)
	c.StartZoo = cmp.Or(by.StartZoo, c.StartZoo)
}

// usual are the commands of who says nothing else: Java's own script, and ours, where
// dist/bin may have been put.
var usual = Commands{
	StopJava: "zkServer.sh stop {cfg}", StartJava: "zkServer.sh start {cfg}",
	StopZoo:  "/opt/zoo/bin/zkServer.sh stop {cfg}",
	StartZoo: "{env}/opt/zoo/bin/zkServer.sh start {cfg}",
}

// Stop is the command that stops a server of the kind.
func (c Commands) Stop(s *Server, k Kind) string {
	if k == Zoo {
		return s.fill(c.StopZoo)
	}
	return s.fill(c.StopJava)
}

// Start is the command that starts a server of the kind.
func (c Commands) Start(s *Server, k Kind) string {
	if k == Zoo {
		return s.fill(c.StartZoo)
	}
	return s.fill(c.StartJava)
}

// fill puts the server's own into a command. Without flags the blank before them goes.
func (s *Server) fill(command string) string {
	flags, env := "", ""
	for _, flag := range s.Flags {
		flags += " " + Quote(flag)
	}
	if flags != "" {
		env = "SERVER_JVMFLAGS=" + Quote(strings.Join(s.Flags, " ")) + " "
	}
	command = strings.ReplaceAll(command, " {flags}", flags)
	return strings.NewReplacer("{flags}", strings.TrimSpace(flags), "{env}", env,
		"{cfg}", Quote(s.There), "{id}", s.Name(), "{data}", Quote(s.DataDir)).Replace(command)
}

// plain are characters that mean nothing to a shell.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./=:,@%+"

// Quote is a word as a shell reads it.
func Quote(word string) string {
	if word != "" && strings.Trim(word, plain) == "" {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Act is what an operator does for a step.
type Act struct {
	Step   int    `json:"step"`
	Server string `json:"server"`
	Role   string `json:"role"`
	To     Kind   `json:"to"`
	Where  string `json:"address"`
	// Stop and Start are typed on the server's host, Verify where the state is.
	Stop   string `json:"stop"`
	Start  string `json:"start"`
	Verify string `json:"verify"`
	// Outage tells that nothing is served meanwhile.
	Outage bool `json:"outage"`
}

// Acts are the operator's for steps of which the first is number first.
func (s *State) Acts(steps []Step, first int, file string) []Act {
	acts := make([]Act, 0, len(steps))
	for i, step := range steps {
		server := s.server(step.Server)
		role := step.Role
		if role == "" {
			role = "voter"
		}
		acts = append(acts, Act{Step: first + i, Server: server.Name(), Role: role, To: step.To,
			Where: server.Address, Stop: s.Commands.Stop(server, step.To.other()),
			Start:  s.Commands.Start(server, step.To),
			Verify: fmt.Sprintf("zoo migrate verify --state %s --step %d", Quote(file), first+i),
			Outage: step.Outage})
	}
	return acts
}
