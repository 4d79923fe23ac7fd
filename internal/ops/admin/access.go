package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

// The fewest bytes of a secret: one that can be guessed is none.
const (
	tokenBytesMin    = 16
	passwordBytesMin = 8
)

// keysBytesMax bounds the file of keys.
const keysBytesMax = 1 << 20

// keys are what proves that a client is an operator. Only digests are kept, so that the
// secrets are in nobody's dump. Immutable.
type keys struct {
	digests [][sha256.Size]byte
	// tokens and users tell which kinds there are.
	tokens, users bool
}

// The kinds of keys, by the scheme of HTTP that they come with.
const (
	schemeToken = "bearer"
	schemeUser  = "basic"
)

// digestOf is that of a key. All have one length, so that comparing them takes one time.
func digestOf(scheme, secret string) [sha256.Size]byte {
	return sha256.Sum256([]byte(scheme + " " + secret))
}

// readKeys reads a file of keys. An error names the line and never what is in it.
func readKeys(name string) (*keys, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > keysBytesMax {
		return nil, fmt.Errorf("%s: longer than %d bytes", name, keysBytesMax)
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	k, err := parseKeys(string(text))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return k, nil
}

// parseKeys reads lines of "token SECRET" and "basic USER:PASSWORD", beside empty ones and
// comments that begin with #.
func parseKeys(text string) (*keys, error) {
	k := &keys{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if err := k.add(line); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	if len(k.digests) == 0 {
		return nil, errors.New("it has no key")
	}
	return k, nil
}

func (k *keys) add(line string) error {
	kind, secret, _ := strings.Cut(line, " ")
	secret = strings.TrimSpace(secret)
	switch kind {
	case "token":
		if len(secret) < tokenBytesMin || strings.ContainsAny(secret, " \t") {
			return fmt.Errorf("want a token of %d bytes or more, without blanks", tokenBytesMin)
		}
		k.tokens = true
		k.digests = append(k.digests, digestOf(schemeToken, secret))
	case "basic":
		user, password, colon := strings.Cut(secret, ":")
		if !colon || user == "" || len(password) < passwordBytesMin {
			return fmt.Errorf("want user:password, with %d bytes or more of password",
				passwordBytesMin)
		}
		k.users = true
		k.digests = append(k.digests, digestOf(schemeUser, secret))
	default:
		return errors.New("want token SECRET or basic USER:PASSWORD")
	}
	return nil
}

// open tells whether the text of a header Authorization is one of the keys. How long that
// takes does not depend on which one, or on how much of it is right.
func (k *keys) open(header string) bool {
	if k == nil {
		return false
	}
	scheme, secret, _ := strings.Cut(header, " ")
	scheme, secret = strings.ToLower(scheme), strings.TrimSpace(secret)
	if scheme == schemeUser {
		plain, err := base64.StdEncoding.Strict().DecodeString(secret)
		if err != nil {
			return false
		}
		secret = string(plain)
	}
	shown, found := digestOf(scheme, secret), 0
	for i := range k.digests {
		found |= subtle.ConstantTimeCompare(shown[:], k.digests[i][:])
	}
	return found == 1
}

// challenge names the schemes that are of use.
func (k *keys) challenge(header http.Header) {
	if k.users {
		header.Add("WWW-Authenticate", `Basic realm="zoo", charset="UTF-8"`)
	}
	if k.tokens {
		header.Add("WWW-Authenticate", `Bearer realm="zoo"`)
	}
}

// fetchKeys reads the keys and tells who gets in. Keys that cannot be read open nothing.
func (s *Server) fetchKeys() {
	if s.cfg.KeysFile != "" {
		found, err := readKeys(s.cfg.KeysFile)
		if err != nil {
			s.log.Error("no keys for the admin server: it answers /livez and /readyz only",
				"error", err, "advice", "mend admin.keysFile and start anew")
		}
		s.keys = found
	}
	switch {
	case s.local || s.cfg.MetricsOnly || s.keys != nil:
	case s.cfg.Open:
		s.log.Warn("the admin server answers whoever reaches it, as admin.open says")
	case s.cfg.KeysFile == "":
		s.log.Warn("the admin server is reached from other machines and has no keys: it "+
			"answers /livez and /readyz only", "address", s.listener.Addr().String(),
			"advice", "set admin.keysFile, or admin.serverAddress=127.0.0.1")
	}
}

// What those are told who do not get in.
const (
	textNoKeys = "this server is reached from other machines and has no keys for operators; " +
		"only /livez and /readyz are answered (admin.keysFile, admin.open)"
	textBadKeys = "the keys of this server could not be read; only /livez and /readyz are " +
		"answered (its log tells why)"
	textNoKey = "a key is missing; send the header Authorization: Bearer TOKEN, or user and " +
		"password as Basic"
	textWrongKey  = "the key in the header Authorization is none of this server's"
	textOtherSite = "a page of another site may not do this"
)

// enters tells whether a client may have more than whether the server is well: 0, or the
// status with which it is refused, and why.
func (s *Server) enters(r *http.Request) (status int, text string) {
	// A browser adds a password that it knows to what another site's page asks.
	if s.crossing.Check(r) != nil {
		return http.StatusForbidden, textOtherSite
	}
	switch header := r.Header.Get("Authorization"); {
	case s.cfg.Open || s.keys.open(header):
		return 0, ""
	case s.keys != nil && header == "":
		return http.StatusUnauthorized, textNoKey
	case s.keys != nil:
		return http.StatusUnauthorized, textWrongKey
	case s.cfg.KeysFile != "":
		return http.StatusForbidden, textBadKeys
	case s.local:
		return 0, ""
	}
	return http.StatusForbidden, textNoKeys
}

// shut refuses a client that may not enter, and tells whether it did.
func (s *Server) shut(w http.ResponseWriter, r *http.Request) bool {
	status, text := s.enters(r)
	if status == 0 {
		return false
	}
	if s.refusals.take(time.Now()) {
		s.log.Warn("operator refused", "path", r.URL.Path, "client", r.RemoteAddr,
			"status", status)
	}
	if status == http.StatusUnauthorized {
		s.keys.challenge(w.Header())
	}
	if name, below := strings.CutPrefix(r.URL.Path, s.cfg.URL+"/"); below && name != "" {
		failed(status, text).send(w, name)
		return true
	}
	http.Error(w, text, status)
	return true
}
