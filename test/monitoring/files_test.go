package monitoring

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// dir is what is tested.
const dir = "../../dist/monitoring"

// rule is an alert or a record.
type rule struct {
	Alert, Record, Expr string
	Labels, Annotations map[string]string
}

// rules are those of one file.
func rules(t *testing.T, name string) (list []rule) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Groups []struct{ Rules []rule }
	}
	if err := yaml.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	for _, g := range file.Groups {
		list = append(list, g.Rules...)
	}
	if len(list) == 0 {
		t.Fatalf("%s has no rules", name)
	}
	return list
}

// asked is one expression, and where it stands.
type asked struct{ where, expr string }

// expressions are all that rules and dashboard ask for.
func expressions(t *testing.T) (list []asked) {
	t.Helper()
	for _, file := range []string{"records.yml", "alerts.yml"} {
		for _, r := range rules(t, file) {
			list = append(list, asked{file + " " + r.Alert + r.Record, r.Expr})
		}
	}
	text, err := os.ReadFile(filepath.Join(dir, "dashboard.json"))
	if err != nil {
		t.Fatal(err)
	}
	var board any
	if err := json.Unmarshal(text, &board); err != nil {
		t.Fatal(err)
	}
	before := len(list)
	collect(board, &list)
	if len(list) == before {
		t.Fatal("the dashboard asks for nothing")
	}
	return list
}

// intervals are what Grafana puts in place of its variables.
var intervals = strings.NewReplacer("$__rate_interval", "1m")

// collect finds the fields named expr, whatever they lie in.
func collect(value any, list *[]asked) {
	switch v := value.(type) {
	case map[string]any:
		if expr, ok := v["expr"].(string); ok {
			*list = append(*list, asked{"dashboard", intervals.Replace(expr)})
		}
		for _, inner := range v {
			collect(inner, list)
		}
	case []any:
		for _, inner := range v {
			collect(inner, list)
		}
	}
}

// Who is woken finds what to do, and no entry is left of an alert that is gone.
func TestEveryAlertHasItsEntryInTheRunbook(t *testing.T) {
	const page = "docs/operate/monitor.md"
	text, err := os.ReadFile("../../" + page)
	if err != nil {
		t.Fatal(err)
	}
	entries := map[string]bool{}
	for line := range strings.SplitSeq(string(text), "\n") {
		if name, ok := strings.CutPrefix(line, "### "); ok {
			entries[name] = true
		}
	}
	for _, r := range rules(t, "alerts.yml") {
		if !entries[r.Alert] {
			t.Errorf("%s has no entry ### %s", page, r.Alert)
		}
		delete(entries, r.Alert)
		if want := page + "#" + strings.ToLower(r.Alert); r.Annotations["runbook"] != want {
			t.Errorf("%s: runbook %q, want %q", r.Alert, r.Annotations["runbook"], want)
		}
		if r.Labels["severity"] == "" || r.Annotations["summary"] == "" {
			t.Errorf("%s has no severity or summary", r.Alert)
		}
	}
	for name := range entries {
		t.Errorf("%s has an entry for %s, which is no alert", page, name)
	}
}
