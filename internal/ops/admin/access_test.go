package admin

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zoo/internal/ops/command"
	"zoo/internal/ops/metrics"
)

func TestAFileOfKeysOpensForItsKeysOnly(t *testing.T) {
	k, err := parseKeys("# of the night shift\n\n token 0123456789abcdef \n" +
		"basic ann:correct horse\n")
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]bool{
		"Bearer 0123456789abcdef":        true,
		"bearer  0123456789abcdef":       true,
		"Bearer 0123456789abcdeg":        false,
		"Bearer 0123456789abcde":         false,
		"Bearer ann:correct horse":       false,
		"Bearer":                         false,
		"":                               false,
		"digest ann:correct horse":       false,
		"Basic YW5uOmNvcnJlY3QgaG9yc2U=": true,
		"Basic YW5uOmNvcnJlY3QgaG9yc2V=": false,
		"Basic 0123456789abcdef":         false,
		"Basic ann:correct horse":        false,
		"token 0123456789abcdef":         false,
		"0123456789abcdef":               false,
	} {
		if got := k.opens(header); (got == opensAll) != want {
			t.Errorf("%q: %v", header, got)
		}
	}
	if (*keys)(nil).opens("Bearer 0123456789abcdef") != opensNothing {
		t.Error("no keys open")
	}
}

func TestABadFileOfKeysIsRefusedWithoutTellingWhatIsInIt(t *testing.T) {
	for _, text := range []string{"", "# none\n", "token short-secret", "basic secretsecret",
		"basic :secretsecret", "basic ann:secret", "secretsecretsecretsecret",
		"token secretsecret secretsecret", "certificate", "certificate secretsecret",
		"certificate CN = secretsecret, O = Example", "certificate /O=Example/CN=secretsecret",
		"metrics", "metrics secretsecretsecret", "metrics metrics token secretsecretsecret"} {
		k, err := parseKeys("\n" + text)
		if err == nil || k != nil {
			t.Errorf("%q is taken", text)
			continue
		}
		if told := err.Error(); strings.Contains(told, "secretsecret") ||
			strings.Contains(told, "short") {
			t.Errorf("%q: the error tells it: %v", text, err)
		}
	}
}

// The plot: a port is reached from this machine or from others, it has keys, or some that
// could not be read, or it is open, and a client shows a key, another one, or none.
func TestOnlyThisMachineNeedsNoKeyUnlessASettingSaysSo(t *testing.T) {
	known, err := parseKeys("token 0123456789abcdef")
	if err != nil {
		t.Fatal(err)
	}
	const good, bad = "Bearer 0123456789abcdef", "digest super:secret"
	for _, c := range []struct {
		name            string
		local, open     bool
		file            string
		keys            *keys
		none, wrong, ok int
	}{
		{name: "local", local: true},
		{name: "local with keys", local: true, file: "f", keys: known, none: 401, wrong: 401},
		{name: "local with bad keys", local: true, file: "f", none: 403, wrong: 403, ok: 403},
		{name: "reached", none: 403, wrong: 403, ok: 403},
		{name: "reached with keys", file: "f", keys: known, none: 401, wrong: 401},
		{name: "reached with bad keys", file: "f", none: 403, wrong: 403, ok: 403},
		{name: "open", open: true},
		{name: "open with keys", open: true, file: "f", keys: known},
	} {
		s := bare(Config{KeysFile: c.file, Open: c.open}, slog.DiscardHandler)
		s.local = c.local
		s.keys.current.Store(c.keys)
		for header, want := range map[string]int{"": c.none, bad: c.wrong, good: c.ok} {
			r := &http.Request{Method: http.MethodGet, Header: http.Header{}}
			r.Header.Set("Authorization", header)
			if got, text := s.enters(r); got != want || (got != 0) != (text != "") {
				t.Errorf("%s, %q: %d %s", c.name, header, got, text)
			}
		}
	}
}

// The plot: a file of keys is replaced by a good one and by a bad one. The last good
// keys open, and each change is told of once; the file is looked at once in a second.
func TestTheLastGoodKeysOpen(t *testing.T) {
	const first, second = "token 0123456789abcdef\n", "token fedcba9876543210\n"
	name := filepath.Join(t.TempDir(), "keys")
	now := time.Unix(0, 0)
	var k keyring
	look := func(text string, news, good bool) {
		t.Helper()
		if text != "" {
			if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		if got, err := k.look(name, now); got != news || (err == nil) != good {
			t.Errorf("%q: news %v, %v", text, got, err)
		}
	}
	opened := func(secret string) bool {
		return k.current.Load().opens("Bearer "+secret) == opensAll
	}
	look(first, true, true)
	look(second, false, true) // too soon
	if !opened("0123456789abcdef") {
		t.Error("the first key does not open")
	}
	for _, step := range []struct {
		text       string
		news, good bool
	}{{second, true, true}, {"", false, true}, {"nonsense", true, false}, {"", false, true},
		{second, true, true}} {
		now = now.Add(keysPause)
		look(step.text, step.news, step.good)
		if !opened("fedcba9876543210") || opened("0123456789abcdef") {
			t.Errorf("after %q the wrong key opens", step.text)
		}
	}
}

// bare is a server of which only the access is of concern.
func bare(cfg Config, log slog.Handler) *Server {
	return New(cfg, Parts{Answers: &command.Answerer{}, Log: slog.New(log),
		Metrics: metrics.NewSet()})
}

// The plot: a server learns that it is reached from other machines. Its log says so unless
// there are keys.
func TestTheStartTellsThatAPortIsReachedWithoutKeys(t *testing.T) {
	for _, c := range []struct {
		open, local bool
		want        string
	}{{want: "has no keys"}, {open: true, want: "admin.open"}, {local: true}} {
		var said strings.Builder
		s := bare(Config{Listen: "127.0.0.1:0", Open: c.open}, slog.NewTextHandler(&said, nil))
		if _, err := s.Listen(context.Background()); err != nil {
			t.Fatal(err)
		}
		defer s.listener.Close()
		s.local = c.local
		s.fetchKeys()
		if got := said.String(); c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q", c, got)
		}
	}
}
