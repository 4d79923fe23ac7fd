package admin

import (
	"errors"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/netip"
	"strings"

	"zoo/internal/ops/browser"
	"zoo/internal/ops/command"
	"zoo/internal/ops/console"
	"zoo/internal/ops/exposition"
)

// notServing is what every command says that needs a server which serves. As in
// Java that is no error to HTTP.
const notServing = "This ZooKeeper instance is not currently serving requests"

// serve answers one request. What fails after the first byte of a stream can only be
// told by cutting the connection, so that the client misses bytes.
func (s *Server) serve(w http.ResponseWriter, r *http.Request) {
	if !s.enter() || s.answer(s.moving(w), r) == cut {
		panic(http.ErrAbortHandler)
	}
}

// outcome says what has become of a request.
type outcome uint8

const (
	told outcome = iota // it is answered
	cut                 // the client must see that its answer is not whole
	open                // an answer is still to be sent
)

// answer answers a request. A panic is the server's to deal with.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) outcome {
	defer s.requests.Done()
	defer s.catch("admin")
	defer s.seats.answering(r)()
	leaveBody(w, r)
	source := s.answers.Source
	name, below := strings.CutPrefix(r.URL.Path, s.cfg.URL)
	name, slashed := strings.CutPrefix(name, "/")
	switch {
	case r.Method == http.MethodTrace:
		http.Error(w, "TRACE is forbidden", http.StatusForbidden)
	case !s.means(r.Host):
		http.Error(w, fmt.Sprintf("this server is reached by an IP address, as localhost or "+
			"as admin.serverAddress, not as %q: a page in a browser may say that to get "+
			"here; a proxy in front must send another Host", r.Host),
			http.StatusMisdirectedRequest)
	case s.cfg.MetricsOnly && r.URL.Path == exposition.Path:
		s.scrape(w, r)
	case s.cfg.MetricsOnly:
		http.NotFound(w, r)
	case r.URL.Path == pathLive:
		s.health(w, r, "livez", source.Live)
	case r.URL.Path == pathReady:
		s.health(w, r, "readyz", source.Ready)
	case s.leads(r):
		s.lead(w, r)
	case s.shut(w, r):
	case r.URL.Path == exposition.Path:
		s.scrape(w, r)
	case strings.HasPrefix(r.URL.Path, pathProfiles):
		s.profile(w, r)
	case !below || !slashed && name != "" || strings.Contains(name, "/"):
		http.NotFound(w, r)
	case name == "":
		s.list(w, r)
	default:
		return s.command(w, r, name)
	}
	return told
}

// leads tells whether a request is for the console, from somebody who may enter, or may with
// a key: the console's files tell nothing, and it is the console that asks for the key.
func (s *Server) leads(r *http.Request) bool {
	if !console.Owns(r.URL.Path) && !console.Welcomes(r) {
		return false
	}
	s.renewKeys()
	status, _ := s.enters(r)
	return status == 0 || status == http.StatusUnauthorized
}

// lead answers for the console: with its files, or about znodes.
func (s *Server) lead(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, browser.Path) {
		s.browse(w, r)
		return
	}
	s.console.ServeHTTP(w, r)
}

// scrape shows the metrics. They are shown whatever state the server is in.
func (s *Server) scrape(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "use GET for the metrics", http.StatusMethodNotAllowed)
		return
	}
	s.metrics.ServeHTTP(w, r)
}

// means tells whether a name in the header Host is meant for this server. Where only
// this machine can connect, a name may be that of a page which its owner's DNS sends
// here, with a browser on this machine as its hands (DNS rebinding). An address is
// none that somebody else can redirect; only browsers are of concern, and they send one.
func (s *Server) means(host string) bool {
	if !s.local || host == "" {
		return true
	}
	name := host
	if alone, _, err := net.SplitHostPort(host); err == nil {
		name = alone
	}
	name = strings.TrimSuffix(strings.Trim(name, "[]"), ".")
	if _, err := netip.ParseAddr(name); err == nil {
		return true
	}
	configured, _, _ := net.SplitHostPort(s.cfg.Listen)
	return strings.EqualFold(name, "localhost") || strings.EqualFold(name, configured)
}

// list shows what there is: links as ZooKeeper does, or what the table has for programs.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	if wantsJSON(r) {
		answer{}.with("commands", command.Served()).send(w, "commands")
		return
	}
	w.Header().Set("Content-Type", "text/html;charset=utf-8")
	for _, c := range command.Served() {
		path := html.EscapeString(s.cfg.URL + "/" + c.Name)
		fmt.Fprintf(w, "<a href=\"%s\">%s</a>\n<br/>\n", path, c.Name)
	}
}

// command carries out a command, if it may be.
func (s *Server) command(w http.ResponseWriter, r *http.Request, name string) outcome {
	c := command.Find(name)
	if c == nil {
		failed(0, "Unknown command: "+name).send(w, name)
		return told
	}
	if a := s.check(c, r); a.error != "" {
		if a.status == http.StatusMethodNotAllowed {
			w.Header().Set("Allow", c.Method)
		}
		a.send(w, c.Name)
		return told
	}
	a, o := runs[c.Name](s, w, r)
	if o == open {
		a.send(w, c.Name)
	}
	return o
}

// check tells whether a command may be carried out now, by this client.
func (s *Server) check(c *command.Command, r *http.Request) answer {
	head := r.Method == http.MethodHead && c.Method == http.MethodGet
	if r.Method != c.Method && !head {
		return failed(http.StatusMethodNotAllowed, "use "+c.Method+" for this command")
	}
	if !c.Anytime {
		if _, serving := s.answers.Source.Overview(); !serving {
			return failed(0, notServing)
		}
	}
	if !c.Guarded {
		return answer{}
	}
	a := s.admit(r)
	if a.error != "" {
		s.log.Warn("command refused", "command", c.Name, "client", r.RemoteAddr,
			"status", a.status)
	}
	return a
}

// admit looks at the header Authorization, whose text is that of addauth: the scheme
// and, for most schemes, what proves it. One of the operators' keys does as well. For x509
// it is the certificate that proves it, which needs no header (ZOOKEEPER-4639 wants one).
func (s *Server) admit(r *http.Request) answer {
	header := r.Header.Get("Authorization")
	if s.opens(r) == opensAll {
		return answer{}
	}
	scheme, auth, _ := strings.Cut(header, " ")
	shown := certificate(r)
	var err error
	switch {
	case shown != nil && (header == "" || scheme == schemeX509):
		err = s.data.AllowsSubject(shown.RawSubject)
	case header == "":
		return failed(http.StatusUnauthorized, "Auth info is missing for command; "+
			"send the header Authorization: digest user:password")
	default:
		err = s.data.Allows(scheme, []byte(auth), s.address(r))
	}
	switch {
	case err == nil:
		return answer{}
	case errors.Is(err, ErrUnknown):
		return failed(http.StatusUnauthorized, "Not authenticated")
	case errors.Is(err, ErrForbidden):
		return failed(http.StatusForbidden, "Not authorized")
	default:
		return refused(err)
	}
}

// address is who the client is to the scheme ip.
func (s *Server) address(r *http.Request) string {
	if s.cfg.Forwarded {
		first, _, _ := strings.Cut(r.Header.Get("X-Forwarded-For"), ",")
		if first = strings.TrimSpace(first); first != "" {
			return first
		}
	}
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}
