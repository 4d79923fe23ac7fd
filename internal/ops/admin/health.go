package admin

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"zoo/internal/ops/command"
)

// The paths that those ask who look after processes. They lie beside the commands, and
// tell nothing that would have to be guarded.
const (
	pathLive  = "/livez"
	pathReady = "/readyz"
)

// verdict is what the checks of a path come to. As text that is a line for each,
//
//	[+]quorum ok
//	[-]data failed: recovering, 40 % of 1000 bytes
//
// and a last one with the verdict.
type verdict struct {
	Name   string          `json:"check"`
	OK     bool            `json:"ok"`
	Checks []command.Check `json:"checks"`
}

func judge(name string, checks []command.Check) verdict {
	v := verdict{Name: name, OK: true, Checks: checks}
	for _, c := range checks {
		v.OK = v.OK && c.OK
	}
	return v
}

func (v *verdict) text() string {
	var b strings.Builder
	for _, c := range v.Checks {
		sign, state := "+", "ok"
		if !c.OK {
			sign, state = "-", "failed"
		}
		fmt.Fprintf(&b, "[%s]%s %s", sign, c.Name, state)
		if c.Reason != "" {
			b.WriteString(": " + c.Reason)
		}
		b.WriteByte('\n')
	}
	state := "passed"
	if !v.OK {
		state = "failed"
	}
	return b.String() + v.Name + " check " + state + "\n"
}

// health answers livez and readyz: 200, or 503 if a check has failed.
func (s *Server) health(w http.ResponseWriter, r *http.Request, name string,
	checks func() []command.Check) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "use GET", http.StatusMethodNotAllowed)
		return
	}
	v := judge(name, checks())
	kind, text := "text/plain; charset=utf-8", []byte(v.text())
	if wantsJSON(r) {
		encoded, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		kind, text = "application/json", append(encoded, '\n')
	}
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Cache-Control", "no-store")
	if !v.OK {
		w.WriteHeader(http.StatusServiceUnavailable)
	}
	_, _ = w.Write(text) // the client is gone, or it is not
}

// wantsJSON goes by format=, and without it by what the client accepts.
func wantsJSON(r *http.Request) bool {
	if format := r.URL.Query().Get("format"); format != "" {
		return strings.EqualFold(format, "json")
	}
	return strings.Contains(r.Header.Get("Accept"), "application/json")
}
