package peer

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"zoo"
	"zoo/internal/net/certs"
	"zoo/internal/net/sasl"
	"zoo/internal/net/sasl/digestmd5"
	"zoo/internal/wire"
)

// town is servers on real sockets of this machine, each under the name of a host that
// only the town knows. TLS needs sockets that hold some bytes, which pipes do not.
type town struct {
	*testing.T
	ca    *x509.Certificate
	caKey *ecdsa.PrivateKey
	dir   string

	mu    sync.Mutex
	ports map[string]string // by host
	// news are the events of all servers, as they come.
	news chan string
}

// townLimit is for machines that are busy with other tests.
const townLimit = 30 * time.Second

func newTown(t *testing.T) *town {
	w := &town{T: t, dir: t.TempDir(), ports: make(map[string]string),
		news: make(chan string, 1000)}
	w.caKey = w.key()
	template := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true,
		BasicConstraintsValid: true, Subject: pkix.Name{CommonName: "town"},
		NotAfter: time.Now().Add(time.Hour), KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, template, template, w.caKey.Public(),
		w.caKey)
	w.must(err)
	w.ca, err = x509.ParseCertificate(der)
	w.must(err)
	w.save("ca.pem", &pem.Block{Type: "CERTIFICATE", Bytes: der})
	return w
}

func (w *town) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *town) key() *ecdsa.PrivateKey {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	w.must(err)
	return key
}

func (w *town) save(name string, blocks ...*pem.Block) string {
	var text bytes.Buffer
	for _, block := range blocks {
		w.must(pem.Encode(&text, block))
	}
	name = filepath.Join(w.dir, name)
	w.must(os.WriteFile(name, text.Bytes(), 0o600))
	return name
}

// tls is a server with a certificate for a host.
func (w *town) tls(host string) *Security {
	w.Helper()
	key := w.key()
	template := &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{host},
		Subject: pkix.Name{CommonName: host}, NotAfter: time.Now().Add(time.Hour)}
	if ip := net.ParseIP(host); ip != nil {
		template.DNSNames, template.IPAddresses = nil, []net.IP{ip}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, w.ca, &key.PublicKey, w.caKey)
	w.must(err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	w.must(err)
	ctx, err := certs.Open(certs.Config{Prefix: "ssl.quorum.", HostnameVerification: true,
		KeyStore: certs.Store{Location: w.save(host+".pem",
			&pem.Block{Type: "PRIVATE KEY", Bytes: secret},
			&pem.Block{Type: "CERTIFICATE", Bytes: der})},
		TrustStore: certs.Store{Location: filepath.Join(w.dir, "ca.pem")},
	}, slog.New(slog.DiscardHandler))
	w.must(err)
	return &Security{TLS: ctx, DialsTLS: true}
}

// host of a server, by its id.
func host(id zoo.ServerID) string { return fmt.Sprintf("host%d.test", id) }

// bind opens a port for the host of an address.
func (w *town) bind(ctx context.Context, address string) (net.Listener, error) {
	listener, err := listenTCP(ctx, "127.0.0.1:0")
	if err == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.ports[address] = listener.Addr().String()
	}
	return listener, err
}

func (w *town) dial(ctx context.Context, address string) (net.Conn, error) {
	w.mu.Lock()
	port := w.ports[address]
	w.mu.Unlock()
	if port == "" {
		return nil, errRefused
	}
	return dialTCP(ctx, port)
}

// member opens the election port of a server that knows servers 1 to 3.
func (w *town) member(id zoo.ServerID, security *Security) *Election {
	w.Helper()
	members := map[zoo.ServerID]string{}
	for other := range zoo.ServerID(3) {
		members[other+1] = host(other+1) + ":3888"
	}
	return w.start(id, members, security)
}

func (w *town) start(id zoo.ServerID, members map[zoo.ServerID]string,
	security *Security) *Election {
	w.Helper()
	e, err := Start(ElectionConfig{
		ID: id, Listen: []string{host(id) + ":3888"}, Members: members, Security: security,
		Dial: w.dial, Bind: w.bind, HandshakeTimeout: townLimit, Refused: w.refused(id),
	}, townEvents{w, id})
	w.must(err)
	w.Cleanup(e.Close)
	return e
}

func (w *town) refused(id zoo.ServerID) RefusedFunc {
	return func(_ net.Addr, why error) { w.tell("%d refuses %v", id, why) }
}

func (w *town) tell(format string, args ...any) { w.news <- fmt.Sprintf(format, args...) }

// await waits for news that hold some words, and forgets what came before.
func (w *town) await(words string) {
	w.Helper()
	late := time.After(townLimit)
	var heard []string
	for {
		select {
		case line := <-w.news:
			if heard = append(heard, line); strings.Contains(line, words) {
				return
			}
		case <-late:
			w.Fatalf("waited for %q, heard %q", words, heard)
		}
	}
}

// townEvents tells the town.
type townEvents struct {
	*town
	id zoo.ServerID
}

func (e townEvents) Up(id zoo.ServerID)     { e.tell("%d up %d", e.id, id) }
func (e townEvents) Down(id zoo.ServerID)   { e.tell("%d down %d", e.id, id) }
func (e townEvents) ListenFailed(err error) { e.tell("%d listens no more: %v", e.id, err) }

func (e townEvents) Received(id zoo.ServerID, message []byte) error {
	e.tell("%d hears %d say %s", e.id, id, message)
	return nil
}

// The plot: the smaller id dials, leaves, and is dialled back; both ways each proves
// that it is the host of its server line.
func TestMembersMeetUnderTLS(t *testing.T) {
	w := newTown(t)
	two := w.member(2, w.tls(host(2)))
	one := w.member(1, w.tls(host(1)))
	w.await("1 up 2")
	one.Send(2, []byte("hello"))
	w.await("2 hears 1 say hello")
	two.Send(1, []byte("welcome"))
	w.await("1 hears 2 say welcome")
}

// The plot: the town's authority has given server 2 a certificate. With it, it can be
// nobody else, and neither can a host that is in no server line.
func TestACertificateIsOfItsMemberAlone(t *testing.T) {
	w := newTown(t)
	w.member(1, w.tls(host(1)))
	w.member(3, w.tls(host(2)))
	w.await(`1 refuses election handshake: server 3 is known as ["host3.test"], which is not in`)
	w.start(7, map[zoo.ServerID]string{1: host(1) + ":3888", 7: host(7) + ":3888"},
		w.tls("elsewhere.test"))
	w.await(`1 refuses election handshake: server 7 is known as ["host7.test"]`)
}

// The plot: server 9 is no member yet. It proves the host that it says it is at.
func TestAJoinerIsTheHostThatItProves(t *testing.T) {
	w := newTown(t)
	w.member(1, w.tls(host(1)))
	joining := map[zoo.ServerID]string{1: host(1) + ":3888", 9: host(9) + ":3888"}
	w.start(9, joining, w.tls(host(9)))
	w.await("1 up 9")
}

// The plot: one server after the other gets TLS. The order is that of ZooKeeper's guide:
// take both, dial with TLS, take TLS only.
func TestPortsTakeBothWhileTLSIsIntroduced(t *testing.T) {
	w := newTown(t)
	both, only := w.tls(host(1)), w.tls(host(1))
	both.DialsTLS, both.TakesPlain = false, true
	e := w.member(1, both)
	plain := w.member(2, nil)
	w.await("1 up 2")
	plain.Close()
	w.await("1 down 2")
	secured := w.member(2, w.tls(host(2)))
	w.await("1 up 2")
	secured.Close()
	w.await("1 down 2")
	e.Close()
	w.member(1, only)
	w.member(3, nil)
	w.await("1 refuses election handshake: it does not speak TLS, which sslQuorum asks for")
}

// digest has a server prove itself with a password, and hear others who know it.
func digest(mine, theirs string, required bool) *Security {
	return &Security{
		ProofRequired: required,
		Prove: func(string) (sasl.Initiator, error) {
			return &digestmd5.Client{Service: digestmd5.Servers, User: "server", Password: mine,
				Random: rand.Reader}, nil
		},
		Mechanism: &digestmd5.Mechanism{Service: digestmd5.Servers, Random: rand.Reader,
			Passwords: map[string]string{"server": theirs}},
	}
}

func TestMembersProveThemselvesBySASL(t *testing.T) {
	w := newTown(t)
	one := w.member(1, digest("secret", "secret", true))
	two := w.member(2, digest("secret", "secret", true))
	w.await("1 up 2")
	one.Send(2, []byte("hello"))
	w.await("2 hears 1 say hello")
	two.Send(1, []byte("welcome"))
	w.await("1 hears 2 say welcome")
}

func TestWhoHasNoProofIsRefusedWhereItIsRequired(t *testing.T) {
	w := newTown(t)
	w.member(1, digest("secret", "secret", true))
	wrong := w.member(2, digest("guess", "guess", true))
	w.await("1 refuses election handshake: SASL authentication refused: DIGEST-MD5")
	wrong.Close()
	silent := w.member(3, nil)
	silent.Send(1, []byte("let me in"))
	w.await("1 refuses election handshake: it does not authenticate by SASL")
}

// The plot: SASL is being introduced. Who hears proofs and does not require them lets in
// whoever has none, and even a wrong one, as Java's server does.
func TestWhoHasNoProofIsLetInWhereItIsNotRequired(t *testing.T) {
	w := newTown(t)
	one := w.member(1, digest("secret", "secret", false))
	one.Send(3, []byte("hello"))
	silent := w.member(3, nil)
	silent.Send(1, []byte("I know nothing of SASL"))
	// Server 3 hangs up on the proof of server 1, and dials itself.
	w.await("1 hears 3 say I know nothing of SASL")
}

// The plot: a stranger without any proof says that it is to be dialled back. It would
// like to hear our proof of the password, and hears none; who has proved itself does.
func TestStrangersHearAProofOnlyForTheirs(t *testing.T) {
	w := newTown(t)
	w.member(3, digest("secret", "secret", false))
	joining := map[zoo.ServerID]string{0: host(0) + ":3888", 3: host(3) + ":3888"}
	listener, err := w.bind(t.Context(), host(0)+":3888")
	w.must(err)
	defer listener.Close()
	conn, err := w.dial(t.Context(), host(3)+":3888")
	w.must(err)
	defer conn.Close()
	h := wire.ElectionHandshake{Protocol: wire.ElectionProtocolV1,
		Addresses: []string{joining[0]}}
	_, err = conn.Write(h.AppendTo(nil))
	w.must(err)
	w.must(conn.Close())
	back, err := listener.Accept()
	w.must(err)
	defer back.Close()
	got, err := wire.ReadElectionHandshake(back)
	w.must(err)
	if got.ServerID != 3 {
		t.Fatalf("dialled back by %d", got.ServerID)
	}
	w.await("3 up 0")
	required := newTown(t)
	required.member(3, digest("secret", "secret", true))
	required.start(0, joining, digest("secret", "secret", true))
	required.await("0 up 3")
}

// hosted is a mechanism by which whoever comes is who its token says, as by Kerberos.
type hosted struct{}

func (hosted) Begin() sasl.Exchange { return new(hostedExchange) }

type hostedExchange struct{ identity string }

func (e *hostedExchange) AuthorizationID() string { return e.identity }

func (e *hostedExchange) Respond(token []byte) ([]byte, bool, error) {
	e.identity = string(token)
	return nil, true, nil
}

// hostedProof is its other side.
type hostedProof string

func (p hostedProof) Step([]byte) ([]byte, bool, error) { return []byte(p), true, nil }

func byHost(host string) *Security {
	return &Security{
		ProofRequired: true, Mechanism: hosted{},
		Prove:  func(string) (sasl.Initiator, error) { return hostedProof(host), nil },
		HostOf: func(identity string) (string, error) { return identity, nil },
	}
}

// The plot: server 2 has a ticket for its own host, and server 3 has one of server 2.
func TestAProofIsOfItsMemberAlone(t *testing.T) {
	w := newTown(t)
	w.member(1, byHost(host(1)))
	w.member(2, byHost(strings.ToUpper(host(2))))
	w.await("1 up 2")
	w.member(3, byHost(host(2)))
	w.await(`1 refuses election handshake: server 3 is known as ["host3.test"], and has ` +
		`proved to be "host2.test"`)
}

// townQuorum tells the town what happens on the links of a server.
type townQuorum struct {
	*town
	id zoo.ServerID
}

func (e townQuorum) LinkUp(LinkID, Origin, net.Addr)   { e.tell("%d link up", e.id) }
func (e townQuorum) SnapshotReceived(LinkID, zoo.Zxid) {}
func (e townQuorum) LinkDown(_ LinkID, why error)      { e.tell("%d link down: %v", e.id, why) }
func (e townQuorum) ListenFailed(err error)            { townEvents(e).ListenFailed(err) }

func (e townQuorum) Received(_ LinkID, packets []wire.QuorumPacket) {
	for i := range packets {
		e.tell("%d hears %v", e.id, packets[i].Type)
	}
}

// quorum makes the links of a server; it listens for learners if it is server 1.
func (w *town) quorum(id zoo.ServerID, security *Security) *Quorum {
	w.Helper()
	members := map[zoo.ServerID]string{}
	for other := range zoo.ServerID(3) {
		members[other+1] = host(other+1) + ":3888"
	}
	bound := make(chan struct{}, 1)
	q := NewQuorum(QuorumConfig{
		ID: id, Security: security, Names: NewNames(members), Dial: w.dial,
		Bind: func(ctx context.Context, address string) (net.Listener, error) {
			defer func() { bound <- struct{}{} }()
			return w.bind(ctx, address)
		},
		DialTimeout: 2 * townLimit, HandshakeTimeout: townLimit, Refused: w.refused(id),
	}, townQuorum{w, id})
	w.Cleanup(q.Close)
	if id == 1 {
		q.Listen(host(1) + ":2888")
		<-bound
	}
	return q
}

// follow has a learner register under an id.
func (w *town) follow(q *Quorum, as zoo.ServerID) {
	q.Send(q.Dial(host(1)+":2888"), []wire.QuorumPacket{followerInfo(as, 1)})
}

func TestLearnersProveThemselves(t *testing.T) {
	for name, by := range map[string]func(w *town, id zoo.ServerID) *Security{
		"TLS":  func(w *town, id zoo.ServerID) *Security { return w.tls(host(id)) },
		"SASL": func(*town, zoo.ServerID) *Security { return digest("secret", "secret", true) },
		"host": func(_ *town, id zoo.ServerID) *Security { return byHost(host(id)) },
		"TLS and SASL": func(w *town, id zoo.ServerID) *Security {
			both := digest("secret", "secret", true)
			both.TLS, both.DialsTLS = w.tls(host(id)).TLS, true
			return both
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newTown(t)
			w.quorum(1, by(w, 1))
			w.follow(w.quorum(2, by(w, 2)), 2)
			w.await("1 link up")
			w.await("1 hears FOLLOWERINFO")
			if name == "SASL" {
				return // everybody knows the same password
			}
			w.follow(w.quorum(3, by(w, 3)), 2)
			w.await("1 refuses learner: server 2 is known as")
		})
	}
}

func TestLearnersWithoutAProofAreRefused(t *testing.T) {
	w := newTown(t)
	w.quorum(1, digest("secret", "secret", true))
	w.follow(w.quorum(2, nil), 2)
	w.await("1 refuses learner: it does not authenticate by SASL")
	w.follow(w.quorum(3, digest("guess", "guess", true)), 3)
	w.await("3 link down: authenticate at host1.test: the other server does not accept")
}

// The plot: the leader does not know our password either, so it cannot be ours.
func TestALearnerLeavesALeaderThatDoesNotKnowThePassword(t *testing.T) {
	w := newTown(t)
	impostor := &Security{Mechanism: yesMan{}}
	w.quorum(1, impostor)
	w.follow(w.quorum(2, digest("secret", "secret", true)), 2)
	w.await("2 link down: authenticate at host1.test: SASL authentication refused")
}

// yesMan accepts everybody, in the hope that nobody looks.
type yesMan struct{}

func (yesMan) Begin() sasl.Exchange { return yesMan{} }

func (yesMan) AuthorizationID() string { return "anybody" }

func (yesMan) Respond([]byte) ([]byte, bool, error) { return []byte("rspauth=0"), true, nil }

// The plot: a cut ends a link whose leader never answers the proof.
func TestACutEndsAProofThatHangs(t *testing.T) {
	w := newTown(t)
	listener, err := w.bind(t.Context(), host(1)+":2888")
	w.must(err)
	defer listener.Close()
	q := w.quorum(2, digest("secret", "secret", true))
	link := q.Dial(host(1) + ":2888")
	conn, err := listener.Accept()
	w.must(err)
	defer conn.Close()
	q.Cut(link)
	w.await("2 link down")
}
