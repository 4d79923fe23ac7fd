package peer

import (
	"encoding/pem"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"zoo/internal/net/certs"
	"zoo/internal/wire"
)

func (w *town) authority() *pem.Block { return &pem.Block{Type: "CERTIFICATE", Bytes: w.ca.Raw} }

// replaceAuthority gives the town the authority of another one. Whoever reads the trust store
// from now on knows nothing of the old one.
func (w *town) replaceAuthority(next *town) {
	w.ca, w.caKey = next.ca, next.caKey
	w.save("ca.pem", w.authority())
}

// outdated is a server that trusts both authorities, and shows for ever what the host has now.
func (w *town) outdated(host string, next *town) *Security {
	w.Helper()
	w.tls(host)
	shown := filepath.Join(w.dir, "old-"+host+".pem")
	w.must(os.Rename(filepath.Join(w.dir, host+".pem"), shown))
	ctx, err := certs.Open(certs.Config{Prefix: "ssl.quorum.", HostnameVerification: true,
		KeyStore:   certs.Store{Location: shown},
		TrustStore: certs.Store{Location: w.save("both.pem", w.authority(), next.authority())},
	}, slog.New(slog.DiscardHandler))
	w.must(err)
	return &Security{TLS: ctx, DialsTLS: true}
}

// The plot: a leader and its learner run while their authority is replaced, and with it their
// certificates. The link that they have stays. A new one, which the learner dials, is by the new
// authority on both sides. Who still shows a certificate of the old one is let in no more,
// neither as the one that dials nor as the one that is dialled.
func TestNewLinksTakeAReplacedAuthority(t *testing.T) {
	w, next := newTown(t), newTown(t)
	oldLeader, oldLearner := w.outdated(host(1), next), w.outdated(host(3), next)
	one, two := w.tls(host(1)), w.tls(host(2))
	w.quorum(1, one)
	learner := w.quorum(2, two)
	link := learner.Dial(host(1) + ":2888")
	learner.Send(link, []wire.QuorumPacket{followerInfo(2, 1)})
	w.await("1 hears FOLLOWERINFO")

	w.replaceAuthority(next)
	for id, s := range map[string]*Security{host(1): one, host(2): two} {
		w.tls(id)
		s.TLS.Reload()
	}
	learner.Send(link, []wire.QuorumPacket{{Type: wire.PacketPing}})
	w.await("1 hears PING")
	w.follow(learner, 2)
	w.await("1 hears FOLLOWERINFO")

	w.follow(w.quorum(3, oldLearner), 3)
	w.await("1 refuses learner: TLS: client certificate: x509: certificate signed by unknown")
	w.quorum(1, oldLeader)
	w.follow(learner, 2)
	w.await("2 link down: TLS with host1.test:2888: ")
}

// The plot: the same on the election port, where the larger id dials back. The links that
// there are stay, and each server that starts anew meets the others by the new authority.
func TestElectionLinksTakeAReplacedAuthority(t *testing.T) {
	w, next := newTown(t), newTown(t)
	old := w.outdated(host(3), next)
	one, two := w.tls(host(1)), w.tls(host(2))
	e := w.member(1, one)
	e.Send(2, []byte("are you there"))
	again := w.member(2, two)
	w.await("1 up 2")

	w.replaceAuthority(next)
	for id, s := range map[string]*Security{host(1): one, host(2): two} {
		w.tls(id)
		s.TLS.Reload()
	}
	e.Send(2, []byte("you have a new certificate"))
	w.await("2 hears 1 say you have a new certificate")
	again.Close()
	w.await("1 down 2")
	w.member(2, two)
	w.await("1 up 2")

	stale := w.member(3, old)
	stale.Send(1, []byte("I have not"))
	w.await("1 refuses election handshake: TLS: client certificate: x509: certificate signed")
	e.Send(3, []byte("who are you"))
	w.await("3 refuses election handshake: TLS: remote error")
}
