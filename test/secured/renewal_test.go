package secured

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"

	"zoo/test/ensemble"
)

// trusts puts a trust store with these authorities in the place of the one before.
func (s *story) trusts(authorities ...*authority) {
	s.Helper()
	var all []byte
	for _, a := range authorities {
		all = append(all, block("CERTIFICATE", a.cert.Raw)...)
	}
	s.must(os.WriteFile(s.file("trusted.pem.new"), all, 0o600))
	s.must(os.Rename(s.file("trusted.pem.new"), s.file("trusted.pem")))
}

// meets shows a certificate to a port. By TLS 1.2 it has looked at it when this returns.
func (s *story) meets(ctx context.Context, address string, shown tls.Certificate) error {
	dialer := tls.Dialer{Config: &tls.Config{Certificates: []tls.Certificate{shown},
		InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12}}
	conn, err := dialer.DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	return conn.Close()
}

// eachPort waits until something holds for both addresses of all ports.
func (s *story) eachPort(ports []string, what string,
	holds func(ctx context.Context, address string) error) {
	s.Helper()
	for _, port := range ports {
		for _, road := range []string{firstRoad, roadIPv6} {
			address := net.JoinHostPort(road, port)
			s.must(ensemble.Until(s.ctx, address+" "+what, func(ctx context.Context) error {
				return holds(ctx, address)
			}))
		}
	}
}

// pair is the key store as it is now.
func (s *story) pair() tls.Certificate {
	s.Helper()
	pair, err := tls.LoadX509KeyPair(s.file("keys.pem"), s.file("keys.pem"))
	s.must(err)
	return pair
}

// The plot: three servers, each with an address of IPv4 and one of IPv6, of which the others
// can use that of IPv6 alone, prove who they are by TLS. While they run their authority is
// replaced: they trust both and get certificates of the new one, then they trust that one
// alone. The ports of both families show the new certificate and hang up on who has an old one,
// for the quorum as for the election. Nobody loses its leader for that. The next leader's
// links, which others that have never been restarted dial, are by the new authority, and so are
// those of a server that was away.
func TestServersOnBothFamiliesTakeAReplacedAuthority(t *testing.T) {
	probe, err := net.Listen("tcp", net.JoinHostPort(roadIPv6, "0"))
	ensemble.LeaveOut(t, "IPv6", err)
	s := alone(t)
	s.must(probe.Close())
	first := s.authority()
	s.keys(first)
	s.prepare(nil, nil, s.pemStores())
	quorum, ports := map[*ensemble.Server]string{}, []string{}
	for _, server := range s.Servers {
		port, election := s.twoRoads(server, roadIPv6)
		quorum[server], ports = port, append(ports, election)
	}
	s.must(s.Start(s.ctx))
	s.writeEverywhere("old")
	leader, err := s.Leader(s.ctx)
	s.must(err)
	ports = append(ports, quorum[leader])

	s.replace(first, ports)
	if now, err := s.Leader(s.ctx); err != nil || now != leader {
		t.Errorf("the lead has changed: %v", err)
	}
	s.leadersOfBothKinds()
}

// replace replaces the authority that signs and is trusted, in the order in which an operator
// does.
func (s *story) replace(first *authority, ports []string) {
	s.Helper()
	outdated, second := s.pair(), s.found()
	second.issued += 100 // so that the numbers of its certificates are its own
	s.trusts(first, second)
	renewed := s.keys(second)
	next := s.pair()
	s.eachPort(ports, "trusts both", func(ctx context.Context, address string) error {
		return errors.Join(s.meets(ctx, address, outdated), s.meets(ctx, address, next))
	})
	s.eachPort(ports, "shows the new one", func(ctx context.Context, address string) error {
		serial, err := s.shown(ctx, address)
		if err == nil && serial != renewed {
			err = fmt.Errorf("it shows certificate %d", serial)
		}
		return err
	})
	s.trusts(second)
	s.eachPort(ports, "refuses the old one", func(ctx context.Context, address string) error {
		err := s.meets(ctx, address, outdated)
		if err != nil && strings.Contains(err.Error(), "bad certificate") {
			return nil
		}
		return fmt.Errorf("an old certificate is let in: %v", err)
	})
}
