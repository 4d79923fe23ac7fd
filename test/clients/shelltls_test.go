package clients

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// oneCommand runs zoo's zkCli.sh for one command with settings of a JVM.
func (s *story) oneCommand(address, settings string, command ...string) heard {
	s.Helper()
	args := append([]string{"-server", address, "-timeout", "3000"}, command...)
	cmd := exec.CommandContext(s.ctx, "../../dist/bin/zkCli.sh", args...)
	cmd.Env = append(os.Environ(), "ZOO_BINARY="+binary, "CLIENT_JVMFLAGS="+settings)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run()
	if cmd.ProcessState == nil {
		s.Fatal("zkCli.sh does not run")
	}
	return heard{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// heard is what a program wrote.
type heard struct {
	out, err string
	exit     int
}

// trusting are the settings of a client that knows only whom to believe.
func trusting(store string) string {
	return "-Xmx64m -Dzookeeper.client.secure=true" +
		" -Dzookeeper.clientCnxnSocket=org.apache.zookeeper.ClientCnxnSocketNetty" +
		" -Dzookeeper.ssl.trustStore.location=" + store +
		" -Dzookeeper.ssl.trustStore.password=" + storePassword
}

// The plot: zkCli.sh comes under TLS with trust stores of each kind and no certificate,
// then with one, and is known by it. Whoever does not believe the server, or finds
// another name in its certificate, is told so.
func TestZooShellSpeaksTLS(t *testing.T) {
	_, err := exec.LookPath("keytool")
	leaveOut(t, "keytool", err)
	if againstJava() {
		t.Skip("Java's own server has another set of keys for this")
	}
	dir := t.TempDir()
	serverKey, p12 := stores(t, dir, "PKCS12", "CN=server")
	clientKey, clientTrust := stores(t, dir, "JKS", "CN=shell")
	s := beginSecure(t, []string{"ssl.keyStore.location=" + serverKey, "ssl.clientAuth=want",
		"ssl.keyStore.password=" + storePassword, "ssl.trustStore.location=" + clientTrust,
		"ssl.trustStore.password=" + storePassword})
	jks := filepath.Join(dir, "trust.jks")
	pem := filepath.Join(dir, "pkcs12.pem")
	keytool(t, "-importcert", "-noprompt", "-alias", "ca", "-file", pem,
		"-storetype", "JKS", "-keystore", jks)
	address := s.Servers[0].SecureAddress()
	for _, store := range []string{p12, jks, pem} {
		got := s.oneCommand(address, trusting(store), "ls", "/")
		if !strings.Contains(got.out, "[zookeeper]\n") || got.exit != 0 {
			t.Errorf("with %s: %+v", filepath.Base(store), got)
		}
	}
	known := trusting(p12) + " -Dzookeeper.ssl.keyStore.location=" + clientKey +
		" -Dzookeeper.ssl.keyStore.password=" + storePassword
	got := s.oneCommand(address, known, "whoami")
	if !strings.Contains(got.out, "x509: CN=shell\n") {
		t.Errorf("with a certificate: %+v", got)
	}
	own := exec.CommandContext(s.ctx, binary, "whoami", "--server", address, "--ca", pem, "--cert",
		clientKey, "-Dssl.keyStore.password="+storePassword)
	out, err := own.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "x509: CN=shell\n") {
		t.Errorf("a command by itself: %v, %s", err, out)
	}
	s.refuseTLS(address, trusting(clientTrust), "unknown authority")
	s.checkNames(address, trusting(p12))
}

// refuseTLS wants no session, and the reason.
func (s *story) refuseTLS(address, settings, why string) {
	s.Helper()
	got := s.oneCommand(address, settings, "ls", "/")
	if !strings.Contains(got.err, why) || got.exit != 1 ||
		!strings.Contains(got.err, "KeeperErrorCode = ConnectionLoss for /\n") {
		s.Errorf("want %s: %+v", why, got)
	}
}

// checkNames asks for the server by a name that its certificate does not have.
func (s *story) checkNames(address, settings string) {
	s.Helper()
	_, port, _ := strings.Cut(address, ":")
	another := "127.0.0.2:" + port
	s.refuseTLS(another, settings, "not 127.0.0.2")
	unchecked := settings + " -Dzookeeper.ssl.hostnameVerification=false"
	if got := s.oneCommand(another, unchecked, "ls", "/"); got.exit != 0 {
		s.Errorf("another name, unchecked: %+v", got)
	}
}
