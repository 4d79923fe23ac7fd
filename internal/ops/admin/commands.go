package admin

import (
	"net/http"
	"slices"
	"strconv"

	"zoo"
)

// row is one command.
type row struct {
	// names are the name and its short forms.
	names  []string
	method string
	// always says that the command is answered also while the server does not serve.
	always bool
	// guarded says that the client must have all permissions at the root.
	guarded bool
	// run carries it out. The answer counts while the outcome is open.
	run func(s *Server, w http.ResponseWriter, r *http.Request) (answer, outcome)
}

// commands is the one table of commands.
var commands = []row{
	{names: []string{"connection_stat_reset", "crst"}, method: http.MethodGet,
		run: resetConnections},
	{names: []string{"dirs"}, method: http.MethodGet, run: directories},
	{names: []string{"dump"}, method: http.MethodGet, guarded: true, run: dump},
	{names: []string{"ensemble", "ensb"}, method: http.MethodGet, always: true, run: ensemble},
	{names: []string{"environment", "env", "envi"}, method: http.MethodGet, always: true,
		run: environment},
	{names: []string{"ephemeral_owners", "ephs"}, method: http.MethodGet, guarded: true,
		run: ephemeralOwners},
	{names: []string{"figures", "figs"}, method: http.MethodGet, always: true, run: figures},
	{names: []string{"hash"}, method: http.MethodGet, run: digests},
	{names: []string{"is_read_only", "isro"}, method: http.MethodGet, run: readOnly},
	{names: []string{"last_snapshot", "lsnp"}, method: http.MethodGet, run: lastSnapshot},
	{names: []string{"leader_transfer", "ltfr"}, method: http.MethodPost, guarded: true,
		run: handOver},
	{names: []string{"learners", "lrns"}, method: http.MethodGet, run: learners},
	{names: []string{"log"}, method: http.MethodGet, guarded: true, run: sendLog},
	{names: []string{"member_drain", "mdrn"}, method: http.MethodPost, guarded: true,
		run: drain},
	{names: []string{"member_status", "mbst"}, method: http.MethodGet, always: true,
		run: attendance},
	{names: []string{"member_undrain", "mund"}, method: http.MethodPost, guarded: true,
		run: undrain},
	{names: []string{"monitor", "mntr"}, method: http.MethodGet, run: monitor},
	{names: []string{"restore", "rest"}, method: http.MethodPost, guarded: true, run: restore},
	{names: []string{"ruok"}, method: http.MethodGet, always: true, run: alive},
	{names: []string{"sessions", "sess"}, method: http.MethodGet, guarded: true, run: sessions},
	{names: []string{"slow_requests", "slow"}, method: http.MethodGet, guarded: true,
		run: slowRequests},
	{names: []string{"snapshot", "snap"}, method: http.MethodGet, guarded: true, run: snapshot},
	{names: []string{"startup", "strt"}, method: http.MethodGet, always: true, run: startup},
	{names: []string{"stat_reset", "srst"}, method: http.MethodGet, run: resetServer},
	{names: []string{"top_clients", "topc"}, method: http.MethodGet, guarded: true,
		run: topClients},
	{names: []string{"top_memory", "topm"}, method: http.MethodGet, guarded: true, run: memory},
	{names: []string{"watch_summary", "wchs"}, method: http.MethodGet, run: watchSummary},
	{names: []string{"watchers", "wtch"}, method: http.MethodGet, guarded: true, run: watchers},
	{names: []string{"watches", "wchc"}, method: http.MethodGet, guarded: true, run: watches},
	{names: []string{"watches_by_path", "wchp"}, method: http.MethodGet, guarded: true,
		run: watchesByPath},
}

// find gives the row of a name, nil if there is none.
func find(name string) *row {
	i := slices.IndexFunc(commands, func(c row) bool { return slices.Contains(c.names, name) })
	if i < 0 {
		return nil
	}
	return &commands[i]
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
