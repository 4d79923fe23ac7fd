package server

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"runtime"
	"runtime/debug"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"zoo/internal/config"
	"zoo/internal/core/quorum"
	"zoo/internal/core/replica"
	"zoo/internal/core/tree"
	"zoo/internal/core/watch"
	"zoo/internal/core/zab"
	"zoo/internal/disk/store"
	"zoo/internal/ops/admin"
	"zoo/internal/ops/audit"
	"zoo/internal/ops/command"
	"zoo/internal/ops/sketch"
	"zoo/internal/ops/traces"
	"zoo/internal/wire"
)

// BuildInfo says which program this is.
type BuildInfo = command.Build

// Server is one server of an ensemble, or a standalone one. It runs once.
type Server struct {
	cfg   Config // immutable, like all up to the next comment
	log   *slog.Logger
	build BuildInfo
	start time.Time

	meters       *meters
	commands     *command.Answerer
	lists        lists
	inputs       *bufferPool
	outputs      *bufferPool
	turns        sync.Pool // of *turn
	flushes      chan *flushList
	flusherCount int
	queue        *queue
	conns        *connTable
	writer       *logWriter
	// opened is the data directory as it was opened last, for what any goroutine may do.
	opened atomic.Pointer[store.Store]
	peers  *peers // nil when standalone

	// loop's fields belong to its goroutine; others only queue calls to it.
	loop  *loop
	pulse pulse

	// secure is the state of TLS; its context is set by Run before anything else
	// runs, nil without TLS.
	secure secure
	// certificates are those in use, for who watches when they end.
	certificates ownCertificates

	// treeMu guards tree, serving, extends and what the tree holds: the loop
	// changes them, readers read.
	treeMu  sync.RWMutex
	tree    *tree.Tree
	serving bool
	// extends tells that clients may be told of the extensions.
	extends bool

	// digests are the tree's at some zxids of the past, under treeMu.
	digests []command.Digest

	// censusMu is held while the tree's memory is added up, outside of all other locks.
	censusMu sync.Mutex
	slow     slowest
	// hot has the rates of paths.
	hot *sketch.Paths
	// slowSyncs counts those of the log, since the figures were begun anew.
	slowSyncs atomic.Uint64

	watches   watches
	gate      gate
	timeline  timeline
	recovery  atomic.Pointer[recovery] // nil but while the data directory is read
	refusals  *refusals
	auditLog  *audit.Log       // nil unless it is switched on
	tracer    *traces.Exporter // nil unless requests are traced
	snapshots snapshotNotes
	// applied tells that transactions were applied, changes that the role was.
	applied, changes bell
	admin            *admin.Server // nil for none
	// operators is the address of the admin server, set by Run before it recovers.
	operators net.Addr
	// scraped are where only the metrics are served, at metricsAt.
	scraped   []*admin.Server
	metricsAt []net.Addr
	admission admission
	space     space
	stall     stall
	large     largeRequests
	// inflight counts the submitted requests without an outcome.
	inflight atomic.Int64
	// underWay counts the transactions that the log or a quorum had not confirmed, or the
	// tree not got, when the last turn ended.
	underWay atomic.Int64
	// drained is 1 while no new clients are taken.
	drained atomic.Int64
	// servingSince is the monotonic time at which the server began to serve.
	servingSince atomic.Int64

	// view is the ensemble's configuration in force; nil when standalone.
	view atomic.Pointer[quorum.View]

	tasks     sync.WaitGroup
	listeners clientPorts
	addresses chan []net.Addr
	closing   chan struct{}
	failOnce  sync.Once
	failure   error // set by failOnce, before closing is closed
}

// New makes a server from what its operator configured, adjusted by the program that it
// is part of. It does nothing before Run, which also reports what cannot be used of the
// configuration.
func New(
	cfg *config.Config, log *slog.Logger, build BuildInfo, adjust ...func(*Config),
) *Server {
	own, err := FromConfig(cfg)
	for _, change := range adjust {
		change(&own)
	}
	for _, warning := range own.Access.Warnings {
		log.Warn("access control", "text", warning)
	}
	if own.Access.SASL != nil {
		log.Info("clients may authenticate by SASL", "mechanism", own.Access.SASLName)
	}
	s := Assemble(own, log, build)
	if err != nil {
		s.fail(err)
	}
	return s
}

// Assemble makes a server from its parts. It does nothing before Run.
func Assemble(cfg Config, log *slog.Logger, build BuildInfo) *Server {
	if cfg.View != nil {
		log = log.With("server", int64(cfg.ID))
	}
	s := &Server{
		cfg: cfg.withDefaults(), log: log, build: build, start: time.Now(),
		inputs:  newBufferPool(inputBytes),
		outputs: newBufferPool(outputBytes),
		meters:  newMeters(), hot: sketch.New(0, rand.Uint64()),
		flushes:      make(chan *flushList, flushQueue),
		flusherCount: max(flushersMin, runtime.GOMAXPROCS(0)),
		queue:        newQueue(),
		conns:        newConnTable(cfg.ConnsPerHostMax, cfg.ConnsMax),
		watches:      watches{table: watch.NewTable()},
		addresses:    make(chan []net.Addr, 1),
		closing:      make(chan struct{}),
	}
	s.limit()
	s.auditLog, s.tracer = s.newAuditLog(), s.newTracer()
	s.meterQuotas()
	s.meterState()
	s.loop = newLoop(s)
	s.writer = &logWriter{server: s, wake: make(chan struct{}, 1)}
	s.commands = &command.Answerer{
		Build: build, Source: source{s}, Metrics: s.meters.set,
		Settings: cfg.Settings, Allowed: cfg.Words, Lines: cfg.Lines,
		Properties: cfg.Properties,
	}
	if cfg.ReadOnly {
		s.commands.Allowed = append(slices.Clone(cfg.Words), "isro")
	}
	s.admin, s.scraped = newAdmin(s), newScraped(s)
	if cfg.View != nil {
		s.loop.beginMembers()
		s.view.Store(cfg.View)
		s.commands.Membership = func() string { return s.view.Load().Text() }
		s.peers = newPeers(s)
	}
	return s
}

// limit sets up what holds clients back and turns them away.
func (s *Server) limit() {
	s.refusals = &refusals{
		log: s.log, mono: s.mono, counter: s.meters.conns.refusals,
		logged: map[string]*refusalLog{},
	}
	s.admission.cfg, s.admission.local = s.cfg.Admission, s.cfg.LocalSessions
	s.stall.cfg, s.large.cfg = s.cfg.Stall, s.cfg.Large
	s.meters.set.Gauge("outstanding_tls_handshake", "TLS handshakes under way.",
		func() float64 { return float64(s.secure.outstanding.Load()) })
	s.meters.set.Gauge("disk_free_bytes", "Bytes that are free where the data goes.",
		func() float64 { return float64(s.space.free.Load()) })
	s.meters.set.Gauge("disk_space_low", "1 while a server is short of disk space.",
		func() float64 { return float64(s.space.low.Load()) })
	s.meters.set.Gauge("disk_space_refuses", "1 while writes that need space are refused.",
		func() float64 { return float64(s.space.refuses.Load()) })
	s.meters.set.Gauge("drained", "1 while no new clients are taken: zoo member drain.",
		func() float64 { return float64(s.drained.Load()) })
	s.meters.set.Fraction("connection_drop_probability",
		"Chance of a handshake to be refused.", s.admission.dropShare)
}

// Run serves until ctx is done, or until something fails that must not be
// survived. It returns when nothing of the server is left.
func (s *Server) Run(ctx context.Context) error {
	// The start-up may wait for a port.
	defer context.AfterFunc(ctx, func() { s.fail(nil) })()
	defer s.beginAudit()()
	defer s.beginTraces()()
	var err error
	select {
	case <-s.closing: // The configuration cannot be used.
	default:
		err = s.open()
		s.auditStart(err)
	}
	if err == nil {
		s.work()
		select {
		case <-ctx.Done():
		case <-s.closing:
		}
	}
	return s.shut(err)
}

// Addresses gives the addresses for clients, once they are bound.
func (s *Server) Addresses(ctx context.Context) ([]net.Addr, error) {
	select {
	case list := <-s.addresses:
		s.addresses <- list
		return list, nil
	case <-s.closing:
		return nil, s.ended()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// open takes the steps of the start-up that every role has. Clients come first:
// they may wait for the rest, but should not be refused for it.
func (s *Server) open() error {
	if err := s.listen(); err != nil {
		return err
	}
	bound := s.listeners.addresses()
	s.listenForOperators()
	s.addresses <- bound
	s.stage("listen for clients", fmt.Sprint(bound))
	s.checkFiles()
	if s.peers != nil {
		if err := s.peers.prepare(); err != nil {
			return err
		}
	}
	recovered, err := s.recover()
	if err != nil {
		return err
	}
	s.loop.now = s.instant()
	s.loop.replica = s.newReplica(recovered, s.loop.now)
	if ev, ok := s.measureSpace(); ok {
		s.loop.replica.Step(s.loop.now, ev)
	}
	if s.peers == nil {
		return nil
	}
	if err := s.peers.elect(); err != nil {
		return err
	}
	s.stage("listen for election", fmt.Sprint(s.peers.current().Addresses()))
	return nil
}

// recover reads the data directory.
func (s *Server) recover() (*store.Recovered, error) {
	began := s.mono()
	cfg := s.storeConfig()
	cfg.Progress = new(store.Progress)
	end := s.beginRecovery(began, cfg.Progress)
	disk, recovered, err := s.openStore(cfg, enough)
	end()
	if err != nil {
		return nil, codedDir(err)
	}
	if disk == nil {
		return nil, context.Canceled // The server closes; why is known.
	}
	s.settleReserve()
	entries := recovered.Replayed + len(recovered.Tail)
	s.meters.disk.initTime.Observe(s.mono() - began)
	s.meters.disk.loaded.Observe(int64(entries))
	s.writer.store = disk
	s.opened.Store(disk)
	s.noteRecovered(recovered)
	for _, note := range recovered.Notes {
		s.log.Warn("recovery", "note", note)
	}
	s.stage(stageRecover, fmt.Sprintf("snapshot %v, %d entries behind it, epoch %d",
		recovered.Snapshot, entries, recovered.CurrentEpoch))
	return recovered, nil
}

// storeConfig is how the data directory is opened.
func (s *Server) storeConfig() store.Config {
	cfg := s.cfg.Store
	cfg.Release = s.release
	// Alone a server is the quorum: what it has logged is committed.
	cfg.LogCommitted, cfg.Types = s.cfg.View == nil, s.cfg.Types
	return cfg
}

func (s *Server) newReplica(recovered *store.Recovered, now replica.Now) *replica.Replica {
	cfg := s.cfg.Config
	cfg.ObserverUnlogged = cfg.ObserverUnlogged && !s.loop.logs
	cfg.Start, cfg.Drained = now, s.loop.status.Drain == wire.DrainDone
	if cfg.View != nil {
		cfg.View, cfg.Next = s.loop.members.Current, s.loop.members.Next
		setConfig(recovered.Tree, cfg.View, now)
	}
	return replica.New(cfg, replica.Recovered{
		Tree: recovered.Tree, Tail: recovered.Tail,
		Replayed: recovered.Replayed, ReplayedBytes: recovered.ReplayedBytes,
		Epochs: zab.Epochs{Accepted: recovered.AcceptedEpoch, Current: recovered.CurrentEpoch},
		Uncut:  s.loop.uncut,
	})
}

// setConfig puts the ensemble's configuration where clients look for it.
func setConfig(t *tree.Tree, view *quorum.View, now replica.Now) {
	t.SetConfig([]byte(view.Text()), view.Version(), now.WallMillis)
}

// work starts what runs until the end.
func (s *Server) work() {
	for range s.flusherCount {
		s.spawn("flusher", s.flusher)
	}
	if s.cfg.Purge.Interval > 0 {
		s.writer.add(job{kind: jobPurge})
	}
	s.spawn("log writer", s.writer.run)
	s.spawn("disk space", s.watchSpace)
	if s.cfg.OraclePath != "" {
		s.spawn("oracle", s.watchOracle)
	}
	s.pulse.looping.Store(true)
	s.spawn("loop", s.loop.run)
}

// shut ends everything, in the order in which it depends on each other.
func (s *Server) shut(err error) error {
	s.fail(err)
	s.listeners.close()
	s.queue.close()
	s.closeAdmin()
	s.conns.close()
	if s.peers != nil {
		s.peers.close()
	}
	s.tasks.Wait()
	if s.writer.store != nil {
		err = s.writer.store.Close()
	}
	if s.failure != nil {
		return s.failure
	}
	return err
}

// fail ends the server; the first reason is the one that Run returns, nil for
// none.
func (s *Server) fail(reason error) {
	s.failOnce.Do(func() {
		s.failure = reason
		close(s.closing)
	})
}

// spawn starts a goroutine that Run waits for. A panic in it ends the server:
// after a broken invariant it could acknowledge what it does not have.
func (s *Server) spawn(name string, run func()) {
	s.tasks.Go(func() {
		defer s.catch(name)
		run()
	})
}

func (s *Server) catch(name string) {
	caught := recover()
	if caught == nil {
		return
	}
	err, ok := caught.(error)
	if !ok {
		err = fmt.Errorf("%v", caught)
	}
	s.log.Error("panic", "in", name, "error", err, "stack", string(debug.Stack()))
	s.fail(fmt.Errorf("%s: %w", name, err))
}

// mono is the time since the server was made.
func (s *Server) mono() time.Duration { return time.Since(s.start) }

// instant is now, for the replica.
func (s *Server) instant() replica.Now {
	now := time.Now()
	return replica.Now{Mono: now.Sub(s.start), WallMillis: now.UnixMilli()}
}

// served notes that the server begins to serve.
func (s *Server) served(now time.Duration) {
	if s.servingSince.CompareAndSwap(0, int64(max(now, 1))) {
		s.timeline.finish()
	}
}

// unwatch removes the watches of a connection that has ended.
func (s *Server) unwatch(c *conn) {
	s.treeMu.RLock()
	defer s.treeMu.RUnlock()
	s.watches.removeConn(watch.ConnID(c.id))
}
