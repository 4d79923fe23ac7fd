package slow

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"zoo"
	"zoo/internal/load"
	"zoo/internal/wire"
	"zoo/test/ensemble"
)

var zooBinary string // set by TestMain, before any test

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "zoo-slow-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if zooBinary, err = ensemble.Build(context.Background(), dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// measured tells whether figures are wanted rather than an answer in short time.
func measured() bool { return os.Getenv("ZOO_BENCH") != "" }

// The settings of every field. A connection without a handshake has sessionlessMax.
const (
	storyLimit     = 10 * time.Minute
	tick           = 500 * time.Millisecond
	sessionTimeout = 20 * tick
	sessionlessMax = 2 * time.Second
	largeBytes     = 1_000_000
	largePath      = "/large"
	smallPath      = "/small"
)

// field is servers, one of which is the target of whatever comes.
type field struct {
	*testing.T
	*ensemble.Ensemble
	target *ensemble.Server
	ctx    context.Context
	tls    *tls.Config
	// last is what was measured last.
	last *load.Report
}

// enter starts servers and puts a large and a small znode into them. The target is a
// follower, where there is one.
func enter(t *testing.T, voters int) *field {
	ctx, cancel := context.WithTimeout(t.Context(), storyLimit)
	t.Cleanup(cancel)
	dir := t.TempDir()
	f := &field{T: t, ctx: ctx}
	store := f.certificate(dir)
	e, err := ensemble.New(ensemble.Options{
		Dir: dir, Voters: voters, TickTime: tick, Program: ensemble.Zoo(zooBinary), Secure: true,
		Lines: []string{"maxSessionTimeout=60000",
			"ssl.keyStore.location=" + store, "ssl.clientAuth=none",
			"nio.sessionlessCnxnTimeout=" + strconv.FormatInt(sessionlessMax.Milliseconds(), 10)}})
	f.must(err)
	f.Ensemble = e
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	f.must(e.Start(ctx))
	f.target = e.Servers[0]
	if followers := e.WithMode(ctx, "follower"); len(followers) > 0 {
		f.target = followers[0]
	}
	p, err := f.open(sessionTimeout)
	f.must(err)
	for i, path := range []string{largePath, smallPath} {
		f.must(p.call(int32(i+1), wire.OpCreate, &wire.CreateRequest{
			Path: path, Data: make([]byte, largeBytes*(1-i)), ACL: zoo.OpenACL()}))
	}
	f.must(p.call(3, wire.OpCloseSession, nil))
	p.Close()
	return f
}

func (f *field) must(err error) {
	f.Helper()
	if err != nil {
		f.Fatalf("%v\n%s", err, f.logTail())
	}
}

func (f *field) logTail() string {
	if f.target == nil {
		return ""
	}
	return f.target.LastLines(15)
}

// certificate makes a key and a certificate in one file, and the client's side of it.
func (f *field) certificate(dir string) string {
	f.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	f.must(err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1),
		NotAfter: time.Now().Add(24 * time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	f.must(err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	f.must(err)
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}),
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert})...)
	name := filepath.Join(dir, "server.pem")
	f.must(os.WriteFile(name, text, 0o600))
	known, err := x509.ParseCertificate(cert)
	f.must(err)
	pool := x509.NewCertPool()
	pool.AddCert(known)
	f.tls = &tls.Config{RootCAs: pool, ServerName: "127.0.0.1"}
	return name
}

func measuredFor() time.Duration {
	if measured() {
		return 5 * time.Second
	}
	return time.Second / 2
}

// patient is the timeout of a session that outlives a measurement by itself.
func patient() time.Duration { return 2*measuredFor() + time.Second }

// measure lets those who behave work for a while, without a single error.
func (f *field) measure() *load.Report {
	f.Helper()
	window := measuredFor()
	report, err := load.Run(f.ctx, load.Options{
		Servers: []string{f.target.Address()}, Connections: 8, Outstanding: 1, Rate: 400,
		Op: load.OpMixed, Reads: 0.8, SizeBytes: 128, Warmup: window / 5, Duration: window,
		SessionTimeout: sessionTimeout, PIDs: []int{f.target.PID()}})
	f.must(err)
	if report.Failures+report.Lost+report.Reconnects > 0 {
		f.Errorf("those who behave met %d failures, %d losses, %d reconnects: %s",
			report.Failures, report.Lost, report.Reconnects, report.LastError)
	}
	f.last = report
	return report
}

// resident is the server's memory at the end of a measurement; 0 where the system
// does not tell.
func resident(r *load.Report) int64 {
	if len(r.Processes) == 0 {
		return 0
	}
	return r.Processes[0].RSSBytes
}

// figure is one number of mntr; one that is not shown is 0.
func (f *field) figure(name string) int {
	f.Helper()
	text, _, err := f.target.Monitor(f.ctx, "zk_"+name)
	f.must(err)
	n, _ := strconv.Atoi(text)
	return n
}

// awaitFigure waits until a number of mntr is as it should be.
func (f *field) awaitFigure(name string, good func(n int) bool) {
	f.Helper()
	f.must(ensemble.Until(f.ctx, name+" is right", func(ctx context.Context) error {
		text, _, err := f.target.Monitor(ctx, "zk_"+name)
		if err != nil {
			return err
		}
		if n, _ := strconv.Atoi(text); !good(n) {
			return fmt.Errorf("it is %d", n)
		}
		return nil
	}))
}

// awaitAlone waits until the server has no client but the one who asks.
func (f *field) awaitAlone() {
	f.Helper()
	f.awaitFigure("num_alive_connections", func(n int) bool { return n <= 1 })
	f.awaitFigure("global_sessions", func(n int) bool { return n == 0 })
}

// logged tells whether the server's log has a text.
func (f *field) logged(text string) bool {
	log, err := os.ReadFile(f.target.LogFile())
	return err == nil && strings.Contains(string(log), text)
}

var errUnended = errors.New("the server has not hung up")
