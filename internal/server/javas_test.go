package server

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"zoo"
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
