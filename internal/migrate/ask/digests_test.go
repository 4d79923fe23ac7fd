package ask

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// admin answers hash.
func admin(t *testing.T, answer string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(answer))
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// Digests are compared where two servers have one of the same zxid and version, whether
// they are written with a sign or without. Who does not answer is left out.
func TestDigestsOfTheSameZxidAreCompared(t *testing.T) {
	c := &comparer{targets: []Target{
		{ID: 1, Digests: admin(t, `{"digests":[{"zxid":128,"digest":-1,"digest_version":2},`+
			`{"zxid":256,"digest":7,"digest_version":2},`+
			`{"zxid":384,"digest":1,"digest_version":2}]}`)},
		{ID: 2, Digests: admin(t, `{"digests":[{"zxid":128,"digest":18446744073709551615,`+
			`"digest_version":2},{"zxid":256,"digest":8,"digest_version":2}]}`)},
		{ID: 3, Digests: admin(t, `{"digests":[{"zxid":384,"digest":2,"digest_version":3}]}`)},
		{ID: 4, Digests: admin(t, `<html>`)},
		{ID: 5, Digests: "http://127.0.0.1:1/"},
		{ID: 6},
	}}
	c.digests(t.Context())
	if c.found.Digests != 1 || c.found.DigestsDiffer != 1 {
		t.Errorf("%d are equal and %d differ", c.found.Digests, c.found.DigestsDiffer)
	}
}
