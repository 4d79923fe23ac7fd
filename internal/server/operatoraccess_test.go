package server

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"zoo/internal/disk/vfs"
	"zoo/internal/ops/admin"
)

// The token of these tests, and the user with his password as HTTP wants it.
const (
	tokenText = "0123456789abcdef-token"
	byToken   = "Bearer " + tokenText
	byUser    = "Basic YW5uOmNvcnJlY3QgaG9yc2U=" // ann:correct horse
)

func keysFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// startGuarded starts a server whose admin port is as cfg says, and gives its log.
func startGuarded(t *testing.T, cfg admin.Config) (*running, *diary) {
	t.Helper()
	disk, said := vfs.NewMem(), &diary{}
	all := standaloneConfig(disk)
	all.Admin = cfg
	s := startLogging(t, disk, all, slog.New(slog.NewTextHandler(said, nil)))
	if err := s.WaitServing(t.Context()); err != nil { // its port is open before
		t.Fatal(err)
	}
	return s, said
}

// askAdmin asks the admin server for any path, with these headers.
func (r *running) askAdmin(method, path string, header ...string) reply {
	r.t.Helper()
	return r.sendAdmin(method, path, nil, header...)
}

// sendAdmin asks with a body.
func (r *running) sendAdmin(method, path string, sent io.Reader, header ...string) reply {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	url := "http://" + r.operators.String() + path
	request, err := http.NewRequestWithContext(ctx, method, url, sent)
	if err != nil {
		r.t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	return reply{response.StatusCode, response.Header, body}
}

// guardedPaths are all kinds of what is behind the keys.
var guardedPaths = []string{"/commands", "/commands/ruok", "/commands/snapshot", "/metrics",
	"/debug/pprof/", "/debug/pprof/goroutine", "/nonsense"}

// The plot: a file has a token, and a user. Either opens everything, what needs all
// permissions at the root included; wrong ones and none are refused. The
// log has no secret in it.
func TestKeysOpenTheAdminPort(t *testing.T) {
	s, said := startGuarded(t, admin.Config{Listen: "127.0.0.1:0",
		KeysFile: keysFile(t, "token "+tokenText+"\nbasic ann:correct horse\n")})
	for _, path := range guardedPaths[:len(guardedPaths)-1] {
		for auth, want := range map[string]int{"": 401, anyone: 401, byToken + "x": 401,
			byToken: 200} {
			if path == "/commands/snapshot" && want == 200 {
				continue // there is a least time between two
			}
			got := s.askAdmin(http.MethodGet, path, "Authorization", auth)
			if got.status != want {
				t.Errorf("%s as %q: %d %s", path, auth, got.status, got.body)
			}
			if want == 401 && len(got.header.Values("WWW-Authenticate")) != 2 {
				t.Errorf("%s as %q: headers %v", path, auth, got.header)
			}
		}
	}
	s.askAdmin(http.MethodGet, "/commands/snapshot", "Authorization", byUser).tree(t)
	if got := s.askAdmin(http.MethodGet, "/readyz"); got.status != http.StatusOK {
		t.Errorf("readyz: %d %s", got.status, got.body)
	}
	refused := s.askAdmin(http.MethodGet, "/commands/isro").fields(t, 401)
	if text, _ := refused["error"].(string); !strings.Contains(text, "Bearer TOKEN") {
		t.Errorf("got %v", refused)
	}
	for _, secret := range []string{tokenText, "correct horse", byUser[6:]} {
		if strings.Contains(said.String(), secret) {
			t.Errorf("the log has %q", secret)
		}
	}
}

func TestKeysThatCannotBeReadOpenNothing(t *testing.T) {
	s, said := startGuarded(t, admin.Config{Listen: "127.0.0.1:0",
		KeysFile: keysFile(t, "token short")})
	got := s.askAdmin(http.MethodGet, "/commands/ruok", "Authorization", "Bearer short")
	got.fields(t, http.StatusForbidden)
	if log := said.String(); !strings.Contains(log, "line 1") {
		t.Errorf("the log does not tell: %s", log)
	}
}

// The plot: a browser knows the password, and a page of another site has it post.
func TestAPageOfAnotherSiteMayNotPost(t *testing.T) {
	s, _ := startGuarded(t, admin.Config{Listen: "127.0.0.1:0",
		KeysFile: keysFile(t, "basic ann:correct horse")})
	s.askAdmin(http.MethodPost, "/commands/member_drain", "Authorization", byUser,
		"Sec-Fetch-Site", "cross-site").fields(t, http.StatusForbidden)
	if f := s.get("/member_status"); f.status != 401 {
		t.Errorf("got %d", f.status)
	}
	status := s.askAdmin(http.MethodGet, "/commands/member_status", "Authorization", byUser)
	f := status.fields(t, 200)
	if f["state"] != "open" {
		t.Errorf("got %v", f)
	}
}

// The plot: an operator reads a page of another site, in a browser on the server's machine, where
// no key is wanted. The page has the counters begun anew by a picture, and a profile begun by a
// frame; later the operator follows a link on it. The moral: only the link is followed.
func TestAPageOfAnotherSiteMayOnlyLinkHere(t *testing.T) {
	s := startOperated(t)
	for _, row := range []struct {
		path, site, mode, dest string
		status                 int
	}{
		{"/commands/stat_reset", "cross-site", "no-cors", "image", http.StatusForbidden},
		{"/commands/snapshot?streaming=false", "same-site", "cors", "empty", http.StatusForbidden},
		{"/debug/pprof/trace", "cross-site", "navigate", "iframe", http.StatusForbidden},
		{"/metrics", "cross-site", "no-cors", "script", http.StatusForbidden},
		{"/commands/monitor", "cross-site", "navigate", "document", http.StatusOK},
		{"/commands/monitor", "same-origin", "cors", "empty", http.StatusOK},
		{"/commands/monitor", "none", "navigate", "document", http.StatusOK},
		{"/livez", "cross-site", "no-cors", "image", http.StatusOK},
	} {
		got := s.askAdmin(http.MethodGet, row.path, "Sec-Fetch-Site", row.site,
			"Sec-Fetch-Mode", row.mode, "Sec-Fetch-Dest", row.dest)
		if got.status != row.status {
			t.Errorf("%s of a %s page for its %s: %d %s", row.path, row.site, row.dest,
				got.status, got.body)
		}
	}
}

func TestTheProcessIsProfiledThroughTheAdminPort(t *testing.T) {
	s := startOperated(t)
	index := s.askAdmin(http.MethodGet, "/debug/pprof/")
	if !bytes.Contains(index.body, []byte("heap\n")) {
		t.Errorf("%d %s", index.status, index.body)
	}
	// A profile is packed by gzip, a trace is not.
	for path, begin := range map[string]string{"heap": "\x1f\x8b", "goroutine": "\x1f\x8b",
		"profile?seconds=1": "\x1f\x8b", "trace?seconds=1": "go 1.",
		"goroutine?debug=1": "goroutine "} {
		got := s.askAdmin(http.MethodGet, "/debug/pprof/"+path)
		if got.status != http.StatusOK || !bytes.HasPrefix(got.body, []byte(begin)) {
			t.Errorf("%s: %d %.40q", path, got.status, got.body)
		}
	}
	for path, want := range map[string]int{"nonsense": 404, "profile?seconds=0": 400,
		"trace?seconds=301": 400, "goroutine?debug=2": 400} {
		if got := s.askAdmin(http.MethodGet, "/debug/pprof/"+path); got.status != want {
			t.Errorf("%s: %d %s", path, got.status, got.body)
		}
	}
}
