package admin

import (
	"encoding/json"
	"maps"
	"math"
	"net/http"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"zoo"
	"zoo/internal/ops/command"
	"zoo/internal/ops/metrics"
)

// Commands of ZooKeeper's that tell what a four-letter word tells, under its names. They give
// all at once; find.go has what can be asked for in pages.

// monitor gives the figures of mntr.
func monitor(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	a := answer{}
	s.answers.Figures(func(name string, value any) {
		if n, ok := value.(metrics.Number); ok {
			value = figure(n)
		}
		a = a.with(name, value)
	})
	s.answers.Metrics.Each(func(name string, v metrics.Value) {
		a = a.with(name, figure(v.Number))
	})
	return a, open
}

// figure is a number, or a text for what JSON has no number for.
func figure(n metrics.Number) any {
	if f := n.Float(); math.IsNaN(f) || math.IsInf(f, 0) {
		return n.String()
	}
	return json.Number(n.String())
}

func environment(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	a := answer{}
	for _, e := range s.answers.Environment() {
		a = a.with(e.Key, e.Value)
	}
	return a, open
}

func directories(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	a := answer{}
	for _, size := range s.answers.Directories() {
		a = a.with(size.Key, json.Number(size.Value))
	}
	return a, open
}

// settingNames are Java's names of what conf shows, in its order; those of numbers are true.
var settingNames = []struct {
	name, key string
	number    bool
}{
	{"client_port", "clientPort", true}, {"data_dir", "dataDir", false},
	{"data_log_dir", "dataLogDir", false}, {"tick_time", "tickTime", true},
	{"max_client_cnxns", "maxClientCnxns", true},
	{"min_session_timeout", "minSessionTimeout", true},
	{"max_session_timeout", "maxSessionTimeout", true}, {"server_id", "serverId", true},
	{"client_port_listen_backlog", "clientPortListenBacklog", true},
}

func configuration(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	a := answer{}
	for _, n := range settingNames {
		for _, setting := range s.answers.Settings {
			switch {
			case setting.Key != n.key:
			case n.number:
				a = a.with(n.name, json.Number(setting.Value))
			default:
				a = a.with(n.name, setting.Value)
			}
		}
	}
	return a, open
}

// initialConfiguration gives the lines of zoo.cfg, null for a server without one.
func initialConfiguration(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	var text any
	if len(s.answers.Lines) > 0 {
		var b strings.Builder
		for _, l := range s.answers.Lines {
			b.WriteString(l.Key + "=" + l.Value + "\n")
		}
		text = b.String()
	}
	return answer{}.with("initial_configuration", text), open
}

// systemProperties gives what was given under the names of Java's properties, with those of
// the machine that have a meaning here.
func systemProperties(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	properties := map[string]string{"file.separator": string(filepath.Separator),
		"path.separator": string(filepath.ListSeparator)}
	for _, e := range s.answers.Environment() {
		machine := strings.HasPrefix(e.Key, "user.") || e.Key == "java.io.tmpdir" ||
			strings.HasPrefix(e.Key, "os.") && !strings.HasPrefix(e.Key, "os.memory.")
		if machine {
			properties[e.Key] = e.Value
		}
	}
	for _, p := range s.answers.Properties {
		properties[p.Key] = p.Value
	}
	a := answer{}
	for _, name := range slices.Sorted(maps.Keys(properties)) {
		a = a.with(name, properties[name])
	}
	return a, open
}

func traceMask(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	return answer{}.with("tracemask", s.answers.TraceMask()), open
}

func setTraceMask(s *Server, _ http.ResponseWriter, r *http.Request) (answer, outcome) {
	text := r.URL.Query().Get("traceMask")
	mask, err := strconv.ParseInt(text, 10, 64)
	switch {
	case text == "":
		return failed(0, "setTraceMask requires long traceMask argument"), open
	case err != nil:
		return failed(0, "setTraceMask requires long traceMask argument, got "+text), open
	}
	s.answers.SetTraceMask(mask)
	return traceMask(s, nil, r)
}

// connBrief is how stats shows a connection, connLine how connections does.
type connBrief struct {
	Remote      string `json:"remote_socket_address"`
	Ops         int    `json:"interest_ops"`
	Outstanding int    `json:"outstanding_requests"`
	Received    uint64 `json:"packets_received"`
	Sent        uint64 `json:"packets_sent"`
}

type connLine struct {
	connBrief
	Session     int64 `json:"session_id"`
	Last        any   `json:"last_operation"`
	Established int64 `json:"established"`
	Timeout     int32 `json:"session_timeout"`
	Cxid        int32 `json:"last_cxid"`
	Zxid        int64 `json:"last_zxid"`
	At          int64 `json:"last_response_time"`
	Took        int64 `json:"last_latency"`
	Shortest    int64 `json:"min_latency"`
	Average     int64 `json:"avg_latency"`
	Greatest    int64 `json:"max_latency"`
}

// split shows the connections, those with TLS apart.
func split[T any](s *Server, show func(c *command.Client) T) (plain, secure []T) {
	plain, secure = []T{}, []T{}
	for _, c := range s.answers.Source.Clients() {
		if c.Secure {
			secure = append(secure, show(&c))
		} else {
			plain = append(plain, show(&c))
		}
	}
	return plain, secure
}

func briefOf(c *command.Client) connBrief {
	return connBrief{c.Address, c.Ops, c.Queued, c.Received, c.Sent}
}

func fullOf(c *command.Client) connLine {
	line := connLine{connBrief: briefOf(c), Session: int64(c.Session),
		Established: c.Since.UnixMilli(), Timeout: c.Timeout, Cxid: c.Last.Cxid,
		Zxid: int64(c.Last.Zxid), At: millis(c.Last.At), Took: millis(c.Last.Took),
		Shortest: millis(c.Latency.Shortest), Average: millis(c.Latency.Mean()),
		Greatest: millis(c.Latency.Greatest)}
	if c.Last.Op != "" {
		line.Last = c.Last.Op
	}
	return line
}

func connections(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	plain, secure := split(s, fullOf)
	return answer{}.with("connections", plain).with("secure_connections", secure), open
}

// sizes are the last, smallest and largest of something, -1 before the first.
type sizes struct {
	Last     int `json:"last_buffer_size"`
	Smallest int `json:"min_buffer_size"`
	Greatest int `json:"max_buffer_size"`
}

type serverLine struct {
	Sent         uint64          `json:"packets_sent"`
	Received     uint64          `json:"packets_received"`
	SlowSyncs    uint64          `json:"fsync_threshold_exceed_count"`
	Responses    sizes           `json:"client_response_stats"`
	Ended        bool            `json:"provider_null"`
	State        string          `json:"server_state"`
	Outstanding  int             `json:"outstanding_requests"`
	Shortest     int64           `json:"min_latency"`
	Average      json.RawMessage `json:"avg_latency"`
	Greatest     int64           `json:"max_latency"`
	DataBytes    json.Number     `json:"data_dir_size"`
	LogBytes     json.Number     `json:"log_dir_size"`
	Zxid         int64           `json:"last_processed_zxid"`
	Connections  int             `json:"num_alive_client_connections"`
	Uptime       int64           `json:"uptime"`
	AuthFailures uint64          `json:"auth_failed_count"`
}

// serverStats gives what srvr tells.
func serverStats(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	o, _ := s.answers.Source.Overview()
	responses := sizes{o.Bytes.Last, o.Bytes.Smallest, o.Bytes.Greatest}
	line := serverLine{Sent: o.Sent, Received: o.Received, SlowSyncs: o.SlowSyncs,
		Responses: responses, State: o.Mode, Outstanding: o.Outstanding,
		Shortest: millis(o.Latency.Shortest), Greatest: millis(o.Latency.Greatest),
		Average: json.RawMessage(o.Latency.Average().String()), DataBytes: "0", LogBytes: "0",
		Zxid: int64(o.Zxid), Connections: o.Connections, Uptime: millis(o.Uptime),
		AuthFailures: o.AuthFailures}
	for i, size := range s.answers.Directories() {
		*[...]*json.Number{&line.DataBytes, &line.LogBytes}[i] = json.Number(size.Value)
	}
	a := answer{}.with("version", s.answers.Build.String()).with("read_only", o.ReadOnly).
		with("server_stats", line).with("client_response", responses)
	if o.Leader != nil {
		p := o.Leader.ProposalBytes
		a = a.with("proposal_stats", sizes{p[0], p[1], p[2]})
	}
	return a.with("node_count", o.Nodes), open
}

// stats gives what stat tells.
func stats(s *Server, w http.ResponseWriter, r *http.Request) (answer, outcome) {
	a, _ := serverStats(s, w, r)
	plain, secure := split(s, briefOf)
	return a.with("connections", plain).with("secure_connections", secure), open
}

// dump gives when sessions expire, if they are tracked here, and what they own.
func dump(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	all := s.answers.Source.Sessions()
	expiries, owned := map[string][]int64{}, map[string][]string{}
	for _, bucket := range all.Buckets {
		at := strconv.FormatInt(bucket.Expires.UnixMilli(), 10)
		for _, id := range bucket.Sessions {
			expiries[at] = append(expiries[at], int64(id))
		}
	}
	for _, e := range all.Ephemerals {
		owned[decimal(e.Session)] = e.Paths
	}
	return answer{}.with("expiry_time_to_session_ids", expiries).
		with("session_id_to_ephemeral_paths", owned), open
}

// decimal is an id as a key of JSON, where ZooKeeper has a number.
func decimal(id zoo.SessionID) string { return strconv.FormatInt(int64(id), 10) }

func watches(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	paths := map[string][]string{}
	for _, w := range s.answers.Source.DataWatches() {
		paths[decimal(w.Session)] = append(paths[decimal(w.Session)], w.Path)
	}
	return answer{}.with("session_id_to_watched_paths", paths), open
}

func watchesByPath(s *Server, _ http.ResponseWriter, _ *http.Request) (answer, outcome) {
	sessions := map[string][]int64{}
	for _, w := range s.answers.Source.DataWatches() {
		sessions[w.Path] = append(sessions[w.Path], int64(w.Session))
	}
	return answer{}.with("path_to_session_ids", sessions), open
}
