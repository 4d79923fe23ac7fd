package server

import (
	"os/user"
	"strings"
	"sync"
	"time"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/core/tree"
	"zoo/internal/ops/audit"
	"zoo/internal/wire"
)

// AuditConfig is the log of who changed what.
type AuditConfig struct {
	// On switches it on.
	On bool
	// Path is its own file; empty for the server's log.
	Path string
	// FileBytesMax bounds one file, Files how many there are; 0 is the log's default.
	FileBytesMax int64
	Files        int
}

const (
	// auditCloseMax is how long a server that ends waits for the last lines: a disk that
	// hangs must not keep it.
	auditCloseMax = 5 * time.Second
	// auditLossPause lies between two lines of the server's log for lines of the audit log
	// that are lost.
	auditLossPause = 10 * time.Second
)

// newAuditLog is the log of who changed what, nil if it is off.
func (s *Server) newAuditLog() *audit.Log {
	cfg := s.cfg.Audit
	if !cfg.On {
		return nil
	}
	return audit.New(audit.Config{
		Log: s.log, File: cfg.Path, FS: s.cfg.Store.FS,
		FileBytesMax: cfg.FileBytesMax, FilesMax: cfg.Files,
		User: s.cfg.Rules.User, ServerUser: processUser(), Lost: s.auditLosses(),
	})
}

// processUser is who runs this process, empty if the system does not say.
func processUser() string {
	who, err := user.Current()
	if err != nil {
		return ""
	}
	return who.Username
}

// auditLosses counts the lines that are lost, and tells of them, though not each time.
func (s *Server) auditLosses() func(int, error) {
	var silent int
	said := -auditLossPause
	return func(n int, err error) {
		s.meters.requests.auditLost.Add(uint64(n))
		silent += n
		now := s.mono()
		if now-said < auditLossPause {
			return
		}
		attrs := []any{"lines", silent}
		if err != nil {
			attrs = append(attrs, "error", err)
		}
		s.log.Warn("audit log loses lines", attrs...)
		silent, said = 0, now
	}
}

// beginAudit starts the audit log's writer; end has it write what is there. It is none of
// the tasks: nothing else of the server waits for its disk.
func (s *Server) beginAudit() (end func()) {
	if s.auditLog == nil {
		return func() {}
	}
	var writer sync.WaitGroup
	written := make(chan struct{})
	writer.Go(func() {
		defer close(written)
		defer s.catch("audit log")
		s.auditLog.Run()
	})
	return func() {
		s.auditLog.Note(audit.Entry{Operation: audit.ServerStop})
		s.auditLog.Close()
		select {
		case <-written:
		case <-time.After(auditCloseMax):
			s.log.Warn("audit log is not written to its end", "waited", auditCloseMax)
		}
	}
}

// auditStart notes that the server has started, or has not.
func (s *Server) auditStart(err error) {
	if s.auditLog == nil {
		return
	}
	e := audit.Entry{Operation: audit.ServerStart}
	if err != nil {
		e.Code = zoo.CodeSystemError
	}
	s.auditLog.Note(e)
}

// askedLocked is what the audit log will say of a request, nil if that is nothing.
func (c *conn) askedLocked(op wire.Op, body []byte) *audit.Asked {
	if !audit.Audits(op) {
		return nil
	}
	asked := audit.Read(op, body)
	asked.Session, asked.IDs, asked.IP = c.session, c.ids, c.host
	return asked
}

// auditRefusedLocked notes a request that is refused before it goes anywhere.
func (c *conn) auditRefusedLocked(op wire.Op, body []byte, code zoo.Code) {
	if c.server.auditLog == nil {
		return
	}
	if asked := c.askedLocked(op, body); asked != nil {
		c.server.auditLog.Note(audit.Entry{Asked: asked, Code: code})
	}
}

// auditOutcome notes what became of a request. Paths are copied: they may be a part of the
// transaction, which is as large as its data.
func (l *loop) auditOutcome(asked *audit.Asked, o *replica.Outcome) {
	e := audit.Entry{Asked: asked, Code: o.Code}
	if r := o.Result; r != nil {
		e.Code, e.Zxid, e.Path = r.Code, r.Header.Zxid, strings.Clone(r.Path)
		e.Parts = auditParts(r.Multi)
	}
	l.server.auditLog.Note(e)
}

func auditParts(results []tree.Result) []audit.Part {
	if len(results) == 0 {
		return nil
	}
	parts := make([]audit.Part, len(results))
	for i := range results {
		r := &results[i]
		parts[i] = audit.Part{Op: r.Header.Type, Path: strings.Clone(r.Path), Code: r.Code}
	}
	return parts
}

// auditSessionEnd notes the ephemeral znodes that have ended with a session. As in Java each
// server does: the session may have had its connection anywhere, or nowhere any more.
func (l *loop) auditSessionEnd(r *tree.Result) {
	for i := range r.Events {
		if r.Events[i].Type != zoo.EventNodeDeleted {
			continue
		}
		l.server.auditLog.Note(audit.Entry{
			Operation: audit.SessionEnd, Path: strings.Clone(r.Events[i].Path),
			Session: r.Header.Session, Zxid: r.Header.Zxid,
		})
	}
}
