package migrate

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"zoo"
	"zoo/internal/config"
)

// Member is one server as its configuration describes it. Immutable after ReadMember.
type Member struct {
	// ID is 0 if the configuration is refused before anybody knows.
	ID   zoo.ServerID
	File string
	// Config is nil if zoo serve refuses it.
	Config   *config.Config
	Lines    []config.Line
	Warnings []config.Warning
	// Refusals are why Config is nil, each with its place.
	Refusals []string
}

// ReadMember reads a configuration as zoo serve would, and explains all of it.
func ReadMember(src config.Source) Member {
	m := Member{ID: src.ID, File: strings.Join(src.Args, " ")}
	m.Lines, m.Warnings, _ = config.Explain(src)
	c, _, err := config.Load(src)
	if err != nil {
		m.Refusals = refusals(err)
		return m
	}
	m.Config = c
	if m.ID == 0 {
		m.ID = c.ID
	}
	return m
}

// refusals takes joined errors apart.
func refusals(err error) []string {
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return []string{err.Error()}
	}
	var all []string
	for _, part := range joined.Unwrap() {
		all = append(all, refusals(part)...)
	}
	return all
}

// Name is what findings call the server.
func (m *Member) Name() string {
	if m.ID == 0 {
		return m.File
	}
	return strconv.FormatInt(int64(m.ID), 10)
}

// Observer tells whether the server never votes.
func (m *Member) Observer() bool { return m.Config != nil && m.Config.Observer }

// line is the setting of a name; an unset one of a family is empty.
func (m *Member) line(name string) config.Line {
	for _, line := range m.Lines {
		if line.Name == name {
			return line
		}
	}
	return config.Line{Name: name}
}

// Servers are the members by ascending id, from wherever the configuration has them; of
// one that is refused those of its server.N lines that can be read.
func (m *Member) Servers() []config.Server {
	if m.Config != nil {
		return m.Config.Servers
	}
	var all []config.Server
	for _, line := range m.Lines {
		number, ok := strings.CutPrefix(line.Name, "server.")
		id, err := strconv.ParseInt(number, 10, 64)
		if !ok || err != nil {
			continue
		}
		if s, err := config.ParseServer(zoo.ServerID(id), line.Value); err == nil {
			all = append(all, s)
		}
	}
	slices.SortFunc(all, func(a, b config.Server) int { return int(a.ID - b.ID) })
	return all
}

// Address is where the server can be asked, and whether only under TLS: its client
// address, at the host of its server.N line if it listens on every address. Where it calls
// itself every address the others know its host.
func (m *Member) Address(all []Member) (address string, secure bool) {
	listen := m.Config.ClientListen
	if listen == "" {
		listen, secure = m.Config.SecureListen, true
	}
	host, port, err := net.SplitHostPort(listen)
	if err != nil {
		return "", secure
	}
	if !everywhere(host) {
		return listen, secure
	}
	host = m.host(all)
	return net.JoinHostPort(host, port), secure
}

// host is the server's in the server.N line of anybody who knows.
func (m *Member) host(all []Member) string {
	for _, member := range append([]Member{*m}, all...) {
		for _, s := range member.Servers() {
			if s.ID == m.ID && !everywhere(s.Addresses[0].Host) {
				return s.Addresses[0].Host
			}
		}
	}
	return "127.0.0.1"
}

// everywhere tells whether a host means every address of a machine.
func everywhere(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "" || err == nil && ip.IsUnspecified()
}

// Flags are the properties that zoo serve has to be given on its command line, since no
// file has them: those that count. Secrets are masked.
func (m *Member) Flags() []string {
	var flags []string
	for _, line := range m.Lines {
		if name, ok := strings.CutPrefix(line.Origin, "-D"); ok && line.NoEffect == "" {
			flags = append(flags, "-D"+name+"="+line.Value)
		}
	}
	slices.Sort(flags)
	return flags
}
