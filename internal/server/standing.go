package server

import (
	"context"
	"errors"

	"zoo"
	"zoo/internal/core/replica"
)

// What a program may want to know, and to do, that runs a server inside of itself.

// ErrEnded means that the server has ended before what was waited for, as it was told to.
var ErrEnded = errors.New("the server has ended")

// ended is why the server has ended. It has, or ends now.
func (s *Server) ended() error {
	if s.failure != nil {
		return s.failure
	}
	return ErrEnded
}

// WaitServing returns nil as soon as clients are served, the reads of a read-only server
// included, and else why they are not: the error that ended the server, ErrEnded, or what
// ended ctx.
func (s *Server) WaitServing(ctx context.Context) error {
	opens, opened := s.gate.opening()
	if opened {
		return nil
	}
	select {
	case <-opens:
		return nil
	case <-s.closing:
		return s.ended()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Standing is what a server is in its ensemble.
type Standing struct {
	// Mode is standalone, leader, follower, observer or read-only as in the word srvr, or
	// looking while no clients are served.
	Mode string
	// Leader is whom the server follows, itself if it leads; zero for nobody.
	Leader zoo.ServerID
	// Epoch is that of the leader.
	Epoch zoo.Epoch
}

// ModeLooking is the mode of a server that serves nobody.
const ModeLooking = "looking"

// Standing tells what the server is now.
func (s *Server) Standing() Standing {
	status, ok := s.status()
	if !ok || !status.Serving && !status.ReadOnly {
		return Standing{Mode: ModeLooking}
	}
	return Standing{Mode: mode(&status.Status), Leader: status.Leader, Epoch: status.Epoch}
}

// Changed is closed by the next change of what the server is.
func (s *Server) Changed() <-chan struct{} { return s.changes.next() }

// ErrNotTracked means that another server has to be asked to end a session.
var ErrNotTracked = errors.New("sessions are tracked by the leader, which this server is not")

// ExpireSession ends a session as if its client had been silent for its timeout, and
// returns when the tree here knows of it. Only a leader or a standalone server can; of a
// session that it does not know the error is zoo.CodeSessionExpired.
func (s *Server) ExpireSession(ctx context.Context, id zoo.SessionID) error {
	for asked := false; ; asked = true {
		applied, changed := s.applied.next(), s.changes.next()
		over, err := false, error(nil)
		s.inLoop(ctx, func() { over, err = s.loop.expire(id, asked) })
		if over || err != nil {
			return err
		}
		select {
		case <-applied:
		case <-changed:
		case <-s.closing:
			return s.ended()
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// expire ends a session unless that was asked for before, and tells whether it is over.
func (l *loop) expire(id zoo.SessionID, asked bool) (over bool, err error) {
	tracks := l.status.State == replica.Leading || l.status.State == replica.Standalone
	if !tracks || !l.serves() {
		return false, ErrNotTracked
	}
	_, known := l.replica.Tree().SessionTimeout(id)
	switch {
	case !known && !asked:
		return false, zoo.CodeSessionExpired
	case known && !asked:
		l.replica.Step(l.now, replica.Expire{Session: id})
	}
	return !known, nil
}

// Pause has the server do nothing until resume is called, as a process that is stopped:
// nothing is decided, applied or answered but pings. Before the server ends it must go on.
func (s *Server) Pause() (resume func()) {
	s.loop.mu.Lock()
	s.treeMu.Lock()
	return func() {
		s.treeMu.Unlock()
		s.loop.mu.Unlock()
	}
}
