package ask

import (
	"context"
	"crypto/tls"
	"net"
	"regexp"
	"sync"

	"zoo"
	"zoo/internal/dev/status"
	"zoo/internal/migrate"
)

// Target is where a server is.
type Target struct {
	ID      zoo.ServerID
	Address string
	// TLS is how to reach an address that speaks nothing else; nil is plain.
	TLS *tls.Config
	// Digests is the URL of the admin server's command hash; empty if there is none.
	Digests string
	// DigestsTLS is how HTTPS is spoken there; nil is as everywhere.
	DigestsTLS *tls.Config
}

// ownFigure is one of mntr's that only our servers have.
var ownFigure = regexp.MustCompile(`(?m)^zk_tree_digest\s`)

func (t *Target) dialer() status.Dialer {
	if t.TLS != nil {
		return &tls.Dialer{Config: t.TLS}
	}
	return &net.Dialer{}
}

// Servers asks all targets at once, by four-letter words.
func Servers(ctx context.Context, targets []Target) []migrate.Seen {
	seen := make([]migrate.Seen, len(targets))
	var group sync.WaitGroup
	for i := range targets {
		group.Go(func() { seen[i] = one(ctx, &targets[i]) })
	}
	group.Wait()
	return seen
}

// one asks a server. Only srvr has to be answered. Ours tells the digest of its tree in
// mntr; where that is not allowed strt, which ours always answers, tells it from Java's,
// which takes the word for the length of a frame, and logs that at some length.
func one(ctx context.Context, t *Target) migrate.Seen {
	seen := migrate.Nothing(t.ID)
	word := func(word string) (string, error) {
		return status.AskVia(ctx, t.dialer(), t.Address, word)
	}
	text, err := word("srvr")
	var now status.Server
	if err == nil {
		now, err = status.ReadSrvr(text)
	}
	if err != nil {
		seen.Error = err.Error()
		return seen
	}
	seen.Role, seen.Version, seen.Zxid, seen.Kind = now.Role, now.Version, now.Zxid, migrate.Java
	ours, err := word("mntr")
	if err == nil {
		seen.ReadMonitor(ours)
		ours = ownFigure.FindString(ours)
	} else {
		ours, _ = word("strt")
	}
	if ours != "" {
		seen.Kind = migrate.Zoo
	}
	if text, err := word("dump"); err == nil {
		seen.ReadDump(text)
	}
	return seen
}
