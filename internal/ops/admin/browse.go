package admin

import (
	"io"
	"net/http"

	"zoo/internal/ops/browser"
)

// browse answers a question of the console about znodes. Whoever could ask the same as a client
// from where he is may read, within what ACLs allow; others have to be operators. Only operators
// may change something. Who may not enter at all is told by shut.
func (s *Server) browse(w http.ResponseWriter, r *http.Request) {
	switch {
	case s.shut(w, r):
		return
	case s.browser == nil:
		http.NotFound(w, r)
		return
	}
	refusal := s.admit(r)
	operator := refusal.error == ""
	asClient := r.Method == http.MethodGet && s.local && s.cfg.ClientsInTheClear
	if !operator && !asClient {
		s.log.Warn("question of the console refused", "path", r.URL.Path,
			"client", r.RemoteAddr, "status", refusal.status)
		browser.Refuse(w, refusal.status, refusal.error)
		return
	}
	if r.Method == http.MethodPost {
		body := s.reading(w, r)
		defer body.leave()
		r.Body = io.NopCloser(body)
	}
	s.browser.Serve(w, r, browser.Caller{Host: s.address(r), Operator: operator})
}
