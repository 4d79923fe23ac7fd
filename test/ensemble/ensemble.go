package ensemble

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Options says what ensemble to make.
type Options struct {
	// Dir is an existing directory for configurations, data and logs.
	Dir string
	// Voters and Observers are how many of each; ids count from 1, voters first.
	Voters, Observers int
	// Joiners come last. They know the others, and themselves as observers; nobody else
	// knows them until a reconfiguration lets them join.
	Joiners int
	// Program runs one server.
	Program Program
	// TickTime is two seconds when it is zero, as in ZooKeeper's own example.
	TickTime time.Duration
	// Lines are added to every zoo.cfg.
	Lines []string
	// Secure gives every server a port for clients with TLS. The stores are up to
	// Lines.
	Secure bool
	// Operated gives every server an admin port that it keeps; otherwise it takes any.
	Operated bool
	// Apart gives each server an address of this machine to itself for its peers, 127.0.0.N,
	// for what has the same port on all of them. Only Linux has those without being asked.
	Apart bool
	// Route tells the port at which the server from reaches a quorum or election port of
	// the server to, by their ids; nil means the port itself.
	Route func(from, to, port int) (int, error)
}

// Ensemble is a set of servers that know each other. One goroutine starts and ends
// its servers; asking them is free to all.
type Ensemble struct {
	// Servers is in the order of the ids.
	Servers []*Server
}

// Server is one member, running or not.
type Server struct {
	ID       int
	Observer bool

	// joins says that the others' files do not name it.
	joins bool
	// host is where it is for its peers.
	host string

	clientPort, quorumPort, electionPort, securePort, adminPort int

	// peers are where all servers listen for each other, in the order of their ids.
	peers []string

	home    string
	program Program
	process *Process
}

// portsEach is how many ports a server may have.
const portsEach = 5

// New plans an ensemble and writes its files. Nothing runs yet.
func New(opts Options) (*Ensemble, error) {
	n := opts.Voters + opts.Observers + opts.Joiners
	ports, err := freePorts(portsEach * n)
	if err != nil {
		return nil, err
	}
	if opts.TickTime == 0 {
		opts.TickTime = 2 * time.Second
	}
	e := &Ensemble{}
	for i := range n {
		e.Servers = append(e.Servers, &Server{
			ID: i + 1, Observer: i >= opts.Voters, program: opts.Program,
			joins: i >= opts.Voters+opts.Observers, host: host,
			home:       filepath.Join(opts.Dir, "server."+strconv.Itoa(i+1)),
			clientPort: ports[portsEach*i], quorumPort: ports[portsEach*i+1],
			electionPort: ports[portsEach*i+2], securePort: ports[portsEach*i+3],
			adminPort: ports[portsEach*i+4],
		})
	}
	if opts.Apart {
		for _, s := range e.Servers {
			s.host = "127.0.0." + strconv.Itoa(s.ID)
		}
	}
	if opts.Route == nil {
		opts.Route = func(_, _, port int) (int, error) { return port, nil }
	}
	for _, s := range e.Servers {
		s.peers = e.peers()
		members, err := e.members(s, opts)
		if err != nil {
			return nil, err
		}
		if err := s.writeFiles(opts, members); err != nil {
			return nil, err
		}
	}
	return e, nil
}

func (e *Ensemble) peers() (addresses []string) {
	for _, s := range e.Servers {
		addresses = append(addresses, s.host+":"+strconv.Itoa(s.quorumPort))
	}
	return addresses
}

// members are the lines of all servers as one of them reaches them.
func (e *Ensemble) members(from *Server, opts Options) (string, error) {
	var b strings.Builder
	for _, s := range e.Servers {
		if s.joins && s != from {
			continue
		}
		quorum, election := s.quorumPort, s.electionPort
		if s != from {
			var errs [2]error
			quorum, errs[0] = opts.Route(from.ID, s.ID, quorum)
			election, errs[1] = opts.Route(from.ID, s.ID, election)
			if err := errors.Join(errs[:]...); err != nil {
				return "", err
			}
		}
		b.WriteString(s.lineAt(quorum, election, s.role()) + "\n")
	}
	return b.String(), nil
}

func (s *Server) lineAt(quorum, election int, role string) string {
	return fmt.Sprintf("server.%d=%s:%d:%d:%s;%s:%d", s.ID, s.host, quorum, election, role, host,
		s.clientPort)
}

// QuorumPort is where the server hears learners while it leads.
func (s *Server) QuorumPort() int { return s.quorumPort }

// Line is what a reconfiguration is told to let the server join, or take another role:
// participant or observer.
func (s *Server) Line(role string) string { return s.lineAt(s.quorumPort, s.electionPort, role) }

// Move chooses other ports for the server's peers, which Line tells from now on. The
// server itself hears of them from the reconfiguration.
func (s *Server) Move() error {
	ports, err := freePorts(2)
	if err != nil {
		return err
	}
	s.quorumPort, s.electionPort = ports[0], ports[1]
	return nil
}

func (s *Server) role() string {
	if s.Observer {
		return "observer"
	}
	return "participant"
}

func (s *Server) writeFiles(opts Options, members string) error {
	data := filepath.Join(s.home, "data")
	if err := os.MkdirAll(data, 0o700); err != nil {
		return err
	}
	admin := 0
	if opts.Operated {
		admin = s.adminPort
	}
	text := fmt.Sprintf("tickTime=%d\ninitLimit=10\nsyncLimit=5\ndataDir=%s\n"+
		"maxClientCnxns=0\n4lw.commands.whitelist=*\nadmin.serverPort=%d\n",
		opts.TickTime.Milliseconds(), filepath.ToSlash(data), admin)
	if s.Observer {
		text += "peerType=observer\n"
	}
	if opts.Secure {
		text += fmt.Sprintf("secureClientPort=%d\n", s.securePort)
	}
	for _, line := range opts.Lines {
		text += line + "\n"
	}
	err := os.WriteFile(s.configFile(), []byte(text+members), 0o600)
	myid := []byte(strconv.Itoa(s.ID) + "\n")
	return errors.Join(err, os.WriteFile(filepath.Join(data, "myid"), myid, 0o600))
}

func (s *Server) configFile() string { return filepath.Join(s.home, "zoo.cfg") }

// Home is the server's own directory.
func (s *Server) Home() string { return s.home }

// LogFile is where the process writes, over all its lives.
func (s *Server) LogFile() string { return filepath.Join(s.home, "server.log") }

// Address is where clients connect.
func (s *Server) Address() string { return host + ":" + strconv.Itoa(s.clientPort) }

// Peers are where all servers of the ensemble listen for each other, in the order of their
// ids, for a program that is told so by its command line.
func (s *Server) Peers() []string { return s.peers }

// SecureAddress is where clients connect under TLS, if the options say so.
func (s *Server) SecureAddress() string { return host + ":" + strconv.Itoa(s.securePort) }

// AdminURL is where operators ask, if the options say so.
func (s *Server) AdminURL() string { return "http://" + host + ":" + strconv.Itoa(s.adminPort) }

// Become says what program the next Start runs, on the same files.
func (s *Server) Become(p Program) { s.program = p }

// PID is the process id of the current or last life.
func (s *Server) PID() int { return s.process.PID() }

// Start runs the server's process. It returns before the server serves.
func (s *Server) Start() error {
	if s.process != nil && !s.process.Ended() {
		return fmt.Errorf("server %d already runs as process %d", s.ID, s.process.PID())
	}
	log, err := os.OpenFile(s.LogFile(), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	p, err := StartProcess(s.program(s), log)
	if err != nil {
		return err
	}
	s.process = p
	return nil
}

// Kill ends the process with SIGKILL and waits for its end.
func (s *Server) Kill() error {
	if s.process == nil {
		return nil
	}
	return s.process.Kill()
}

// Pause stops the process without ending it, as a long stall of its machine does: its
// connections stay, and nothing is read or answered until Resume.
func (s *Server) Pause() error {
	if s.Ended() {
		return fmt.Errorf("server %d does not run", s.ID)
	}
	return pause(s.process.proc)
}

// Resume lets a paused process go on.
func (s *Server) Resume() error {
	if s.Ended() {
		return fmt.Errorf("server %d does not run", s.ID)
	}
	return resume(s.process.proc)
}

// Stop asks the process to end; see Process.Stop.
func (s *Server) Stop(patience time.Duration) error {
	if s.process == nil {
		return nil
	}
	return s.process.Stop(patience)
}

// Ended tells whether the process is gone or never was.
func (s *Server) Ended() bool { return s.process == nil || s.process.Ended() }

// Start runs all servers and waits until every one of them serves.
func (e *Ensemble) Start(ctx context.Context) error {
	for _, s := range e.Servers {
		if err := s.Start(); err != nil {
			return err
		}
	}
	return e.WaitServing(ctx)
}

// WaitServing waits until every server has a role. A process that ends is an error
// at once.
func (e *Ensemble) WaitServing(ctx context.Context) error {
	for _, s := range e.Servers {
		if err := s.WaitServing(ctx); err != nil {
			return err
		}
	}
	return nil
}

// WaitServing waits until the server has a role, or has ended.
func (s *Server) WaitServing(ctx context.Context) error {
	var ended error
	err := Until(ctx, fmt.Sprintf("server %d serves", s.ID), func(ctx context.Context) error {
		if s.Ended() {
			ended = fmt.Errorf("server %d has ended:\n%s", s.ID, s.LastLines(lastWords))
			return nil
		}
		_, err := s.Mode(ctx)
		return err
	})
	return errors.Join(ended, err)
}

// Leader waits until a running server calls itself the leader.
func (e *Ensemble) Leader(ctx context.Context) (*Server, error) {
	var leader *Server
	err := Until(ctx, "there is a leader", func(ctx context.Context) error {
		for _, s := range e.Servers {
			if mode, err := s.Mode(ctx); err == nil && mode == "leader" {
				leader = s
				return nil
			}
		}
		return errors.New("no server leads")
	})
	return leader, err
}

// WithMode returns the servers whose mode it is now, in the order of their ids.
func (e *Ensemble) WithMode(ctx context.Context, mode string) []*Server {
	return slices.DeleteFunc(slices.Clone(e.Servers), func(s *Server) bool {
		now, err := s.Mode(ctx)
		return err != nil || now != mode
	})
}

// Addresses are those of all servers.
func (e *Ensemble) Addresses() []string {
	var all []string
	for _, s := range e.Servers {
		all = append(all, s.Address())
	}
	return all
}

// PIDs are the processes of all servers.
func (e *Ensemble) PIDs() []int {
	var all []int
	for _, s := range e.Servers {
		all = append(all, s.PID())
	}
	return all
}

// Close kills every process and waits for its end.
func (e *Ensemble) Close() error {
	errs := make([]error, len(e.Servers))
	var group sync.WaitGroup
	for i, s := range e.Servers {
		group.Go(func() { errs[i] = s.Kill() })
	}
	group.Wait()
	return errors.Join(errs...)
}

// lastWords is how many lines of a log an error shows.
const lastWords = 15

// LastLines are the end of the server's log.
func (s *Server) LastLines(n int) string {
	text, err := os.ReadFile(s.LogFile())
	if err != nil {
		return err.Error()
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}
