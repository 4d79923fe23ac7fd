package command

import (
	"fmt"
	"strings"

	"zoo/internal/ops/metrics"
)

// monitor answers mntr: one figure a line, zk_<name> TAB value.
func (a *Answerer) monitor(o *Overview) string {
	var text strings.Builder
	line := func(name string, value any) { fmt.Fprintf(&text, "zk_%s\t%v\n", name, value) }
	a.figures(o, line)
	a.Metrics.Each(func(name string, v metrics.Value) { line(name, v) })
	return text.String()
}

// Figures shows what mntr tells in front of the metrics, while the server serves: numbers
// of any type, and texts.
func (a *Answerer) Figures(show func(name string, value any)) {
	if o, serving := a.Source.Overview(); serving {
		a.figures(&o, show)
	}
}

func (a *Answerer) figures(o *Overview, show func(name string, value any)) {
	m := &figures{add: show}
	m.add("version", a.Build.String())
	m.add("server_state", o.Mode)
	if o.PeerState != "" {
		m.add("peer_state", o.PeerState)
	}
	if o.ObserverMaster != 0 {
		m.add("observer_master_id", int64(o.ObserverMaster))
	}
	m.addTraffic(o)
	m.addTree(o)
	m.addProcess(o)
	m.addEnsemble(o)
}

// figures go to whoever shows them.
type figures struct{ add func(name string, value any) }

func (m *figures) addTraffic(o *Overview) {
	m.add("avg_latency", o.Latency.Average())
	m.add("max_latency", o.Latency.Greatest.Milliseconds())
	m.add("min_latency", o.Latency.Shortest.Milliseconds())
	m.add("packets_received", o.Received)
	m.add("packets_sent", o.Sent)
	m.add("bytes_received_count", o.Bytes.Received)
	m.add("response_bytes", o.Bytes.Responses)
	m.add("watch_bytes", o.Bytes.Events)
	m.add("last_client_response_size", o.Bytes.Last)
	m.add("max_client_response_size", o.Bytes.Greatest)
	m.add("min_client_response_size", o.Bytes.Smallest)
	m.add("num_alive_connections", o.Connections)
	m.add("outstanding_requests", o.Outstanding)
}

func (m *figures) addTree(o *Overview) {
	m.add("znode_count", o.Nodes)
	m.add("watch_count", o.WatchCount)
	m.add("ephemerals_count", o.Ephemerals)
	m.add("approximate_data_size", o.DataBytes)
	m.add("tree_digest", fmt.Sprintf("0x%x", o.Digest))
	m.add("global_sessions", o.Sessions)
	m.add("local_sessions", o.LocalSessions)
}

func (m *figures) addProcess(o *Overview) {
	m.add("uptime", o.Uptime.Milliseconds())
	if open, limit, ok := descriptors(); ok {
		m.add("open_file_descriptor_count", open)
		m.add("max_file_descriptor_count", limit)
	}
}

func (m *figures) addEnsemble(o *Overview) {
	if o.QuorumSize > 0 {
		m.add("quorum_size", o.QuorumSize)
	}
	l := o.Leader
	if l == nil {
		m.add("proposal_count", 0)
		if o.Follower != nil {
			m.add("synced_observers", o.Follower.SyncedObservers)
		}
		return
	}
	m.add("proposal_count", l.Proposals)
	m.add("learners", l.Learners)
	m.add("synced_followers", l.SyncedFollowers)
	m.add("synced_observers", l.SyncedObservers)
	m.add("synced_non_voting_followers", l.SyncedNonVoting)
	m.add("leader_uptime", l.Uptime.Milliseconds())
	m.add("last_proposal_size", l.ProposalBytes[0])
	m.add("min_proposal_size", l.ProposalBytes[1])
	m.add("max_proposal_size", l.ProposalBytes[2])
}
