package admin

import (
	"fmt"
	"net/http"
	"time"

	"zoo"
)

// Placed is a server that knows its place in an ensemble.
type Placed interface {
	// Place tells it, whatever state the server is in.
	Place() Place
}

// Place is what a server is in its ensemble, and what it knows of the others: a leader of its
// learners, and everybody whom they have a connection to for the election.
type Place struct {
	Server zoo.ServerID
	// State is what the metric server_state has.
	State string
	// Leader is whom the server follows, itself if it leads; zero for nobody.
	Leader zoo.ServerID
	// Epoch is that of the leader.
	Epoch zoo.Epoch
	// Applied is the last transaction that clients see here, Logged the end of the log.
	Applied, Logged zoo.Zxid
	// Version is that of the configuration in force, Proposed that of one which is not yet;
	// zero for none.
	Version, Proposed zoo.Zxid
	// Groups says that groups and weights decide, and not the majority.
	Groups bool
	// Members are those of the configuration in force, or proposed, by their ids; none for a
	// server alone.
	Members []Member
	// Spare is how many voters in sync can be lost, whichever they are; nil where that is not
	// known, which only a leader does.
	Spare *int
	// Short are the servers that are short of disk space, Refuses that writes are refused.
	Short   []zoo.ServerID
	Refuses bool
	// Certificates are this server's own.
	Certificates []Certificate
}

// Member is one server of the configuration.
type Member struct {
	ID       zoo.ServerID
	Observer bool
	// Weighs says that the vote counts.
	Weighs bool
	// Quorum, Election, Client and Secure are addresses as the configuration has them, the
	// last two empty where it has none.
	Quorum, Election, Client, Secure string
	// Connected says that there is a connection to that server, which it is not to be alone.
	Connected bool
	// Learner is what this server knows of one that learns from it; nil otherwise.
	Learner *Learner
}

// Certificate tells when one ends that is shown on a port: client, quorum, admin or metrics.
type Certificate struct {
	Port string
	Ends time.Time
}

type memberLine struct {
	Server    int64        `json:"server"`
	Role      string       `json:"role"`
	Weighs    bool         `json:"weighs"`
	Quorum    string       `json:"quorum_address"`
	Election  string       `json:"election_address"`
	Client    string       `json:"client_address"`
	Secure    string       `json:"secure_client_address"`
	Connected bool         `json:"connected"`
	Learner   *learnerLine `json:"learner"`
}

type certificateLine struct {
	Port string `json:"port"`
	Ends int64  `json:"ends_ms"`
}

// ensemble tells the server's place, and whom it knows.
func ensemble(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	p := s.data.Place()
	members := []memberLine{}
	for _, m := range p.Members {
		line := memberLine{Server: int64(m.ID), Role: "participant", Weighs: m.Weighs,
			Quorum: m.Quorum, Election: m.Election, Client: m.Client, Secure: m.Secure,
			Connected: m.Connected}
		if m.Observer {
			line.Role = "observer"
		}
		if m.Learner != nil {
			learner := lineOf(m.Learner)
			line.Learner = &learner
		}
		members = append(members, line)
	}
	ends := []certificateLine{}
	for _, c := range p.Certificates {
		ends = append(ends, certificateLine{c.Port, c.Ends.UnixMilli()})
	}
	short := append([]zoo.ServerID{}, p.Short...)
	return answer{}.with("server", int64(p.Server)).with("state", p.State).
		with("leader", int64(p.Leader)).with("epoch", int64(p.Epoch)).
		with("applied_zxid", showZxid(p.Applied)).with("logged_zxid", showZxid(p.Logged)).
		with("version", showZxid(p.Version)).with("proposed_version", showZxid(p.Proposed)).
		with("groups", p.Groups).with("spare_voters", p.Spare).with("members", members).
		with("short_of_space", short).with("writes_refused", p.Refuses).
		with("certificates", ends), open
}

func showZxid(z zoo.Zxid) string { return fmt.Sprintf("0x%x", uint64(z)) }
