package peer

import (
	"crypto/x509"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"

	"zoo"
	"zoo/internal/net/certs"
)

// Names are the hosts under which the configuration knows each member. Whoever proves a
// host, by a certificate or by Kerberos, proves by it which member it is: neither the
// address that a connection comes from nor what DNS makes of it is asked.
//
// A server that is not a member yet, which a joiner is, counts as the host in the address
// that it gives in its introduction on the election port, if it proves that host. The
// quorum port, where no address is given, remembers it.
type Names struct {
	mu      sync.Mutex
	members map[zoo.ServerID][]string
	// strangers are at most strangersMax.
	strangers map[zoo.ServerID][]string
}

// NewNames knows the members by their addresses, several of one joined with "|".
func NewNames(members map[zoo.ServerID]string) *Names {
	n := &Names{}
	n.set(members)
	return n
}

func (n *Names) set(members map[zoo.ServerID]string) {
	if n == nil {
		return
	}
	known := make(map[zoo.ServerID][]string, len(members))
	for id, addresses := range members {
		known[id] = hostsOf(strings.Split(addresses, addressSeparator))
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.members, n.strangers = known, make(map[zoo.ServerID][]string)
}

// member tells whether an id is in the configuration, as all are where there is none.
func (n *Names) member(id zoo.ServerID) bool {
	if n == nil {
		return true
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	_, is := n.members[id]
	return is
}

// hosts are those of a member, or what is known of a stranger.
func (n *Names) hosts(id zoo.ServerID) (hosts []string, member bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if hosts, member = n.members[id]; member {
		return hosts, true
	}
	return n.strangers[id], false
}

// remember keeps what a stranger has proved, in place of any other if there are many.
func (n *Names) remember(id zoo.ServerID, hosts []string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for other := range n.strangers {
		if len(n.strangers) < strangersMax {
			break
		}
		delete(n.strangers, other)
	}
	n.strangers[id] = hosts
}

// hostsOf are the hosts in addresses, without those that are none.
func hostsOf(addresses []string) []string {
	var hosts []string
	for _, address := range addresses {
		if host, _, err := net.SplitHostPort(address); err == nil && host != "" {
			hosts = append(hosts, host)
		}
	}
	return hosts
}

// claim is who a peer says it is: an id, and where it is, which only strangers are asked.
type claim struct {
	id    zoo.ServerID
	hosts []string
}

// proof is what a peer has shown of who it is; the zero proof is nothing.
type proof struct {
	// leaf is a certificate that is good, but for whom is not checked yet.
	leaf *x509.Certificate
	// host is what Kerberos says where it comes from.
	host string
}

// check checks that what a peer has shown is of who it says it is.
func (n *Names) check(c claim, p proof) error {
	if p.leaf == nil && p.host == "" {
		return nil
	}
	hosts, member := n.hosts(c.id)
	if !member && len(c.hosts) > 0 {
		hosts = c.hosts
	}
	if p.leaf != nil && !slices.ContainsFunc(hosts, p.certifies) {
		return fmt.Errorf("server %d is known as %q, which is not in the certificate it has "+
			"shown, of %.200q; name it in the server line as in the certificate", c.id, hosts,
			p.leaf.Subject)
	}
	if p.host != "" && !slices.ContainsFunc(hosts, p.authenticates) {
		return fmt.Errorf("server %d is known as %q, and has proved to be %.200q",
			c.id, hosts, p.host)
	}
	if !member {
		n.remember(c.id, hosts)
	}
	return nil
}

func (p proof) certifies(host string) bool { return certs.VerifyHost(p.leaf, host) == nil }

func (p proof) authenticates(host string) bool { return strings.EqualFold(host, p.host) }
