package browser

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"zoo/client"
)

// Path is what the paths of all questions begin with.
const Path = "/console/api/znodes/"

// callMax bounds how long a question may wait for the server.
const callMax = 10 * time.Second

// Config is what a browser needs of its server.
type Config struct {
	// Attach has the server serve a client on a connection, which is closed in the end.
	Attach func(net.Conn)
	// Kinds tells what ends each of some znodes; it is asked only about those that the caller
	// may read. A Stat tells clients of sessions alone.
	Kinds func(paths []string) []Kind
	// Edit lets operators change znodes.
	Edit bool
	// Idle is for how long a session is kept that nobody asks on: a minute if 0.
	Idle time.Duration
	// Log hears of what was changed, and by whom.
	Log *slog.Logger
}

// Caller is who asks.
type Caller struct {
	// Host is the address, as the scheme ip knows it.
	Host string
	// Operator tells that it may do what only operators may.
	Operator bool
}

// Browser answers questions about znodes. All methods may be called by many goroutines.
type Browser struct {
	cfg      Config // immutable
	sessions sessions
}

// New makes a browser. It must be closed.
func New(cfg Config) *Browser {
	if cfg.Idle <= 0 {
		cfg.Idle = idleDefault
	}
	return &Browser{cfg: cfg, sessions: sessions{attach: cfg.Attach, idle: cfg.Idle,
		open: make(map[identity]*session)}}
}

// Close ends the sessions. It returns when they are gone, and questions under way with them.
func (b *Browser) Close() { b.sessions.close() }

// question is one request on its way.
type question struct {
	*http.Request
	browser *Browser
	caller  Caller
	// client is the session of the caller.
	client *client.Client
}

// route is one kind of question.
type route struct {
	method string
	// answer gives what becomes JSON.
	answer func(ctx context.Context, q *question) (any, error)
}

// routes is the table of questions, by what follows Path.
var routes = map[string]route{
	"whoami":   {http.MethodGet, whoAmI},
	"children": {http.MethodGet, children},
	"znode":    {http.MethodGet, znode},
	"set":      {http.MethodPost, set},
	"create":   {http.MethodPost, create},
	"delete":   {http.MethodPost, remove},
	"acl":      {http.MethodPost, setACL},
}

// Serve answers a question. It must end before Close is called, or be one that Close may cut.
func (b *Browser) Serve(w http.ResponseWriter, r *http.Request, caller Caller) {
	found, known := routes[strings.TrimPrefix(r.URL.Path, Path)]
	switch {
	case !known:
		sendError(w, &refusal{http.StatusNotFound, "there is no such question"})
	case r.Method != found.method:
		w.Header().Set("Allow", found.method)
		sendError(w, &refusal{http.StatusMethodNotAllowed, "use " + found.method})
	case r.Method == http.MethodPost && !b.mayEdit(&caller):
		sendError(w, b.notEdited())
	default:
		b.serve(w, &question{Request: r, browser: b, caller: caller}, found)
	}
}

func (b *Browser) serve(w http.ResponseWriter, q *question, found route) {
	if found.method == http.MethodPost && !saysJSON(q.Request) {
		// A form of another site's page can send everything but this.
		sendError(w, &refusal{http.StatusUnsupportedMediaType, "send application/json"})
		return
	}
	auth, err := identify(q.Header)
	var s *session
	if err == nil {
		s, err = b.sessions.take(q.caller.Host, auth)
	}
	if err != nil {
		sendError(w, err)
		return
	}
	defer b.sessions.give(s)
	q.client = s.client
	ctx, cancel := context.WithTimeout(q.Context(), callMax)
	defer cancel()
	answer, err := found.answer(ctx, q)
	if err != nil {
		sendError(w, err)
		return
	}
	send(w, http.StatusOK, answer)
}

func (b *Browser) mayEdit(c *Caller) bool { return b.cfg.Edit && c.Operator }

func (b *Browser) notEdited() error {
	if !b.cfg.Edit {
		return &refusal{http.StatusForbidden,
			"the console only reads (admin.console.edit=true lets operators change znodes)"}
	}
	return &refusal{http.StatusForbidden, "only operators may change znodes here"}
}
