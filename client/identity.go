package client

import (
	"crypto/rand"
	"crypto/sha1"
	"encoding/base64"

	"zoo"
	"zoo/internal/net/sasl/digestmd5"
)

// DigestAuth is the identity of the scheme digest: a user with a password, which goes
// to the server as it is. Use TLS, or DigestMD5, which does not send it.
func DigestAuth(user, password string) Auth {
	return Auth{Scheme: "digest", Data: []byte(user + ":" + password)}
}

// DigestID names a user of the scheme digest in an ACL, where the password stands as a
// hash (SHA-1, as servers have it unless DigestAuthenticationProvider.digestAlg says
// otherwise).
func DigestID(user, password string) zoo.ID {
	sum := sha1.Sum([]byte(user + ":" + password))
	return zoo.ID{Scheme: "digest", ID: user + ":" + base64.StdEncoding.EncodeToString(sum[:])}
}

// DigestMD5 authenticates a user by SASL's mechanism DIGEST-MD5 (RFC 2831), for
// Options.SASL. The server has to prove that it knows the password as well.
func DigestMD5(user, password string) func(server string) (SASL, error) {
	return func(string) (SASL, error) {
		return &digestmd5.Client{User: user, Password: password, Random: rand.Reader}, nil
	}
}
