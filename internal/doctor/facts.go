package doctor

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"zoo"
	"zoo/internal/config"
	"zoo/internal/core/quorum"
	"zoo/internal/migrate"
)

// Facts are all that was seen. What is nil or empty was not looked at.
type Facts struct {
	// Now is when it was looked.
	Now     time.Time
	Configs []Config
	Servers []Server
	Names   []Name
	Ports   []Port
	// SwapUsedBytes is what this machine has swapped out, if a data directory is here.
	SwapUsedBytes int64
	// Unseen is what could not be looked at, and why: a sentence each.
	Unseen []string
}

// Config is a zoo.cfg with what it leads to on this machine.
type Config struct {
	Member migrate.Member
	// MyID is what is wrong with dataDir/myid, empty for nothing. The configuration was
	// read as that of some server then.
	MyID         string
	Dir          *Directory // nil if it is not on this machine
	Certificates []Certificate
}

// Directory is where a server keeps its data.
type Directory struct {
	Data, Log Place
	// SameDisk says that both are on one device.
	SameDisk bool
	// Snapshots and Logs count the files, SnapshotBytesMax is the largest snapshot.
	Snapshots, Logs  int
	SnapshotBytesMax int64
	// Leftovers are files in version-2 that are no part of the history.
	Leftovers []string
	// Newest is the last change of any of the files.
	Newest time.Time
	// Syncs are how long writes to the log's disk took to be durable, ascending; empty if
	// nobody asked to measure.
	Syncs []time.Duration
	// Damage is what reading all of the data has found; empty if nobody asked to.
	Damage []Damage
}

// Place is a directory on a file system.
type Place struct {
	Path string
	// FileSystem is its type, such as ext4; empty if that is not known here.
	FileSystem string
	// Free is what is left, Total the size; Total is 0 if that is not known.
	Free, Total int64
}

// Damage is something wrong with the data itself.
type Damage struct{ File, Text string }

// Certificate is one that a server shows.
type Certificate struct {
	// Ports is whom it is shown to: clients, servers, operators or scrapers.
	Ports string
	// Where is the setting of its store.
	Where string
	// NotAfter is its end, zero if there is none to tell.
	NotAfter time.Time
	// Error is why it cannot be used, Unproved why it does not prove the server's host.
	Error, Unproved string
}

// Name is what a host of a server line means on this machine.
type Name struct {
	Host      string
	Addresses []netip.Addr
	Error     string
}

// Port is one that was dialled.
type Port struct {
	ID      zoo.ServerID
	Address string
	// Use is election, or quorum for the leader's.
	Use string
	// Error is why no connection came about; empty if one did.
	Error string
}

// Server is what a running server says.
type Server struct {
	// ID is 0 if nobody says it.
	ID      zoo.ServerID
	Address string
	// Error is why it says nothing; Waiting that it listens and has no role.
	Error   string
	Waiting bool

	Role, Version string
	Zxid          zoo.Zxid
	// Latency is the average in milliseconds.
	Latency                  float64
	Outstanding, Connections int64
	// Received counts the packets that the average is of.
	Received int64
	// Figures are those of mntr without zk_, nil if it does not answer that.
	Figures map[string]float64
	// Settings are those of conf, nil if it does not answer that; Membership is the
	// configuration in force, empty when standalone or untold.
	Settings   map[string]string
	Membership string
	// Busiest is the host with the most connections, of those that stat names.
	Busiest      string
	BusiestConns int
	// Failing are the checks of readyz that fail, as name: reason.
	Failing []string
	// ClockAhead is how far its clock is ahead of ours, if ClockTold.
	ClockAhead time.Duration
	ClockTold  bool
	// NotAfter is the end of the certificate at the client port; zero without TLS.
	NotAfter time.Time
	// AdminNotAfter is that of the one at the admin port.
	AdminNotAfter time.Time
}

// String is how findings call the server.
func (s *Server) String() string {
	if s.ID == 0 {
		return s.Address
	}
	return fmt.Sprintf("server %d (%s)", s.ID, s.Address)
}

// serves tells whether the server takes part.
func (s *Server) serves() bool { return s.Error == "" && s.Role != "read-only" }

func (s *Server) leads() bool { return s.serves() && s.Role == "leader" }

// java tells whether it is a server of Java's; ours name themselves in the version.
func (s *Server) java() bool { return s.Version != "" && !strings.Contains(s.Version, "-zoo") }

// figure is one of mntr's, false if it is not told.
func (s *Server) figure(name string) (float64, bool) {
	value, told := s.Figures[name]
	return value, told
}

// line is the setting of a name, as one that was not given if there is none.
func (c *Config) line(name string) config.Line {
	for _, line := range c.Member.Lines {
		if line.Name == name {
			return line
		}
	}
	return config.Line{Name: name, Default: true}
}

// at is where a setting was given, or else the file.
func (c *Config) at(name string) string {
	if line := c.line(name); !line.Default && line.Origin != "" {
		return line.Origin
	}
	return c.Member.File
}

// read are the configurations that can be used.
func (f *Facts) read() []*Config {
	var all []*Config
	for i := range f.Configs {
		if f.Configs[i].Member.Config != nil {
			all = append(all, &f.Configs[i])
		}
	}
	return all
}

// told are the servers that answer.
func (f *Facts) told() []*Server {
	var all []*Server
	for i := range f.Servers {
		if f.Servers[i].Error == "" {
			all = append(all, &f.Servers[i])
		}
	}
	return all
}

// server is the one with an id, nil if it was not asked.
func (f *Facts) server(id zoo.ServerID) *Server {
	for i := range f.Servers {
		if id != 0 && f.Servers[i].ID == id {
			return &f.Servers[i]
		}
	}
	return nil
}

// java tells whether the server of a configuration is known to be Java's, and ours whether it
// is known to be ours.
func (f *Facts) java(c *Config) bool {
	s := f.serverOf(c)
	return s != nil && s.java()
}

func (f *Facts) ours(c *Config) bool {
	s := f.serverOf(c)
	return s != nil && s.Version != "" && !s.java()
}

// serverOf is the server that has a configuration, nil if none was seen.
func (f *Facts) serverOf(c *Config) *Server {
	s := f.server(c.Member.ID)
	if s == nil && len(f.Configs) == 1 && len(f.Servers) == 1 {
		return &f.Servers[0]
	}
	return s
}

// view is the ensemble: the one in force if a server tells it, or that of the files. It is
// nil for a standalone server.
func (f *Facts) view() *quorum.View {
	for _, s := range f.told() {
		if s.Membership == "" {
			continue
		}
		if v, err := quorum.ParseView(s.Membership); err == nil {
			return v
		}
	}
	for _, c := range f.read() {
		if c.Member.Config.Standalone() {
			continue
		}
		if v, err := c.Member.Config.View(); err == nil {
			return v
		}
	}
	return nil
}

// listed is a server line, and where it is.
type listed struct {
	config.Server
	where string
}

// lines are the members' server lines, each as whoever has it first.
func (f *Facts) lines() []listed {
	var all []listed
	seen := map[zoo.ServerID]bool{}
	add := func(s config.Server, where string) {
		if !seen[s.ID] {
			seen[s.ID] = true
			all = append(all, listed{s, where})
		}
	}
	for i := range f.Configs {
		for _, s := range f.Configs[i].Member.Servers() {
			add(s, f.Configs[i].at(s.Key()))
		}
	}
	for _, s := range f.told() {
		v, err := quorum.ParseView(s.Membership)
		if err != nil {
			continue
		}
		for _, m := range v.Members() {
			if line, ok := v.Server(m.ID); ok {
				add(line, "conf of "+s.String())
			}
		}
	}
	return all
}

// Members are the servers of the ensemble, as far as files and servers tell them.
func (f *Facts) Members() []config.Server {
	var all []config.Server
	for _, line := range f.lines() {
		all = append(all, line.Server)
	}
	return all
}

// addresses are those of a host, by its name or by what that means here.
func (f *Facts) addresses(host string) []netip.Addr {
	if ip, err := netip.ParseAddr(host); err == nil {
		return []netip.Addr{ip}
	}
	for _, n := range f.Names {
		if n.Host == host {
			return n.Addresses
		}
	}
	return nil
}

// loopback tells whether a host is this machine to itself.
func (f *Facts) loopback(host string) bool {
	for _, a := range f.addresses(host) {
		if a.IsLoopback() {
			return true
		}
	}
	return host == "localhost"
}
