package dev

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Server is one server of the ensemble.
type Server struct {
	ID           int  `json:"id"`
	Observer     bool `json:"observer"`
	ClientPort   int  `json:"client_port"`
	QuorumPort   int  `json:"quorum_port"`
	ElectionPort int  `json:"election_port"`
	AdminPort    int  `json:"admin_port"`
}

// host is where everything listens: an ensemble for developing must not be
// reachable from elsewhere.
const host = "127.0.0.1"

// Client is the host:port for clients.
func (s Server) Client() string { return net.JoinHostPort(host, strconv.Itoa(s.ClientPort)) }

// layoutFile keeps the ports of a directory, beside the servers' directories.
const layoutFile = "ensemble.json"

// plan gives the servers of dir: those it held before, or new ones.
func plan(opts Options) ([]Server, error) {
	servers, err := readLayout(opts)
	if err != nil {
		return nil, err
	}
	if servers == nil {
		for i := range opts.Servers + opts.Observers {
			servers = append(servers, Server{ID: i + 1, Observer: i >= opts.Servers})
		}
	}
	if err := assignPorts(servers, opts.BasePort); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(servers, "", "  ")
	if err != nil {
		return nil, err
	}
	return servers, os.WriteFile(filepath.Join(opts.Dir, layoutFile), text, 0o600)
}

func readLayout(opts Options) ([]Server, error) {
	name := filepath.Join(opts.Dir, layoutFile)
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var servers []Server
	if err := json.Unmarshal(text, &servers); err != nil {
		return nil, fmt.Errorf("read %s: %w", name, err)
	}
	observers := 0
	for _, s := range servers {
		if s.Observer {
			observers++
		}
	}
	if len(servers)-observers != opts.Servers || observers != opts.Observers {
		return nil, fmt.Errorf("%s holds %d servers and %d observers; ask for the same, "+
			"or for another directory", opts.Dir, len(servers)-observers, observers)
	}
	return servers, nil
}

// ports hands out free ports, each once, and holds them until close, so that two
// servers never get the same.
type ports struct{ held []net.Listener }

func (p *ports) take(port int) bool {
	listener, err := net.Listen("tcp", net.JoinHostPort(host, strconv.Itoa(port)))
	if err != nil {
		return false
	}
	p.held = append(p.held, listener)
	return true
}

func (p *ports) close() {
	for _, listener := range p.held {
		listener.Close()
	}
}

// The range lies below the ports that systems give to outgoing connections: one
// of those could be taken between our choice and the child's bind, and a server
// that dials a peer's port on loopback could even be connected to itself.
const (
	portMin = 20000
	portMax = 32000
	tries   = 1000
)

func (p *ports) any() (int, error) {
	for range tries {
		if port := portMin + rand.IntN(portMax-portMin); p.take(port) {
			return port, nil
		}
	}
	return 0, fmt.Errorf("no free port on %s in %d to %d", host, portMin, portMax)
}

// assignPorts keeps the ports that are free and replaces the others. A base port
// gives the clients' ports one after the other, and then they must be free.
func assignPorts(servers []Server, base int) error {
	var p ports
	defer p.close()
	for i := range servers {
		s := &servers[i]
		if base > 0 {
			s.ClientPort = base + i
			if !p.take(s.ClientPort) {
				return fmt.Errorf("port %d on %s is not free", s.ClientPort, host)
			}
		}
	}
	for i := range servers {
		s := &servers[i]
		wanted := []*int{&s.QuorumPort, &s.ElectionPort, &s.AdminPort}
		if base == 0 {
			wanted = append(wanted, &s.ClientPort)
		}
		for _, port := range wanted {
			if *port != 0 && p.take(*port) {
				continue
			}
			var err error
			if *port, err = p.any(); err != nil {
				return err
			}
		}
	}
	return nil
}

// writeFiles writes each server's zoo.cfg and myid below dir and returns the paths
// of the configurations.
func writeFiles(dir string, servers []Server) ([]string, error) {
	var members strings.Builder
	for _, s := range servers {
		role := "participant"
		if s.Observer {
			role = "observer"
		}
		fmt.Fprintf(&members, "server.%d=%s:%d:%d:%s;%s\n",
			s.ID, host, s.QuorumPort, s.ElectionPort, role, s.Client())
	}
	var files []string
	for _, s := range servers {
		home := filepath.Join(dir, strconv.Itoa(s.ID))
		if err := os.MkdirAll(filepath.Join(home, "data"), 0o700); err != nil {
			return nil, err
		}
		// Java's syntax takes a backslash for an escape, also in a path.
		data := strings.ReplaceAll(filepath.Join(home, "data"), `\`, `\\`)
		text := fmt.Sprintf("tickTime=2000\ninitLimit=10\nsyncLimit=5\ndataDir=%s\n"+
			"maxClientCnxns=0\n4lw.commands.whitelist=*\nadmin.serverPort=%d\n"+
			"standaloneEnabled=%v\n%s",
			data, s.AdminPort, len(servers) == 1, members.String())
		file := filepath.Join(home, "zoo.cfg")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return nil, err
		}
		myid := []byte(strconv.Itoa(s.ID) + "\n")
		if err := os.WriteFile(filepath.Join(home, "data", "myid"), myid, 0o600); err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}
