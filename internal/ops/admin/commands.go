package admin

import (
	"net/http"
	"strconv"

	"zoo"
)

// run answers a command over HTTP. The answer counts while the outcome is open.
type run func(s *Server, w http.ResponseWriter, r *http.Request) (answer, outcome)

// runs answer the commands of command.Table, which says all else about them.
var runs = map[string]run{
	"configuration":                  configuration,
	"connection_stat_reset":          resetConnections,
	"connections":                    connections,
	"dirs":                           directories,
	"dump":                           dump,
	"ensemble":                       ensemble,
	"environment":                    environment,
	"ephemeral_owners":               ephemeralOwners,
	"figures":                        figures,
	"get_trace_mask":                 traceMask,
	"hash":                           digests,
	"initial_configuration":          initialConfiguration,
	"is_read_only":                   readOnly,
	"last_snapshot":                  lastSnapshot,
	"leader":                         leader,
	"leader_transfer":                handOver,
	"learners":                       learners,
	"log":                            sendLog,
	"member_drain":                   drain,
	"member_status":                  attendance,
	"member_undrain":                 undrain,
	"monitor":                        monitor,
	"observer_connection_stat_reset": resetObservers,
	"observers":                      observers,
	"restore":                        restore,
	"ruok":                           alive,
	"server_stats":                   serverStats,
	"sessions":                       sessions,
	"set_trace_mask":                 setTraceMask,
	"slow_requests":                  slowRequests,
	"snapshot":                       snapshot,
	"startup":                        startup,
	"stat_reset":                     resetServer,
	"stats":                          stats,
	"system_properties":              systemProperties,
	"top_clients":                    topClients,
	"top_memory":                     memory,
	"top_paths":                      topPaths,
	"top_subtrees":                   topSubtrees,
	"voting_view":                    votingView,
	"watch_summary":                  watchSummary,
	"watchers":                       watchers,
	"watches":                        watches,
	"watches_by_path":                watchesByPath,
	"zabstate":                       protocolState,
}

func alive(*Server, http.ResponseWriter, *http.Request) (answer, outcome) { return answer{}, open }

func resetConnections(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	s.answers.Source.ResetClients()
	return answer{}, open
}

func resetServer(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	s.answers.Source.ResetServer()
	s.answers.Metrics.Reset()
	return answer{}, open
}

func readOnly(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	o, _ := s.answers.Source.Overview()
	return answer{}.with("read_only", o.ReadOnly), open
}

func watchSummary(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	o, _ := s.answers.Source.Overview()
	return answer{}.with("num_connections", o.Watches.Connections).
		with("num_paths", o.Watches.Paths).
		with("num_total_watches", o.Watches.Total), open
}

// handOver has the leader hand over: to the server that the query names, or to any.
func handOver(s *Server, _ http.ResponseWriter, r *http.Request) (answer, outcome) {
	to := int64(0)
	if text := r.URL.Query().Get("to"); text != "" {
		var err error
		if to, err = strconv.ParseInt(text, 10, 64); err != nil || to < 1 {
			return failed(http.StatusBadRequest, "to: want the id of a server"), open
		}
	}
	s.log.Warn("leader transfer", "client", r.RemoteAddr, "to", to)
	leader, err := s.data.HandOver(r.Context(), zoo.ServerID(to))
	if err != nil {
		return refused(err), open
	}
	return answer{}.with("leader", int64(leader)), open
}

// The rate at which a server that is drained sends its clients away, in a second: others
// have to take them in meanwhile.
const (
	drainRateDefault = 100
	drainRateMax     = 100_000
)

// drain has the server part with its clients, at the rate that the query gives.
func drain(s *Server, _ http.ResponseWriter, r *http.Request) (answer, outcome) {
	rate := drainRateDefault
	if text := r.URL.Query().Get("rate"); text != "" {
		var err error
		if rate, err = strconv.Atoi(text); err != nil || rate < 1 || rate > drainRateMax {
			return failed(http.StatusBadRequest,
				"rate: want how many clients to send away in a second, 1 to 100000"), open
		}
	}
	s.log.Warn("drain", "client", r.RemoteAddr, "rate", rate)
	if err := s.data.Drain(r.Context(), rate); err != nil {
		return refused(err), open
	}
	return attendance(s, nil, r)
}

func undrain(s *Server, _ http.ResponseWriter, r *http.Request) (answer, outcome) {
	s.log.Warn("undrain", "client", r.RemoteAddr)
	if err := s.data.Undrain(r.Context()); err != nil {
		return refused(err), open
	}
	return attendance(s, nil, r)
}

func attendance(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	a := s.data.Attendance()
	return answer{}.with("server", int64(a.Server)).with("state", a.State).
		with("clients", a.Clients).with("leads", a.Leads).with("reason", a.Reason), open
}

// digest is one line of hash.
type digest struct {
	Zxid    int64  `json:"zxid"`
	Digest  uint64 `json:"digest"`
	Version int    `json:"digest_version"`
}

// digestVersion is the version of the digests that we make.
const digestVersion = 2

func digests(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	list := []digest{}
	for _, d := range s.answers.Source.Digests() {
		list = append(list, digest{int64(d.Zxid), d.Digest, digestVersion})
	}
	return answer{}.with("digests", list), open
}

// stage is one stage of startup.
type stage struct {
	Name     string  `json:"name"`
	Start    float64 `json:"start_ms"`
	Duration float64 `json:"duration_ms"`
	Detail   string  `json:"detail"`
}

func startup(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	list := []stage{}
	for _, e := range s.answers.Source.Timeline() {
		list = append(list, stage{e.Name, e.Start.Seconds() * 1000,
			e.Duration.Seconds() * 1000, e.Detail})
	}
	return answer{}.with("stages", list), open
}

// lastSnapshot answers in Java's form: the zxid is in hexadecimal without a prefix,
// the time in seconds, and both are -1 if there is no snapshot.
func lastSnapshot(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	zxid, taken := zoo.ZxidNone, int64(-1)
	if last, exists := s.data.LastSnapshot(); exists {
		zxid, taken = last.Zxid, last.Taken.Unix()
	}
	return answer{}.with("zxid", strconv.FormatUint(uint64(zxid), 16)).
		with("timestamp", taken), open
}
