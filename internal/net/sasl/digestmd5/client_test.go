package digestmd5

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"zoo/internal/net/sasl"
)

// Given the nonces of a recording, the client says what Java's said, to the byte.
func TestTheClientSaysWhatJavasSays(t *testing.T) {
	cnonce := "u1UjepGHEGQC9n9/JXI8cC0qfPZUM21C5Rsj1VEs"
	random, err := base64.StdEncoding.DecodeString(cnonce)
	if err != nil {
		t.Fatal(err)
	}
	c := &Client{User: "bob", Password: "bobsecret", Random: bytes.NewReader(random)}
	if token, done, err := c.Step(nil); len(token) != 0 || token == nil || done || err != nil {
		t.Fatalf("first %q, %v, %v", token, done, err)
	}
	token, done, err := c.Step([]byte(`realm="zk-sasl-md5",nonce="` + nonce +
		`",charset=utf-8,algorithm=md5-sess`))
	if string(token) != recorded || done || err != nil {
		t.Fatalf("%q, %v, %v\nwant %q", token, done, err, recorded)
	}
}

// exchangeWith lets a client meet our own server and returns what each came to.
func exchangeWith(c *Client, passwords map[string]string) (name string, client, server error) {
	e := (&Mechanism{Passwords: passwords, Random: rand.Reader}).Begin()
	token, done, err := c.Step(nil)
	for !done && err == nil {
		var challenge []byte
		if challenge, _, server = e.Respond(token); server != nil {
			return "", nil, server
		}
		token, done, err = c.Step(challenge)
	}
	return e.AuthorizationID(), err, nil
}

func TestTheClientConvincesTheServerAndOnlyTheRightOne(t *testing.T) {
	passwords := map[string]string{"bob": "b o;b", "jürgen": "grüße", "Łukasz": "hasło",
		`q"u\o`: `p,w="d\`}
	for user, password := range passwords {
		name, client, server := exchangeWith(&Client{User: user, Password: password,
			Random: rand.Reader}, passwords)
		if name != user || client != nil || server != nil {
			t.Errorf("%s became %q: %v, %v", user, name, client, server)
		}
		_, _, server = exchangeWith(&Client{User: user, Password: "wrong",
			Random: rand.Reader}, passwords)
		if !errors.Is(server, sasl.ErrRefused) {
			t.Errorf("%s came in with a wrong password: %v", user, server)
		}
	}
}

// The plot: servers that want what the client does not speak, or do not know the
// password, are left, with the reason.
func TestTheClientLeavesServersItCannotTrust(t *testing.T) {
	good := `realm="r",nonce="n",charset=utf-8,algorithm=md5-sess`
	for _, c := range []struct{ challenge, proof, why string }{
		{`realm="r",charset=utf-8,algorithm=md5-sess`, "", "no nonce"},
		{`nonce="n",charset=utf-8,algorithm=md5`, "", "md5-sess"},
		{`nonce="n",algorithm=md5-sess`, "", "charset"},
		{good + `,qop="auth-int,auth-conf"`, "", "not auth"},
		{"garbage", "", "no list"},
		{good + ",x=" + strings.Repeat("y", responseBytesMax), "", "bytes"},
		{good, "rspauth=" + strings.Repeat("0", 32), "does not know the password"},
		{good, "", "does not know the password"},
	} {
		client := &Client{User: "bob", Password: "bobsecret", Random: rand.Reader}
		_, _, err := client.Step(nil)
		if err == nil {
			_, _, err = client.Step([]byte(c.challenge))
		}
		if err == nil {
			_, _, err = client.Step([]byte(c.proof))
		}
		if !errors.Is(err, sasl.ErrRefused) || !strings.Contains(err.Error(), c.why) ||
			strings.Contains(err.Error(), "bobsecret") {
			t.Errorf("%.60s, %s: %v", c.challenge, c.proof, err)
		}
		if _, done, err := client.Step([]byte(good)); done || err == nil {
			t.Errorf("%.60s: the exchange went on", c.challenge)
		}
	}
}

func FuzzChallenge(f *testing.F) {
	for _, seed := range []string{`realm="zk-sasl-md5",nonce="n",charset=utf-8,algorithm=md5-sess`,
		"", `nonce="`, `nonce="a\"b",algorithm=md5-sess,charset=utf-8,qop="auth,x"`} {
		f.Add([]byte(seed), []byte("rspauth=0"))
	}
	f.Fuzz(func(t *testing.T, challenge, proof []byte) {
		c := &Client{User: `b"ob`, Password: "secret", Random: rand.Reader}
		_, _, _ = c.Step(nil)
		token, _, err := c.Step(challenge)
		if err != nil {
			return
		}
		if _, err := parseResponse(token); err != nil {
			t.Fatalf("%q is no response: %v", token, err)
		}
		if _, done, err := c.Step(proof); done && err == nil {
			t.Fatalf("believed %q", proof)
		}
	})
}

// The plot: a server proves itself to another one. What clients' passwords are for is
// another service, so that neither's token is worth anything at the other's.
func TestServersAreAServiceOfTheirOwn(t *testing.T) {
	for _, visited := range []Service{{}, Clients, Servers} {
		for _, meant := range []Service{{}, Clients, Servers} {
			e := (&Mechanism{Service: visited, Random: rand.Reader,
				Passwords: map[string]string{"bob": "secret"}}).Begin()
			c := &Client{Service: meant, User: "bob", Password: "secret", Random: rand.Reader}
			challenge, _, _ := e.Respond(nil)
			_, _, _ = c.Step(nil)
			token, _, err := c.Step(challenge)
			if err != nil {
				t.Fatal(err)
			}
			_, done, _ := e.Respond(token)
			if want := visited.orClients() == meant.orClients(); done != want {
				t.Errorf("%v at %v: %v", meant, visited, done)
			}
		}
	}
}
