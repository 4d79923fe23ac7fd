package digestmd5

import (
	"crypto/md5"
	"encoding/hex"
	"strings"
)

const charsetUTF8 = "utf-8"

// directivesMax bounds the directives of one response; RFC 2831 knows a dozen.
const directivesMax = 32

// response is the directives of one token, as they came.
type response map[string]string

func (r response) get(name string) string { return r[name] }

func (r response) given(name string) (string, bool) {
	value, ok := r[name]
	return value, ok
}

// parseResponse reads
//
//	directive *( "," directive )      directive = name "=" ( token | quoted-string )
//
// with blanks around the commas, and none of them twice.
func parseResponse(token []byte) (response, error) {
	r := make(response)
	rest := string(token)
	for {
		rest = strings.TrimLeft(rest, " \t\r\n,")
		if rest == "" {
			return r, nil
		}
		name, after, found := strings.Cut(rest, "=")
		name = strings.ToLower(strings.TrimSpace(name))
		if !found || name == "" || strings.ContainsAny(name, "\", \t") {
			return nil, refused("the token is no list of name=value")
		}
		value, left, ok := cutValue(strings.TrimLeft(after, " \t"))
		if !ok {
			return nil, refused("the token does not end the value of %.64q", name)
		}
		if _, twice := r[name]; twice || len(r) == directivesMax {
			return nil, refused("the token has %.64q twice, or too many directives", name)
		}
		r[name], rest = value, left
	}
}

// cutValue cuts a token or a quoted string off.
func cutValue(text string) (value, rest string, ok bool) {
	if !strings.HasPrefix(text, `"`) {
		end := strings.IndexAny(text, ", \t\r\n")
		if end < 0 {
			end = len(text)
		}
		return text[:end], text[end:], end > 0 && startsNext(text[end:])
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '"':
			return b.String(), text[i+1:], startsNext(text[i+1:])
		case '\\':
			if i++; i == len(text) {
				return "", "", false
			}
		}
		b.WriteByte(text[i])
	}
	return "", "", false
}

// startsNext tells whether a value may end where this is left.
func startsNext(rest string) bool {
	rest = strings.TrimLeft(rest, " \t\r\n")
	return rest == "" || rest[0] == ','
}

// user is the name in UTF-8, whatever the client's charset.
func (r response) user() string {
	name := r.get("username")
	if _, utf8 := r.given("charset"); utf8 {
		return name
	}
	runes := make([]rune, len(name))
	for i := range len(name) {
		runes[i] = rune(name[i])
	}
	return string(runes)
}

// sessionKey is HEX(H(A1)) of RFC 2831, 2.1.2.1, with the algorithm md5-sess.
func (r response) sessionKey(user, password string) []byte {
	secret := md5.Sum(colons(latin1(user), latin1(r.get("realm")), latin1(password)))
	a1 := colons(string(secret[:]), r.get("nonce"), r.get("cnonce"))
	if authzid, given := r.given("authzid"); given {
		a1 = append(append(a1, ':'), authzid...)
	}
	return hash(a1)
}

// proof is the response-value for a method; the server's own has none.
func (r response) proof(key []byte, method string) []byte {
	a2 := hash(colons(method, r.get("digest-uri")))
	return hash(colons(string(key), r.get("nonce"), r.get("nc"), r.get("cnonce"), "auth",
		string(a2)))
}

// hash is the MD5 in hexadecimal digits.
func hash(b []byte) []byte {
	sum := md5.Sum(b)
	return hex.AppendEncode(nil, sum[:])
}

func colons(parts ...string) []byte { return []byte(strings.Join(parts, ":")) }

// latin1 is a text in ISO 8859-1 if it can be written so, and in UTF-8 otherwise:
// so RFC 2831 wants names and passwords hashed.
func latin1(text string) string {
	b := make([]byte, 0, len(text))
	for _, r := range text {
		if r > 0xff {
			return text
		}
		b = append(b, byte(r))
	}
	return string(b)
}
