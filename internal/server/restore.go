package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/ops/admin"
)

// restoring is a snapshot that is to become the history, see docs/adr/0014-restore.md.
type restoring struct {
	tree *tree.Tree
	// epoch is that in which this server leads, alone that it has no peers.
	epoch zoo.Epoch
	alone bool
	// store is the opening of the directory that it is prepared for.
	store    *store.Store
	prepared *store.Replacement
	// refused is why the directory has not taken it. Loop only.
	refused error
}

// restoreRoom is how far the zxid of a restored history lies ahead of the log, so
// that the log may grow while the snapshot is written: a hundred thousand writes a
// second for two minutes and a half.
const restoreRoom = zab.RestoreRoom

// Restore makes a snapshot the history of the ensemble. All that takes time is done
// while the server goes on, so that what follows is shorter than the patience of its
// followers: they would elect another leader otherwise.
//
//  1. The snapshot is decoded into a new tree and gets a zxid ahead of the log.
//  2. It is written to the disk and read back, as a file that counts for nothing.
//  3. In one turn of the loop the replica stops: it proposes, commits, applies and
//     acknowledges nothing more.
//  4. Behind all disk operations before it the file becomes the history.
//  5. The links to the followers are cut, and a new replica looks for a leader. It has
//     the longest history of the newest epoch: it is elected, and its tree is sent to
//     all others.
//
// A crash up to 4 leaves the old history, later the new one.
func (o operator) Restore(ctx context.Context, body io.Reader) (zoo.Zxid, error) {
	s := o.server
	t, info, err := snapshot.ReadCopy(body, "the posted snapshot")
	if err != nil {
		return 0, &admin.Refusal{Status: http.StatusBadRequest, Text: err.Error()}
	}
	s.tellOfRestored(t, &info)
	r := &restoring{tree: t, alone: s.peers == nil}
	if done, err := r.place(ctx, s, &info); done || err != nil {
		return t.Zxid(), err
	}
	if err := s.replace(ctx, r); err != nil {
		return 0, err
	}
	return t.Zxid(), s.awaitRestored(ctx, r)
}

// tellOfRestored warns of what is odd about a snapshot.
func (s *Server) tellOfRestored(t *tree.Tree, info *snapshot.Info) {
	if info.HasDigest && info.DigestZxid == t.Zxid() && info.Digest != t.Digest() {
		s.log.Warn("restore: the snapshot's digest is not that of its znodes; it was "+
			"written while they changed", "want", info.Digest, "got", t.Digest())
	}
	if orphans := t.Orphans(); len(orphans) > 0 {
		s.log.Warn("restore: ephemerals whose session does not exist will be deleted",
			"sessions", len(orphans))
	}
}

// place gives the tree its zxid. It is done where nothing is to do: a follower has
// that data from its leader already.
//
// The zxid must be one that nobody ever has given to a transaction, also not to one
// that was never committed and lies in the log of a server that is away: its log would
// seem to hold what it does not. In an ensemble that is true of those of the epoch
// that this server leads, and of no other.
func (r *restoring) place(ctx context.Context, s *Server,
	info *snapshot.Info) (done bool, err error) {
	err = errNotServing()
	s.inLoop(ctx, func() {
		l := s.loop
		status := l.replica.Status()
		switch {
		case l.restarting || !l.serves():
		case !r.alone && status.State != replica.Leading:
			done = s.holds(r.tree)
			err = refusalOfFollower(status.Leader)
		case l.short():
			err = refusalForSpace()
		default:
			r.epoch, r.store = status.Epoch, s.opened.Load()
			err = r.number(status.LastLogged, max(info.LastZxid, info.DigestZxid))
		}
	})
	if done {
		return true, nil
	}
	return false, err
}

func refusalOfFollower(leader zoo.ServerID) error {
	return &admin.Refusal{Status: http.StatusConflict, Text: fmt.Sprintf(
		"server %d leads: restore there, the other servers get the data from it", leader)}
}

// short tells whether this server is short of disk space.
func (l *loop) short() bool {
	return slices.Contains(l.status.Alarm.Short, l.server.cfg.ID)
}

func refusalForSpace() error {
	return &admin.Refusal{Status: http.StatusInsufficientStorage,
		Text: "this server is short of disk space; free some, and restore then"}
}

func refusalOfReopened() error {
	return &admin.Refusal{Status: http.StatusConflict, Text: "the data directory was opened " +
		"anew during the restore; nothing was changed, restore once more"}
}

// number chooses the zxid ahead of the log, and alone also ahead of the snapshot's.
func (r *restoring) number(logged, restored zoo.Zxid) error {
	base := max(logged, r.epoch.Start())
	if r.alone {
		base = max(logged, restored)
	}
	if base.Counter() > zoo.CounterMax-restoreRoom || base.Epoch() > epochMax {
		return &admin.Refusal{Status: http.StatusConflict, Text: fmt.Sprintf("the zxids of "+
			"epoch %d are nearly used up; restart this server, so that a new epoch begins",
			base.Epoch())}
	}
	r.tree.SetZxid(base + restoreRoom)
	return nil
}

// epochMax leaves epochs for many elections after a restore.
const epochMax = 1<<31 - 1

// holds tells whether this server's znodes are those of a tree. It runs in the loop.
func (s *Server) holds(t *tree.Tree) bool {
	own := s.loop.replica.Tree()
	return own.Len() == t.Len() && own.Digest() == t.Digest()
}

// replace takes the steps up to the new replica.
func (s *Server) replace(ctx context.Context, r *restoring) (err error) {
	r.prepared, err = r.store.PrepareReplacement(r.tree, func() error { return s.goesOn(ctx) })
	if err != nil {
		return err
	}
	err = errNotServing()
	s.inLoop(ctx, func() {
		l := s.loop
		status := l.replica.Status()
		leads := status.State == replica.Leading && status.Epoch == r.epoch
		switch {
		case l.restarting || !l.serves() || !leads && !r.alone:
			err = &admin.Refusal{Status: http.StatusConflict,
				Text: "this server stopped leading during the restore; nothing was changed"}
		case r.store != s.opened.Load():
			err = refusalOfReopened()
		case l.short():
			err = refusalForSpace()
		case status.LastLogged >= r.tree.Zxid():
			err = &admin.Refusal{Status: http.StatusConflict, Text: fmt.Sprintf("more than %d "+
				"transactions came during the restore; nothing was changed", restoreRoom)}
		default:
			err = nil
			l.replacing = r
			l.replica.Step(l.now, replica.Replaced{})
		}
	})
	if err != nil {
		if dropErr := r.prepared.Drop(); dropErr != nil {
			s.log.Warn("restore: the file stays until the next start", "error", dropErr)
		}
	}
	return err
}

// goesOn is an error when the server closes, or nobody waits any more.
func (s *Server) goesOn(ctx context.Context) error {
	select {
	case <-s.closing:
		return errNotServing()
	default:
		return ctx.Err()
	}
}

// restore makes the prepared file the history, behind all operations before it.
func (w *logWriter) restore(r *restoring) error {
	recovered, err := w.store.Replace(r.prepared, r.alone)
	if errors.Is(err, store.ErrReplacement) {
		return w.decline(r, err)
	}
	if err != nil {
		return err
	}
	w.server.snapshots.note(admin.Snapshot{
		Zxid: recovered.Zxid, Taken: time.Now(), Bytes: r.prepared.Bytes()})
	w.server.log.Warn("restore: the history is replaced", "zxid", recovered.Zxid)
	w.server.queue.call(func() { w.server.loop.restart(&recovered) })
	return nil
}

// decline goes on with the history that there was.
func (w *logWriter) decline(r *restoring, reason error) error {
	w.server.log.Error("restore: nothing was changed", "error", reason)
	recovered, err := w.store.Reload()
	if err != nil {
		return err
	}
	w.server.queue.call(func() {
		r.refused = refusalOfReopened()
		w.server.loop.restart(&recovered)
	})
	return nil
}

// restartReplaced begins anew with restored data, when the old links are gone: what
// still comes on them is about the history that was.
func (l *loop) restartReplaced(recovered *store.Recovered) {
	l.replaced = recovered
	l.hangUpAll()
	l.maybeRestartReplaced()
}

func (l *loop) maybeRestartReplaced() {
	if len(l.links.up) > 0 || len(l.links.dialed) > 0 {
		return
	}
	recovered := l.replaced
	l.replaced, l.replacing = nil, nil
	l.restart(recovered)
}

// restoreAnswer is how long a restore waits to be served from, beyond what the ensemble
// may take to find a leader and to synchronise.
const restoreAnswer = 30 * time.Second

// awaitRestored waits until this server serves what was restored. It may not: without
// followers it is nobody's leader, and if it was cut off in that very moment the
// others went on with what they had.
func (s *Server) awaitRestored(ctx context.Context, r *restoring) error {
	ctx, cancel := context.WithTimeout(ctx,
		restoreAnswer+time.Duration(s.cfg.InitLimit)*s.cfg.TickTime)
	defer cancel()
	for {
		changed := s.changes.next()
		serves, own, refused := false, false, error(nil)
		s.inLoop(ctx, func() {
			refused = r.refused
			serves, own = s.loop.serves(), s.loop.replica.Tree() == r.tree
		})
		switch {
		case refused != nil:
			return refused
		case serves && own:
			return nil
		case serves:
			return &admin.Refusal{Status: http.StatusConflict, Text: "another server was " +
				"elected with the data from before, which counts; restore there"}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return &admin.Refusal{Status: http.StatusGatewayTimeout, Text: fmt.Sprintf(
				"the data is replaced on this server as of %v, but no quorum follows it; it "+
					"counts when this server is elected: start the others", r.tree.Zxid())}
		case <-s.closing:
			return errNotServing()
		}
	}
}
