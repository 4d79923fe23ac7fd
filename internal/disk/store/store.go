package store

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
	"zoo/internal/txn"
)

// The names in a data directory, besides those of snapshots and log segments.
const (
	versionDir     = "version-2"
	lockName       = "zoo.lock"
	initializeName = "initialize"
)

// CorruptError is the answer to a data directory that must not be served.
type CorruptError = vfs.CorruptError

// ErrNotInLog means that the store cannot be cut at a zxid, because its history
// does not hold it; nothing was changed.
var ErrNotInLog = errors.New("zxid is not in the history on disk")

// ErrClosed is what a closed Store says.
var ErrClosed = errors.New("store is closed")

// Config tells where the data is and how to treat it.
type Config struct {
	FS      vfs.FS
	DataDir string
	// LogDir is where the log goes; "" means DataDir.
	LogDir string
	// PreallocateBytes is the step by which the log grows; 0 means 64 MiB.
	PreallocateBytes int64
	// RequireInitialize is db.autocreate=false: without a file named initialize
	// in LogDir, an empty directory gives no vote (Recovered.Zxid is ZxidNone).
	RequireInitialize bool
	// TrustEmptySnapshot is snapshot.trust.empty=true: a log without any snapshot
	// is believed to begin with the history.
	TrustEmptySnapshot bool
	// LogBytesMax ends a file of the log that has grown to it; 0 never does
	// (txnLogSizeLimitInKb).
	LogBytesMax int64
	// LogUnsynced leaves it to the system when entries reach the disk: what Sync
	// returned for may be lost with the power (forceSync=no). Nothing else is
	// affected.
	LogUnsynced bool
	// Snapshots is how snapshots are written.
	Snapshots snapshot.Format
	// LogCommitted says that this server is alone, so that all of its log is committed:
	// it is applied to the tree while it is read, and Recovered.Tail stays empty.
	LogCommitted bool
	// Types is how owner values are taken where the log is applied.
	Types tree.Types
	// Progress is told how far a recovery has come; nil if nobody asks.
	Progress *Progress
	// DirsExpected refuses to make missing directories (datadir.autocreate=false).
	DirsExpected bool
	// Release, when not nil, closes what is left of a file that a purge has removed, which
	// takes as long as the file is large; it must not wait for it. nil closes at once.
	Release func(content vfs.Held)
}

// ErrDir means that a data directory cannot be used at all, whatever is in it.
var ErrDir = errors.New("data directory cannot be used")

// Store is an open data directory.
type Store struct {
	cfg     Config
	disk    vfs.FS
	snapDir string
	logDir  string
	locks   []io.Closer

	log      *txnlog.Writer
	spares   *txnlog.Spares // nil where the log is not synced
	accepted zoo.Epoch
	current  zoo.Epoch
	err      error
	purging  []purgeStep // what is left of a purge

	// mu is held over the rename that publishes a snapshot: it must not happen
	// while, or after, a truncation decides that the snapshot is too new.
	mu         sync.Mutex
	generation uint64            // grows with each change of history
	writing    *Snapshot         // in progress, if any
	verified   map[zoo.Zxid]bool // snapshots that were read back or loaded
	treeZxid   zoo.Zxid          // what the tree in memory holds at least

	// doubted is set when a snapshot was passed over only for its digest. It and ahead are
	// used by recover.
	doubted bool
	// ahead is the log behind the snapshot that is being read; nil outside of recover.
	ahead *tail
}

// Recovered is what a data directory holds.
type Recovered struct {
	// Tree is the newest valid snapshot, and the log behind it if that is committed.
	Tree *tree.Tree
	// Snapshot is the zxid of the snapshot.
	Snapshot zoo.Zxid
	// Replayed is how many entries of the log are in the tree, ReplayedBytes their size.
	Replayed      int
	ReplayedBytes int64
	// Tail is the log beyond the tree, without gaps. Nobody knows yet what of it is
	// committed.
	Tail []txn.Entry
	// Zxid is the end of the history: of the tail, or of the tree without one.
	// ZxidNone means that the server must not vote before it was synchronised.
	Zxid          zoo.Zxid
	AcceptedEpoch zoo.Epoch
	CurrentEpoch  zoo.Epoch
	// Empty means that this is the first start of an empty directory.
	Empty bool
	// Notes are what an operator should hear about the state of the directory.
	Notes []string

	begins bool // the history begins with this start
}

// Open opens the data directory with the default configuration; logDir may be "".
func Open(disk vfs.FS, dataDir, logDir string) (*Store, Recovered, error) {
	return Config{FS: disk, DataDir: dataDir, LogDir: logDir}.Open()
}

// VersionDir is where the files of this format lie within a data directory.
func VersionDir(dir string) string { return filepath.Join(dir, versionDir) }

// Open recovers the data directory, and takes it for this process.
func (c Config) Open() (*Store, Recovered, error) {
	c = c.withLogDir()
	s := &Store{
		cfg: c, disk: c.FS, verified: make(map[zoo.Zxid]bool),
		snapDir: VersionDir(c.DataDir),
		logDir:  VersionDir(c.LogDir),
	}
	if !c.LogUnsynced {
		s.spares = txnlog.NewSpares(c.FS, s.logDir, c.PreallocateBytes)
	}
	recovered, err := s.open()
	if err != nil {
		return nil, Recovered{}, errors.Join(
			fmt.Errorf("open data directory %s: %w", c.DataDir, err), s.unlock())
	}
	return s, recovered, nil
}

func (c Config) withLogDir() Config {
	if c.LogDir == "" {
		c.LogDir = c.DataDir
	}
	return c
}

// open is the order of a start. Unfinished plans come before anything is read,
// repairs after everything was found good.
func (s *Store) open() (Recovered, error) {
	for _, step := range []func() error{
		s.makeDirs, s.lock, s.checkPlacement, s.resumePlan, s.removeUnfinished,
	} {
		if err := step(); err != nil {
			return Recovered{}, err
		}
	}
	return s.recover()
}

func (s *Store) makeDirs() error {
	for _, dir := range []string{s.snapDir, s.logDir} {
		provide := s.disk.MkdirAll
		if s.cfg.DirsExpected {
			provide = s.expectDir
		}
		if err := provide(dir); err != nil {
			return fmt.Errorf("%w: %w", ErrDir, err)
		}
	}
	return nil
}

func (s *Store) expectDir(dir string) error {
	info, err := s.disk.Stat(dir)
	if err == nil && !info.Dir {
		return fmt.Errorf("%s is no directory", dir)
	}
	return err
}

// newLog continues the log after z.
func (s *Store) newLog(z zoo.Zxid) *txnlog.Writer {
	disk := s.disk
	if s.cfg.LogUnsynced {
		disk = vfs.Unsynced{FS: disk}
	}
	return txnlog.NewWriter(disk, s.logDir, z,
		txnlog.Config{PreallocateBytes: s.cfg.PreallocateBytes, Spares: s.spares})
}

// lock keeps other servers out of both directories.
func (s *Store) lock() error {
	dirs := []string{s.cfg.DataDir}
	if s.snapDir != s.logDir {
		dirs = append(dirs, s.cfg.LogDir)
	}
	for _, dir := range dirs {
		l, err := s.disk.Lock(filepath.Join(dir, lockName))
		if err != nil {
			return fmt.Errorf("another server may be using %s: %w", dir, err)
		}
		s.locks = append(s.locks, l)
	}
	return nil
}

func (s *Store) unlock() error {
	var errs []error
	for _, l := range s.locks {
		errs = append(errs, l.Close())
	}
	s.locks = nil
	return errors.Join(errs...)
}

// Last is the zxid of the last entry of the log, or of the snapshot without one.
func (s *Store) Last() zoo.Zxid { return s.log.Last() }

// Synced is the zxid up to which the history is durable.
func (s *Store) Synced() zoo.Zxid { return s.log.Synced() }

// LogBytes is the size of the current segment of the log.
func (s *Store) LogBytes() int64 { return s.log.SegmentBytes() }

// Append writes entries to the log; they are durable after Sync. An entry that
// does not follow the last one is refused (txnlog.ErrOrder).
func (s *Store) Append(entries []txn.Entry) error {
	if s.err != nil {
		return s.err
	}
	if most := s.cfg.LogBytesMax; most > 0 && s.log.SegmentBytes() >= most {
		if err := s.Roll(); err != nil {
			return err
		}
	}
	return s.keep(s.log.Append(entries))
}

// Sync makes durable what was appended. Only then may it be acknowledged.
func (s *Store) Sync() error {
	if s.err != nil {
		return s.err
	}
	return s.keep(s.log.Sync())
}

// Roll ends the log's segment, durably; the next append opens a new one.
func (s *Store) Roll() error {
	if s.err != nil {
		return s.err
	}
	return s.keep(s.log.Roll())
}

// BeginSpare begins the segment that the log will need next, if it is time for that and no
// more than so many bytes; nil if not. Whoever calls it calls Fill, in any goroutine, until
// all is done or fails, and then EndSpare. A failure is no danger: the log does without.
func (s *Store) BeginSpare(most int64) (*txnlog.Spare, error) {
	size := s.spares.Wanted(s.log.SegmentBytes())
	if size == 0 || s.err != nil {
		return nil, nil
	}
	if size > most {
		return nil, s.spares.Decline()
	}
	return s.spares.Begin(size)
}

// EndSpare takes what BeginSpare has begun, of this store or of another.
func (s *Store) EndSpare(spare *txnlog.Spare, err error) error { return s.spares.End(spare, err) }

// DropSpare gives back the room of a spare, because there is little.
func (s *Store) DropSpare() error { return s.spares.Decline() }

// keep remembers the first error, except that an entry was refused.
func (s *Store) keep(err error) error {
	if err != nil && s.err == nil && !errors.Is(err, txnlog.ErrOrder) {
		s.err = err
	}
	return err
}

// Reload recovers the open directory once more, after Truncate asked for it.
func (s *Store) Reload() (Recovered, error) {
	if s.err != nil {
		return Recovered{}, s.err
	}
	if err := s.keep(s.log.Close()); err != nil {
		return Recovered{}, err
	}
	recovered, err := s.recover()
	return recovered, s.keep(err)
}

// CutUnsynced ends the log with the last entry that is known to be durable, after an error
// of it. What lies behind was promised to nobody. A system that could not write it may
// show it all the same, to the next Open as well, and forget it with the power: so
// it must go before the directory is opened again. Where there is nothing to cut nothing
// is done; after an error, such as a full disk, it may be tried once more.
func (s *Store) CutUnsynced() error {
	if s.err == nil || !s.log.Unsynced() {
		return nil
	}
	synced := s.log.Synced()
	err := s.log.Abandon()
	if err == nil {
		err = txnlog.Truncate(s.disk, s.logDir, synced)
	}
	if err != nil {
		return fmt.Errorf("cut what was not synced: %w", err)
	}
	s.restart(synced)
	return nil
}

// Close syncs the log and lets other servers in. After an error of the log it cuts off
// what is not known to be durable.
func (s *Store) Close() error {
	// A snapshot that is still being written belongs to nobody now.
	s.mu.Lock()
	s.generation++
	s.mu.Unlock()
	err := s.keep(s.log.Close())
	// What is left of a spare the next start removes.
	_ = s.spares.Close()
	err = errors.Join(err, s.CutUnsynced(), s.unlock())
	if s.err == nil {
		s.err = ErrClosed
	}
	return err
}
