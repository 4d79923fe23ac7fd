package digestmd5

import (
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"strings"

	"zoo/internal/net/sasl"
)

// maxbufDefault is RFC 2831's for a receiver's buffer; Java's client names it.
const maxbufDefault = "65536"

// Client is the client's side of one authentication. Steps are taken by one goroutine.
type Client struct {
	// Service is whom we visit; zero is Clients.
	Service Service
	// User and Password are who we are; the authorization id is the user.
	User, Password string
	// Random is where the nonce comes from; it must be unpredictable.
	Random io.Reader

	state state
	// sent is our response, and key what proves it.
	sent response
	key  []byte
}

// Step takes the server's challenge, nil at first, and gives the token to answer
// with. Done says that the server has proved that it knows the password, too. Errors
// wrap sasl.ErrRefused and hold no secret.
func (c *Client) Step(challenge []byte) (token []byte, done bool, err error) {
	if len(challenge) > responseBytesMax {
		c.state = stateOver
		return nil, false, refused("the server's challenge has more than %d bytes",
			responseBytesMax)
	}
	switch c.state {
	case stateFresh:
		// The server speaks first, but not before it hears something.
		c.state = stateChallenged
		return []byte{}, false, nil
	case stateChallenged:
		c.state = stateOver
		if c.sent != nil {
			err = c.checkServer(challenge)
			return nil, err == nil, err
		}
		if token, err = c.answer(challenge); err == nil {
			c.state = stateChallenged
		}
		return token, false, err
	}
	return nil, false, refused("the exchange is over already")
}

// answer makes the digest-response.
func (c *Client) answer(challenge []byte) ([]byte, error) {
	offer, err := parseResponse(challenge)
	if err != nil {
		return nil, fmt.Errorf("the server's challenge: %w", err)
	}
	if err := checkOffer(offer); err != nil {
		return nil, err
	}
	nonce := make([]byte, nonceBytes)
	if _, err := io.ReadFull(c.Random, nonce); err != nil {
		return nil, fmt.Errorf("%w: no randomness for a nonce: %w", sasl.ErrRefused, err)
	}
	c.sent = response{"username": c.User, "realm": offer.get("realm"),
		"nonce": offer.get("nonce"), "nc": nonceCount, "charset": charsetUTF8,
		"cnonce":     base64.StdEncoding.EncodeToString(nonce),
		"digest-uri": c.Service.orClients().uri(), "authzid": c.User}
	c.key = c.sent.sessionKey(c.User, c.Password)
	return c.write(), nil
}

// checkOffer refuses what this client does not speak.
func checkOffer(offer response) error {
	switch {
	case offer.get("nonce") == "":
		return refused("the server's challenge has no nonce")
	case offer.get("algorithm") != "md5-sess":
		return refused("the server wants the algorithm %q, not md5-sess", offer.get("algorithm"))
	case offer.get("charset") != charsetUTF8:
		return refused("the server does not offer the charset %s", charsetUTF8)
	}
	if qop, given := offer.given("qop"); given && !offers(qop, "auth") {
		return refused("the server offers the protections %q, and not auth", qop)
	}
	return nil
}

// offers tells whether a list with commas has a word.
func offers(list, word string) bool {
	for item := range strings.SplitSeq(list, ",") {
		if strings.TrimSpace(item) == word {
			return true
		}
	}
	return false
}

// write gives the response its form, in the order of Java's client.
func (c *Client) write() []byte {
	quoted := func(name string) string {
		return name + `="` + escape.Replace(c.sent.get(name)) + `"`
	}
	return []byte(strings.Join([]string{"charset=" + charsetUTF8, quoted("username"),
		quoted("realm"), quoted("nonce"), "nc=" + nonceCount, quoted("cnonce"),
		quoted("digest-uri"), "maxbuf=" + maxbufDefault,
		"response=" + string(c.sent.proof(c.key, "AUTHENTICATE")), "qop=auth",
		quoted("authzid")}, ","))
}

// escape makes a quoted-string of a text.
var escape = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// checkServer checks that the server knows the password as well.
func (c *Client) checkServer(final []byte) error {
	r, err := parseResponse(final)
	if err != nil {
		return fmt.Errorf("the server's proof: %w", err)
	}
	if subtle.ConstantTimeCompare(c.sent.proof(c.key, ""), []byte(r.get("rspauth"))) != 1 {
		return refused("the server does not know the password of user %q", c.User)
	}
	return nil
}
