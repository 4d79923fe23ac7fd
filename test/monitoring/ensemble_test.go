package monitoring

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"zoo/client"
	"zoo/test/ensemble"
)

// patience is how long a test waits for what must come.
const patience = 90 * time.Second

// watching is an ensemble that all tests look at.
type watching struct{ *ensemble.Ensemble }

var (
	once   sync.Once
	shared watching
	failed error
	home   string
)

// TestMain ends the ensemble, if a test began it.
func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	var err error
	if home, err = os.MkdirTemp("", "zoo-monitoring-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(home)
	code := m.Run()
	if shared.Ensemble != nil {
		if err := shared.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
	}
	return code
}

// watched is the ensemble: three servers with TLS for clients, which serve.
func watched(t *testing.T) watching {
	t.Helper()
	once.Do(func() { failed = begin() })
	if failed != nil {
		t.Fatal(failed)
	}
	return shared
}

func begin() error {
	ctx, cancel := context.WithTimeout(context.Background(), 4*patience)
	defer cancel()
	binary, err := ensemble.Build(ctx, home)
	if err != nil {
		return err
	}
	store := filepath.Join(home, "server.pem")
	if err := certify(store); err != nil {
		return err
	}
	all, err := ensemble.New(ensemble.Options{Dir: home, Voters: 3,
		Program: ensemble.Zoo(binary), Operated: true, Secure: true, Lines: []string{
			"ssl.keyStore.location=" + store, "ssl.trustStore.location=" + store}})
	if err != nil {
		return err
	}
	shared = watching{all}
	if err := all.Start(ctx); err != nil {
		return err
	}
	if err := all.WaitServing(ctx); err != nil {
		return err
	}
	return visit(ctx, all)
}

// visit leaves traces of what is counted by key and told from then on only: a client that
// writes and reads, and one that does not speak TLS where it is wanted.
func visit(ctx context.Context, all *ensemble.Ensemble) error {
	c, err := client.Dial(ctx, client.Options{Servers: all.Addresses()})
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	if _, err := c.Create(ctx, "/app", []byte("x"), client.CreateOptions{}); err != nil {
		return err
	}
	if _, _, err := c.Get(ctx, "/app", nil); err != nil {
		return err
	}
	var dialer net.Dialer
	plain, err := dialer.DialContext(ctx, "tcp", all.Servers[0].SecureAddress())
	if err != nil {
		return err
	}
	defer plain.Close()
	_, err = plain.Write(make([]byte, 64))
	return err
}

// certify writes a key and the certificate that it has signed itself.
func certify(path string) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), IsCA: true,
		Subject:  pkix.Name{CommonName: "watched"},
		NotAfter: time.Now().Add(30 * 24 * time.Hour), BasicConstraintsValid: true,
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	signed, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	if err != nil {
		return err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})
	text = append(text, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: signed})...)
	return os.WriteFile(path, text, 0o600)
}

// scrapes are what the servers tell now, in the order of their ids. An election is over when
// one of them tells how many voters it can lose; the visit is, when it has been refused.
func (w watching) scrapes(t *testing.T) (list []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	settled := func(ctx context.Context) error {
		list = list[:0]
		spare, refused := false, false
		for _, s := range w.Servers {
			text, err := scrape(ctx, s.AdminURL())
			if err != nil {
				return err
			}
			spare = spare || containsLine(text, "quorum_spare_voters 1")
			refused = refused || containsLine(text, `refusals{key="tls"} 1`)
			list = append(list, text)
		}
		if !spare || !refused {
			return fmt.Errorf("a leader can lose one: %v, refused: %v", spare, refused)
		}
		return nil
	}
	err := ensemble.Until(ctx, "followers are in sync and a client was refused", settled)
	if err != nil {
		t.Fatal(err)
	}
	return list
}
