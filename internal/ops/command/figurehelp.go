package command

// FigureHelp says what a figure of mntr is, for those that are asked for when they are shown;
// empty for a name that is none.
func FigureHelp(name string) string { return figureHelp[name] }

// figureHelp has a row for every figure that is a number.
var figureHelp = map[string]string{
	"observer_master_id":          "Whom this observer learns from.",
	"avg_latency":                 "Milliseconds from reading a request to its reply, on average.",
	"max_latency":                 "Milliseconds from reading a request to its reply, the most.",
	"min_latency":                 "Milliseconds from reading a request to its reply, the least.",
	"packets_received":            "Requests and four-letter words.",
	"packets_sent":                "Replies, answers and watch events.",
	"bytes_received_count":        "Bytes of what was received, lengths included.",
	"response_bytes":              "Bytes of replies, but for those of pings.",
	"watch_bytes":                 "Bytes of watch events.",
	"last_client_response_size":   "Bytes of the last frame to a client, -1 before the first.",
	"max_client_response_size":    "Bytes of the largest frame to a client, -1 before the first.",
	"min_client_response_size":    "Bytes of the smallest frame to a client, -1 before the first.",
	"num_alive_connections":       "Client connections.",
	"outstanding_requests":        "Requests of clients that wait for the ensemble.",
	"znode_count":                 "Znodes; the root counts twice, as in ZooKeeper.",
	"watch_count":                 "Watches of both tables.",
	"ephemerals_count":            "Ephemeral znodes.",
	"approximate_data_size":       "Bytes of paths and data of all znodes.",
	"global_sessions":             "Sessions of the ensemble.",
	"local_sessions":              "Sessions of this server alone.",
	"uptime":                      "Milliseconds since the server began to serve.",
	"open_file_descriptor_count":  "Open file descriptors of the process.",
	"max_file_descriptor_count":   "File descriptors that the process may open.",
	"quorum_size":                 "Voters of the ensemble.",
	"proposal_count":              "Proposals of this leader.",
	"learners":                    "Learners of this leader.",
	"synced_followers":            "Followers of this leader that are in sync.",
	"synced_observers":            "Observers in sync that learn from this server.",
	"synced_non_voting_followers": "Followers in sync that no configuration lets vote.",
	"leader_uptime":               "Milliseconds since the server began to lead.",
	"last_proposal_size":          "Bytes of the last proposal, -1 before the first.",
	"min_proposal_size":           "Bytes of the smallest proposal, -1 before the first.",
	"max_proposal_size":           "Bytes of the largest proposal, -1 before the first.",
}
