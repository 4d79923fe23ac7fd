package client

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"zoo"
)

// portDefault is ZooKeeper's client port.
const portDefault = "2181"

// serversMax bounds a connect string.
const serversMax = 1000

// srvPrefix begins the name of SRV records where servers are named.
const srvPrefix = "dns-srv://"

// ParseConnectString reads ZooKeeper's form host:port[,host:port...][/chroot]. A
// missing port is 2181; an IPv6 address stands in brackets where it has a port. The form
// dns-srv://name[/chroot] of ZooKeeper 3.10 gives the one server dns-srv://name, by which
// Options.Servers means SRVHosts.
func ParseConnectString(text string) (servers []string, chroot string, err error) {
	rest, prefix := text, ""
	if after, found := strings.CutPrefix(text, srvPrefix); found {
		rest, prefix = after, srvPrefix
	}
	hosts, rest, found := strings.Cut(rest, "/")
	if found && rest != "" {
		chroot = "/" + rest
		if err := zoo.ValidatePath(chroot); err != nil {
			return nil, "", fmt.Errorf("%w: chroot of %q: %w", ErrOptions, text, err)
		}
	}
	if prefix != "" {
		return recordsOf(text, prefix+hosts, chroot)
	}
	for host := range strings.SplitSeq(hosts, ",") {
		if host = strings.TrimSpace(host); host != "" {
			servers = append(servers, withPort(host))
		}
	}
	if len(servers) == 0 || len(servers) > serversMax {
		return nil, "", fmt.Errorf("%w: %q has %d servers, want 1 to %d",
			ErrOptions, text, len(servers), serversMax)
	}
	return servers, chroot, nil
}

// recordsOf is a connect string that names SRV records.
func recordsOf(text, server, chroot string) ([]string, string, error) {
	if _, err := srvName(server); err != nil {
		return nil, "", fmt.Errorf("%w: %q: %w", ErrOptions, text, err)
	}
	return []string{server}, chroot, nil
}

// srvName is the name of the records that a server stands for; empty if it is a server.
func srvName(server string) (string, error) {
	name, found := strings.CutPrefix(server, srvPrefix)
	if !found {
		return "", nil
	}
	if name == "" || strings.ContainsAny(name, ":,/ ") {
		return "", errors.New("want dns-srv:// and one name, whose records have the ports")
	}
	return name, nil
}

// withPort adds the default port to what has none.
func withPort(host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), portDefault)
}
