package server

import (
	"bytes"
	"crypto/md5"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"zoo"
	"zoo/internal/config"
	"zoo/internal/core/acl"
	"zoo/internal/disk/vfs"
	"zoo/internal/jute"
	"zoo/internal/net/sasl/digestmd5"
	"zoo/internal/wire"
)

// diary is a log that can be read while it is written.
type diary struct {
	mu   sync.Mutex
	text strings.Builder
}

func (d *diary) Write(p []byte) (int, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.Write(p)
}

func (d *diary) String() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.text.String()
}

// gatekept is a server with every scheme, whose log is kept.
func gatekept(t *testing.T, change func(cfg *Config)) (*running, *diary) {
	disk, d := vfs.NewMem(), &diary{}
	cfg := standaloneConfig(disk)
	cfg.Rules.Providers = acl.ProvidersDefault | acl.ProviderSASL | acl.ProviderEnsemble
	cfg.Rules.EnsembleNames = []string{"east"}
	cfg.Rules.SASLSuperUsers = []string{"root"}
	cfg.Access.SASL = &digestmd5.Mechanism{
		Passwords: map[string]string{"bob": "b", "eve": "e", "root": "r"}, Random: rand.Reader,
	}
	change(&cfg)
	return startLogging(t, disk, cfg, slog.New(slog.NewTextHandler(d, nil))), d
}

func unchanged(*Config) {}

// saslToken is a token of the SASL exchange, and what answers it.
func (c *client) saslToken(xid int32, token []byte, code zoo.Code) []byte {
	c.t.Helper()
	reply := c.call(xid, wire.OpSASL, &wire.GetSASLRequest{Token: token}, code)
	answer := reply.body.Buffer()
	if reply.body.Err() != nil || reply.Zxid != 0 {
		c.t.Fatalf("answer of zxid %v: %v", reply.Zxid, reply.body.Err())
	}
	return answer
}

// saslAs authenticates as Java's client does.
func (c *client) saslAs(user, password string, code zoo.Code) {
	c.t.Helper()
	challenge := c.saslToken(1, []byte{}, zoo.CodeOK)
	_, rest, _ := strings.Cut(string(challenge), `nonce="`)
	nonce, _, _ := strings.Cut(rest, `"`)
	answer := c.saslToken(2, []byte(digestResponse(user, password, nonce)), code)
	if (answer != nil) != (code == zoo.CodeOK) {
		c.t.Fatalf("%v with %q", code, answer)
	}
}

func digestResponse(user, password, nonce string) string {
	sum := func(text string) string {
		s := md5.Sum([]byte(text))
		return hex.EncodeToString(s[:])
	}
	secret := md5.Sum([]byte(user + ":zk-sasl-md5:" + password))
	uri := "zookeeper/zk-sasl-md5"
	proof := sum(sum(string(secret[:])+":"+nonce+":cn") + ":" + nonce + ":00000001:cn:auth:" +
		sum("AUTHENTICATE:"+uri))
	return `username="` + user + `",realm="zk-sasl-md5",nonce="` + nonce +
		`",nc=00000001,cnonce="cn",digest-uri="` + uri + `",response=` + proof + `,qop=auth`
}

func (c *client) authAs(scheme, auth string, code zoo.Code) {
	c.t.Helper()
	c.call(wire.XidAuth, wire.OpAuth, &wire.AuthPacket{Scheme: scheme, Auth: []byte(auth)}, code)
}

// perms are the permissions, each with a request that needs just this one.
var perms = map[zoo.Perms]func(path string, list []zoo.ACL) (wire.Op, jute.Record){
	zoo.PermRead: func(path string, _ []zoo.ACL) (wire.Op, jute.Record) {
		return wire.OpGetData, &wire.GetDataRequest{Path: path}
	},
	zoo.PermWrite: func(path string, _ []zoo.ACL) (wire.Op, jute.Record) {
		return wire.OpSetData, &wire.SetDataRequest{Path: path, Version: -1}
	},
	zoo.PermCreate: func(path string, _ []zoo.ACL) (wire.Op, jute.Record) {
		return wire.OpCreate, create(path+"/new", "")
	},
	zoo.PermDelete: func(path string, _ []zoo.ACL) (wire.Op, jute.Record) {
		return wire.OpDelete, &wire.DeleteRequest{Path: path + "/old", Version: -1}
	},
	zoo.PermAdmin: func(path string, list []zoo.ACL) (wire.Op, jute.Record) {
		return wire.OpSetACL, &wire.SetACLRequest{Path: path, ACL: list, Version: -1}
	},
}

// Bob has one permission, or all but one; eve is somebody else, and nobody has not
// shown who he is.
func TestEveryPermissionIsNeededUnderEveryScheme(t *testing.T) {
	r, _ := gatekept(t, unchanged)
	super := r.connect()
	super.authAs("digest", "super:secret", zoo.CodeOK)

	bob, eve, nobody := r.connect(), r.connect(), r.connect()
	bob.authAs("digest", "bob:b", zoo.CodeOK)
	eve.authAs("digest", "bob:guessed", zoo.CodeOK)
	needsEvery(super, acl.DigestID("bob:b"), bob, eve, nobody)

	bob, eve, nobody = r.connect(), r.connect(), r.connect()
	bob.saslAs("bob", "b", zoo.CodeOK)
	eve.saslAs("eve", "e", zoo.CodeOK)
	needsEvery(super, acl.SASLID("bob"), bob, eve, nobody)
}

func TestEveryPermissionIsNeededUnderAnAddress(t *testing.T) {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	cfg.ClientListen = []string{"[::1]:0", "127.0.0.1:0"}
	r := start(t, disk, cfg)
	super, bob := r.connect(), r.connect()
	super.authAs("digest", "super:secret", zoo.CodeOK)
	addresses, _ := r.Addresses(t.Context())
	r.address = addresses[1].String()
	eve := r.connect()
	needsEvery(super, acl.IPID("::/64"), bob, eve)
	needsEvery(super, acl.IPID("127.0.0.0/8"), eve, bob)
}

func TestEveryPermissionIsNeededUnderACertificate(t *testing.T) {
	g := startSecure(t, asIs)
	super := g.connect()
	super.authAs("digest", "super:secret", zoo.CodeOK)
	bob, eve := g.secure(g.secured, "bob"), g.secure(g.secured, "eve")
	for _, c := range []*client{bob, eve} {
		c.handshake(newSession())
	}
	needsEvery(super, zoo.ID{Scheme: "x509", ID: "CN=bob,O=Example"}, bob, eve, g.connect())
}

// needsEvery tries every permission on znodes that only one identity may use.
func needsEvery(super *client, id zoo.ID, holder *client, strangers ...*client) {
	super.t.Helper()
	for perm, needs := range perms {
		for granted, code := range map[zoo.Perms]zoo.Code{
			zoo.PermAll &^ perm: zoo.CodeNoAuth, perm: zoo.CodeOK,
		} {
			path := "/" + id.Scheme + "-" + strings.ReplaceAll(id.ID, "/", "-") + "-" +
				perm.String() + "-" + granted.String()
			list := []zoo.ACL{{Perms: granted, ID: id}}
			super.create(path, "")
			super.create(path+"/old", "")
			super.call(3, wire.OpSetACL,
				&wire.SetACLRequest{Path: path, ACL: list, Version: -1}, zoo.CodeOK)
			op, record := needs(path, list)
			for _, stranger := range strangers {
				stranger.call(4, op, record, zoo.CodeNoAuth)
			}
			holder.call(5, op, record, code)
		}
	}
}

// The answers were taken from Java's server of 3.8: a refusal, or no answer at all.
func TestWhoIsRefusedIsToldAndSentAwayAndTheLogSaysWhy(t *testing.T) {
	r, log := gatekept(t, unchanged)
	refusals := 0
	for _, c := range []struct {
		scheme string
		why    refusal
	}{{"none", refusedScheme}, {"sasl", refusedProof}, {"x509", refusedScheme}} {
		stranger := r.connect()
		stranger.authAs(c.scheme, "x", zoo.CodeAuthFailed)
		stranger.ended()
		refusals++
		r.refused(c.why)
		if !strings.Contains(log.String(), `reason="`+c.why.text) {
			t.Errorf("the log does not say %s:\n%s", c.why.text, log)
		}
	}
	for title, body := range map[string]jute.Record{
		"another ensemble": &wire.AuthPacket{Scheme: "ensemble", Auth: []byte("west")},
		"half a packet":    &wire.GetSASLRequest{},
	} {
		stranger := r.connect()
		stranger.pipeline(request(wire.XidAuth, wire.OpAuth, body))
		if rest, _ := io.ReadAll(stranger.nc); len(rest) > 0 {
			t.Errorf("%s is answered: %x", title, rest)
		}
	}
	if !strings.Contains(log.String(), "scheme=none") ||
		!strings.Contains(log.String(), "another ensemble") {
		t.Errorf("the log does not tell of the scheme and the ensemble:\n%s", log)
	}
	if n := r.meters.auth.failed.Count(); n != uint64(refusals)+1 {
		t.Errorf("%d refusals were counted", n)
	}
	friend := r.connect()
	friend.authAs("ensemble", "east", zoo.CodeOK)
	friend.authAs("ip", "", zoo.CodeOK)
	friend.create("/a", "")
}

func TestSASLGivesTheIdentityThatWasProved(t *testing.T) {
	r, log := gatekept(t, unchanged)
	root := r.connect()
	root.saslAs("root", "r", zoo.CodeOK)
	bobs := create("/bobs", "")
	bobs.ACL = []zoo.ACL{{Perms: zoo.PermAll, ID: acl.SASLID("bob")}}
	root.call(3, wire.OpCreate, bobs, zoo.CodeOK)
	root.call(4, wire.OpGetData, &wire.GetDataRequest{Path: "/bobs"}, zoo.CodeOK)

	liar := r.connect()
	liar.saslAs("bob", "wrong", zoo.CodeAuthFailed)
	liar.ended()
	if !strings.Contains(log.String(), `password of user \"bob\" is wrong`) {
		t.Errorf("the log does not say why:\n%s", log)
	}
	replayer := r.connect()
	replayer.saslAs("bob", "b", zoo.CodeOK)
	replayer.saslToken(5, []byte("once more"), zoo.CodeAuthFailed)
	replayer.ended()
	for title, token := range map[string][]byte{"null": nil, "huge": make([]byte, 1<<17)} {
		c := r.connect()
		c.pipeline(request(1, wire.OpSASL, &wire.GetSASLRequest{Token: token}))
		if rest, _ := io.ReadAll(c.nc); len(rest) > 0 {
			t.Errorf("%s is answered: %x", title, rest)
		}
	}
}

func TestWithoutALoginSASLAnswersNothingAndGivesNothing(t *testing.T) {
	r, _ := gatekept(t, func(cfg *Config) { cfg.Access.SASL = nil })
	c := r.connect()
	if answer := c.saslToken(1, []byte{}, zoo.CodeOK); answer != nil {
		t.Fatalf("%q", answer)
	}
	auth := create("/a", "")
	auth.ACL = []zoo.ACL{{Perms: zoo.PermAll, ID: zoo.ID{Scheme: "auth"}}}
	c.call(2, wire.OpCreate, auth, zoo.CodeInvalidACL)
}

func TestClientsWhoseSASLFailedMayStayWhereTheyAreAllowed(t *testing.T) {
	r, _ := gatekept(t, func(cfg *Config) { cfg.Access.SASLFailedAllowed = true })
	c := r.connect()
	c.saslToken(1, []byte{}, zoo.CodeOK)
	for range 2 {
		if answer := c.saslToken(2, []byte("garbage"), zoo.CodeOK); answer != nil {
			t.Fatalf("%q", answer)
		}
	}
	c.create("/a", "")
}

func TestNothingIsAnsweredBeforeAnEnforcedSchemeIsProved(t *testing.T) {
	r, log := gatekept(t, func(cfg *Config) {
		cfg.Access.Enforced = []string{"digest", "sasl"}
		cfg.Access.SASLFailedAllowed = true
	})
	for op, record := range map[wire.Op]jute.Record{
		wire.OpPing: nil, wire.OpCloseSession: nil, wire.OpWhoAmI: nil, 4711: nil,
		wire.OpCreate: create("/a", ""), wire.OpGetData: &wire.GetDataRequest{Path: "/"},
		wire.OpSync: &wire.SyncRequest{Path: "/"},
	} {
		c := r.connect()
		c.authAs("ip", "", zoo.CodeOK)
		m := c.call(7, op, record, zoo.CodeSessionClosedRequireSaslAuth)
		if m.Zxid != 0 || m.body.Len() != 0 {
			t.Errorf("%v: zxid %v and %d bytes", op, m.Zxid, m.body.Len())
		}
		c.ended()
	}
	if !strings.Contains(log.String(), "scheme=digest,sasl") {
		t.Errorf("the log does not say why:\n%s", log)
	}
	byDigest, bySASL, liar := r.connect(), r.connect(), r.connect()
	byDigest.authAs("digest", "bob:b", zoo.CodeOK)
	byDigest.create("/a", "")
	bySASL.saslAs("bob", "b", zoo.CodeOK)
	bySASL.create("/b", "")
	liar.saslAs("bob", "wrong", zoo.CodeSessionClosedRequireSaslAuth)
	liar.ended()
}

// loaded is what a configuration with these properties becomes.
func loaded(t *testing.T, jaas string, properties ...string) (Config, error) {
	t.Helper()
	dir := t.TempDir()
	file := filepath.Join(dir, "zoo.cfg")
	login := filepath.Join(dir, "jaas.conf")
	for name, text := range map[string]string{file: "dataDir=" + dir + "\n", login: jaas} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if jaas != "" {
		properties = append(properties, "java.security.auth.login.config="+login)
	}
	c, _, err := config.Load(config.Source{Args: []string{file}, Properties: properties})
	if err != nil {
		return Config{}, err
	}
	return FromConfig(c)
}

const (
	providerSASL = "zookeeper.authProvider.1=" +
		"org.apache.zookeeper.server.auth.SASLAuthenticationProvider"
	login = "Server { org.apache.zookeeper.server.auth.DigestLoginModule required\n" +
		"user_super=\"hush\" user_bob=\"b\"; };"
)

func TestTheConfigurationOfJavaIsUnderstood(t *testing.T) {
	own, err := loaded(t, login, providerSASL, "zookeeper.sessionRequireClientSASLAuth=true",
		"zookeeper.superUser=root", "zookeeper.superUser.2=admin",
		"zookeeper.ensembleAuthName=a, b",
		"zookeeper.SASLAuthenticationProvider.superPassword=louder",
		"zookeeper.DigestAuthenticationProvider.digestAlg=SHA-256",
		"zookeeper.authProvider.2=com.example.Own")
	if err != nil {
		t.Fatal(err)
	}
	m, ok := own.Access.SASL.(*digestmd5.Mechanism)
	if !ok || m.Passwords["super"] != "louder" || m.Passwords["bob"] != "b" {
		t.Errorf("mechanism %T", own.Access.SASL)
	}
	if !own.Access.requiresSASL() || len(own.Rules.SASLSuperUsers) != 2 ||
		len(own.Rules.EnsembleNames) != 2 || own.Rules.DigestAlgorithm.String() != "SHA-256" {
		t.Errorf("rules %+v", own.Rules)
	}
	warnings := strings.Join(own.Access.Warnings, "\n")
	if len(own.Access.Warnings) != 1 || !strings.Contains(warnings, "com.example.Own") {
		t.Errorf("warnings %q", warnings)
	}
}

func TestAConfigurationThatLetsNobodyInOrAnybodyFailsTheStart(t *testing.T) {
	for title, c := range map[string]struct {
		jaas       string
		properties []string
		want       string
	}{
		"sasl without provider": {"", []string{"sessionRequireClientSASLAuth=true"},
			"authProvider"},
		"unknown scheme": {"", []string{"enforce.auth.enabled=true",
			"enforce.auth.schemes=digest,nope"}, `"nope"`},
		"no scheme": {"", []string{"enforce.auth.enabled=true"}, "enforce.auth.schemes"},
		"unknown algorithm": {"", []string{"DigestAuthenticationProvider.digestAlg=ROT13"},
			"ROT13"},
		"no module":   {"Server { com.example.Login required; };", nil, "DigestLoginModule"},
		"no user":     {"Server { a.DigestLoginModule required; };", nil, "user_<name>"},
		"broken file": {"Server {\n user_bob=\"hush\"", nil, "jaas.conf:2"},
	} {
		_, err := loaded(t, c.jaas, c.properties...)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v", title, err)
		} else if strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: the error tells a secret: %v", title, err)
		}
	}
	own, err := loaded(t, "Client { };", providerSASL, "sessionRequireClientSASLAuth=true")
	if err != nil || own.Access.SASL != nil || len(own.Access.Warnings) != 1 {
		t.Errorf("without a section: %v, %v", own.Access.Warnings, err)
	}
}

// The plot: a client says who it is again and again. Who it was already costs nothing;
// one identity too many costs it the connection.
func TestAClientHasOnlySoManyIdentities(t *testing.T) {
	r, _ := gatekept(t, unchanged)
	c := r.connect()
	for i := range idsPerConnMax - 1 { // one is its address
		c.authAs("digest", fmt.Sprintf("user%d:x", i), zoo.CodeOK)
	}
	c.authAs("digest", "user0:x", zoo.CodeOK)
	c.authAs("digest", "one:more", zoo.CodeAuthFailed)
	c.ended()
	r.refused(refusedIDs)
}

// The plot: a client of a follower has few names, but long ones. Those that it may have
// travel with its write; one more is refused, and nobody else notices.
func TestTheIdentitiesOfAClientFitIntoItsWrites(t *testing.T) {
	e := newEnsemble(t, 3, 0)
	for id := range e.ports {
		e.start(id)
	}
	for id := range e.ports {
		bystander, c := e.session(id), e.session(id)
		const names = 4
		for i := range names {
			name := fmt.Sprint(i, strings.Repeat("u", idBytesPerConnMax/names-100), ":x")
			c.authAs("digest", name, zoo.CodeOK)
		}
		c.call(1, wire.OpSetData, &wire.SetDataRequest{Path: "/", Version: -1}, zoo.CodeOK)
		c.authAs("digest", strings.Repeat("u", 1000)+":x", zoo.CodeAuthFailed)
		c.ended()
		e.servers[id].refused(refusedIDs)
		bystander.call(1, wire.OpSetData, &wire.SetDataRequest{Path: "/", Version: -1}, zoo.CodeOK)
	}
}

func TestAClientPutsLittleIntoTheLog(t *testing.T) {
	if got := shortened(string(bytes.Repeat([]byte("x"), 1000))); len(got) != schemeShownMax {
		t.Fatalf("a scheme of %d bytes is logged", len(got))
	}
}
