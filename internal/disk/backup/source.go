package backup

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"zoo"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
	"zoo/internal/txn"
)

// Source is where a history is copied from.
type Source interface {
	// Snapshot gives a snapshot, which is the caller's to close.
	Snapshot(ctx context.Context) (Snapshot, error)
	// Log gives the entries beyond a transaction that the source has now. If it
	// cannot know that they are all, the error is ErrGone.
	Log(ctx context.Context, ask Ask) (Log, error)
	// String names the source in messages and manifests.
	String() string
}

// Ask is a question for a log.
type Ask struct {
	After zoo.Zxid
	// Wait is how long to wait for a first entry.
	Wait time.Duration
}

// Snapshot is a snapshot file that comes as a stream.
type Snapshot struct {
	io.ReadCloser
	Zxid zoo.Zxid
	// LogEnd is the last transaction in the log at that moment, if it is known: no
	// snapshot, however fuzzy, has more.
	LogEnd zoo.Zxid
	// Time is that of the transaction Zxid, or of the next one, if it is known.
	Time time.Time
	// Size is how many bytes come, 0 if nobody knows.
	Size int64
	// Suffix is ".gz" or ".snappy" if the file is compressed.
	Suffix string
}

// Log gives entries, io.EOF after the last one.
type Log interface {
	Next() (txn.Entry, error)
	Close() error
}

// ErrGone means that a source does not have a transaction's continuation any more.
var ErrGone = errors.New("the log no longer has what comes next")

// ErrNoLog means a source that cannot give its log, such as Java's server.
var ErrNoLog = errors.New("the source gives no log")

// DataDir is the Source of a data directory. A server may be running in it; what it
// writes meanwhile is seen or not. Whether the last entries of the log of a member
// of an ensemble are committed is not known to the directory.
type DataDir struct {
	FS vfs.FS
	// Path is dataDir, LogPath dataLogDir; "" means Path.
	Path, LogPath string
}

// String is the directory.
func (d DataDir) String() string { return d.Path }

func (d DataDir) logDir() string {
	if d.LogPath == "" {
		return store.VersionDir(d.Path)
	}
	return store.VersionDir(d.LogPath)
}

// Snapshot gives the newest valid snapshot.
func (d DataDir) Snapshot(_ context.Context) (Snapshot, error) {
	files, err := snapshot.List(d.FS, store.VersionDir(d.Path))
	if err != nil {
		return Snapshot{}, err
	}
	var refused []error
	for _, file := range files {
		if _, err := snapshot.Check(d.FS, file); err != nil {
			refused = append(refused, err)
			continue
		}
		return d.open(file)
	}
	return Snapshot{}, errors.Join(append(refused,
		fmt.Errorf("%s: no valid snapshot: is it a dataDir?", d.Path))...)
}

// open gives a snapshot as it is on disk.
func (d DataDir) open(file snapshot.File) (Snapshot, error) {
	shot := Snapshot{Zxid: file.Zxid, LogEnd: file.Zxid, Suffix: compressedSuffix(file.Path)}
	if err := d.surroundings(&shot); err != nil {
		return Snapshot{}, err
	}
	f, err := d.FS.Open(file.Path)
	if err != nil {
		return Snapshot{}, err
	}
	shot.ReadCloser = f
	if shot.Size, err = f.Size(); err != nil {
		return Snapshot{}, errors.Join(err, f.Close())
	}
	return shot, nil
}

// compressedSuffix is what Java puts behind the name of a snapshot that it
// compresses.
func compressedSuffix(name string) string {
	for _, suffix := range []string{".gz", ".snappy"} {
		if strings.HasSuffix(name, suffix) {
			return suffix
		}
	}
	return ""
}

// surroundings finds in the log when a snapshot was, and up to where the log goes.
func (d DataDir) surroundings(shot *Snapshot) error {
	shot.Time = d.timeOf(shot.Zxid)
	reader, err := txnlog.NewReader(d.FS, d.logDir(), shot.Zxid)
	if err != nil {
		return err
	}
	defer reader.Close()
	for {
		e, err := reader.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if shot.Time.IsZero() {
			shot.Time = timeOf(e)
		}
		shot.LogEnd = e.Zxid
	}
}

// timeOf is when a transaction was, zero if the log does not have it any more, or never
// had: that of a server which was synchronised by a snapshot has a gap there.
func (d DataDir) timeOf(z zoo.Zxid) time.Time {
	if z.Counter() == 0 {
		return time.Time{}
	}
	reader, err := txnlog.NewReader(d.FS, d.logDir(), z-1)
	if err != nil {
		return time.Time{}
	}
	defer reader.Close()
	if e, err := reader.Next(); err == nil && e.Zxid == z {
		return timeOf(e)
	}
	return time.Time{}
}

func timeOf(e txn.Entry) time.Time {
	header, _ := e.Open()
	return time.UnixMilli(header.Time).UTC()
}

// Log implements Source. The end of what is there is the end: it waits for nothing.
func (d DataDir) Log(_ context.Context, ask Ask) (Log, error) {
	if err := d.continues(ask.After); err != nil {
		return nil, err
	}
	return txnlog.NewReader(d.FS, d.logDir(), ask.After)
}

// continues tells whether the log has all that came after z: it does if it has z
// itself, the very next entry, or a snapshot of exactly z.
func (d DataDir) continues(z zoo.Zxid) error {
	segments, err := txnlog.Segments(d.FS, d.logDir())
	if err != nil {
		return err
	}
	for _, s := range segments {
		if s.First <= z || s.First == z+1 {
			return nil
		}
	}
	if len(segments) == 0 {
		return nil
	}
	files, err := snapshot.List(d.FS, store.VersionDir(d.Path))
	for _, file := range files {
		if file.Zxid == z {
			return nil
		}
	}
	if err != nil {
		return err
	}
	return fmt.Errorf("%s: the oldest entry is %v: %w", d.Path, segments[0].First, ErrGone)
}
