package words

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"zoo/test/ensemble"
)

// commands are those of Java's 3.8 over HTTP, by names and aliases in turn. What resets
// something comes last.
var commands = []string{
	"configuration", "conf", "config", "connections", "cons", "dirs", "dump", "environment",
	"env", "get_trace_mask", "gtmk", "hash", "initial_configuration", "icfg", "is_read_only",
	"isro", "last_snapshot", "lsnp", "leader", "lead", "monitor", "mntr", "observers", "obsr",
	"ruok", "server_stats", "srvr", "stats", "stat", "system_properties", "sysp",
	"voting_view", "watches", "wchc", "watches_by_path", "wchp", "watch_summary", "wchs",
	"zabstate", "set_trace_mask?traceMask=7", "set_trace_mask", "stmk?traceMask=x", "nonsense",
	"connection_stat_reset", "crst", "observer_connection_stat_reset", "orst", "stat_reset",
	"srst",
}

// absent are fields of Java's that ours does not have: docs/compatibility.md says why.
var absent = []string{"server_stats.non_mtlsremote_conn_count",
	"server_stats.non_mtlslocal_conn_count"}

// machine are answers whose fields are of the machine: the virtual one or ours.
var machine = []string{"system_properties", "sysp"}

// told is an answer over HTTP.
type told struct {
	status int
	fields map[string]any
}

// askCommands asks a server all commands.
func askCommands(ctx context.Context, server *ensemble.Server) (map[string]told, error) {
	all := map[string]told{}
	for _, name := range commands {
		answer, err := askHTTP(ctx, server.AdminURL()+"/commands/"+name)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		all[name] = answer
	}
	return all, nil
}

// compareCommands wants the same of two servers that have the same role and history: the same
// status and error, fields of the same names in the same places, and of the same kinds.
func compareCommands(t *testing.T, java, zoo map[string]told) {
	for name, want := range java {
		compareAnswers(t, name, want, zoo[name])
	}
}

func askHTTP(ctx context.Context, url string) (a told, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return a, err
	}
	request.Header.Set("Authorization", "digest u:p")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return a, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	a.status = response.StatusCode
	return a, errors.Join(err, json.Unmarshal(body, &a.fields))
}

func compareAnswers(t *testing.T, name string, java, zoo told) {
	t.Helper()
	if java.status != zoo.status || java.fields["error"] != zoo.fields["error"] ||
		java.fields["command"] != zoo.fields["command"] {
		t.Errorf("%s: Java says %d, %v of %v; zoo %d, %v of %v", name,
			java.status, java.fields["error"], java.fields["command"],
			zoo.status, zoo.fields["error"], zoo.fields["command"])
	}
	if slices.Contains(machine, name) {
		return
	}
	ours := shapes(zoo.fields)
	for place, kind := range shapes(java.fields) {
		switch {
		case name == "monitor" || name == "mntr":
			explainFigure(t, name, place, ours)
		case slices.Contains(absent, place):
		case ours[place] != kind && kind != "null":
			t.Errorf("%s: Java has %s, which is %s; zoo has %q", name, place, kind, ours[place])
		}
		delete(ours, place)
	}
	if name != "monitor" && name != "mntr" && len(ours) > 0 {
		t.Errorf("%s: only zoo has %q", name, slices.Sorted(maps.Keys(ours)))
	}
}

// explainFigure leaves the figures to the comparison of the words, whose names they have.
func explainFigure(t *testing.T, title, place string, ours map[string]string) {
	t.Helper()
	switch place {
	case "version", "server_state", "avg_latency", "packets_received", "znode_count", "uptime":
		if ours[place] == "" {
			t.Errorf("%s: zoo has no %s", title, place)
		}
	}
}

// shapes are the kinds of all values by their places. The keys of a map of ids are one place,
// and so are the elements of a list.
func shapes(fields map[string]any) map[string]string {
	all := map[string]string{}
	for key, value := range fields {
		addShape(all, key, value)
	}
	return all
}

func addShape(all map[string]string, place string, value any) {
	switch v := value.(type) {
	case map[string]any:
		all[place] = "an object"
		for key, below := range v {
			if strings.HasPrefix(key, "/") || strings.Trim(key, "-0123456789") == "" {
				key = "*"
			}
			addShape(all, place+"."+key, below)
		}
	case []any:
		all[place] = "a list"
		for _, below := range v {
			addShape(all, place+"[]", below)
		}
	case nil:
		all[place] = "null"
	default:
		all[place] = fmt.Sprintf("a %T", v)
	}
}
