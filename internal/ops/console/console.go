package console

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html"
	"io/fs"
	"net/http"
	"path"
	"strings"
	"time"

	"zoo/internal/check/invariant"
)

// Path is where the console is; everything below it belongs to it.
const Path = "/console/"

//go:embed static
var static embed.FS

// policy lets a page have only what comes from this server: no script, style, picture or
// answer from elsewhere, nothing written into the page itself, and no frame around it.
const policy = "default-src 'self'; base-uri 'none'; form-action 'none'; " +
	"frame-ancestors 'none'; object-src 'none'"

// types are those of the files, by the end of their names. The machine's own table is not
// asked: what it says differs.
var types = map[string]string{
	".css":  "text/css; charset=utf-8",
	".html": "text/html; charset=utf-8",
	".js":   "text/javascript; charset=utf-8",
	".svg":  "image/svg+xml",
}

// commandsMark stands in index.html for the path of the commands.
const commandsMark = "{{commands}}"

// Handler serves the console. It is immutable.
type Handler struct{ files map[string]*file }

// file is one of them, as it is sent.
type file struct {
	kind, tag string
	body      []byte
}

// New makes a handler for the admin server whose commands are at that path.
func New(commands string) *Handler {
	h := &Handler{files: map[string]*file{}}
	err := fs.WalkDir(static, "static", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		body, err := static.ReadFile(name)
		body = bytes.ReplaceAll(body, []byte(commandsMark), []byte(html.EscapeString(commands)))
		sum := sha256.Sum256(body)
		h.files[strings.TrimPrefix(name, "static/")] = &file{kind: types[path.Ext(name)],
			tag: `"` + hex.EncodeToString(sum[:16]) + `"`, body: body}
		return err
	})
	invariant.Holds(err == nil, "embedded files cannot be read: %v", err)
	return h
}

// Owns tells whether a path belongs to the console.
func Owns(path string) bool {
	return path == strings.TrimSuffix(Path, "/") || strings.HasPrefix(path, Path)
}

// Welcomes tells whether a request is a browser's that asks for the root of the server, and
// is better off with the console.
func Welcomes(r *http.Request) bool {
	return r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		strings.Contains(r.Header.Get("Accept"), "text/html")
}

// ServeHTTP serves one file, or leads to the console.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name, below := strings.CutPrefix(r.URL.Path, Path)
	if !below {
		http.Redirect(w, r, Path, http.StatusFound)
		return
	}
	if name == "" {
		name = "index.html"
	}
	f := h.files[name]
	switch {
	case f == nil:
		http.NotFound(w, r)
		return
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		w.Header().Set("Allow", "GET, HEAD")
		http.Error(w, "use GET for the console", http.StatusMethodNotAllowed)
		return
	}
	header := w.Header()
	header.Set("Content-Type", f.kind)
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	// Another release has other files under the same names.
	header.Set("Cache-Control", "no-cache")
	header.Set("ETag", f.tag)
	http.ServeContent(w, r, name, time.Time{}, bytes.NewReader(f.body))
}
