package replica

import (
	"fmt"
	"time"

	"zoo/internal/core/tree"
	"zoo/internal/wire"
)

// Reaping says how the containers and the znodes with a time to live are deleted
// that nobody needs any more. Zero limits take ZooKeeper's defaults.
type Reaping struct {
	// Interval lies between the beginnings of two walks over these znodes
	// (znode.container.checkIntervalMs): a minute.
	Interval time.Duration
	// PerMinuteMax bounds the deletions (znode.container.maxPerMinute): 10,000.
	PerMinuteMax int
	// NeverUsedMax is how long a container may wait for its first child
	// (znode.container.maxNeverUsedIntervalMs); zero is for ever.
	NeverUsedMax time.Duration
}

const (
	// reapVisitsMax bounds what one step of a walk looks at, and reapsMax what it
	// deletes: there may be millions, and clients wait.
	reapVisitsMax = 2048
	reapsMax      = 64
	// reapPauseMin lies between two steps, so that everybody else comes in between.
	reapPauseMin = time.Millisecond
)

// reaper walks over the reapable znodes, on the server that makes transactions. A
// deletion goes through the ensemble as any request does; if it fails, because the
// znode got a child meanwhile, then the znode was needed.
type reaper struct {
	cfg Reaping
	// at is the next step, began when the walk under way began.
	at, began time.Duration
	walking   bool
	walk      tree.Reapable
	// reaped counts the deletions that the walk has asked for.
	reaped int
}

func newReaper(cfg Reaping, now time.Duration) reaper {
	return reaper{cfg: cfg, at: now + cfg.Interval}
}

// reap takes one step.
func (r *Replica) reap() {
	w := &r.writer.reaper
	if !w.walking {
		w.walking, w.began, w.reaped, w.walk = true, r.now.Mono, 0, tree.Reapable{}
	}
	doomed, more := r.doomed(w)
	for _, path := range doomed {
		body := wire.DeleteContainerRequest{Path: path}
		r.propose(Request{Op: wire.OpDeleteContainer, Body: body.AppendTo(nil)}, ownerSelf)
	}
	w.reaped += len(doomed)
	w.at = r.now.Mono + max(reapPauseMin, w.pause(len(doomed)))
	if !more {
		w.walking = false
		w.at = max(w.at, w.began+w.cfg.Interval)
		r.tellReaped(w.reaped)
	}
}

// doomed looks at the next znodes for those whose time has come.
func (r *Replica) doomed(w *reaper) (paths []string, more bool) {
	limit := w.batch()
	more = w.walk.Next(r.tree, reapVisitsMax, func(n tree.Node) bool {
		if r.reapable(n) {
			paths = append(paths, n.Path())
		}
		return len(paths) < limit
	})
	return paths, more
}

// reapable tells whether the time of a znode without children has come. As in Java
// it is told by the wall clock, because the znode's times are.
func (r *Replica) reapable(n tree.Node) bool {
	st := n.Persisted()
	age := r.now.WallMillis - st.Mtime
	switch r.tree.Types().Of(st.EphemeralOwner) {
	case tree.OwnerContainer:
		patience := r.cfg.Reaping.NeverUsedMax.Milliseconds()
		return st.Cversion > 0 || patience > 0 && age > patience
	case tree.OwnerTTL:
		ttl := st.EphemeralOwner.TTL()
		return ttl != 0 && age > ttl
	}
	return false
}

// batch is how many znodes one step may delete: a tenth of a second's worth.
func (w *reaper) batch() int { return min(max(w.cfg.PerMinuteMax/600, 1), reapsMax) }

// pause is how long so many deletions must last.
func (w *reaper) pause(reaped int) time.Duration {
	return time.Duration(reaped) * time.Minute / time.Duration(w.cfg.PerMinuteMax)
}

func (r *Replica) tellReaped(count int) {
	if count > 0 {
		r.trace(Trace{
			Stage: "reaped", Detail: fmt.Sprintf("%d containers and znodes with a ttl", count),
		})
	}
}
