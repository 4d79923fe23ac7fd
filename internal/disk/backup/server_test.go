package backup_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/adler32"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"zoo"
	"zoo/internal/disk/backup"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/vfs"
	"zoo/internal/txn"
)

// admin plays a server's admin port over a world.
type admin struct {
	*world
	freezing sync.Mutex // a tree is frozen and thawed by one at a time

	java   bool     // it knows no log
	oldest zoo.Zxid // the log begins behind it
	auth   string
}

func (a *admin) serve(t *testing.T) backup.Server {
	t.Helper()
	mux := http.NewServeMux()
	mux.HandleFunc("GET /commands/snapshot", a.snapshot)
	mux.HandleFunc("GET /commands/log", a.entries)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	source, err := backup.ParseServer(server.URL)
	must(t, err)
	source.Authorization = a.auth
	return source
}

func (a *admin) snapshot(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get("Authorization") != a.auth || a.auth == "" {
		http.Error(w, "no auth", http.StatusUnauthorized)
		return
	}
	a.freezing.Lock()
	defer a.freezing.Unlock()
	frozen := a.tree.Freeze()
	defer frozen.Close()
	disk := vfs.NewMem()
	must(a.t, disk.MkdirAll("/s"))
	must(a.t, snapshot.Write(disk, "/s", snapshot.Source{Frozen: frozen, Lock: snapshot.NoLock{}}))
	f, err := disk.Open("/s/" + snapshot.Name(a.tree.Zxid()))
	must(a.t, err)
	w.Header().Set("last_zxid", a.tree.Zxid().String())
	_, err = io.Copy(w, f)
	must(a.t, err)
}

func (a *admin) entries(w http.ResponseWriter, r *http.Request) {
	if a.java {
		w.Header().Set("Content-Type", "application/json")
		fmt.Fprint(w, `{"command":"log","error":"Unknown command: log"}`)
		return
	}
	after, err := backup.ParseZxid(r.FormValue("after"))
	must(a.t, err)
	if after < a.oldest {
		http.Error(w, "purged", http.StatusGone)
		return
	}
	b := binary.BigEndian.AppendUint64([]byte("ZKLG\x00\x00\x00\x02"), 0)
	for _, e := range a.log {
		if e.Zxid > after {
			b = appendEntry(b, e)
		}
	}
	_, err = w.Write(b)
	must(a.t, err)
}

func appendEntry(b []byte, e txn.Entry) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(adler32.Checksum(e.Bytes)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(e.Bytes)))
	return append(append(b, e.Bytes...), 'B')
}

// A running server is followed over HTTP, across an election. Any of its transactions
// can be restored.
func TestARunningServerIsFollowed(t *testing.T) {
	w := newWorld(t)
	r, _ := w.vault(backup.Keys{})
	from := (&admin{world: w, auth: "digest super:x"}).serve(t)
	w.grow(50)
	made, err := r.Create(t.Context(), from)
	must(t, err)
	if zoo.Zxid(made.Base.Zxid) != w.zxid || len(made.Notes) > 0 {
		t.Fatalf("made %+v", made)
	}
	w.grow(50)
	w.elect()
	w.grow(50)
	_, err = r.Archive(t.Context(), from, 0)
	must(t, err)
	for _, i := range []int{49, 50, 99, 100, 149} {
		want := w.log[i].Zxid
		got := replay(t, r, backup.Point{Zxid: want})
		if got.Zxid != want || got.Tree.Fingerprint() != w.prints[want] {
			t.Fatalf("the tree of %v is another one: %v", want, got.Zxid)
		}
	}
}

// A server that has purged what the archive lacks is not followed over the gap; a new
// base is the way on, and says so.
func TestAGapIsNeverCrossed(t *testing.T) {
	w := newWorld(t)
	r, _ := w.vault(backup.Keys{})
	server := &admin{world: w, auth: "digest super:x"}
	from := server.serve(t)
	w.grow(20)
	_, err := r.Create(t.Context(), from)
	must(t, err)
	w.grow(20)
	server.oldest = w.zxid
	w.elect()
	w.grow(20)
	if _, err := r.Archive(t.Context(), from, 0); !errors.Is(err, backup.ErrGone) {
		t.Fatalf("archived over a gap: %v", err)
	}
	_, err = r.Create(t.Context(), from)
	must(t, err)
	catalog, err := r.Catalog(t.Context())
	must(t, err)
	if _, err := catalog.Plan(backup.Point{Zxid: w.log[30].Zxid}); !errors.Is(
		err, backup.ErrUnreachable) {
		t.Fatalf("planned to restore what was never archived: %v", err)
	}
	if got := replay(t, r, backup.Point{}); got.Zxid != w.zxid {
		t.Fatalf("the latest is %v", got.Zxid)
	}
}

// The server was restored by other means, and its log goes on from another past. The
// archive notices by its last entry.
func TestAnotherHistoryIsNotTheContinuation(t *testing.T) {
	w := newWorld(t)
	r, _ := w.vault(backup.Keys{})
	server := &admin{world: w, auth: "digest super:x"}
	from := server.serve(t)
	_, err := r.Create(t.Context(), from)
	must(t, err)
	w.grow(20)
	_, err = r.Archive(t.Context(), from, 0)
	must(t, err)
	w.log = w.log[:19]
	w.elect()
	w.grow(5)
	if _, err := r.Archive(t.Context(), from, 0); !errors.Is(err, backup.ErrDiverged) {
		t.Fatalf("archived another history: %v", err)
	}
}

// Java's server gives a snapshot and no log: that is a backup of one moment, which the
// report says.
func TestJavasServerGivesOneMoment(t *testing.T) {
	w := newWorld(t)
	r, _ := w.vault(backup.Keys{})
	from := (&admin{world: w, java: true, auth: "digest super:x"}).serve(t)
	w.grow(50)
	made, err := r.Create(t.Context(), from)
	must(t, err)
	if len(made.Notes) != 1 {
		t.Fatalf("nothing is said of the missing log: %+v", made)
	}
	if got := replay(t, r, backup.Point{}); got.Tree.Fingerprint() != w.prints[w.zxid] {
		t.Fatal("restored another tree")
	}
	if _, err := r.Archive(t.Context(), from, 0); !errors.Is(err, backup.ErrNoLog) {
		t.Fatalf("archived without a log: %v", err)
	}
}

// A refusal tells what is missing.
func TestARefusalTellsWhatToGive(t *testing.T) {
	w := newWorld(t)
	r, _ := w.vault(backup.Keys{})
	from := (&admin{world: w}).serve(t)
	_, err := r.Create(t.Context(), from)
	var answer *backup.AnswerError
	if !errors.As(err, &answer) || answer.Status != http.StatusUnauthorized {
		t.Fatalf("without Authorization: %v", err)
	}
}

// A proxy, or admin.commandURL, has the commands below a path of its own.
func TestThePathOfAServerStaysInFrontOfTheCommands(t *testing.T) {
	for given, want := range map[string]string{
		"http://a:8080":              "http://a:8080",
		"http://a:8080/":             "http://a:8080",
		"http://a:8080/zk/":          "http://a:8080/zk",
		"http://a:8080/zk/commands":  "http://a:8080/zk",
		"http://a:8080/commands/":    "http://a:8080",
		"https://proxy/zk1/commands": "https://proxy/zk1",
	} {
		got, err := backup.ParseServer(given)
		if err != nil || got.String() != want {
			t.Errorf("%s is %v, want %s: %v", given, got, want, err)
		}
	}
	w := newWorld(t)
	w.grow(5)
	from := (&admin{world: w, auth: "digest super:x"}).serve(t)
	plain := from.URL
	behind := http.StripPrefix("/zk", http.HandlerFunc(
		func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, plain.String()+r.URL.Path+"?"+r.URL.RawQuery, http.StatusFound)
		}))
	proxy := httptest.NewServer(behind)
	t.Cleanup(proxy.Close)
	var err error
	from, err = backup.ParseServer(proxy.URL + "/zk")
	must(t, err)
	log, err := from.Log(t.Context(), backup.Ask{})
	must(t, err)
	must(t, log.Close())
}

// What a server says of an error is one line, without the JSON around it.
func TestTheReasonOfAServerIsOneLine(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusGone)
		fmt.Fprint(w, "{\n  \"command\" : \"log\",\n  \"error\" : \"the log begins\\nat 0x5\"\n}")
	}))
	t.Cleanup(server.Close)
	from, err := backup.ParseServer(server.URL)
	must(t, err)
	_, err = from.Log(t.Context(), backup.Ask{})
	if !errors.Is(err, backup.ErrGone) || strings.ContainsAny(err.Error(), "{\n") ||
		!strings.Contains(err.Error(), "the log begins at 0x5") {
		t.Fatalf("it says %v", err)
	}
}
