package acl

import (
	"crypto/sha1"
	"encoding/base64"
	"strings"

	"zoo"
)

// digestScheme knows a client by a name and a password. An identity is
//
//	user ":" base64(SHA-1("user:password"))
var digestScheme = scheme{
	name:         schemeDigest,
	proved:       true,
	valid:        validDigest,
	matches:      func(have, want string) bool { return have == want },
	authenticate: authenticateDigest,
	mask:         func(id string) string { return digestUser(id) + ":x" },
	user:         digestUser,
}

// DigestID is the identity of "user:password" under the digest scheme.
func DigestID(credentials string) zoo.ID {
	sum := sha1.Sum([]byte(credentials))
	hash := base64.StdEncoding.EncodeToString(sum[:])
	return zoo.ID{Scheme: schemeDigest, ID: digestUser(credentials) + ":" + hash}
}

// authenticateDigest never refuses: a wrong password is merely another identity.
func authenticateDigest(r Rules, auth []byte, _ string) ([]zoo.ID, zoo.Code) {
	id := DigestID(string(auth))
	if r.SuperDigest != "" && id.ID == r.SuperDigest {
		return []zoo.ID{{Scheme: schemeSuper}, id}, zoo.CodeOK
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
