package host

import (
	"context"
	"log/slog"
	"net"

	"zoo/internal/config"
	"zoo/internal/server"
)

// Options say what server to run.
type Options struct {
	// Source is where its settings are.
	Source config.Source
	// Claim makes the data directory that of the server that Source.ID tells, or refuses
	// it if it is another one's; see config.Config.Claim.
	Claim bool
	// Log hears what it does, and what is doubtful about the settings; nil is silence.
	Log *slog.Logger
	// Build is the program that it tells about.
	Build server.BuildInfo
	// Adjust changes what the settings come to; nil leaves it.
	Adjust func(*server.Config)
}

// Server is a server that runs, or has ended.
type Server struct {
	*server.Server
	cancel context.CancelFunc
	done   chan struct{}
	err    error // set before done is closed
}

// Start runs a server until ctx ends, or Close. An error is one of its settings, and wraps
// config.ErrConfig, or of a directory that cannot be claimed; whatever fails later is the
// server's end.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	cfg, warnings, err := config.Load(o.Source)
	for _, w := range warnings {
		o.Log.Warn("configuration", "file", w.File, "line", w.Line, "key", w.Key, "text", w.Text)
	}
	if err == nil && o.Claim {
		err = cfg.Claim()
	}
	if err != nil {
		return nil, err
	}
	var adjust []func(*server.Config)
	if o.Adjust != nil {
		adjust = append(adjust, o.Adjust)
	}
	ctx, cancel := context.WithCancel(ctx)
	s := &Server{
		Server: server.New(cfg, o.Log, o.Build, adjust...),
		cancel: cancel, done: make(chan struct{}),
	}
	go func() {
		defer close(s.done)
		defer cancel()
		s.err = s.Run(ctx)
	}()
	return s, nil
}

// WaitListening returns the addresses for clients once they are bound, or why they will
// not be.
func (s *Server) WaitListening(ctx context.Context) ([]net.Addr, error) {
	addresses, err := s.Addresses(ctx)
	if err != nil && ctx.Err() == nil {
		return nil, s.why(err)
	}
	return addresses, err
}

// why waits for the end of a server that ends, and gives its reason.
func (s *Server) why(otherwise error) error {
	if err := s.Wait(); err != nil {
		return err
	}
	return otherwise
}

// Wait returns when nothing of the server is left: nil if it was told to end.
func (s *Server) Wait() error {
	<-s.done
	return s.err
}

// Done is closed when nothing of the server is left.
func (s *Server) Done() <-chan struct{} { return s.done }

// Err is why the server has ended; nil while it runs, and if it was told to.
func (s *Server) Err() error {
	select {
	case <-s.done:
		return s.err
	default:
		return nil
	}
}

// Close ends the server and returns as Wait does, or with ctx: then the server goes on to
// end.
func (s *Server) Close(ctx context.Context) error {
	s.cancel()
	select {
	case <-s.done:
		return s.err
	case <-ctx.Done():
		return ctx.Err()
	}
}
