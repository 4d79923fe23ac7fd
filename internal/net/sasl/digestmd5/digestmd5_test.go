package digestmd5

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"zoo/internal/check/alloc"
	"zoo/internal/net/sasl"
)

// nonce is what the recorded clients were challenged with.
const nonce = "vZyr6iaimkRkgqGHrubxuvTnxuj1xkvg4e1eHndh"

// recorded is what Java's client of 3.8 sent for bob, in a line for each directive.
const recorded = `charset=utf-8,username="bob",realm="zk-sasl-md5",` +
	`nonce="vZyr6iaimkRkgqGHrubxuvTnxuj1xkvg4e1eHndh",nc=00000001,` +
	`cnonce="u1UjepGHEGQC9n9/JXI8cC0qfPZUM21C5Rsj1VEs",digest-uri="zookeeper/zk-sasl-md5",` +
	`maxbuf=65536,response=d914d155e45341110a74d8d6b08c43f1,qop=auth,authzid="bob"`

// recordedAs is the same of another user.
func recordedAs(user, cnonce, proof string) string {
	return `charset=utf-8,username="` + user + `",realm="zk-sasl-md5",nonce="` + nonce +
		`",nc=00000001,cnonce="` + cnonce + `",digest-uri="zookeeper/zk-sasl-md5",` +
		`maxbuf=65536,response=` + proof + `,qop=auth,authzid="` + user + `"`
}

// challenged begins an exchange and draws the recorded nonce.
func challenged(t testing.TB) sasl.Exchange {
	random, err := base64.StdEncoding.DecodeString(nonce)
	if err != nil {
		t.Fatal(err)
	}
	e := (&Mechanism{
		Passwords: map[string]string{"bob": "bobsecret", "jürgen": "grüße",
			"Łukasz": "hasło", `q"uote`: "p,w=d"},
		Random: bytes.NewReader(random),
	}).Begin()
	challenge, done, err := e.Respond([]byte{})
	want := `realm="zk-sasl-md5",nonce="` + nonce + `",charset=utf-8,algorithm=md5-sess`
	if string(challenge) != want || done || err != nil {
		t.Fatalf("challenge %q, %v, %v", challenge, done, err)
	}
	return e
}

func TestWhatJavasClientSendsIsAccepted(t *testing.T) {
	for user, token := range map[string]string{
		"bob": recorded,
		"jürgen": recordedAs("jürgen", "+9kXi6bxZYoURxkHbyqrWu+9SDD8K8p0MfBXrHHC",
			"c4dfc9800e750d145673b3e4143fa391"),
		"Łukasz": recordedAs("Łukasz", "9h4hYzozg99Xe0XE62tx4MndnP9dwKVRQQKJ3nVx",
			"9dbe197ab85ee4ef41a8fb1d83e19687"),
		`q"uote`: recordedAs(`q\"uote`, "UE7EV8P8yOn8pwNod5cJo/PfwXWpkvILrxX59GZX",
			"c901412f6e87de33698f1096a542ad05"),
	} {
		e := challenged(t)
		answer, done, err := e.Respond([]byte(token))
		if !done || err != nil || !strings.HasPrefix(string(answer), "rspauth=") {
			t.Errorf("%s: %q, %v, %v", user, answer, done, err)
		}
		if e.AuthorizationID() != user {
			t.Errorf("%s became %q", user, e.AuthorizationID())
		}
		if _, _, err := e.Respond([]byte(token)); !errors.Is(err, sasl.ErrRefused) {
			t.Errorf("%s: the same response counts twice: %v", user, err)
		}
	}
}

// wrongs are changes that make a response wrong: what is replaced, and by what.
func wrongs() map[string][2]string {
	return map[string][2]string{
		"a wrong proof":            {"response=d9", "response=d8"},
		"no proof":                 {"response=d914d155e45341110a74d8d6b08c43f1,", ""},
		"another user":             {`username="bob"`, `username="jürgen"`},
		"an unknown user":          {`username="bob"`, `username="eve"`},
		"no user":                  {`username="bob",`, ""},
		"another realm":            {"zk-sasl-md5", "elsewhere"},
		"no realm":                 {`realm="zk-sasl-md5",`, ""},
		"another nonce":            {nonce[:8], "AAAAAAAA"},
		"a second use":             {"nc=00000001", "nc=00000002"},
		"no client nonce":          {`cnonce="u1UjepGHEGQC9n9/JXI8cC0qfPZUM21C5Rsj1VEs",`, ""},
		"another client nonce":     {"u1Ujep", "u1Ujeq"},
		"another service":          {"zookeeper/", "imap/"},
		"integrity":                {"qop=auth", "qop=auth-int"},
		"another charset":          {"charset=utf-8", "charset=latin"},
		"another authorization id": {`authzid="bob"`, `authzid="super"`},
		"no authorization id":      {`,authzid="bob"`, ""},
		"a directive twice":        {"qop=auth", "qop=auth,qop=auth"},
		"an open quote":            {`authzid="bob"`, `authzid="bob`},
		"no list":                  {recorded, "garbage"},
		"nothing":                  {recorded, ""},
		"much too much":            {"maxbuf=65536", "x=" + strings.Repeat("y", responseBytesMax)},
		"many directives":          {"maxbuf=65536", strings.Repeat("y", 1) + manyDirectives()},
	}
}

// Each change is to a response that would be accepted. The error tells an operator
// what it was, and never a password or a proof.
func TestEveryResponseThatIsNotRightIsRefused(t *testing.T) {
	for title, change := range wrongs() {
		e := challenged(t)
		token := strings.Replace(recorded, change[0], change[1], 1)
		answer, done, err := e.Respond([]byte(token))
		if done || answer != nil || !errors.Is(err, sasl.ErrRefused) || e.AuthorizationID() != "" {
			t.Errorf("%s: %q, %v, %v", title, answer, done, err)
			continue
		}
		for _, secret := range []string{"bobsecret", "grüße", "d914d155e45341110a74"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error holds %s: %v", title, secret, err)
			}
		}
		if _, _, again := e.Respond([]byte(recorded)); again == nil {
			t.Errorf("%s: a second try was allowed", title)
		}
	}
}

// The plot: each value of a good response is replaced by one that is as long as can be.
// The error goes into the log; it shows the beginning.
func TestAnErrorShowsLittleOfALongResponse(t *testing.T) {
	long := strings.Repeat("\x01", responseBytesMax-len(recorded))
	shown := 0
	for _, value := range regexp.MustCompile(`[^=,"]+`).FindAllString(recorded, -1) {
		_, _, err := challenged(t).Respond([]byte(strings.Replace(recorded, value, long, 1)))
		text := fmt.Sprint(err) // nothing depends on some directives
		if len(text) > 600 {
			t.Errorf("instead of %s: an error of %d bytes", value, len(text))
		}
		shown += strings.Count(text, `\x01`)
	}
	if shown == 0 {
		t.Error("no error shows anything")
	}
}

func manyDirectives() string {
	var b strings.Builder
	b.WriteString("=1")
	for i := range directivesMax {
		b.WriteString(",z" + strings.Repeat("z", i) + "=1")
	}
	return b.String()
}

func TestAServerWithoutRandomnessRefuses(t *testing.T) {
	e := (&Mechanism{Random: bytes.NewReader(nil)}).Begin()
	if challenge, _, err := e.Respond(nil); challenge != nil || !errors.Is(err, sasl.ErrRefused) {
		t.Fatalf("%q, %v", challenge, err)
	}
}

func TestTheAuthorizationIDFollowsTheRules(t *testing.T) {
	e := challenged(t)
	e.(*exchange).mechanism.AuthorizationID = func(user string) (string, error) {
		return user + "@HERE", nil
	}
	if _, done, err := e.Respond([]byte(recorded)); !done || e.AuthorizationID() != "bob@HERE" {
		t.Fatalf("%q, %v", e.AuthorizationID(), err)
	}
}

func FuzzResponse(f *testing.F) {
	for _, seed := range []string{recorded, "", "a=b", `a="b\"c", d=e`, `a="`, "=,=", `a="\`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, token []byte) {
		var done bool
		var err error
		alloc.Bounded(t, len(token), func() { _, done, err = challenged(t).Respond(token) })
		if done != (err == nil) {
			t.Fatalf("done %v with %v", done, err)
		}
		if done && !bytes.Contains(token, []byte("d914d155e45341110a74d8d6b08c43f1")) {
			t.Fatalf("authenticated without the proof: %q", token)
		}
	})
}
