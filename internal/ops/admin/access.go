package admin

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"zoo/internal/ops/exposition"
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
	secrets []secret
	// subjects are those of certificates, as ACLs have them.
	subjects map[string]opens
	// tokens and users tell which kinds of secrets there are.
	tokens, users bool
}

// secret is the digest of a key, and what it opens.
type secret struct {
	digest [sha256.Size]byte
	opens  opens
}

// opens is how much a key opens. Nothing has to be proved for /livez and /readyz.
type opens uint8

const (
	opensNothing opens = iota
	opensMetrics
	opensAll
)

// The kinds of keys, by the scheme of HTTP that they come with.
const (
	schemeToken = "bearer"
	schemeUser  = "basic"
)

// schemeX509 is ZooKeeper's word for who is known by a certificate.
const schemeX509 = "x509"

// digestOf is that of a key. All have one length, so that comparing them takes one time.
func digestOf(scheme, secret string) [sha256.Size]byte {
	return sha256.Sum256([]byte(scheme + " " + secret))
}

// keyring is the keys in use: those of the file as it was when it was last looked at.
type keyring struct {
	current atomic.Pointer[keys] // nil for none

	mu   sync.Mutex
	seen [sha256.Size]byte // of the file at the last look, also of one that cannot be used
	next time.Time         // when it may be looked at again
}

// keysPause lies between two looks at the file of keys.
const keysPause = time.Second

// look reads the file if it has changed since the last look; news tells whether it has. Keys
// that cannot be used leave what was there.
func (k *keyring) look(name string, now time.Time) (news bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if now.Before(k.next) {
		return false, nil
	}
	k.next = now.Add(keysPause)
	text, err := readKeys(name)
	seen := sha256.Sum256(fmt.Append(text, err))
	if seen == k.seen {
		return false, nil
	}
	k.seen = seen
	var found *keys
	if err == nil {
		if found, err = parseKeys(string(text)); err != nil {
			err = fmt.Errorf("%s: %w", name, err)
		}
	}
	if err == nil {
		k.current.Store(found)
	}
	return true, err
}

// readKeys reads a file of keys.
func readKeys(name string) ([]byte, error) {
	info, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.Size() > keysBytesMax {
		return nil, fmt.Errorf("%s: longer than %d bytes", name, keysBytesMax)
	}
	return os.ReadFile(name)
}

// parseKeys reads lines of "token SECRET", "basic USER:PASSWORD" and "certificate SUBJECT",
// beside empty ones and comments that begin with #. The word metrics in front of a key has it
// open /metrics alone.
func parseKeys(text string) (*keys, error) {
	k := &keys{subjects: make(map[string]opens)}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		much := opensAll
		if rest, found := strings.CutPrefix(line, "metrics "); found {
			line, much = strings.TrimSpace(rest), opensMetrics
		}
		if err := k.add(line, much); err != nil {
			return nil, fmt.Errorf("line %d: %w", i+1, err)
		}
	}
	if len(k.secrets) == 0 && len(k.subjects) == 0 {
		return nil, errors.New("it has no key")
	}
	return k, nil
}

func (k *keys) add(line string, much opens) error {
	kind, text, _ := strings.Cut(line, " ")
	text = strings.TrimSpace(text)
	switch kind {
	case "token":
		if len(text) < tokenBytesMin || strings.ContainsAny(text, " \t") {
			return fmt.Errorf("want a token of %d bytes or more, without blanks", tokenBytesMin)
		}
		k.tokens = true
		k.secrets = append(k.secrets, secret{digestOf(schemeToken, text), much})
	case "basic":
		user, password, colon := strings.Cut(text, ":")
		if !colon || user == "" || len(password) < passwordBytesMin {
			return fmt.Errorf("want user:password, with %d bytes or more of password",
				passwordBytesMin)
		}
		k.users = true
		k.secrets = append(k.secrets, secret{digestOf(schemeUser, text), much})
	case "certificate":
		if !isSubject(text) {
			return errors.New("want a subject as ACLs have it, such as CN=ann,O=Example: the " +
				"most special part first, no blanks behind the commas")
		}
		k.subjects[text] = max(much, k.subjects[text])
	default:
		return errors.New("want token SECRET, basic USER:PASSWORD or certificate SUBJECT")
	}
	return nil
}

// isSubject tells whether a text may be a name in the form of ACLs. Others, such as those
// with blanks that openssl prints unless it is told -nameopt RFC2253, would open nothing.
func isSubject(text string) bool {
	return strings.Contains(text, "=") && !strings.Contains(text, ", ") &&
		!strings.Contains(text, " = ") && text[0] != '/'
}

// takesCertificates tells whether a certificate may open anything.
func (k *keys) takesCertificates() bool { return k != nil && len(k.subjects) > 0 }

// opens tells what the text of a header Authorization opens. How long that takes does not
// depend on which key it is, or on how much of it is right.
func (k *keys) opens(header string) opens {
	if k == nil {
		return opensNothing
	}
	scheme, text, _ := strings.Cut(header, " ")
	scheme, text = strings.ToLower(scheme), strings.TrimSpace(text)
	if scheme == schemeUser {
		plain, err := base64.StdEncoding.Strict().DecodeString(text)
		if err != nil {
			return opensNothing
		}
		text = string(plain)
	}
	shown, found := digestOf(scheme, text), int(opensNothing)
	for i := range k.secrets {
		same := subtle.ConstantTimeCompare(shown[:], k.secrets[i].digest[:])
		found = subtle.ConstantTimeSelect(same, int(k.secrets[i].opens), found)
	}
	return opens(found)
}

// certificate is what a client has shown, and was found good; nil for none.
func certificate(r *http.Request) *x509.Certificate {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		return nil
	}
	return r.TLS.PeerCertificates[0]
}

// opens tells what a client's keys open: that of the header, or its certificate.
func (s *Server) opens(r *http.Request) opens {
	k := s.keys.current.Load()
	much := k.opens(r.Header.Get("Authorization"))
	if shown := certificate(r); shown != nil && k.takesCertificates() {
		if name, err := s.data.Subject(shown.RawSubject); err == nil {
			much = max(much, k.subjects[name])
		}
	}
	return much
}

// subject is what a client is told and the log tells of its certificate.
func (s *Server) subject(r *http.Request) string {
	shown := certificate(r)
	if shown == nil {
		return ""
	}
	name, err := s.data.Subject(shown.RawSubject)
	if err != nil {
		return shown.Subject.String()
	}
	return name
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
		if _, err := s.keys.look(s.cfg.KeysFile, time.Now()); err != nil {
			s.log.Error("no keys for the admin server: it answers /livez and /readyz only",
				"error", err, "advice", "mend admin.keysFile")
		}
	}
	switch {
	case s.local || s.cfg.MetricsOnly || s.keys.current.Load() != nil:
	case s.cfg.TLS != nil && s.cfg.TLS.Certs.ClientAuth == "need":
	case s.cfg.Open:
		s.log.Warn("the admin server answers whoever reaches it, as admin.open says")
	case s.cfg.KeysFile == "":
		s.log.Warn("the admin server is reached from other machines and has no keys: it "+
			"answers /livez and /readyz only", "address", s.listener.Addr().String(),
			"advice", "set admin.keysFile, or admin.serverAddress=127.0.0.1")
	}
}

// renewKeys follows changes of the file: whoever is refused for a new key tries again.
func (s *Server) renewKeys() {
	if s.cfg.KeysFile == "" {
		return
	}
	news, err := s.keys.look(s.cfg.KeysFile, time.Now())
	switch {
	case !news:
	case err != nil:
		s.log.Error("the keys of the admin server have changed and cannot be used; the old "+
			"ones stay", "error", err)
	default:
		s.log.Info("the keys of the admin server have changed and are in use")
		if s.certs != nil && !s.certs.AsksClients() && s.keys.current.Load().takesCertificates() {
			s.log.Warn("the keys name certificates now, and nobody is asked for one",
				"advice", "restart the server")
		}
	}
}

// What those are told who do not get in.
const (
	textNoKeys = "this server is reached from other machines and has no keys for operators; " +
		"only /livez and /readyz are answered (admin.keysFile, admin.open)"
	textBadKeys = "the keys of this server could not be read; only /livez and /readyz are " +
		"answered (its log tells why)"
	textNoKey = "a key is missing; send the header Authorization: Bearer TOKEN, or user and " +
		"password as Basic, or show a certificate, whichever the server has keys for"
	textWrongKey    = "the key in the header Authorization is none of this server's"
	textWrongName   = "the certificate is good, and its subject is none of this server's keys: "
	textMetricsOnly = "this key opens /metrics only"
	textOtherSite   = "a page of another site may not do this"
)

// enters tells whether a client may have more than whether the server is well: 0, or the
// status with which it is refused, and why.
func (s *Server) enters(r *http.Request) (status int, text string) {
	if s.foreign(r) {
		return http.StatusForbidden, textOtherSite
	}
	switch much := s.opens(r); {
	case s.cfg.Open, much == opensAll, much == opensMetrics && r.URL.Path == exposition.Path:
		return 0, ""
	case much == opensMetrics:
		return http.StatusForbidden, textMetricsOnly
	case s.keys.current.Load() != nil:
		return s.unopened(r)
	case s.cfg.KeysFile != "":
		return http.StatusForbidden, textBadKeys
	case s.local, s.vouched(r):
		return 0, ""
	}
	return http.StatusForbidden, textNoKeys
}

// foreign tells whether a page of another site has a browser ask. The browser adds a password
// or a certificate that it has, and on this machine none may be wanted: the page sees no
// answer, but a picture of it could begin the figures anew, or have a snapshot written. Only
// a link that somebody follows is well; other programs do not say where they come from.
func (s *Server) foreign(r *http.Request) bool {
	if s.crossing.Check(r) != nil {
		return true
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "cross-site", "same-site": // the same host with another port is the latter
		return r.Header.Get("Sec-Fetch-Mode") != "navigate" ||
			r.Header.Get("Sec-Fetch-Dest") != "document"
	}
	return false
}

// unopened is the refusal of who shows none of the keys. There is no scheme by which HTTP
// would ask for a certificate.
func (s *Server) unopened(r *http.Request) (status int, text string) {
	status = http.StatusForbidden
	if k := s.keys.current.Load(); k.tokens || k.users {
		status = http.StatusUnauthorized
	}
	switch name := s.subject(r); {
	case r.Header.Get("Authorization") != "":
		return status, textWrongKey
	case name != "":
		return status, textWrongName + name
	}
	return status, textNoKey
}

// vouched tells whether a client has a certificate where each must have one
// (admin.needClientAuth): without keys that is what lets in, as in Java.
func (s *Server) vouched(r *http.Request) bool {
	return s.cfg.TLS != nil && s.cfg.TLS.Certs.ClientAuth == "need" && certificate(r) != nil
}

// headerScript is set by pages that ask: the console has a form for the key, and the browser
// would show its own before it if it were challenged to send a password.
const headerScript = "X-Requested-With"

// shut refuses a client that may not enter, and tells whether it did.
func (s *Server) shut(w http.ResponseWriter, r *http.Request) bool {
	s.renewKeys()
	status, text := s.enters(r)
	if status == 0 {
		return false
	}
	if s.refusals.take(time.Now()) {
		s.log.Warn("operator refused", "path", r.URL.Path, "client", r.RemoteAddr,
			"status", status, "subject", s.subject(r))
	}
	if status == http.StatusUnauthorized {
		k := s.keys.current.Load()
		if r.Header.Get(headerScript) != "" {
			k = &keys{tokens: true}
		}
		k.challenge(w.Header())
	}
	if name, below := strings.CutPrefix(r.URL.Path, s.cfg.URL+"/"); below && name != "" {
		failed(status, text).send(w, name)
		return true
	}
	http.Error(w, text, status)
	return true
}
