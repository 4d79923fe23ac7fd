package quorum

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"zoo"
)

// ErrIncremental means that only a whole list can change an ensemble with groups.
var ErrIncremental = errors.New("an ensemble with groups or weights is changed " +
	"by the whole list of its members")

// Change is the configuration after servers have left and joined: leaving are ids, joining
// lines such as server.4=host:2888:3888:observer;2181, both with commas. Who joins and is a
// member already is changed. The rules are ZooKeeper's: a joiner says where its clients
// are, and no address but those of the machine itself is given to two servers.
func (v *View) Change(joining, leaving string, version zoo.Zxid) (*View, error) {
	if v.hierarchy != nil {
		return nil, ErrIncremental
	}
	members := slices.Clone(v.members)
	for _, text := range fields(leaving, ",") {
		id, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%w: %q is no id of a server", ErrNumber, text)
		}
		members = without(members, zoo.ServerID(id))
	}
	for _, text := range fields(joining, ",") {
		s, err := parseJoiner(text)
		if err != nil {
			return nil, err
		}
		members = without(members, s.ID)
		if err := s.collides(members); err != nil {
			return nil, err
		}
		members = append(members, s.Member())
	}
	return NewView(members, version)
}

// fields splits a list as ZooKeeper does: blanks around its parts and empty ones go.
func fields(list, separator string) []string {
	var all []string
	for part := range strings.SplitSeq(list, separator) {
		if part = strings.TrimSpace(part); part != "" {
			all = append(all, part)
		}
	}
	return all
}

func without(members []Member, id zoo.ServerID) []Member {
	return slices.DeleteFunc(members, func(m Member) bool { return m.ID == id })
}

// parseJoiner reads server.N=…; of the name only what follows its last dot counts.
func parseJoiner(text string) (Server, error) {
	parts := fields(text, "=")
	if len(parts) != 2 {
		return Server{}, fmt.Errorf("%q: want server.N=host:port:port;clientPort", text)
	}
	number := parts[0][strings.LastIndexByte(parts[0], '.')+1:]
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return Server{}, fmt.Errorf("%w: server id %q is not a number", ErrNumber, number)
	}
	s, err := ParseServer(zoo.ServerID(id), parts[1])
	if err != nil {
		return s, fmt.Errorf("server.%d: %w", id, err)
	}
	if s.ClientPort == 0 && s.SecurePort == 0 {
		return s, fmt.Errorf("server.%d has no port for clients: add ;host:port", id)
	}
	return s, nil
}

// collides tells which address of the server another member has.
func (s Server) collides(members []Member) error {
	own := s.places()
	for _, m := range members {
		other, err := ParseServer(m.ID, m.Text)
		if err != nil {
			continue
		}
		for _, place := range other.places() {
			if slices.Contains(own, place) {
				return fmt.Errorf("%s is an address of server.%d and of server.%d",
					place, s.ID, m.ID)
			}
		}
	}
	return nil
}

// places are the addresses of the server that mean it wherever they are looked up.
func (s Server) places() []string {
	all := []string{s.ClientAddress(), s.SecureAddress()}
	for _, a := range s.Addresses {
		all = append(all, a.Quorum(), a.Election())
	}
	return slices.DeleteFunc(all, func(place string) bool {
		host := place[:max(strings.LastIndexByte(place, ':'), 0)]
		host = strings.Trim(host, "[]")
		ip, err := netip.ParseAddr(host)
		return host == "" || strings.EqualFold(host, "localhost") ||
			err == nil && (ip.IsLoopback() || ip.IsUnspecified())
	})
}
