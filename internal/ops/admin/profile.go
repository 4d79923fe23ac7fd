package admin

import (
	"fmt"
	"net/http"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"strings"
	"time"
)

// pathProfiles is where the tools of Go look for profiles. They are served by hand, because
// net/http/pprof would open them on the default server of a program that this one is
// embedded in.
const pathProfiles = "/debug/pprof/"

// The seconds that a profile of the processor, or a trace, takes.
const (
	profileSeconds    = 30
	traceSeconds      = 1
	profileSecondsMax = 300
)

// profiles are those that are taken at once. Stacks as text (debug=2) are not among the
// forms: that stops the process for as long as it takes to write all of them.
var profiles = []string{"allocs", "block", "goroutine", "heap", "mutex", "threadcreate"}

// profile serves the profiles of the process.
func (s *Server) profile(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, pathProfiles)
	switch {
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", "GET")
		http.Error(w, "use GET for profiles", http.StatusMethodNotAllowed)
	case name == "":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		fmt.Fprintf(w, "%s\nprofile?seconds=%d\ntrace?seconds=%d\n",
			strings.Join(profiles, "\n"), profileSeconds, traceSeconds)
	case name == "profile":
		s.record(w, r, profileSeconds, recorder{start: func() error {
			return pprof.StartCPUProfile(w)
		}, stop: pprof.StopCPUProfile})
	case name == "trace":
		s.record(w, r, traceSeconds, recorder{start: func() error {
			return trace.Start(w)
		}, stop: trace.Stop})
	default:
		s.snapProfile(w, r, name)
	}
}

// snapProfile serves a profile that is taken at once.
func (s *Server) snapProfile(w http.ResponseWriter, r *http.Request, name string) {
	p := pprof.Lookup(name)
	debug := r.URL.Query().Get("debug")
	switch {
	case p == nil:
		http.NotFound(w, r)
	case debug == "" || debug == "0":
		w.Header().Set("Content-Type", "application/octet-stream")
		_ = p.WriteTo(w, 0) // the client is gone, or it is not
	case debug == "1":
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		_ = p.WriteTo(w, 1)
	default:
		http.Error(w, "debug: want 0 or 1; more would stop the server meanwhile",
			http.StatusBadRequest)
	}
}

// recorder is what goes on for a while, once at a time in the process.
type recorder struct {
	start func() error
	stop  func()
}

// record serves what is recorded for some seconds, or until the client goes.
func (s *Server) record(w http.ResponseWriter, r *http.Request, missing int, rec recorder) {
	seconds := missing
	if text := r.URL.Query().Get("seconds"); text != "" {
		var err error
		if seconds, err = strconv.Atoi(text); err != nil || seconds < 1 ||
			seconds > profileSecondsMax {
			http.Error(w, fmt.Sprintf("seconds: want 1 to %d", profileSecondsMax),
				http.StatusBadRequest)
			return
		}
	}
	w.Header().Set("Content-Type", "application/octet-stream")
	if err := rec.start(); err != nil {
		http.Error(w, err.Error(), http.StatusConflict)
		return
	}
	defer rec.stop()
	timer := time.NewTimer(time.Duration(seconds) * time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-r.Context().Done():
	}
}
