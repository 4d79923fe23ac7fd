package survey

import (
	"context"
	"crypto/tls"
	"errors"
	"math"
	"net"
	"strconv"
	"strings"
	"sync"

	"zoo"
	"zoo/internal/config"
	"zoo/internal/core/quorum"
	"zoo/internal/dev/status"
	"zoo/internal/doctor"
	"zoo/internal/migrate"
	"zoo/internal/server"
)

// target is a server to be asked.
type target struct {
	id      zoo.ServerID
	address string
	// tls is how to reach a port that speaks nothing else; nil is plain.
	tls *tls.Config
	// ready is the URL of readyz, empty if nobody knows where it is; readyTLS is how HTTPS is
	// spoken there, nil for plain HTTP.
	ready    string
	readyTLS *tls.Config
}

// askServers asks those that were named, and then those that these name.
func (l *looker) askServers(ctx context.Context) {
	l.ask(ctx, l.named())
	var more []target
	for _, s := range l.facts.Members() {
		if l.known(s.ID) {
			continue
		}
		address := l.clientAddress(s)
		if address == "" || l.recognised(address, s.ID) {
			continue
		}
		more = append(more, target{id: s.ID, address: address})
	}
	l.ask(ctx, more)
}

// recognised gives a server that was named by its address, and told nothing of itself, the
// number that another one knows it by.
func (l *looker) recognised(address string, id zoo.ServerID) bool {
	for i := range l.facts.Servers {
		if s := &l.facts.Servers[i]; s.ID == 0 && s.Error != "" && s.Address == address {
			s.ID = id
			return true
		}
	}
	return false
}

// clientAddress is where clients reach a member: its own host if it listens everywhere, and
// the port that another server has if nobody says its own. It is empty if nobody knows.
func (l *looker) clientAddress(s config.Server) string {
	host, port := s.ClientHost, strconv.Itoa(s.ClientPort)
	if everywhere(host) {
		host = s.Addresses[0].Host
	}
	if s.ClientPort == 0 {
		port = l.usualPort()
	}
	if everywhere(host) || port == "" {
		l.unseen("%s: it was not asked: nobody says where its clients connect", s.Key())
		return ""
	}
	return net.JoinHostPort(host, port)
}

// usualPort is the port for clients of a server that has one.
func (l *looker) usualPort() string {
	for i := range l.facts.Configs {
		if cfg := l.facts.Configs[i].Member.Config; cfg != nil && cfg.ClientPort() != 0 {
			return strconv.Itoa(cfg.ClientPort())
		}
	}
	for i := range l.facts.Servers {
		if port := l.facts.Servers[i].Settings["clientPort"]; port != "" && port != "0" {
			return port
		}
	}
	return ""
}

// everywhere tells whether a host means every address of a machine.
func everywhere(host string) bool {
	ip := net.ParseIP(host)
	return host == "" || ip != nil && ip.IsUnspecified()
}

// named are the servers of the configurations and of the command line.
func (l *looker) named() []target {
	var all []target
	add := func(t target) {
		for _, other := range all {
			if other.address == t.address || t.id != 0 && other.id == t.id {
				return
			}
		}
		all = append(all, t)
	}
	for i := range l.facts.Configs {
		if t, ok := l.ofConfig(i); ok {
			add(t)
		}
	}
	for _, address := range l.Addresses {
		add(target{address: address})
	}
	return all
}

// ofConfig is where the server of a configuration is, if it says so.
func (l *looker) ofConfig(i int) (t target, ok bool) {
	m := &l.facts.Configs[i].Member
	if m.Config == nil || m.ID == 0 {
		return t, false
	}
	var members []migrate.Member
	for j := range l.facts.Configs {
		members = append(members, l.facts.Configs[j].Member)
	}
	address, secure := m.Address(members)
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		l.unseen("%s: the server was not asked: it has no port for clients", m.File)
		return t, false
	}
	t = target{address: address}
	if !m.Config.Standalone() {
		t.id = m.ID
	}
	if secure {
		if t.tls, err = server.ClientTLS(m.Config, host); err != nil {
			l.unseen("%s: the server was not asked: %v", m.File, err)
			return t, false
		}
	}
	if at, port, err := net.SplitHostPort(m.Config.Admin.Listen); err == nil && port != "0" {
		if everywhere(at) {
			at = host
		}
		t.ready = "http://" + net.JoinHostPort(at, port) + "/readyz?format=json"
		if m.Config.Admin.TLSForced {
			t.ready = "https" + strings.TrimPrefix(t.ready, "http")
			if t.readyTLS, err = server.AdminTLS(m.Config, at); err != nil {
				l.unseen("%s: the admin server was not asked: %v", m.File, err)
				t.ready = ""
			}
		}
	}
	return t, true
}

// ask asks all targets at once, and takes what they say.
func (l *looker) ask(ctx context.Context, targets []target) {
	seen := make([]doctor.Server, len(targets))
	missing := make([][]string, len(targets))
	var group sync.WaitGroup
	for i := range targets {
		group.Go(func() { seen[i], missing[i] = targets[i].ask(ctx) })
	}
	group.Wait()
	for i := range seen {
		if id := seen[i].ID; id != 0 && l.known(id) {
			l.unseen("%s: it is server %d, which was asked already", seen[i].Address, id)
			continue
		}
		l.facts.Servers = append(l.facts.Servers, seen[i])
		if text := seen[i].Membership; text != "" {
			if _, err := quorum.ParseView(text); err != nil {
				l.unseen("%v: its ensemble: %v", &seen[i], err)
			}
		}
		if len(missing[i]) > 0 {
			l.unseen("%v: it does not answer %s", &seen[i], strings.Join(missing[i], ", "))
		}
	}
}

func (t *target) dialer() status.Dialer {
	if t.tls != nil {
		return &tls.Dialer{Config: t.tls}
	}
	return &net.Dialer{}
}

// ask asks one server. Only srvr has to be answered.
func (t *target) ask(ctx context.Context) (doctor.Server, []string) {
	s := doctor.Server{ID: t.id, Address: t.address}
	word := func(word string) (string, error) {
		return status.AskVia(ctx, t.dialer(), t.address, word)
	}
	t.askReady(ctx, &s)
	text, err := word("srvr")
	var now status.Server
	if err == nil {
		now, err = status.ReadSrvr(text)
	}
	if err != nil {
		s.Error, s.Waiting = err.Error(), errors.Is(err, status.ErrNotServing)
		return s, nil
	}
	s.Role, s.Version, s.Zxid = now.Role, now.Version, now.Zxid
	s.Latency, s.Outstanding, s.Connections = now.LatencyAvg, now.Outstanding, now.Connections
	s.Received = now.Received
	var missing []string
	for _, more := range []struct {
		word string
		read func(*doctor.Server, string)
	}{{"mntr", readMonitor}, {"conf", readConf}, {"stat", readStat}} {
		if text, err := word(more.word); err == nil {
			more.read(&s, text)
		} else {
			missing = append(missing, more.word)
		}
	}
	t.askCertificate(ctx, &s)
	return s, missing
}

// readMonitor takes the figures of mntr.
func readMonitor(s *doctor.Server, text string) {
	s.Figures = map[string]float64{}
	for line := range strings.Lines(text) {
		name, value, _ := strings.Cut(strings.TrimSpace(line), "\t")
		name, ours := strings.CutPrefix(name, "zk_")
		n, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if ours && err == nil && !math.IsNaN(n) {
			s.Figures[name] = n
		}
	}
}

// membershipKey begins the configuration in force in an answer to conf.
const membershipKey = "membership:"

// readConf takes the settings of conf, and the configuration in force behind them.
func readConf(s *doctor.Server, text string) {
	s.Settings = map[string]string{}
	text, s.Membership, _ = strings.Cut(text, membershipKey)
	s.Membership = strings.TrimSpace(s.Membership)
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			s.Settings[name] = value
		}
	}
	id, err := strconv.ParseInt(s.Settings["serverId"], 10, 64)
	if err == nil && s.ID == 0 {
		s.ID = zoo.ServerID(id)
	}
}

// readStat finds the host with the most connections: lines such as
//
//	/10.0.0.7:40212[1](queued=0,recved=1,sent=1)
func readStat(s *doctor.Server, text string) {
	counts := map[string]int{}
	for line := range strings.Lines(text) {
		address, isClient := strings.CutPrefix(strings.TrimSpace(line), "/")
		address, _, bracket := strings.Cut(address, "[")
		colon := strings.LastIndexByte(address, ':')
		if !isClient || !bracket || colon < 0 {
			continue
		}
		host := address[:colon]
		counts[host]++
		if n := counts[host]; n > s.BusiestConns || n == s.BusiestConns && host < s.Busiest {
			s.Busiest, s.BusiestConns = host, n
		}
	}
}
