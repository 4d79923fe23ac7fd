package backup_test

import (
	"context"
	"errors"
	"testing"
	"time"

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
