package certs

import (
	"crypto/sha256"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/fsnotify/fsnotify"
)

// The times of a reload.
const (
	// settleTime is how long files must be left alone before they are read: a key
	// and its certificate rarely change at the same instant.
	settleTime = 200 * time.Millisecond
	// lookInterval is how often files are looked at without being told, for file
	// systems that do not tell.
	lookInterval = 30 * time.Second
)

// warnings are how long before its end a certificate is warned of, in days.
var warnings = [...]time.Duration{1 * day, 7 * day, 30 * day}

const day = 24 * time.Hour

// fingerprint is the contents of all files.
type fingerprint [sha256.Size]byte

// files are all that the settings name.
func (c *Config) files() []string {
	list := []string{c.KeyStore.Location, c.KeyStore.PasswordPath,
		c.TrustStore.Location, c.TrustStore.PasswordPath}
	if c.CRL {
		lists, err := crlFiles(c.CRLLocation)
		if err != nil {
			lists = []string{c.CRLLocation}
		}
		list = append(list, lists...)
	}
	return list
}

// fingerprint tells whether any file has changed. Contents count, not times: a link
// that is pointed at another directory changes no time that we would see.
func (c *Config) fingerprint() fingerprint {
	hash := sha256.New()
	for _, name := range c.files() {
		_, _ = io.WriteString(hash, name+"\x00")
		b, err := readFile(name)
		if err != nil {
			_, _ = io.WriteString(hash, "missing")
		}
		_, _ = hash.Write(b)
	}
	return fingerprint(hash.Sum(nil))
}

// directories are where changes of the files show: where they are, and where the
// links to them end.
func (c *Config) directories() []string {
	seen := map[string]bool{}
	var list []string
	add := func(dir string) {
		if !seen[dir] {
			seen[dir] = true
			list = append(list, dir)
		}
	}
	for _, name := range c.files() {
		if name == "" {
			continue
		}
		add(filepath.Dir(name))
		if end, err := filepath.EvalSymlinks(name); err == nil {
			add(filepath.Dir(end))
		}
	}
	if c.CRL {
		if info, err := os.Stat(c.CRLLocation); err == nil && info.IsDir() {
			add(c.CRLLocation)
		}
	}
	return list
}

// Reload reads the files if they have changed. If they cannot be used, all stays as
// it was and the log tells why, once.
func (c *Context) Reload() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.warnLocked()
	now := c.cfg.fingerprint()
	if now == c.seen {
		return
	}
	c.seen = now
	if err := c.loadLocked(); err != nil {
		c.log.Error("certificates have changed and cannot be used; the old ones stay",
			"error", err)
		return
	}
	c.warned = 0
	c.log.Info("certificates have changed and are in use", "not_after", c.NotAfter())
	c.warnLocked()
}

// warnLocked warns once for each distance from the end of our certificate. The
// caller holds mu.
func (c *Context) warnLocked() {
	current := c.current.Load()
	if len(current.identity) == 0 {
		return
	}
	left := current.notAfter.Sub(c.now())
	for _, distance := range warnings {
		if left > distance {
			continue
		}
		if c.warned == 0 || distance < c.warned {
			c.warned = distance
			c.log.Warn("own certificate ends soon", "subject", current.subject,
				"not_after", current.notAfter, "days_left", int(left/day))
		}
		return
	}
}

// Watch reads the files whenever they change, until stop is closed.
func (c *Context) Watch(stop <-chan struct{}) {
	w := &watcher{context: c}
	defer w.close()
	look := time.NewTicker(lookInterval)
	defer look.Stop()
	settle := time.NewTimer(lookInterval)
	defer settle.Stop()
	w.follow()
	c.Reload()
	for {
		select {
		case <-stop:
			return
		case <-w.events():
			settle.Reset(settleTime)
		case <-w.errors():
			// An overflow: something has changed, and we do not know what.
			settle.Reset(settleTime)
		case <-settle.C:
			w.follow()
			c.Reload()
		case <-look.C:
			w.follow()
			c.Reload()
		}
	}
}

// watcher is the notifications of the system, if it has any.
type watcher struct {
	context *Context
	notify  *fsnotify.Watcher // nil where there is none
	failed  bool
}

// follow makes sure that the directories are watched in which the files are now. It
// comes before the files are read: what changes after that is told.
func (w *watcher) follow() {
	if w.notify == nil && !w.failed {
		w.begin()
	}
	if w.notify == nil {
		return
	}
	wanted := w.context.cfg.directories()
	for _, dir := range w.notify.WatchList() {
		if !slices.Contains(wanted, dir) {
			_ = w.notify.Remove(dir)
		}
	}
	for _, dir := range wanted {
		// One that is missing now is found by looking.
		_ = w.notify.Add(dir)
	}
}

func (w *watcher) begin() {
	notify, err := fsnotify.NewWatcher()
	if err != nil {
		w.failed = true
		w.context.log.Warn("changed certificates are found by looking only",
			"every", lookInterval, "error", err)
		return
	}
	w.notify = notify
}

func (w *watcher) events() <-chan fsnotify.Event {
	if w.notify == nil {
		return nil
	}
	return w.notify.Events
}

func (w *watcher) errors() <-chan error {
	if w.notify == nil {
		return nil
	}
	return w.notify.Errors
}

func (w *watcher) close() {
	if w.notify != nil {
		_ = w.notify.Close()
	}
}
