package server

import (
	"fmt"
	"math"
	"net/http"
	"slices"
	"testing"

	"zoo"
	"zoo/internal/wire"
)

// startBusy starts a server of which paths are asked for: /a/x is read thirty times and
// written ten times, /b/gone is looked for in vain twenty times, and by a transaction /a/y is
// written once.
func startBusy(t *testing.T) *running {
	s := startOperated(t)
	c := s.connect()
	for _, path := range []string{"/a", "/b", "/a/x", "/a/y"} {
		c.create(path, "x")
	}
	s.get("/stat_reset").fields(t, http.StatusOK) // the rates begin anew
	set := func(path string) *wire.SetDataRequest {
		return &wire.SetDataRequest{Path: path, Version: -1}
	}
	for i := range int32(30) {
		c.call(i, wire.OpGetData, &wire.GetDataRequest{Path: "/a/x"}, zoo.CodeOK)
		if i < 20 {
			c.call(i, wire.OpExists, &wire.ExistsRequest{Path: "/b/gone"}, zoo.CodeNoNode)
		}
		if i < 10 {
			c.call(i, wire.OpSetData, set("/a/x"), zoo.CodeOK)
		}
	}
	c.call(99, wire.OpMulti, multi{{wire.OpSetData, set("/a/y")}}, zoo.CodeOK)
	return s
}

// counts are the lines of an answer with their rates as multiples of the least that there is:
// the one write by the transaction.
func (r *running) counts(command, list string) (lines []string) {
	r.t.Helper()
	f := r.get(command).fields(r.t, http.StatusOK)
	if f["sampled_one_of"] != 1.0 {
		r.t.Errorf("one of %v is sampled", f["sampled_one_of"])
	}
	one := f["writes_per_second"].(float64) / 11
	for _, each := range f[list].([]any) {
		line := each.(map[string]any)
		times := func(name string) float64 { return math.Round(line[name].(float64) / one) }
		lines = append(lines, fmt.Sprintf("%v %v/%v", line["path"], times("reads_per_second"),
			times("writes_per_second")))
	}
	return lines
}

// The plot: as startBusy has it. Operators ask for the busiest paths, in pages and by each
// figure, and for the busiest subtrees at each depth.
func TestOperatorsLearnWhichPathsAreBusy(t *testing.T) {
	s := startBusy(t)
	for _, c := range []struct {
		command, list string
		want          []string
	}{
		{"/top_paths", "paths", []string{"/a/x 30/10", "/b/gone 20/0", "/a/y 0/1"}},
		{"/top_paths?limit=1&offset=1", "paths", []string{"/b/gone 20/0"}},
		{"/topp?by=writes", "paths", []string{"/a/x 30/10", "/a/y 0/1"}},
		{"/topp?by=reads", "paths", []string{"/a/x 30/10", "/b/gone 20/0"}},
		{"/top_subtrees?by=requests", "subtrees", []string{"/a 30/11", "/b 20/0"}},
		{"/tops?by=writes&depth=2", "subtrees", []string{"/a/x 30/10", "/a/y 0/1"}},
		{"/tops?by=reads&depth=3", "subtrees", nil},
	} {
		if got := s.counts(c.command, c.list); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, want %q", c.command, got, c.want)
		}
	}
	for command, want := range map[string]any{"/topp?limit=2": 2.0, "/topp?limit=3": nil} {
		if f := s.get(command).fields(t, 200); f["next_offset"] != want {
			t.Errorf("%s: the next page begins at %v, want %v", command, f["next_offset"], want)
		}
	}
	for _, command := range []string{"/topp?by=luck", "/topp?limit=0",
		"/topp?limit=900&offset=200", "/tops?by=reads&depth=5", "/tops?by=reads&depth=0",
		"/tops?depth=101"} {
		s.get(command).fields(t, http.StatusBadRequest)
	}
	s.command(http.MethodGet, "/top_paths", "", nil).fields(t, http.StatusUnauthorized)
}

// Their sizes are those of the znodes, at any depth, in pages.
func TestOperatorsLearnWhichSubtreesAreLarge(t *testing.T) {
	s := startOperated(t)
	c := s.connect()
	c.create("/few", "")
	c.create("/many", "")
	for path, size := range map[string]int{"/few/1": 3000, "/few/2": 2000, "/many/1": 100,
		"/many/2": 90, "/many/3": 80} {
		c.create(path, string(make([]byte, size)))
	}
	for command, want := range map[string]string{
		"/top_subtrees?by=data_bytes&limit=2":          "[/few /many] 2",
		"/tops?by=znodes&limit=1":                      "[/many] 1",
		"/tops?by=data_bytes&depth=2&limit=2":          "[/few/1 /few/2] 2",
		"/tops?depth=0&limit=1":                        "[/] 1",
		"/tops?by=data_bytes&depth=2&limit=9&offset=4": "[/many/3] <nil>",
	} {
		f := s.get(command).fields(t, http.StatusOK)
		var paths []any
		for _, line := range f["subtrees"].([]any) {
			paths = append(paths, line.(map[string]any)["path"])
		}
		if got := fmt.Sprint(paths, f["next_offset"]); got != want {
			t.Errorf("%s: %s, want %s", command, got, want)
		}
	}
}
