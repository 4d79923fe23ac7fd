package config

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"zoo"
)

// Address is one place where a server's quorum and election ports are.
type Address struct {
	Host         string
	QuorumPort   int
	ElectionPort int
}

// Quorum is the host:port that learners dial.
func (a Address) Quorum() string { return net.JoinHostPort(a.Host, strconv.Itoa(a.QuorumPort)) }

// Election is the host:port that other servers dial to elect.
func (a Address) Election() string {
	return net.JoinHostPort(a.Host, strconv.Itoa(a.ElectionPort))
}

// Server is one server.N line.
type Server struct {
	ID zoo.ServerID
	// Addresses has at least one entry.
	Addresses []Address
	Observer  bool
	// ClientHost and ClientPort come after the semicolon; port 0 means absent.
	ClientHost string
	ClientPort int
}

// Key is the line's name, server.N.
func (s Server) Key() string { return "server." + strconv.FormatInt(int64(s.ID), 10) }

// String is the line's value as ZooKeeper writes it into /zookeeper/config:
//
//	host:quorumPort:electionPort:participant|observer[;clientHost:clientPort]
//
// with several addresses joined by a vertical bar.
func (s Server) String() string {
	var b strings.Builder
	for i, a := range s.Addresses {
		if i > 0 {
			b.WriteByte('|')
		}
		fmt.Fprintf(&b, "%s:%d", a.Quorum(), a.ElectionPort)
	}
	if s.Observer {
		b.WriteString(":observer")
	} else {
		b.WriteString(":participant")
	}
	if s.ClientPort != 0 {
		b.WriteByte(';')
		b.WriteString(net.JoinHostPort(s.ClientHost, strconv.Itoa(s.ClientPort)))
	}
	return b.String()
}

// ParseServer reads the value of server.id.
func ParseServer(id zoo.ServerID, value string) (Server, error) {
	s := Server{ID: id}
	quorum, client, hasClient := strings.Cut(value, ";")
	if hasClient {
		if err := s.parseClient(strings.TrimSpace(client)); err != nil {
			return s, err
		}
	}
	quorum, err := s.parseRole(strings.TrimSpace(quorum))
	if err != nil {
		return s, err
	}
	for part := range strings.SplitSeq(quorum, "|") {
		a, err := parseAddress(strings.TrimSpace(part))
		if err != nil {
			return s, err
		}
		s.Addresses = append(s.Addresses, a)
	}
	return s, nil
}

// parseRole takes the role off the end of the quorum part. It may follow the
// last address or stand behind a bar's group, so it is found from the right.
func (s *Server) parseRole(quorum string) (string, error) {
	i := strings.LastIndexByte(quorum, ':')
	if i < 0 {
		return "", errors.New("want host:quorumPort:electionPort")
	}
	tail := quorum[i+1:]
	if _, err := strconv.Atoi(tail); err == nil || strings.HasSuffix(tail, "]") {
		return quorum, nil
	}
	switch strings.ToLower(tail) {
	case "participant":
	case "observer":
		s.Observer = true
	default:
		return "", fmt.Errorf("%q is neither a port, participant nor observer", tail)
	}
	return quorum[:i], nil
}

func (s *Server) parseClient(text string) error {
	fields, err := splitColons(text)
	if err != nil {
		return err
	}
	s.ClientHost = "0.0.0.0"
	switch len(fields) {
	case 1:
	case 2:
		s.ClientHost = fields[0]
	default:
		return fmt.Errorf("client part %q: want [host:]port", text)
	}
	s.ClientPort, err = parsePort("client", fields[len(fields)-1])
	return err
}

func parseAddress(text string) (Address, error) {
	fields, err := splitColons(text)
	if err != nil {
		return Address{}, err
	}
	if len(fields) != 3 || fields[0] == "" {
		return Address{}, fmt.Errorf("address %q: want host:quorumPort:electionPort", text)
	}
	a := Address{Host: fields[0]}
	if a.QuorumPort, err = parsePort("quorum", fields[1]); err != nil {
		return a, err
	}
	if a.ElectionPort, err = parsePort("election", fields[2]); err != nil {
		return a, err
	}
	if a.QuorumPort == a.ElectionPort {
		return a, fmt.Errorf("quorum and election port are both %d", a.QuorumPort)
	}
	return a, nil
}

// splitColons splits at colons outside the brackets of an IPv6 address.
func splitColons(text string) ([]string, error) {
	if strings.ContainsFunc(text, unicode.IsSpace) {
		return nil, fmt.Errorf("%q has a space in it", text)
	}
	if !strings.HasPrefix(text, "[") {
		return strings.Split(text, ":"), nil
	}
	end := strings.IndexByte(text, ']')
	if end < 0 {
		return nil, fmt.Errorf("%q has no closing ]", text)
	}
	fields := []string{text[1:end]}
	rest := text[end+1:]
	if rest == "" {
		return fields, nil
	}
	if rest[0] != ':' {
		return nil, fmt.Errorf("%q: want : after ]", text)
	}
	return append(fields, strings.Split(rest[1:], ":")...), nil
}

func parsePort(what, text string) (int, error) {
	port, err := strconv.Atoi(text)
	if err != nil {
		return 0, fmt.Errorf("%s port %q is not a number", what, text)
	}
	if port < 1 || port > 65535 {
		return 0, fmt.Errorf("%s port %d is not in 1 to 65535", what, port)
	}
	return port, nil
}

func sortServers(servers []Server) {
	slices.SortFunc(servers, func(a, b Server) int { return cmp.Compare(a.ID, b.ID) })
}
