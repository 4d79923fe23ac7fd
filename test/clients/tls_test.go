package clients

import (
	"context"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/go-zookeeper/zk"

	"zoo/test/ensemble"
)

// javaTLSJars are what Java's client needs for TLS. Netty's codecs are not in the
// manifest of Debian's jar, and without them its SslHandler cannot be loaded.
var javaTLSJars = []string{"/usr/share/java/zookeeper.jar", "/usr/share/java/netty-codec.jar",
	"/usr/share/java/netty-resolver.jar", "/usr/share/java/netty-transport-native-unix-common.jar",
	"/usr/share/java/slf4j-log4j12.jar", "/usr/share/java/log4j-1.2.jar"}

const storePassword = "changeit"

// keytool makes the stores: each side believes the certificate of the other one.
func keytool(t *testing.T, args ...string) {
	t.Helper()
	args = append(args, "-storepass", storePassword, "-J-XX:TieredStopAtLevel=1")
	if out, err := exec.Command("keytool", args...).CombinedOutput(); err != nil {
		t.Fatalf("keytool %s: %v\n%s", args[0], err, out)
	}
}

// stores are a key store with a new certificate, and a trust store with it.
func stores(t *testing.T, dir, kind, dname string) (key, trust string) {
	t.Helper()
	suffix := map[string]string{"JKS": ".jks", "PKCS12": ".p12"}[kind]
	name := filepath.Join(dir, strings.ToLower(kind))
	key, trust = name+"-key"+suffix, name+"-trust"+suffix
	keytool(t, "-genkeypair", "-keyalg", "EC", "-alias", "me", "-dname", dname,
		"-ext", "san=ip:127.0.0.1,dns:localhost", "-storetype", kind, "-keystore", key)
	keytool(t, "-exportcert", "-rfc", "-alias", "me", "-keystore", key, "-file", name+".pem")
	keytool(t, "-importcert", "-noprompt", "-alias", "ca", "-file", name+".pem",
		"-storetype", kind, "-keystore", trust)
	return key, trust
}

// secureJava starts Java's client under TLS. It is started without its script, which
// has no way to add to the class path.
func (s *story) secureJava(server *ensemble.Server, key, trust string) *talk {
	s.Helper()
	settings := []string{"-Xmx64m", "-XX:TieredStopAtLevel=1",
		"-Dzookeeper.client.secure=true",
		"-Dzookeeper.clientCnxnSocket=org.apache.zookeeper.ClientCnxnSocketNetty",
		"-Dzookeeper.ssl.keyStore.location=" + key,
		"-Dzookeeper.ssl.keyStore.password=" + storePassword,
		"-Dzookeeper.ssl.trustStore.location=" + trust,
		"-Dzookeeper.ssl.trustStore.password=" + storePassword,
		"-cp", strings.Join(javaTLSJars, ":"), "org.apache.zookeeper.ZooKeeperMain",
		"-server", server.SecureAddress()}
	c := s.talk(exec.Command("java", settings...))
	c.hear("state:SyncConnected")
	return c
}

// The plot: Java's client, with a JKS store, makes a znode for its certificate's name
// on a server with PKCS12 stores. Whoever comes in plain text may not read it.
func TestJavaClientUnderTLSIsKnownByItsCertificate(t *testing.T) {
	needJava(t)
	_, err := exec.LookPath("keytool")
	leaveOut(t, "keytool", err)
	if againstJava() {
		t.Skip("Java's own server has another set of keys for this")
	}
	dir := t.TempDir()
	serverKey, serverTrust := stores(t, dir, "PKCS12", "CN=server")
	clientKey, clientTrust := stores(t, dir, "JKS", "CN=java client, O=Example")
	s := beginSecure(t, []string{"ssl.keyStore.location=" + serverKey,
		"ssl.keyStore.password=" + storePassword, "ssl.trustStore.location=" + clientTrust,
		"ssl.trustStore.password=" + storePassword})
	c := s.secureJava(s.Servers[0], clientKey, serverTrust)
	c.say("create /mine secret auth::cdrwa", "Created /mine\n")
	// The shell shows a comma within an identity as %2C.
	c.say("getAcl /mine", `'x509,'CN=java client%2CO=Example\n: cdrwa\n`)
	c.say("set /mine changed", "")
	c.say("get -w /mine", "changed\n")
	c.say("create /hers x x509:CN=another:r", "Created /hers\n")
	c.say("get /hers", "(?i)(insufficient permission|NoAuth)")
	stranger := s.dial(sessionTimeout, s.Servers[0])
	_, _, err = stranger.Get("/mine")
	s.wantError("read without a certificate", err, zk.ErrNoAuth)
	c.leave()
}

// beginSecure starts one server with a port for TLS.
func beginSecure(t *testing.T, lines []string) *story {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), storyLimit)
	t.Cleanup(cancel)
	e, err := ensemble.New(ensemble.Options{Dir: t.TempDir(), Voters: 1, Program: program,
		TickTime: tick, Secure: true, Lines: lines})
	if err != nil {
		t.Fatal(err)
	}
	s := &story{T: t, Ensemble: e, ctx: ctx}
	t.Cleanup(s.end)
	s.must(e.Start(ctx))
	return s
}
