package survey

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"sync"
	"time"

	"zoo/internal/doctor"
)

const (
	// lookTimeout bounds one question to DNS, to a port or to an admin server.
	lookTimeout = 3 * time.Second
	// readyBytesMax bounds the answer of readyz.
	readyBytesMax = 64 << 10
)

// askReady asks the admin server, if there is one that ours would be: Java's does not know
// readyz, and somebody else may have the port. Who does not answer is left out.
func (t *target) askReady(ctx context.Context, s *doctor.Server) {
	if t.ready == "" {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, t.ready, nil)
	if err != nil {
		return
	}
	begun := time.Now()
	response, err := t.operators().Do(request)
	if err != nil {
		return
	}
	defer response.Body.Close()
	if response.TLS != nil {
		s.AdminNotAfter = response.TLS.PeerCertificates[0].NotAfter
	}
	var answer struct {
		Check  string
		Checks []struct {
			Name, Reason string
			OK           bool
		}
	}
	body := json.NewDecoder(io.LimitReader(response.Body, readyBytesMax))
	if err := body.Decode(&answer); err != nil || answer.Check == "" {
		return
	}
	for _, c := range answer.Checks {
		if !c.OK {
			s.Failing = append(s.Failing, c.Name+": "+c.Reason)
		}
	}
	if date, err := http.ParseTime(response.Header.Get("Date")); err == nil {
		// The date is cut to a second, and was written between the two instants.
		s.ClockAhead, s.ClockTold = date.Sub(begun.Truncate(time.Second)), true
	}
}

// operators is the client for the admin server.
func (t *target) operators() *http.Client {
	if t.readyTLS == nil {
		return http.DefaultClient
	}
	transport := &http.Transport{TLSClientConfig: t.readyTLS, DisableKeepAlives: true}
	return &http.Client{Transport: transport}
}

// askCertificate takes the end of what the port with TLS shows.
func (t *target) askCertificate(ctx context.Context, s *doctor.Server) {
	if t.tls == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	conn, err := t.dialer().DialContext(ctx, "tcp", t.address)
	if err != nil {
		return
	}
	defer conn.Close()
	if secure, ok := conn.(*tls.Conn); ok {
		if shown := secure.ConnectionState().PeerCertificates; len(shown) > 0 {
			s.NotAfter = shown[0].NotAfter
		}
	}
}

// resolve looks up the hosts of the server lines, as this machine knows them.
func (l *looker) resolve(ctx context.Context) {
	var hosts []string
	for _, s := range l.facts.Members() {
		for _, a := range s.Addresses {
			if _, err := netip.ParseAddr(a.Host); err != nil && !slices.Contains(hosts, a.Host) {
				hosts = append(hosts, a.Host)
			}
		}
	}
	l.facts.Names = make([]doctor.Name, len(hosts))
	var group sync.WaitGroup
	for i, host := range hosts {
		group.Go(func() { l.facts.Names[i] = lookUp(ctx, host) })
	}
	group.Wait()
}

func lookUp(ctx context.Context, host string) doctor.Name {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	n := doctor.Name{Host: host}
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		n.Error = err.Error()
		return n
	}
	n.Addresses = addresses
	return n
}

// dial tries the election ports, and the leader's quorum port: nobody else has one open.
func (l *looker) dial(ctx context.Context) {
	var ports []doctor.Port
	for _, s := range l.facts.Members() {
		for _, a := range s.Addresses {
			if everywhere(a.Host) {
				continue
			}
			ports = append(ports, doctor.Port{ID: s.ID, Address: a.Election(), Use: "election"})
			for i := range l.facts.Servers {
				if o := &l.facts.Servers[i]; o.ID == s.ID && o.Role == "leader" {
					ports = append(ports,
						doctor.Port{ID: s.ID, Address: a.Quorum(), Use: "quorum"})
				}
			}
		}
	}
	var group sync.WaitGroup
	for i := range ports {
		group.Go(func() { ports[i].Error = knock(ctx, ports[i].Address) })
	}
	group.Wait()
	l.facts.Ports = ports
}

// knock tells why no connection comes about.
func knock(ctx context.Context, address string) string {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return err.Error()
	}
	_ = conn.Close()
	return ""
}
