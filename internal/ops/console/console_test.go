package console

import (
	"net/http"
	"net/http/httptest"
	"path"
	"regexp"
	"strings"
	"testing"
)

func ask(h *Handler, method, target string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, target, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestEveryFileHasItsTypeAndAPolicyThatKeepsOthersOut(t *testing.T) {
	h := New("/commands")
	for name := range h.files {
		w := ask(h, http.MethodGet, Path+name)
		if w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("%s: %d", name, w.Code)
		}
		if got := w.Header().Get("Content-Type"); got == "" || got != types[path.Ext(name)] {
			t.Errorf("%s has the type %q", name, got)
		}
		if !strings.HasPrefix(w.Header().Get("Content-Security-Policy"), "default-src 'self';") {
			t.Errorf("%s: no policy", name)
		}
	}
	index := ask(h, http.MethodGet, Path).Body.String()
	if !strings.Contains(index, `content="/commands"`) || strings.Contains(index, "{{") {
		t.Error("the page does not tell where the commands are")
	}
}

// What the policy forbids would be seen in a browser's log only, and innerHTML is how a
// znode's data would become a script.
func TestNoFileHasWhatThePolicyForbids(t *testing.T) {
	for name, bad := range map[string]*regexp.Regexp{
		".html": regexp.MustCompile(`(?i)<script[^>]*>[^<]|<style| style=| on[a-z]+=|https?://`),
		".js": regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|` +
			`\beval\(|new Function|localStorage\.setItem\(.(key|token|auth)`),
		".css": regexp.MustCompile(`@import|https?://`),
	} {
		for file, f := range New("/commands").files {
			if path.Ext(file) != name {
				continue
			}
			if found := bad.Find(f.body); found != nil {
				t.Errorf("%s has %q", file, found)
			}
		}
	}
}

func TestAFileThatHasNotChangedIsNotSentAgain(t *testing.T) {
	h := New("/commands")
	tag := ask(h, http.MethodGet, Path+"app.js").Header().Get("ETag")
	again := ask(h, http.MethodGet, Path+"app.js", "If-None-Match", tag)
	if tag == "" || again.Code != http.StatusNotModified || again.Body.Len() != 0 {
		t.Errorf("%q: %d with %d bytes", tag, again.Code, again.Body.Len())
	}
}

func TestOnlyWhatIsThereIsServed(t *testing.T) {
	h := New("/commands")
	for target, want := range map[string]int{
		"/console": http.StatusFound, Path: http.StatusOK, Path + "none.js": http.StatusNotFound,
		Path + "../console.go": http.StatusNotFound, Path + "pages": http.StatusNotFound,
	} {
		if got := ask(h, http.MethodGet, target).Code; got != want {
			t.Errorf("%s: %d, want %d", target, got, want)
		}
	}
	if got := ask(h, http.MethodPost, Path).Code; got != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", got)
	}
}

func TestABrowserAtTheRootIsLedToTheConsoleAndAToolIsNot(t *testing.T) {
	for accept, want := range map[string]bool{
		"text/html,*/*;q=0.8": true, "*/*": false, "": false,
	} {
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.Header.Set("Accept", accept)
		if Welcomes(r) != want {
			t.Errorf("%q: %v", accept, !want)
		}
	}
}
