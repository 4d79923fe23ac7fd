package main

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync"

	"zoo/internal/server"
)

// announce tells systemd, where it has started this server (sd_notify(3)), when clients can
// connect, and when the server begins to end. Clients that connect wait until it serves: a
// supervisor must not, since the first server of an ensemble serves when others run. What
// is returned waits until nothing more is told.
func announce(ctx context.Context, log *slog.Logger, s *server.Server) (wait func()) {
	socket := os.Getenv("NOTIFY_SOCKET")
	if socket == "" {
		return func() {}
	}
	tell := func(state string) {
		// Nothing depends on it here; systemd itself ends what does not announce itself.
		if err := notify(socket, state); err != nil {
			log.Warn("systemd is not told", "state", state, "error", err)
		}
	}
	ctx, cancel := context.WithCancel(ctx)
	var group sync.WaitGroup
	group.Go(func() {
		addresses, err := s.Addresses(ctx)
		if err != nil {
			return // It ends without having begun; Run says why.
		}
		tell(fmt.Sprintf("READY=1\nSTATUS=clients connect to %v", addresses))
		<-ctx.Done()
		tell("STOPPING=1\nSTATUS=ending")
	})
	return func() {
		cancel()
		group.Wait()
	}
}

// notify sends one datagram to a socket of the file system, or to an abstract one, whose
// name begins with @.
func notify(socket, state string) error {
	conn, err := net.DialUnix("unixgram", nil, &net.UnixAddr{Name: socket, Net: "unixgram"})
	if err != nil {
		return err
	}
	defer conn.Close()
	_, err = conn.Write([]byte(state))
	return err
}
