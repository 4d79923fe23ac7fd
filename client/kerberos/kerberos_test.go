package kerberos

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"zoo/client"
	"zoo/internal/check/api"
)

var writeAPI = flag.Bool("api", false, "write api/client-kerberos.txt as the code is now")

func TestTheAPIIsWrittenDown(t *testing.T) { api.Check(t, *writeAPI) }

func TestALoginNeedsAPrincipalAndItsKeys(t *testing.T) {
	for _, name := range []string{"", "ann", "ann@", "@REALM", "ann/@REALM", "a@b@c"} {
		if _, err := Login(Config{Principal: name}); !errors.Is(err, client.ErrOptions) {
			t.Errorf("%q: %v", name, err)
		}
	}
	none := filepath.Join(t.TempDir(), "none")
	_, err := Login(Config{Principal: "ann@REALM", KeyTab: none})
	if !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// script is an initiator that is done with its second token.
type script struct{ steps int }

func (s *script) Step([]byte) ([]byte, bool, error) {
	s.steps++
	return []byte{byte(s.steps)}, s.steps == 2, nil
}

// The last token of GSSAPI is sent, and the exchange is done with the answer to it.
func TestTheLastTokenIsSent(t *testing.T) {
	e := &exchange{Initiator: &script{}}
	for i, want := range []bool{false, false, true} {
		token, done, err := e.Step(nil)
		if done != want || err != nil || (len(token) == 0) != want {
			t.Fatalf("step %d: %x %v %v", i, token, done, err)
		}
	}
}
