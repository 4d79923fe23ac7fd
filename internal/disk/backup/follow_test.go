package backup_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"filippo.io/age"

	"zoo"
	"zoo/internal/disk/backup"
)

// An archive that runs makes its first base itself, takes what is new at each look,
// survives a server that is away, and begins a new chain where the log was purged.
func TestAnArchiveFollowsThroughTrouble(t *testing.T) {
	w := newWorld(t)
	r, _ := w.vault(backup.Keys{})
	server := &admin{world: w, auth: "digest super:x"}
	from := &unsteady{Source: server.serve(t)}
	w.grow(20)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	steps := troubles(w, server, from, stop)
	err := r.Follow(ctx, from, backup.Following{
		Interval: time.Millisecond,
		Report: func(l backup.Look) {
			if wrong := steps[0](l); wrong != "" {
				t.Errorf("%s: %+v", wrong, l)
			}
			steps = steps[1:]
		},
	})
	if err != nil || len(steps) > 0 {
		t.Fatalf("%d looks are missing: %v", len(steps), err)
	}
	for _, i := range []int{19, 25, 39, 79} {
		if got := replay(t, r, backup.Point{Zxid: w.log[i].Zxid}); got.Zxid != w.log[i].Zxid {
			t.Fatalf("restored %v, want %v", got.Zxid, w.log[i].Zxid)
		}
	}
}

// troubles is what must be seen at each look, and what then happens to the server.
func troubles(
	w *world, server *admin, from *unsteady, stop func(),
) []func(backup.Look) (wrong string) {
	return []func(backup.Look) string{
		func(l backup.Look) string {
			first := l.Created != nil && l.End == w.zxid
			w.grow(20)
			return unless(first, "no base at the first look")
		},
		func(l backup.Look) string {
			from.away = true
			return unless(len(l.Segments) == 1 && l.End == w.zxid, "the second look")
		},
		func(l backup.Look) string {
			from.away = false
			w.grow(20)
			server.oldest = w.zxid
			w.elect()
			w.grow(20)
			return unless(errors.Is(l.Err, errAway), "while the server is away")
		},
		func(l backup.Look) string {
			stop()
			return unless(l.Created != nil && len(l.Created.Notes) == 1 && l.End == w.zxid,
				"after the purge")
		},
	}
}

// Bases come while writes go on, and the log between the archive's end and each of them
// is archived, too: there is one range, and no point of it is missing.
func TestNoBaseLeavesAHoleInTheHistory(t *testing.T) {
	w := newWorld(t)
	r, _ := w.vault(backup.Keys{})
	from := (&admin{world: w, auth: "digest super:x"}).serve(t)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var bases []zoo.Zxid
	w.grow(20)
	must(t, r.Follow(ctx, from, backup.Following{
		Interval: time.Millisecond, BaseEvery: 25 * time.Second,
		Report: func(l backup.Look) {
			must(t, l.Err)
			if l.Created != nil {
				bases = append(bases, zoo.Zxid(l.Created.Base.Zxid))
			}
			if len(bases) == 4 {
				stop()
			}
			if len(bases) == 2 {
				w.elect()
			}
			w.grow(10)
		},
	}))
	catalog, err := r.Catalog(t.Context())
	must(t, err)
	if got := catalog.Ranges(); len(got) != 1 || len(catalog.Holes()) != 0 || got[0].Bases != 4 {
		t.Fatalf("the history has holes: %v", got)
	}
	for _, e := range w.log {
		if e.Zxid < bases[0] || e.Zxid > bases[3] {
			continue
		}
		got := replay(t, r, backup.Point{Zxid: e.Zxid})
		if got.Zxid != e.Zxid || got.Tree.Fingerprint() != w.prints[e.Zxid] {
			t.Fatalf("the tree of %v is another one: %v", e.Zxid, got.Zxid)
		}
	}
}

// The connection breaks after a base was made and before the log up to it was copied.
// The next look fills the hole, as long as the server has that log.
func TestAHoleIsFilledLater(t *testing.T) {
	w := newWorld(t)
	r, _ := w.vault(backup.Keys{})
	from := &unsteady{Source: (&admin{world: w, auth: "digest super:x"}).serve(t)}
	w.grow(20)
	_, err := r.Create(t.Context(), from)
	must(t, err)
	w.grow(20)
	from.away = true
	if _, err := r.Create(t.Context(), from); !errors.Is(err, errAway) {
		t.Fatalf("made a base without its log: %v", err)
	}
	report, err := r.Verify(t.Context(), backup.Full)
	must(t, err)
	if len(report.Holes) != 1 || zoo.Zxid(report.Holes[0].Before) != w.zxid {
		t.Fatalf("the hole is not told: %+v", report)
	}
	from.away = false
	look := r.Look(t.Context(), from, backup.Following{})
	must(t, look.Err)
	report, err = r.Verify(t.Context(), backup.Full)
	must(t, err)
	if len(report.Holes) != 0 || len(report.Damaged) != 0 {
		t.Fatalf("the hole is still there: %+v", report)
	}
}

// Two bases of transactions that follow each other have nothing between them.
func TestNeighboursHaveNoHoleBetweenThem(t *testing.T) {
	w := newWorld(t)
	r, _ := w.vault(backup.Keys{})
	from := (&admin{world: w, java: true, auth: "digest super:x"}).serve(t)
	for range 2 {
		w.grow(1)
		_, err := r.Create(t.Context(), from)
		must(t, err)
	}
	catalog, err := r.Catalog(t.Context())
	must(t, err)
	if holes := catalog.Holes(); len(holes) > 0 || len(catalog.Ranges()) != 2 {
		t.Fatalf("found %v", holes)
	}
}

// One look, as cron has it made, begins a repository, goes on, renews the base when it
// is old, and begins a new chain where the log was purged.
func TestOneLookDoesWhatTheFollowerDoes(t *testing.T) {
	w := newWorld(t)
	r, _ := w.vault(backup.Keys{})
	server := &admin{world: w, auth: "digest super:x"}
	from := server.serve(t)
	how := backup.Following{BaseEvery: 100 * time.Second}
	w.grow(20)
	look := r.Look(t.Context(), from, how)
	if look.Err != nil || look.Created == nil {
		t.Fatalf("the first look: %+v", look)
	}
	w.grow(20)
	look = r.Look(t.Context(), from, how)
	if look.Err != nil || look.Created != nil || len(look.Segments) != 1 {
		t.Fatalf("the second look: %+v", look)
	}
	w.grow(100)
	look = r.Look(t.Context(), from, how)
	if look.Err != nil || look.Created == nil {
		t.Fatalf("the look at an old base: %+v", look)
	}
	w.grow(5)
	server.oldest = w.zxid
	w.elect()
	w.grow(5)
	look = r.Look(t.Context(), from, how)
	if look.Err != nil || look.Created == nil || len(look.Created.Notes) != 1 {
		t.Fatalf("the look after the purge: %+v", look)
	}
}

// Nothing is left of a repository whose first backup could not begin.
func TestAFailedBeginLeavesNothing(t *testing.T) {
	w := newWorld(t)
	r, disk := w.vault(backup.Keys{})
	from := (&admin{world: w}).serve(t)
	look := r.Look(t.Context(), from, backup.Following{})
	var answer *backup.AnswerError
	if !errors.As(look.Err, &answer) {
		t.Fatalf("without Authorization: %v", look.Err)
	}
	if names, err := disk.List("/vault"); err == nil {
		t.Fatalf("left %q", names)
	}
}

// Two programs archive the same server at once, for keys even, whose ciphers never are
// the same. What each has written stays whole.
func TestTwoArchiversHarmNothing(t *testing.T) {
	w := newWorld(t)
	identity, err := age.GenerateX25519Identity()
	must(t, err)
	keys := backup.Keys{Recipients: []age.Recipient{identity.Recipient()},
		Identities: []age.Identity{identity}}
	r, disk := w.vault(keys)
	from := (&admin{world: w, auth: "digest super:x"}).serve(t)
	w.grow(20)
	_, err = r.Create(t.Context(), from)
	must(t, err)
	for range 5 {
		w.grow(20)
		var group sync.WaitGroup
		for range 4 {
			group.Go(func() {
				other, err := backup.OpenOrInit(t.Context(),
					backup.Dir{FS: disk, Path: "/vault"}, keys)
				if err == nil {
					err = other.Look(t.Context(), from, backup.Following{BaseEvery: 1}).Err
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
	}
	report, err := r.Verify(t.Context(), backup.Full)
	must(t, err)
	if len(report.Damaged) > 0 || len(report.Ranges) != 1 {
		t.Fatalf("found %+v", report)
	}
}

func unless(right bool, wrong string) string {
	if right {
		return ""
	}
	return wrong
}

var errAway = errors.New("connection refused")

// unsteady is a source that may be away.
type unsteady struct {
	backup.Source
	away bool
}

func (u *unsteady) Log(ctx context.Context, ask backup.Ask) (backup.Log, error) {
	if u.away {
		return nil, errAway
	}
	return u.Source.Log(ctx, ask)
}

// ensemble is a running one, as far as a graft goes.
type ensemble map[string]backup.Znode

func (e ensemble) Create(_ context.Context, nodes []backup.Znode) error {
	for _, n := range nodes {
		if _, exists := e[n.Path]; exists {
			return zoo.CodeNodeExists
		}
	}
	for _, n := range nodes {
		e[n.Path] = n
	}
	return nil
}

func (e ensemble) Replace(_ context.Context, n backup.Znode) error {
	e[n.Path] = n
	return nil
}

// orphaned is a running ensemble that does not have the znode above.
type orphaned struct{ ensemble }

func (orphaned) Create(context.Context, []backup.Znode) error { return zoo.CodeNoNode }

// The znode that is missing above the new place of a subtree is named.
func TestTheMissingParentIsNamed(t *testing.T) {
	w := newWorld(t)
	w.grow(1)
	w.create("/a", false)
	graft := backup.Graft{Subtree: "/a", Into: "/not/there", Existing: backup.Refuse}
	_, err := graft.Graft(t.Context(), w.tree, orphaned{})
	if !errors.Is(err, zoo.CodeNoNode) || !strings.Contains(err.Error(), "below /not,") {
		t.Fatalf("it says %v", err)
	}
}

// A subtree goes into a running ensemble, under its own name or another. What exists is
// not touched unless that is asked for.
func TestASubtreeIsGraftedOntoARunningEnsemble(t *testing.T) {
	w := newWorld(t)
	w.grow(1)
	for _, path := range []string{"/a", "/a/b", "/a/b/c", "/a/b/d", "/ab"} {
		w.create(path, false)
	}
	w.create("/a/b/lock", true)
	e := ensemble{}
	graft := backup.Graft{Subtree: "/a/b", Existing: backup.Refuse}
	done, err := graft.Graft(t.Context(), w.tree, e)
	must(t, err)
	if len(e) != 4 || done != (backup.Grafted{Created: 3, Ephemeral: 1}) {
		t.Fatalf("%+v made %d", done, len(e))
	}
	if _, err := graft.Graft(t.Context(), w.tree, e); !errors.Is(err, backup.ErrExists) {
		t.Fatalf("over what exists: %v", err)
	}
	delete(e, "/a/b/c")
	e["/a/b/d"] = backup.Znode{Path: "/a/b/d", Data: []byte("newer")}
	graft.Existing = backup.Keep
	done, err = graft.Graft(t.Context(), w.tree, e)
	must(t, err)
	if string(e["/a/b/d"].Data) != "newer" || done.Created != 1 || done.Kept != 2 {
		t.Fatalf("kept %+v", done)
	}
	graft.Existing = backup.Replace
	done, err = graft.Graft(t.Context(), w.tree, e)
	must(t, err)
	if string(e["/a/b/d"].Data) != "made" || done.Replaced != 3 {
		t.Fatalf("replaced %+v", done)
	}
	graft = backup.Graft{Subtree: "/a/b", Into: "/old", Existing: backup.Refuse}
	_, err = graft.Graft(t.Context(), w.tree, e)
	must(t, err)
	if _, made := e["/old/c"]; !made {
		t.Fatal("nothing under the other name")
	}
}
