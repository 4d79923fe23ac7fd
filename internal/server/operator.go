package server

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/net/certs"
	"zoo/internal/ops/admin"
	"zoo/internal/ops/browser"
)

// operator does for the admin server what concerns data.
type operator struct{ server *Server }

// newAdmin makes the admin server, nil for none.
func newAdmin(s *Server) *admin.Server {
	if s.cfg.Admin.Listen == "" {
		return nil
	}
	cfg := s.cfg.Admin
	cfg.ClientsInTheClear = len(s.cfg.ClientListen) > 0
	return admin.New(cfg, admin.Parts{
		Answers: s.commands, Data: operator{s}, Log: s.log, Catch: s.catch,
		Metrics: s.meters.set, SnapshotErrors: s.meters.disk.snapshotErrors,
		Refused: s.refuseOperator,
		Browser: browser.New(browser.Config{Attach: s.Attach, Kinds: operator{s}.kinds,
			Edit: cfg.ConsoleEdit, Log: s.log}),
	})
}

// newScraped makes the servers of ZooKeeper's provider of metrics.
func newScraped(s *Server) []*admin.Server {
	var all []*admin.Server
	for _, port := range s.cfg.Scraped {
		all = append(all, admin.New(port, admin.Parts{Answers: s.commands, Data: operator{s},
			Log: s.log, Catch: s.catch, Refused: s.refuseOperator}))
	}
	return all
}

// refuseOperator counts and tells whom a port for operators or metrics has hung up on.
func (s *Server) refuseOperator(nc net.Conn, err error) {
	s.meters.tls.unsuccessful.Inc()
	why := refusedOperator
	if errors.Is(err, certs.ErrClient) {
		s.meters.auth.failed.Inc()
		why = refusedOperatorCertificate
	}
	s.refusals.note(why, "client", nc.RemoteAddr().String(), "error", err)
}

// listenForScrapes opens the ports of the metrics, which are on the admin port as well.
func (s *Server) listenForScrapes() {
	open := s.scraped[:0:0]
	for _, port := range s.scraped {
		address, err := port.Listen(context.Background())
		if err != nil {
			s.log.Warn("no port for metrics", "error", err, "advice",
				adviceFor(err, "set metricsProvider.httpPort; they are on the admin port as well"))
			continue
		}
		open = append(open, port)
		s.metricsAt = append(s.metricsAt, address)
		s.followOperators(port, &s.certificates.scrapers)
		s.stage("listen for scrapes", fmt.Sprint(address))
		s.spawn("metrics", func() {
			if err := port.Serve(); err != nil {
				s.log.Warn("server of metrics ended", "error", err)
			}
		})
	}
	s.scraped = open
}

// adviceFor is what to do about a port that could not be opened.
func adviceFor(err error, otherwise string) string {
	if wrong := (*admin.TLSError)(nil); errors.As(err, &wrong) {
		return "mend what the error names; zoo config explain shows what the settings come to"
	}
	return otherwise
}

// followOperators follows the changes of a port's certificates.
func (s *Server) followOperators(of *admin.Server, known *atomic.Pointer[certs.Context]) {
	ctx := of.Certs()
	if ctx == nil {
		return
	}
	known.Store(ctx)
	s.spawn("certificates of operators", func() { ctx.Watch(s.closing) })
}

// listenForOperators opens the admin port. A server without one is still of use, so
// that a port which is taken is no reason to end.
func (s *Server) listenForOperators() {
	s.listenForScrapes()
	if s.admin == nil {
		return
	}
	address, err := s.admin.Listen(context.Background())
	if err != nil {
		s.log.Warn("no admin server", "error", err,
			"advice", adviceFor(err, "set admin.serverPort, or admin.enableServer=false"))
		s.admin = nil
		return
	}
	s.operators = address
	s.followOperators(s.admin, &s.certificates.operators)
	told := fmt.Sprint(address)
	if t := s.cfg.Admin.TLS; t != nil && !t.Unified {
		told = "https://" + told // for the tools that look for it
	}
	s.stage("listen for operators", told)
	s.spawn("admin", func() {
		if err := s.admin.Serve(); err != nil {
			s.log.Warn("admin server ended", "error", err)
		}
	})
}

func (s *Server) closeAdmin() {
	for _, a := range append(slices.Clip(s.scraped), s.admin) {
		if a != nil {
			_ = a.Close()
		}
	}
}

// errNotServing is for what needs a server that serves the ensemble's data.
func errNotServing() error {
	return &admin.Refusal{Status: http.StatusServiceUnavailable,
		Text: "this server does not serve the ensemble's data now; ask another one"}
}

// Allows authenticates as addauth does, and wants every permission at the root.
func (o operator) Allows(scheme string, auth []byte, address string) error {
	s := o.server
	ids, code := s.cfg.Rules.Authenticate(scheme, auth, address)
	if code != zoo.CodeOK {
		s.meters.auth.failed.Inc()
		return admin.ErrUnknown
	}
	return s.allowsAll(ids)
}

// Subject is the name by which ACLs know a client with a certificate.
func (o operator) Subject(der []byte) (string, error) {
	ids, err := o.server.cfg.Rules.X509IDs(der)
	if err != nil {
		return "", err
	}
	return ids[0].ID, nil
}

// AllowsSubject wants every permission at the root for who has shown a certificate.
func (o operator) AllowsSubject(der []byte) error {
	ids, err := o.server.cfg.Rules.X509IDs(der)
	if err != nil {
		o.server.meters.auth.failed.Inc()
		return admin.ErrUnknown
	}
	return o.server.allowsAll(ids)
}

// allowsAll tells whether identities have all permissions at the root.
func (s *Server) allowsAll(ids []zoo.ID) error {
	list, ok := s.rootACL()
	if !ok {
		return errNotServing()
	}
	for perm := zoo.PermRead; perm <= zoo.PermAdmin; perm <<= 1 {
		if !s.cfg.Rules.Check(list, perm, ids) {
			return admin.ErrForbidden
		}
	}
	return nil
}

func (s *Server) rootACL() ([]zoo.ACL, bool) {
	s.treeMu.RLock()
	defer s.treeMu.RUnlock()
	if s.tree == nil {
		return nil, false
	}
	root, ok := s.tree.Lookup("/")
	if !ok {
		return nil, false
	}
	return slices.Clone(root.ACL()), true
}

// inLoop has the loop do something. It is false if the server ended, or ctx, before
// the loop came to it.
func (s *Server) inLoop(ctx context.Context, do func()) bool {
	var taken atomic.Bool
	done := make(chan struct{})
	s.queue.call(func() {
		if taken.CompareAndSwap(false, true) {
			defer close(done)
			do()
		}
	})
	select {
	case <-done:
		return true
	case <-s.closing:
	case <-ctx.Done():
	}
	if taken.CompareAndSwap(false, true) {
		return false
	}
	<-done
	return true
}

// serves tells whether this server serves what the ensemble has committed.
func (l *loop) serves() bool {
	return l.status.Serving && !l.status.ReadOnly && !l.restarting
}

// freezeServed fixes the tree as it is now; nil if it is not the ensemble's.
func (s *Server) freezeServed(ctx context.Context) (frozen *tree.Frozen) {
	s.inLoop(ctx, func() {
		if s.loop.serves() {
			frozen = s.freeze(s.loop.replica.Tree())
		}
	})
	return frozen
}

// copied is a snapshot on its way.
type copied struct {
	*snapshot.Copy
	server *Server
	frozen *tree.Frozen
}

// Copy is a snapshot of this moment.
func (o operator) Copy(ctx context.Context) (admin.Stream, error) {
	frozen := o.server.freezeServed(ctx)
	if frozen == nil {
		return nil, errNotServing()
	}
	return &copied{snapshot.NewCopy(o.server.writer.source(frozen)), o.server, frozen}, nil
}

// Zxid is the last transaction in it.
func (c *copied) Zxid() zoo.Zxid { return c.frozen.Zxid() }

// Close lets the tree go.
func (c *copied) Close() error {
	c.server.thaw(c.frozen)
	return nil
}

// snapshotNotes remembers the last snapshot, and who waits for one.
type snapshotNotes struct {
	mu    sync.Mutex
	last  admin.Snapshot
	known bool
	waits []snapshotWait
}

// snapshotWait waits for a snapshot that holds zxid at least.
type snapshotWait struct {
	zxid zoo.Zxid
	done chan<- snapshotEnd
}

type snapshotEnd struct {
	admin.Snapshot
	err error
}

// note takes note of the last snapshot.
func (n *snapshotNotes) note(last admin.Snapshot) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.last, n.known = last, true
}

// end takes note of the end of a snapshot, good or bad.
func (n *snapshotNotes) end(of admin.Snapshot, err error) {
	if err == nil {
		n.note(of)
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	n.waits = slices.DeleteFunc(n.waits, func(w snapshotWait) bool {
		if w.zxid > of.Zxid {
			return false
		}
		w.done <- snapshotEnd{of, err} // it has room
		return true
	})
}

// wait gives a channel for the end of the first snapshot that holds zxid.
func (n *snapshotNotes) wait(zxid zoo.Zxid) <-chan snapshotEnd {
	done := make(chan snapshotEnd, 1)
	n.mu.Lock()
	defer n.mu.Unlock()
	n.waits = append(n.waits, snapshotWait{zxid, done})
	return done
}

// noteRecovered takes note of the snapshot that the server began with.
func (s *Server) noteRecovered(recovered *store.Recovered) {
	zxid := recovered.Snapshot
	files, err := snapshot.List(s.cfg.Store.FS, s.snapDir())
	at := slices.IndexFunc(files, func(f snapshot.File) bool { return f.Zxid == zxid })
	if err != nil || at < 0 {
		return
	}
	if info, err := s.cfg.Store.FS.Stat(files[at].Path); err == nil {
		s.snapshots.note(admin.Snapshot{Zxid: zxid, Taken: info.Modified, Bytes: info.Size})
	}
}

// LastSnapshot is the newest one in the directory.
func (o operator) LastSnapshot() (admin.Snapshot, bool) {
	n := &o.server.snapshots
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.last, n.known
}

// TakeSnapshot has a snapshot written to the server's directory.
func (o operator) TakeSnapshot(ctx context.Context) (admin.Snapshot, error) {
	s := o.server
	var done <-chan snapshotEnd
	err := errNotServing()
	s.inLoop(ctx, func() {
		l := s.loop
		switch {
		case !l.serves():
		case l.replica.Status().Unlogged:
			err = refusalOfUnlogged()
		case l.short():
			err = &admin.Refusal{Status: http.StatusInsufficientStorage,
				Text: "this server is short of disk space; free some, or use streaming=true"}
		default:
			done, err = s.snapshots.wait(l.replica.Status().LastApplied), nil
			l.replica.Step(l.now, replica.SnapshotWanted{})
		}
	})
	if err != nil {
		return admin.Snapshot{}, err
	}
	select {
	case end := <-done:
		return end.Snapshot, end.err
	case <-ctx.Done():
		return admin.Snapshot{}, ctx.Err()
	case <-s.closing:
		return admin.Snapshot{}, errNotServing()
	}
}

// Log is what was applied beyond a zxid.
func (o operator) Log(ctx context.Context, after zoo.Zxid) (admin.Stream, error) {
	s := o.server
	applied, err := s.appliedBeyond(ctx, after, 0)
	if err != nil {
		return nil, err
	}
	return s.logFrom(after, applied)
}

// Await returns when something beyond a zxid is applied, or nothing can be waited for.
func (o operator) Await(ctx context.Context, after zoo.Zxid, wait time.Duration) {
	_, _ = o.server.appliedBeyond(ctx, after, wait) // Log tells
}

// appliedBeyond tells what is applied. Unless that is beyond a zxid it waits for more.
func (s *Server) appliedBeyond(ctx context.Context, after zoo.Zxid,
	wait time.Duration) (zoo.Zxid, error) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	for {
		next := s.applied.next()
		var status replica.Status
		serves := false
		s.inLoop(ctx, func() { status, serves = s.loop.replica.Status(), s.loop.serves() })
		applied := status.LastApplied
		switch {
		case !serves:
			return 0, errNotServing()
		case status.Unlogged:
			return 0, refusalOfUnlogged()
		case applied > after || wait == 0:
			return applied, nil
		}
		select {
		case <-next:
		case <-timer.C:
			return applied, nil
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-s.closing:
			return 0, errNotServing()
		}
	}
}

// refusalOfUnlogged is the answer to who wants of the disk what is in memory only.
func refusalOfUnlogged() error {
	return &admin.Refusal{Status: http.StatusConflict, Text: "this observer keeps no log and " +
		"no snapshots (syncEnabled=false); ask another server, or for a snapshot with " +
		"streaming=true"}
}

// snapDir is where the snapshots are.
func (s *Server) snapDir() string { return store.VersionDir(s.cfg.Store.DataDir) }

// logDir is where the log is.
func (s *Server) logDir() string {
	return store.VersionDir(cmp.Or(s.cfg.Store.LogDir, s.cfg.Store.DataDir))
}
