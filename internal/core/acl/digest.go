package acl

import (
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha3"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"strings"

	"zoo"
	"zoo/internal/jute"
)

// digestScheme knows a client by a name and a password. An identity is
//
//	user ":" base64(hash("user:password"))
var digestScheme = scheme{
	name:         schemeDigest,
	provider:     ProviderDigest,
	proved:       true,
	valid:        validDigest,
	matches:      equal,
	authenticate: authenticateDigest,
	user:         digestUser,
}

// DigestAlgorithm is the hash of the digest scheme; the zero value is SHA-1. All
// servers of an ensemble must have the same, and stored ACLs were made with it.
type DigestAlgorithm uint8

// digestAlgorithms is the table of them, by the standard names that Java's
// MessageDigest takes. The first one is the default.
var digestAlgorithms = [...]struct {
	name string
	sum  func([]byte) []byte
}{
	{"SHA-1", func(b []byte) []byte { s := sha1.Sum(b); return s[:] }},
	{"MD5", func(b []byte) []byte { s := md5.Sum(b); return s[:] }},
	{"SHA-224", func(b []byte) []byte { s := sha256.Sum224(b); return s[:] }},
	{"SHA-256", func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }},
	{"SHA-384", func(b []byte) []byte { s := sha512.Sum384(b); return s[:] }},
	{"SHA-512", func(b []byte) []byte { s := sha512.Sum512(b); return s[:] }},
	{"SHA-512/224", func(b []byte) []byte { s := sha512.Sum512_224(b); return s[:] }},
	{"SHA-512/256", func(b []byte) []byte { s := sha512.Sum512_256(b); return s[:] }},
	{"SHA3-224", func(b []byte) []byte { s := sha3.Sum224(b); return s[:] }},
	{"SHA3-256", func(b []byte) []byte { s := sha3.Sum256(b); return s[:] }},
	{"SHA3-384", func(b []byte) []byte { s := sha3.Sum384(b); return s[:] }},
	{"SHA3-512", func(b []byte) []byte { s := sha3.Sum512(b); return s[:] }},
}

// ParseDigestAlgorithm finds an algorithm by Java's name for it, in any case and
// also without the dash behind SHA.
func ParseDigestAlgorithm(name string) (DigestAlgorithm, error) {
	wanted := strings.ToUpper(name)
	if wanted == "SHA" {
		wanted = digestAlgorithms[0].name
	}
	known := make([]string, len(digestAlgorithms))
	for i, a := range digestAlgorithms {
		if wanted == a.name || wanted == strings.Replace(a.name, "SHA-", "SHA", 1) {
			return DigestAlgorithm(i), nil
		}
		known[i] = a.name
	}
	return 0, fmt.Errorf("digest algorithm %q is not known, use one of %s",
		name, strings.Join(known, ", "))
}

// String is the algorithm's name.
func (a DigestAlgorithm) String() string { return digestAlgorithms[a].name }

// ID is the identity of "user:password". Bytes that are no UTF-8 count as the
// replacement character, as Java takes them.
func (a DigestAlgorithm) ID(credentials string) zoo.ID {
	credentials = jute.Text([]byte(credentials))
	hash := base64.StdEncoding.EncodeToString(digestAlgorithms[a].sum([]byte(credentials)))
	return zoo.ID{Scheme: schemeDigest, ID: digestUser(credentials) + ":" + hash}
}

// DigestID is the identity of "user:password" under the digest scheme's default.
func DigestID(credentials string) zoo.ID { return DigestAlgorithm(0).ID(credentials) }

// authenticateDigest refuses nothing but a null: a wrong password is merely another
// identity.
func authenticateDigest(r *Rules, auth []byte, _ string) ([]zoo.ID, zoo.Code) {
	if auth == nil {
		return nil, zoo.CodeAuthFailed
	}
	id := r.DigestAlgorithm.ID(string(auth))
	if r.SuperDigest != "" && id.ID == r.SuperDigest {
		return []zoo.ID{SuperID(), id}, zoo.CodeOK
	}
	return []zoo.ID{id}, zoo.CodeOK
}

// validDigest wants two parts. As in Java, whose split forgets empty parts at the
// end, trailing colons do not count.
func validDigest(id string) bool {
	return strings.Count(strings.TrimRight(id, ":"), ":") == 1
}

func digestUser(id string) string {
	user, _, _ := strings.Cut(id, ":")
	return user
}
