package embed

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"runtime/debug"
	"slices"
	"strconv"

	"zoo"
	"zoo/internal/config"
	"zoo/internal/host"
	"zoo/internal/server"
)

// Config is what a server must know. One with a DataDir, and nothing else, is a standalone
// server on a free port of 127.0.0.1.
type Config struct {
	// File is a zoo.cfg, empty for none. The other fields come before its lines, but
	// Settings behind them.
	File string
	// DataDir is the directory of snapshots and logs, and is made if it is missing. It
	// may be empty if File or Settings has a dataDir. Two servers must not share one.
	DataDir string
	// ClientAddress is the host:port for clients; port 0 is any free one. Empty is
	// 127.0.0.1:0, unless there is a File, or Settings has a clientPort or a
	// secureClientPort.
	ClientAddress string
	// ID is this server's number in Servers; 0 reads the file myid in the data directory.
	ID zoo.ServerID
	// Servers are the members of the ensemble as in the lines server.N of a zoo.cfg, such
	// as "10.0.0.1:2888:3888". With none, or with one alone, the server is standalone. To
	// be reconfigured an ensemble needs a File each, which remembers its members.
	Servers map[zoo.ServerID]string
	// Settings are others by their keys, as zoo serve takes them with -D; docs/settings.md
	// lists them. Without a File the admin server is off, unless admin.enableServer is
	// true, and with Servers initLimit is 10 and syncLimit 5 if they are not here.
	Settings map[string]string
	// Log hears what the server does, and what is doubtful about the settings; nil is
	// silence.
	Log *slog.Logger
}

// ErrConfig is in the tree of every error that says what is wrong with a Config.
var ErrConfig = config.ErrConfig

// ErrEnded means that the server has ended, as it was told to, before what was waited for.
var ErrEnded = server.ErrEnded

// Server is a server that runs, or has ended. All methods may be called by many goroutines.
type Server struct {
	host    *host.Server
	address string // immutable
}

// Start runs a server until ctx ends, Close is called, or something fails that it must not
// survive. It returns when clients can connect, which the server then lets wait until it
// serves; see WaitServing. Errors wrap ErrConfig, or are those of the port.
func Start(ctx context.Context, cfg Config) (*Server, error) {
	h, err := host.Start(ctx, host.Options{Source: cfg.source(), Log: cfg.Log, Build: build()})
	if err != nil {
		return nil, err
	}
	addresses, err := h.WaitListening(ctx)
	if err != nil {
		_ = h.Close(context.WithoutCancel(ctx)) // err says why
		return nil, err
	}
	s := &Server{host: h}
	if len(addresses) > 0 {
		s.address = addresses[0].String()
	}
	return s, nil
}

// source is where the settings are.
func (c *Config) source() config.Source {
	src := config.Source{DataDir: c.DataDir, ClientListen: c.clientListen(), ID: c.ID}
	if c.File != "" {
		src.Args = []string{c.File}
	} else {
		src.Properties = append(src.Properties, "admin.enableServer=false")
	}
	if len(c.Servers) > 0 {
		src.Properties = append(src.Properties, "initLimit=10", "syncLimit=5")
	}
	for _, id := range slices.Sorted(maps.Keys(c.Servers)) {
		src.Properties = append(src.Properties,
			"server."+strconv.FormatInt(int64(id), 10)+"="+c.Servers[id])
	}
	for _, key := range slices.Sorted(maps.Keys(c.Settings)) {
		src.Properties = append(src.Properties, key+"="+c.Settings[key])
	}
	return src
}

// clientListen is where clients are served.
func (c *Config) clientListen() string {
	if c.ClientAddress != "" || c.File != "" {
		return c.ClientAddress
	}
	for _, key := range []string{"clientPort", "secureClientPort"} {
		for _, prefix := range []string{"", "zookeeper."} {
			if _, given := c.Settings[prefix+key]; given {
				return ""
			}
		}
	}
	return "127.0.0.1:0"
}

// module is this module's path, by which a program knows its version.
const module = "zoo"

// build tells operators which version of this module is in the program.
func build() server.BuildInfo {
	b := server.BuildInfo{Version: "embedded"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == module && m.Version != "" {
			b.Version = m.Version
		}
	}
	return b
}

// Address is the host:port of the first port for clients; empty if there is none.
func (s *Server) Address() string { return s.address }

// Addresses are all ports for clients, the one with TLS last.
func (s *Server) Addresses() []net.Addr {
	addresses, err := s.host.Addresses(context.Background())
	if err != nil {
		return nil // it has ended
	}
	return slices.Clone(addresses)
}

// WaitServing returns nil as soon as the server serves its clients: a standalone one when
// it has read its data, a member of an ensemble when there is a leader and it is in sync
// with it. Otherwise it returns why it does not: the error that has ended it, ErrEnded, or
// what ended ctx.
func (s *Server) WaitServing(ctx context.Context) error { return s.host.WaitServing(ctx) }

// Mode is what the server is now: standalone, leader, follower, observer, read-only, or
// looking while it serves nobody.
func (s *Server) Mode() string { return s.host.Standing().Mode }

// Wait returns when nothing of the server is left. The error is why it has ended; nil if
// it was told to.
func (s *Server) Wait() error { return s.host.Wait() }

// Done is closed when nothing of the server is left.
func (s *Server) Done() <-chan struct{} { return s.host.Done() }

// Err is why the server has ended; nil while it runs, and if it was told to.
func (s *Server) Err() error { return s.host.Err() }

// Close ends the server, and returns as Wait does, or what ended ctx: then the server goes
// on to end. What was acknowledged is on disk. Clients keep their sessions for as long as
// their timeouts, and can go on at other servers of the ensemble.
func (s *Server) Close(ctx context.Context) error { return s.host.Close(ctx) }
