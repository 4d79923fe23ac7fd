package admin

import (
	"net"
	"net/http"
	"strconv"
	"time"

	"zoo"
)

// Members tells of the ensemble that a server is a member of.
type Members interface {
	// Ensemble is the ensemble as this server knows it; false if it stands alone.
	Ensemble() (Ensemble, bool)
	// Observers are those that learn from this server and are in sync, by id.
	Observers() []Observer
	// ResetObservers begins their counts anew.
	ResetObservers()
}

// Ensemble is an ensemble, and the part that a server has in it.
type Ensemble struct {
	Self zoo.ServerID
	// Leader is who leads, zero for nobody.
	Leader zoo.ServerID
	// Leads says that this server does.
	Leads bool
	// Phase is what of the protocol goes on: election, synchronization or broadcast.
	Phase string
	// Applied is the last transaction in the tree.
	Applied zoo.Zxid
	// Members are those of the configuration in force, by id.
	Members []MemberLine
}

// MemberLine is the line of one of them. Addresses are host:port.
type MemberLine struct {
	ID               zoo.ServerID
	Observer         bool
	Quorum, Election []string
	// Client is where it takes clients, empty if its line does not say.
	Client string
}

// Observer is an observer that learns from this server, with what passed over its link.
type Observer struct {
	ID zoo.ServerID
	// Remote is its end of the link, host:port.
	Remote string
	// Since is when the link was opened.
	Since time.Time
	// Queued counts packets that are not written yet, QueuedBytes their bytes.
	Queued, QueuedBytes int
	// Received and Sent count packets, Requests those that had a client's request.
	Received, Sent, Requests uint64
	// Last is the zxid that was sent last, ZxidNone for none.
	Last zoo.Zxid
}

// member gives one of the ensemble.
func (e *Ensemble) member(id zoo.ServerID) (MemberLine, bool) {
	for _, m := range e.Members {
		if m.ID == id {
			return m, true
		}
	}
	return MemberLine{}, false
}

// leader tells who leads. A server that stands alone has no leader, which Java calls an error.
func leader(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	e, ok := s.data.Ensemble()
	if !ok {
		return failed(0, "server is not initialized"), open
	}
	at := ""
	if m, known := e.member(e.Leader); known {
		for _, address := range m.Quorum {
			host, _, _ := net.SplitHostPort(address)
			if at != "" {
				at += "|"
			}
			at += host
		}
	}
	return answer{}.with("is_leader", e.Leads).with("leader_id", int64(e.Leader)).
		with("leader_ip", at), open
}

type viewLine struct {
	Servers   []string `json:"server_addresses"`
	Elections []string `json:"election_addresses"`
	Client    string   `json:"client_address"`
	Type      string   `json:"learner_type"`
}

// votingView gives the voters of the configuration in force.
func votingView(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	e, _ := s.data.Ensemble()
	voters := map[string]viewLine{}
	for _, m := range e.Members {
		if !m.Observer {
			voters[strconv.FormatInt(int64(m.ID), 10)] = viewLine{m.Quorum, m.Election, m.Client,
				"participant"}
		}
	}
	return answer{}.with("current_config", voters), open
}

// places is where a server is for its peers, in the words that Java's has for it: it tries
// which of them are reached, and here all are said to be.
type places struct {
	Empty     bool     `json:"empty"`
	All       []string `json:"all_addresses"`
	Reachable []string `json:"all_reachable_addresses"`
	One       string   `json:"one"`
	Reached   string   `json:"reachable_address"`
	Wildcard  []string `json:"wildcard_addresses"`
	Ports     []int    `json:"all_ports"`
	Hosts     []string `json:"all_host_strings"`
	OrAll     []string `json:"all_reachable_addresses_or_all"`
	OrOne     string   `json:"reachable_or_one"`
}

func placesOf(addresses []string) places {
	p := places{Empty: len(addresses) == 0, All: addresses, Reachable: addresses,
		Wildcard: []string{}, Ports: []int{}, Hosts: []string{}, OrAll: addresses}
	for _, address := range addresses {
		host, text, _ := net.SplitHostPort(address)
		port, _ := strconv.Atoi(text)
		p.Wildcard = append(p.Wildcard, "0.0.0.0:"+text)
		p.Ports, p.Hosts = append(p.Ports, port), append(p.Hosts, host)
	}
	if !p.Empty {
		p.One, p.Reached, p.OrOne = addresses[0], addresses[0], addresses[0]
	}
	return p
}

// protocolState tells what of Zab goes on at this server.
func protocolState(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	e, ok := s.data.Ensemble()
	if !ok {
		return answer{}.with("voting", false).with("zabstate", ""), open
	}
	self, known := e.member(e.Self)
	return answer{}.with("myid", int64(e.Self)).with("is_leader", e.Leads).
		with("quorum_address", placesOf(self.Quorum)).
		with("election_address", placesOf(self.Election)).
		with("client_address", self.Client).
		with("voting", known && !self.Observer).
		with("last_zxid", e.Applied.String()).
		with("zab_epoch", int64(e.Applied.Epoch())).
		with("zab_counter", int64(e.Applied.Counter())).
		with("zabstate", e.Phase), open
}

type observerLine struct {
	Remote      string `json:"remote_socket_address"`
	ID          int64  `json:"sid"`
	Established int64  `json:"established"`
	Queued      int    `json:"queued_packets"`
	QueuedBytes int    `json:"queued_packets_size"`
	Received    uint64 `json:"packets_received"`
	Sent        uint64 `json:"packets_sent"`
	Requests    uint64 `json:"requests"`
	Last        int64  `json:"last_zxid"`
}

// observers tells of the observers that this server serves.
func observers(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	lines := []observerLine{}
	for _, o := range s.data.Observers() {
		lines = append(lines, observerLine{"/" + o.Remote, int64(o.ID), o.Since.UnixMilli(),
			o.Queued, o.QueuedBytes, o.Received, o.Sent, o.Requests, int64(o.Last)})
	}
	return answer{}.with("synced_observers", len(lines)).with("observers", lines), open
}

func resetObservers(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	s.data.ResetObservers()
	return answer{}, open
}
