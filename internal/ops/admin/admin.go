package admin

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"zoo/internal/net/certs"
	"zoo/internal/ops/browser"
	"zoo/internal/ops/command"
	"zoo/internal/ops/console"
	"zoo/internal/ops/exposition"
	"zoo/internal/ops/metrics"
)

// Config is what an operator may say about the admin server.
type Config struct {
	// Listen is host:port, empty for no admin server. Port 0 takes a free one.
	Listen string
	// URL is the path of the commands: /commands.
	URL string
	// IdleTimeout ends a connection on which nothing moves: 30 s.
	IdleTimeout time.Duration
	// SnapshotDisabled and RestoreDisabled switch commands off.
	SnapshotDisabled, RestoreDisabled bool
	// SnapshotInterval and RestoreInterval lie at least between two of them; 0 is no
	// bound.
	SnapshotInterval, RestoreInterval time.Duration
	// KeysFile is the file of the keys for operators (access.go), empty for none. Without
	// keys only this machine may ask for more than /livez and /readyz, unless Open says so.
	KeysFile string
	// Open lets whoever reaches the port ask, without a key, as ZooKeeper does.
	Open bool
	// TLS says that HTTPS is spoken; nil is plain HTTP.
	TLS *TLS
	// ConsoleEdit lets operators change znodes in the console.
	ConsoleEdit bool
	// Forwarded believes the header X-Forwarded-For about a client's address.
	Forwarded bool
	// ClientsInTheClear tells that whoever reaches the ports for clients may read what ACLs
	// give to everybody, without a certificate.
	ClientsInTheClear bool
	// MetricsOnly serves the metrics and nothing else, as ZooKeeper's provider does.
	MetricsOnly bool
	// ProcessUntold leaves go_* and process_* out of the metrics.
	ProcessUntold bool
}

const (
	urlDefault         = "/commands"
	idleTimeoutDefault = 30 * time.Second
	headerBytesMax     = 16 << 10
)

// refusalInterval lies between two lines of the log about clients that are refused.
const refusalInterval = time.Second

// Server is an admin server. It runs once.
type Server struct {
	cfg      Config // immutable, like all up to mu
	answers  *command.Answerer
	data     Data
	log      *slog.Logger
	meters   meters
	metrics  http.Handler
	console  http.Handler
	browser  *browser.Browser // nil for none
	snapshot limiter
	restore  limiter
	// restoring and streams bound what is done at a time.
	restoring, streams chan struct{}
	catch              func(name string)
	listener           net.Listener
	local              bool           // only this machine can connect; set by Listen
	keys               keyring        // first read by Listen
	certs              *certs.Context // nil without TLS; set by Listen
	refused            func(conn net.Conn, err error)
	crossing           *http.CrossOriginProtection
	refusals           limiter // of the lines of the log about them
	waits              waits
	http               http.Server
	seats              seats

	mu       sync.Mutex
	closed   bool
	requests sync.WaitGroup // under way; none is added once closed
}

// streamsMax bounds the snapshots and logs that are sent at a time: each holds back
// memory of the tree, or reads from the disk that the log is written to.
const streamsMax = 4

// meters count what the commands about data come to.
type meters struct {
	insecure                         *metrics.Counter
	snapshotErrors, snapshotsLimited *metrics.Counter
	restoreErrors, restoresLimited   *metrics.Counter
	restoreTime                      *metrics.Timer
}

// Parts are what an admin server speaks for.
type Parts struct {
	Answers *command.Answerer
	Data    Data
	Log     *slog.Logger
	// Metrics take those of the admin server, SnapshotErrors is the one that the
	// server itself counts as well.
	Metrics        *metrics.Set
	SnapshotErrors *metrics.Counter
	// Browser shows the znodes to the console; nil for none. The admin server closes it.
	Browser *browser.Browser
	// Catch is deferred around each request, and deals with a panic.
	Catch func(name string)
	// Refused hears of connections that did not come through TLS; nil is nobody.
	Refused func(conn net.Conn, err error)
}

// New makes an admin server. It does nothing before Listen.
func New(cfg Config, parts Parts) *Server {
	if cfg.URL == "" {
		cfg.URL = urlDefault
	}
	cfg.URL = "/" + strings.Trim(cfg.URL, "/")
	if cfg.IdleTimeout <= 0 {
		cfg.IdleTimeout = idleTimeoutDefault
	}
	s := &Server{
		cfg: cfg, answers: parts.Answers, data: parts.Data, log: parts.Log,
		snapshot:  limiter{interval: cfg.SnapshotInterval},
		restore:   limiter{interval: cfg.RestoreInterval},
		restoring: make(chan struct{}, 1), streams: make(chan struct{}, streamsMax),
		crossing: http.NewCrossOriginProtection(),
		refusals: limiter{interval: refusalInterval},
		catch:    parts.Catch,
		refused:  parts.Refused,
		browser:  parts.Browser,
		meters:   newMeters(parts),
		console:  console.New(cfg.URL),
		metrics: exposition.NewHandler(parts.Answers, exposition.Process(!cfg.ProcessUntold),
			parts.Log),
	}
	if s.refused == nil {
		s.refused = func(net.Conn, error) {}
	}
	s.seats = seats{most: connsMax, taken: make(map[net.Conn]*seat)}
	s.http = http.Server{
		Handler: http.HandlerFunc(s.serve), MaxHeaderBytes: headerBytesMax,
		ReadHeaderTimeout: cfg.IdleTimeout, WriteTimeout: cfg.IdleTimeout,
		IdleTimeout: cfg.IdleTimeout, ConnContext: s.seats.sit, ConnState: s.seats.changed,
		ErrorLog: slog.NewLogLogger(parts.Log.Handler(), slog.LevelDebug),
	}
	return s
}

func newMeters(parts Parts) meters {
	set := parts.Metrics
	return meters{
		insecure: set.Counter("insecure_admin_count",
			"Plain connections of operators to a port that takes both (admin.portUnification)."),
		snapshotErrors: parts.SnapshotErrors,
		snapshotsLimited: set.Counter("snapshot_rate_limited_count",
			"Commands for a snapshot that came too soon."),
		restoreErrors: set.Counter("restore_error_count", "Restores that failed."),
		restoresLimited: set.Counter("restore_rate_limited_count",
			"Commands to restore that came too soon."),
		restoreTime: set.Timer("restore_time", "restore_seconds",
			"Time from the begin of a restore to serving what was restored.", metrics.Basic),
	}
}

// Listen opens the port, and reads the keys and certificates. The error may be a *TLSError.
func (s *Server) Listen(ctx context.Context) (net.Addr, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", s.cfg.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for operators on %s: %w", s.cfg.Listen, err)
	}
	s.listener = listener
	if bound, ok := listener.Addr().(*net.TCPAddr); ok {
		s.local = bound.IP.IsLoopback()
	}
	s.fetchKeys()
	if s.cfg.TLS != nil {
		if err := s.secure(); err != nil {
			return nil, errors.Join(&TLSError{err}, listener.Close())
		}
	}
	return listener.Addr(), nil
}

// secure reads the certificates, and puts the door before the port. Whoever may not come in
// by a certificate is not asked for one: a browser would ask its user which.
func (s *Server) secure() error {
	var err error
	if s.certs, err = s.cfg.TLS.open(s.keys.current.Load(), s.log); err != nil {
		return err
	}
	for _, line := range s.certs.Explain() {
		s.log.Info("TLS for operators", "is", line)
	}
	s.listener = (&door{Listener: s.listener, context: s.certs, unified: s.cfg.TLS.Unified,
		timeout: s.cfg.IdleTimeout, refused: s.refused, plain: s.meters.insecure}).opened()
	return nil
}

// Certs are the certificates in use, whose changes the caller follows; nil without TLS.
// They are there once Listen has returned.
func (s *Server) Certs() *certs.Context { return s.certs }

// Serve answers until Close.
func (s *Server) Serve() error {
	err := s.http.Serve(s.listener)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("serve operators: %w", err)
}

// Close ends the server: it cuts its connections and waits until no request is under
// way.
func (s *Server) Close() error {
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	err := s.http.Close()
	if s.browser != nil {
		s.browser.Close()
	}
	s.requests.Wait()
	return err
}

// enter begins a request; false once the server is closed.
func (s *Server) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.requests.Add(1)
	}
	return !s.closed
}
