package quorum

import (
	"errors"
	"fmt"
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
func (a Address) Quorum() string { return joinHostPort(a.Host, a.QuorumPort) }

// Election is the host:port that other servers dial to elect.
func (a Address) Election() string { return joinHostPort(a.Host, a.ElectionPort) }

// joinHostPort puts an IPv6 address into brackets.
func joinHostPort(host string, port int) string {
	if strings.ContainsRune(host, ':') {
		host = "[" + host + "]"
	}
	return host + ":" + strconv.Itoa(port)
}

// Server is one server.N line of a configuration.
type Server struct {
	ID zoo.ServerID
	// Addresses has at least one entry.
	Addresses []Address
	Observer  bool
	// ClientHost and ClientPort come after the semicolon; port 0 means absent.
	ClientHost string
	ClientPort int
	// SecureHost and SecurePort come after a second semicolon, for clients with TLS
	// (ZooKeeper 3.10); port 0 means absent.
	SecureHost string
	SecurePort int
}

// Key is the line's name, server.N.
func (s Server) Key() string { return "server." + strconv.FormatInt(int64(s.ID), 10) }

// String is the line's value as ZooKeeper writes it into /zookeeper/config:
//
//	host:quorumPort:electionPort:participant|observer[;clientHost:clientPort]
//
// with several addresses joined by a vertical bar, and another semicolon before
// host:port for clients with TLS.
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
		b.WriteString(";" + joinHostPort(s.ClientHost, s.ClientPort))
	}
	if s.SecurePort != 0 {
		if s.ClientPort == 0 {
			b.WriteByte(';')
		}
		b.WriteString(";" + joinHostPort(s.SecureHost, s.SecurePort))
	}
	return b.String()
}

// Member is the server as a view has it.
func (s Server) Member() Member {
	return Member{ID: s.ID, Observer: s.Observer, Text: s.String()}
}

// QuorumAddresses are the host:port that learners dial, joined with "|".
func (s Server) QuorumAddresses() string { return s.joined(Address.Quorum) }

// ElectionAddresses are the host:port for the election, joined with "|".
func (s Server) ElectionAddresses() string { return s.joined(Address.Election) }

func (s Server) joined(text func(Address) string) string {
	list := make([]string, len(s.Addresses))
	for i, a := range s.Addresses {
		list[i] = text(a)
	}
	return strings.Join(list, "|")
}

// ClientAddress is the host:port for clients, empty where the line has none.
func (s Server) ClientAddress() string { return addressOrNone(s.ClientHost, s.ClientPort) }

// SecureAddress is the host:port for clients with TLS, empty where the line has none.
func (s Server) SecureAddress() string { return addressOrNone(s.SecureHost, s.SecurePort) }

func addressOrNone(host string, port int) string {
	if port == 0 {
		return ""
	}
	return joinHostPort(host, port)
}

// ParseServer reads the value of server.id.
func ParseServer(id zoo.ServerID, value string) (Server, error) {
	s := Server{ID: id}
	parts := strings.Split(value, ";")
	if len(parts) > 3 {
		return s, fmt.Errorf("%q has more than two semicolons", value)
	}
	var err error
	if len(parts) > 1 && (len(parts) == 2 || strings.TrimSpace(parts[1]) != "") {
		if s.ClientHost, s.ClientPort, err = parseClient(parts[1]); err != nil {
			return s, err
		}
	}
	if len(parts) > 2 {
		if s.SecureHost, s.SecurePort, err = parseClient(parts[2]); err != nil {
			return s, err
		}
	}
	return s, s.parseAddresses(parts[0])
}

// parseAddresses reads the part before the semicolon. The role may stand behind each
// address, or once, behind the last one.
func (s *Server) parseAddresses(value string) error {
	roles := map[bool]bool{}
	for part := range strings.SplitSeq(strings.TrimSpace(value), "|") {
		part, err := s.parseRole(strings.TrimSpace(part), roles)
		if err != nil {
			return err
		}
		a, err := parseAddress(part)
		if err != nil {
			return err
		}
		s.Addresses = append(s.Addresses, a)
	}
	if len(roles) > 1 {
		return fmt.Errorf("%q says both participant and observer", value)
	}
	return nil
}

// parseRole takes the role off the end of an address.
func (s *Server) parseRole(quorum string, roles map[bool]bool) (string, error) {
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
		roles[false] = true
	case "observer":
		s.Observer, roles[true] = true, true
	default:
		return "", fmt.Errorf("%q is neither a port, participant nor observer", tail)
	}
	return quorum[:i], nil
}

func parseClient(text string) (host string, port int, err error) {
	text = strings.TrimSpace(text)
	fields, err := splitColons(text)
	if err != nil {
		return "", 0, err
	}
	host = "0.0.0.0"
	switch len(fields) {
	case 1:
	case 2:
		host = fields[0]
	default:
		return "", 0, fmt.Errorf("client part %q: want [host:]port", text)
	}
	port, err = parsePort("client", fields[len(fields)-1])
	return host, port, err
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

// SortServers puts servers in the order of their ids.
func SortServers(servers []Server) {
	slices.SortFunc(servers, func(a, b Server) int { return int(a.ID - b.ID) })
}
