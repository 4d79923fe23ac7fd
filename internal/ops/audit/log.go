package audit

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"zoo"
	"zoo/internal/disk/vfs"
)

// The bounds of what waits to be written.
const (
	entriesMax = 16 << 10
	bytesMax   = 16 << 20
)

// FileBytesDefault and FilesDefault bound the log's own files if nobody says otherwise.
const (
	FileBytesDefault = 64 << 20
	FilesDefault     = 10
)

// Config says where the lines go, and what they need.
type Config struct {
	// Log takes them where File is empty, with "logger": "audit", whatever its level.
	Log *slog.Logger
	// File is the log's own file, on FS, empty for none. From FileBytesMax bytes on (0 is
	// FileBytesDefault) it is renamed, to File.1, which becomes File.2, and so on; FilesMax
	// of them are kept (0 is FilesDefault), the one in use included.
	File         string
	FS           vfs.FS
	FileBytesMax int64
	FilesMax     int
	// User is the name of an identity, without what is secret.
	User func(zoo.ID) string
	// ServerUser is who runs the server.
	ServerUser string
	// Lost hears how many lines were not written, each time; err is why, nil for want of
	// room while the disk was slow. It is called by Run.
	Lost func(n int, err error)
}

// Log is an audit log. Its methods may be called from anywhere.
type Log struct {
	cfg     Config
	handler slog.Handler
	file    *file // nil for none
	wake    chan struct{}
	// gap is how many lines are missing where the next one goes. Run's.
	gap int

	mu      sync.Mutex // guards what follows; never held over I/O
	waiting []Entry
	bytes   int
	dropped int
	closed  bool
}

// New makes a log. Its lines are written by Run.
func New(cfg Config) *Log {
	if cfg.FileBytesMax <= 0 {
		cfg.FileBytesMax = FileBytesDefault
	}
	if cfg.FilesMax <= 0 {
		cfg.FilesMax = FilesDefault
	}
	l := &Log{cfg: cfg, wake: make(chan struct{}, 1)}
	if cfg.File == "" {
		l.handler = cfg.Log.Handler().WithAttrs([]slog.Attr{slog.String("logger", "audit")})
		return l
	}
	l.file = &file{fs: cfg.FS, name: cfg.File, bytesMax: cfg.FileBytesMax, count: cfg.FilesMax}
	l.handler = slog.NewJSONHandler(l.file, nil)
	return l
}

// Note has an entry written. It never waits: without room the entry is lost, and counted.
func (l *Log) Note(e Entry) {
	e.At = time.Now()
	n := e.weight()
	l.mu.Lock()
	switch {
	case l.closed:
	case len(l.waiting) >= entriesMax || l.bytes+n > bytesMax:
		l.dropped++
	default:
		l.waiting = append(l.waiting, e)
		l.bytes += n
	}
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Close has Run return when all that was noted is written. What comes later is forgotten.
func (l *Log) Close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// Run writes until Close.
func (l *Log) Run() {
	for range l.wake {
		entries, dropped, closed := l.take()
		for i := range entries {
			l.write(&entries[i])
		}
		if dropped > 0 {
			l.lose(dropped, nil)
		}
		_ = l.tellGap() // Else before the next line.
		if closed {
			break
		}
	}
	if l.file != nil {
		l.file.close()
	}
}

func (l *Log) take() (entries []Entry, dropped int, closed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	entries, dropped = l.waiting, l.dropped
	l.waiting, l.bytes, l.dropped = nil, 0, 0
	return entries, dropped, l.closed
}

func (l *Log) write(e *Entry) {
	for _, one := range e.lines() {
		err := l.tellGap()
		if err == nil {
			err = l.handle(e, &one)
		}
		if err != nil {
			l.lose(1, err)
		}
	}
}

func (l *Log) handle(e *Entry, one *line) error {
	return l.handler.Handle(context.Background(), l.record(e, one))
}

// tellGap has the log itself say that lines are missing here.
func (l *Log) tellGap() error {
	if l.gap == 0 {
		return nil
	}
	e := Entry{At: time.Now(), Operation: lost, missing: l.gap}
	if err := l.handle(&e, &e.lines()[0]); err != nil {
		return err
	}
	l.gap = 0
	return nil
}

func (l *Log) lose(n int, err error) {
	l.gap += n
	if l.cfg.Lost != nil {
		l.cfg.Lost(n, err)
	}
}
