package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
)

// Server is one place where an ensemble can be reached.
type Server struct {
	// Address is the host:port to dial.
	Address string
	// Name is the host:port that certificates and SASL know the server by; empty is
	// Address.
	Name string
	// Zone is where the server is, such as an availability zone; empty is unknown.
	Zone string
	// Priority: servers with a higher one are tried after those with a lower one, as in
	// SRV records.
	Priority int
	// Weight: of equal servers one with twice the weight is tried first twice as often. 0
	// is much less than 1; where all have 0 they are equal.
	Weight int
}

// name is what certificates and SASL know the server by.
func (s Server) name() string {
	if s.Name == "" {
		return s.Address
	}
	return s.Name
}

// HostProvider tells where the servers are. It is asked before every round of attempts,
// so that an ensemble that moves is found again.
type HostProvider interface {
	// Servers gives 1 to 1,000 servers, in no order. One goroutine calls it at a time, with
	// a ctx that ends after a third of the session timeout. After an error the client
	// goes on with what it was told before, if it was told anything.
	Servers(ctx context.Context) ([]Server, error)
}

// Resolver looks names up; *net.Resolver is one.
type Resolver interface {
	LookupHost(ctx context.Context, host string) (addresses []string, err error)
	LookupSRV(ctx context.Context, service, proto, name string) (string, []*net.SRV, error)
}

// StaticHosts are servers that are known. Names among them are looked up each time one
// is dialled, and stand for one server each.
type StaticHosts []Server

// Servers gives them.
func (h StaticHosts) Servers(context.Context) ([]Server, error) { return h, nil }

// DNSHosts are names of which each may stand for many servers, such as a headless
// service: every round looks them up anew, and each address is a server of its own. The
// name is what certificates and SASL know the server by.
type DNSHosts struct {
	// Names are host:port each; a missing port is 2181.
	Names []string
	// Zone tells where an address is; nil leaves that unknown.
	Zone func(netip.Addr) string
	// Resolver is the system's if it is nil.
	Resolver Resolver
}

// Servers looks the names up. It fails if none of them is known.
func (h DNSHosts) Servers(ctx context.Context) ([]Server, error) {
	var servers []Server
	var failed error
	for _, name := range h.Names {
		name = withPort(name)
		found, err := h.lookUp(ctx, name)
		if err != nil {
			failed = errors.Join(failed, fmt.Errorf("look up %s: %w", name, err))
		}
		servers = append(servers, found...)
	}
	if len(servers) > 0 {
		return servers, nil
	}
	return nil, failed
}

func (h DNSHosts) lookUp(ctx context.Context, name string) (servers []Server, err error) {
	host, port, err := net.SplitHostPort(name)
	if err != nil {
		return nil, err
	}
	addresses, err := orSystem(h.Resolver).LookupHost(ctx, host)
	for _, address := range addresses {
		server := Server{Address: net.JoinHostPort(address, port), Name: name}
		if at, err := netip.ParseAddr(address); err == nil && h.Zone != nil {
			server.Zone = h.Zone(at.Unmap())
		}
		servers = append(servers, server)
	}
	return servers, err
}

// SRVHosts are the targets of a name's SRV records, which every round looks up anew,
// with their priorities and weights.
type SRVHosts struct {
	// Name is that of the records, such as _zookeeper._tcp.example.com.
	Name string
	// Resolver is the system's if it is nil.
	Resolver Resolver
}

// Servers looks the records up.
func (h SRVHosts) Servers(ctx context.Context) ([]Server, error) {
	// Without service and protocol the name is taken as it is.
	_, records, err := orSystem(h.Resolver).LookupSRV(ctx, "", "", h.Name)
	if err != nil {
		return nil, fmt.Errorf("look up %s: %w", h.Name, err)
	}
	var servers []Server
	for _, r := range records {
		target := strings.TrimSuffix(r.Target, ".")
		if target == "" {
			continue // RFC 2782: decidedly no server.
		}
		servers = append(servers, Server{
			Address:  net.JoinHostPort(target, strconv.Itoa(int(r.Port))),
			Priority: int(r.Priority), Weight: int(r.Weight)})
	}
	return servers, nil
}

func orSystem(r Resolver) Resolver {
	if r == nil {
		return net.DefaultResolver
	}
	return r
}

// PreferZone, for Options.Prefer, tries the servers of a zone before all others.
func PreferZone(zone string) func(Server) int {
	return func(s Server) int {
		if s.Zone == zone {
			return 0
		}
		return 1
	}
}

// PreferLocal, for Options.Prefer, tries servers on this machine before all others: those
// at an address of one of its interfaces, at localhost, or at its host name.
func PreferLocal(s Server) int {
	host, _, err := net.SplitHostPort(s.Address)
	if err != nil {
		return 1
	}
	own, _ := os.Hostname()
	if strings.EqualFold(host, "localhost") || own != "" && strings.EqualFold(host, own) {
		return 0
	}
	at, err := netip.ParseAddr(host)
	if err == nil && (at.Unmap().IsLoopback() || isOwn(at)) {
		return 0
	}
	return 1
}

// isOwn tells whether one of the machine's interfaces has the address.
func isOwn(at netip.Addr) bool {
	// Who cannot be asked has none.
	interfaces, _ := net.InterfaceAddrs()
	for _, i := range interfaces {
		prefix, err := netip.ParsePrefix(i.String())
		if err == nil && prefix.Addr().Unmap() == at.Unmap().WithZone("") {
			return true
		}
	}
	return false
}
