package digestmd5

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"zoo/internal/net/sasl"
)

// Service is what both ends must name alike: Java's ZooKeeper fixes it.
type Service struct{ Protocol, Realm string }

// The services. The zero Service stands for Clients.
var (
	// Clients is what servers are for their clients.
	Clients = Service{Protocol: "zookeeper", Realm: "zk-sasl-md5"}
	// Servers is what servers are for each other.
	Servers = Service{Protocol: "zookeeper-quorum", Realm: "zk-quorum-sasl-md5"}
)

func (s Service) orClients() Service {
	if s == (Service{}) {
		return Clients
	}
	return s
}

// uri is how a response names the service.
func (s Service) uri() string { return s.Protocol + "/" + s.Realm }

const (
	nonceBytes = 30
	// responseBytesMax bounds a digest-response (RFC 2831, 2.1.2).
	responseBytesMax = 4096
	// nonceCount is the only one there is: nothing is authenticated a second time.
	nonceCount = "00000001"
)

// Mechanism knows the users. It is immutable.
type Mechanism struct {
	// Service is for whom; zero is Clients.
	Service Service
	// Passwords are the users' by their names.
	Passwords map[string]string
	// AuthorizationID makes one of the name of an authenticated user; nil is the
	// name itself.
	AuthorizationID func(user string) (string, error)
	// Random is where nonces come from; it must be unpredictable.
	Random io.Reader
}

// Begin starts the authentication of one client.
func (m *Mechanism) Begin() sasl.Exchange { return &exchange{mechanism: m} }

// state is how far an exchange is.
type state uint8

const (
	stateFresh state = iota
	stateChallenged
	stateOver
)

// exchange is one client's authentication.
type exchange struct {
	mechanism *Mechanism
	state     state
	nonce     string
	// authorizationID is set once the client is authenticated.
	authorizationID string
}

// AuthorizationID is who the client is.
func (e *exchange) AuthorizationID() string { return e.authorizationID }

// Respond ignores a first token, as Java does.
func (e *exchange) Respond(token []byte) (challenge []byte, done bool, err error) {
	switch e.state {
	case stateFresh:
		e.state = stateOver
		if err := e.drawNonce(); err != nil {
			return nil, false, err
		}
		e.state = stateChallenged
		return e.challenge(), false, nil
	case stateChallenged:
		e.state = stateOver
		answer, err := e.judge(token)
		return answer, err == nil, err
	}
	return nil, false, refused("the exchange is over already")
}

func (e *exchange) drawNonce() error {
	var b [nonceBytes]byte
	if _, err := io.ReadFull(e.mechanism.Random, b[:]); err != nil {
		return fmt.Errorf("%w: no randomness for a nonce: %w", sasl.ErrRefused, err)
	}
	e.nonce = base64.StdEncoding.EncodeToString(b[:])
	return nil
}

// challenge names no qop, which means auth alone.
func (e *exchange) challenge() []byte {
	return []byte(`realm="` + e.mechanism.Service.orClients().Realm + `",nonce="` + e.nonce +
		`",charset=utf-8,algorithm=md5-sess`)
}

// judge checks the client's response and gives the proof that the server knows the
// password as well.
func (e *exchange) judge(token []byte) ([]byte, error) {
	if len(token) > responseBytesMax {
		return nil, refused("the response has more than %d bytes", responseBytesMax)
	}
	r, err := parseResponse(token)
	if err != nil {
		return nil, err
	}
	if err := e.checkFrame(r); err != nil {
		return nil, err
	}
	user := r.user()
	password, known := e.mechanism.Passwords[user]
	// The proof is computed for unknown users too: time should not tell who exists.
	key := r.sessionKey(user, password)
	want, got := r.proof(key, "AUTHENTICATE"), []byte(r.get("response"))
	right := subtle.ConstantTimeCompare(want, got) == 1
	switch {
	case !known:
		return nil, refused("user %.64q has no password here", user)
	case !right:
		return nil, refused("the password of user %.64q is wrong", user)
	}
	if e.authorizationID, err = e.mechanism.nameOf(user); err != nil {
		return nil, refused("user %.64q cannot be named: %w", user, err)
	}
	return append([]byte("rspauth="), r.proof(key, "")...), nil
}

func (m *Mechanism) nameOf(user string) (string, error) {
	if m.AuthorizationID == nil {
		return user, nil
	}
	return m.AuthorizationID(user)
}

// checkFrame checks all of a response but who sent it.
func (e *exchange) checkFrame(r response) error {
	service := e.mechanism.Service.orClients()
	for _, c := range []struct {
		name, want string
	}{
		{"realm", service.Realm}, {"nonce", e.nonce}, {"nc", nonceCount},
		{"qop", "auth"}, {"charset", charsetUTF8},
	} {
		got, given := r.given(c.name)
		if optional := c.name == "qop" || c.name == "charset"; !given && optional {
			continue
		}
		if got != c.want {
			return refused("the response has %s %.64q, not %q", c.name, got, c.want)
		}
	}
	if !strings.EqualFold(r.get("digest-uri"), service.uri()) {
		return refused("the response is for %.64q, not for %s; see the client's server name",
			r.get("digest-uri"), service.uri())
	}
	for _, name := range []string{"username", "cnonce", "response"} {
		if r.get(name) == "" {
			return refused("the response has no %s", name)
		}
	}
	return nil
}

// refused is the error of an exchange that ends. What the client sent is shown with
// %.64q: the error goes into the log.
func refused(format string, args ...any) error {
	return fmt.Errorf("%w: DIGEST-MD5: "+format, append([]any{sasl.ErrRefused}, args...)...)
}
