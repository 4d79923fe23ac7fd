package browser

import (
	"encoding/base64"
	"net/http"
	"strings"

	"zoo/client"
)

// HeaderAuth tells who the caller is to ACLs: the scheme digest, a blank, and user:password
// in base64, so that names need not be ASCII. Authorization may be needed for a key.
const HeaderAuth = "Znode-Authorization"

const schemeDigest = "digest"

// identify reads who the caller is to ACLs: what HeaderAuth says, or else Authorization if
// that is addauth's digest, as the commands take it. The zero value is nobody.
func identify(h http.Header) (client.Auth, error) {
	scheme, text, _ := strings.Cut(h.Get(HeaderAuth), " ")
	if scheme == "" {
		scheme, text, _ = strings.Cut(h.Get("Authorization"), " ")
		if scheme != schemeDigest {
			return client.Auth{}, nil
		}
		return client.Auth{Scheme: scheme, Data: []byte(text)}, nil
	}
	plain, err := base64.StdEncoding.DecodeString(text)
	if scheme != schemeDigest || err != nil || !strings.Contains(string(plain), ":") {
		return client.Auth{}, badRequest(HeaderAuth + ": want digest, and user:password in base64")
	}
	return client.Auth{Scheme: scheme, Data: plain}, nil
}
