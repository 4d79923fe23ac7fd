package client

import (
	"fmt"
	"net"
	"strings"

	"zoo"
)

// portDefault is ZooKeeper's client port.
const portDefault = "2181"

// serversMax bounds a connect string.
const serversMax = 1000

// ParseConnectString reads ZooKeeper's form host:port[,host:port...][/chroot]. A
// missing port is 2181; an IPv6 address stands in brackets where it has a port.
func ParseConnectString(text string) (servers []string, chroot string, err error) {
	hosts, rest, found := strings.Cut(text, "/")
	if found && rest != "" {
		chroot = "/" + rest
		if err := zoo.ValidatePath(chroot); err != nil {
			return nil, "", fmt.Errorf("%w: chroot of %q: %w", ErrOptions, text, err)
		}
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

// withPort adds the default port to what has none.
func withPort(host string) string {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return host
	}
	return net.JoinHostPort(strings.Trim(host, "[]"), portDefault)
}
