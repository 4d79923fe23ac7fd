package server

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/disk/vfs"
	"zoo/internal/ops/command"
	"zoo/internal/wire"
)

// The plot: a client owns a znode and watches another one. Java's commands tell that, and the
// figures, under Java's names; those that name znodes do not tell everybody.
func TestJavasCommandsAnswerWithItsFields(t *testing.T) {
	s := startOperated(t)
	c := s.connect()
	c.call(1, wire.OpCreate, ephemeral("/e"), zoo.CodeOK)
	c.call(2, wire.OpExists, &wire.ExistsRequest{Path: "/w", Watch: true}, zoo.CodeNoNode)
	id := fmt.Sprint(int64(c.opened.SessionID))
	f := s.get("/monitor").fields(t, http.StatusOK)
	if f["server_state"] != "standalone" || f["ephemerals_count"] != 1.0 ||
		f["watch_count"] != 1.0 || f["cnt_updatelatency"] != 2.0 || f["avg_latency"] == nil {
		t.Errorf("monitor: %v", f)
	}
	f = s.get("/env").fields(t, http.StatusOK)
	if version, _ := f["zookeeper.version"].(string); !strings.HasPrefix(version, "3.9.") {
		t.Errorf("environment: %v", f)
	}
	for command, want := range map[string]string{
		"/watches":         "session_id_to_watched_paths:map[" + id + ":[/w]]",
		"/watches_by_path": "path_to_session_ids:map[/w:[",
		"/dump":            "session_id_to_ephemeral_paths:map[" + id + ":[/e]]",
	} {
		f := s.get(command).fields(t, http.StatusOK)
		if text := fmt.Sprint(f); !strings.Contains(text, want) {
			t.Errorf("%s: %s", command, text)
		}
		s.command(http.MethodGet, command, "", nil).fields(t, http.StatusUnauthorized)
	}
	expiries := s.get("/dump").fields(t, http.StatusOK)["expiry_time_to_session_ids"]
	if len(expiries.(map[string]any)) != 1 {
		t.Errorf("dump: %v", expiries)
	}
}

// startTold starts a server that was given settings for operators to read.
func startTold(t *testing.T) *running {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	operated(&cfg)
	cfg.Settings = []command.Setting{{Key: "clientPort", Value: "2181"},
		{Key: "dataDir", Value: "/data/version-2"}, {Key: "electionAlg", Value: "3"}}
	cfg.Lines = []command.Setting{{Key: "clientPort", Value: "2181"},
		{Key: "ssl.keyStore.password", Value: "********"}}
	cfg.Properties = []command.Setting{{Key: "zookeeper.clientPort", Value: "2181"}}
	return start(t, disk, cfg)
}

// The plot: one client is connected. A server alone tells its settings, its state and the
// connection under Java's names, and says of the ensemble that it has none.
func TestJavasCommandsTellOfAServerAlone(t *testing.T) {
	s := startTold(t)
	c := s.connect()
	c.create("/a", "")
	f := s.get("/conf").fields(t, http.StatusOK)
	delete(f, "command")
	delete(f, "error")
	if len(f) != 2 || f["client_port"] != 2181.0 || f["data_dir"] != "/data/version-2" {
		t.Errorf("configuration: %v", f)
	}
	f = s.get("/stats").fields(t, http.StatusOK)
	state := f["server_stats"].(map[string]any)
	if state["server_state"] != "standalone" || f["node_count"] != 6.0 ||
		state["num_alive_client_connections"] != 1.0 || f["proposal_stats"] != nil ||
		len(f["connections"].([]any)) != 1 {
		t.Errorf("stats: %v", f)
	}
	f = s.get("/cons").fields(t, http.StatusOK)
	line := f["connections"].([]any)[0].(map[string]any)
	if line["session_id"] != float64(c.opened.SessionID) || line["last_operation"] != "CREA" ||
		line["remote_socket_address"] != c.nc.LocalAddr().String() {
		t.Errorf("connections: %v", line)
	}
	if f := s.get("/lead").fields(t, http.StatusOK); f["error"] != "server is not initialized" {
		t.Errorf("leader: %v", f)
	}
	if f := s.get("/zabstate").fields(t, http.StatusOK); f["voting"] != false ||
		f["zabstate"] != "" {
		t.Errorf("zabstate: %v", f)
	}
}

// What a server was given is for operators, and has no secrets.
func TestOperatorsReadWhatAServerWasGiven(t *testing.T) {
	s := startTold(t)
	f := s.get("/icfg").fields(t, http.StatusOK)
	if f["initial_configuration"] != "clientPort=2181\nssl.keyStore.password=********\n" {
		t.Errorf("initial_configuration: %v", f)
	}
	f = s.get("/sysp").fields(t, http.StatusOK)
	if f["zookeeper.clientPort"] != "2181" || f["user.dir"] == nil || f["os.memory.max"] != nil {
		t.Errorf("system_properties: %v", f)
	}
	for _, command := range []string{"/icfg", "/sysp"} {
		s.command(http.MethodGet, command, "", nil).fields(t, http.StatusUnauthorized)
	}
}

func TestTheTraceMaskIsSetOverHTTPAsByTheWord(t *testing.T) {
	s := startOperated(t)
	for command, want := range map[string]string{
		"/stmk":             "setTraceMask requires long traceMask argument",
		"/stmk?traceMask=x": "setTraceMask requires long traceMask argument, got x",
	} {
		if f := s.get(command).fields(t, http.StatusOK); f["error"] != want {
			t.Errorf("%s: %v", command, f)
		}
	}
	for _, command := range []string{"/gtmk", "/stmk?traceMask=7", "/gtmk"} {
		want := 7.0
		if command == "/gtmk" && s.get("/gtmk").fields(t, 200)["tracemask"] == 306.0 {
			want = 306
		}
		if f := s.get(command).fields(t, http.StatusOK); f["tracemask"] != want {
			t.Errorf("%s: %v, want %v", command, f, want)
		}
	}
}

// The plot: three voters and an observer. Every one knows who leads and votes; the one that the
// observer learns from tells what passed over its link, and begins anew when it is asked.
func TestMembersTellOfTheirEnsembleInJavasWords(t *testing.T) {
	e := newEnsemble(t, 3, 1)
	for id := range e.ports {
		e.start(id)
	}
	c := e.session(1)
	c.create("/a", "")
	leads := e.leader()
	until(t, func() bool { return len(operator{e.servers[leads].Server}.Observers()) == 1 })
	for id, server := range e.servers {
		o := operator{server.Server}
		until(t, func() bool {
			known, ok := o.Ensemble()
			return ok && known.Phase == "broadcast"
		})
		if known, _ := o.Ensemble(); known.Leader != leads || known.Leads != (id == leads) ||
			known.Self != id || len(known.Members) != 4 {
			t.Errorf("server %d knows %+v", id, known)
		}
	}
	o := operator{e.servers[leads].Server}
	before := o.Observers()[0]
	if before.Received == 0 || before.Sent == 0 || before.Since.IsZero() || before.Remote == "" ||
		before.Last == 0 {
		t.Errorf("the observer's link: %+v", before)
	}
	o.ResetObservers()
	if after := o.Observers()[0]; after.Received >= before.Received {
		t.Errorf("after a reset: %+v, before: %+v", after, before)
	}
}

// The plot: a console asks what there is. It gets the table, with what each command wants.
func TestProgramsAreGivenTheTableOfCommands(t *testing.T) {
	s := startOperated(t)
	list := s.get("?format=json").fields(t, http.StatusOK)["commands"].([]any)
	if len(list) != len(command.Served()) {
		t.Errorf("%d commands, want %d", len(list), len(command.Served()))
	}
	for _, each := range list {
		c := each.(map[string]any)
		if c["name"] != "restore" {
			continue
		}
		if c["method"] != "POST" || c["guarded"] != true || c["own"] != false ||
			fmt.Sprint(c["aliases"], c["parameters"]) != "[rest] []" {
			t.Errorf("restore: %v", c)
		}
	}
}
