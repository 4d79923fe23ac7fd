package recipe

import (
	"context"
	"errors"
	"fmt"

	"zoo"
	"zoo/client"
)

// mark makes changes exactly once for as long as the session lives. It is an ephemeral znode
// whose version counts the changes: each is one transaction that also writes the mark. When
// an answer is lost the mark's version tells whether the transaction was executed.
//
// The story of a change whose context has ended: it may still be executed after do has
// returned, so the mark is of no use any more, and the next change takes another.
type mark struct {
	place
	// free is held by who makes a change: one at a time.
	free chan struct{}
	// seat and version are the holder's.
	seat    *seat
	version int32
}

func newMark(p place) *mark { return &mark{place: p, free: make(chan struct{}, 1)} }

const markKind = "mark"

func (m *mark) lock(ctx context.Context) error {
	select {
	case m.free <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *mark) unlock() { <-m.free }

// do makes a change. An error that is ErrUnknown tells that it may have been made.
func (m *mark) do(ctx context.Context, op client.Op) error {
	if err := m.lock(ctx); err != nil {
		return err
	}
	defer m.unlock()
	if err := m.sit(ctx); err != nil {
		return err
	}
	return m.conclude(m.execute(ctx, op))
}

// sit makes the mark, unless there is one.
func (m *mark) sit(ctx context.Context) error {
	if m.seat != nil {
		return nil
	}
	s := m.place.seat(markKind, zoo.Ephemeral)
	if err := s.take(ctx, nil); err != nil {
		s.abandon()
		return err
	}
	m.seat, m.version = s, 0
	return nil
}

// execute tries until there is an answer, and tells whether one is outstanding.
func (m *mark) execute(ctx context.Context, op client.Op) (outstanding bool, err error) {
	err = m.again(ctx, func() error {
		_, err := m.c.Multi(ctx, op, client.SetOp(m.seat.path, nil, m.version))
		if isDoubtful(err) || errors.Is(err, zoo.CodeOperationTimeout) {
			outstanding = true
		}
		if err == nil || isDoubtful(err) || !outstanding {
			return err
		}
		// If an earlier try was executed after all this one has failed for the version of the
		// mark, or for what op demands.
		stat, failure := m.c.Exists(client.Linearizable(ctx), m.seat.path, nil)
		if failure != nil {
			return failure
		}
		outstanding = false
		if stat.Version == m.version+1 {
			return nil
		}
		return err
	})
	return outstanding && err != nil, err
}

// conclude takes note of the outcome.
func (m *mark) conclude(outstanding bool, err error) error {
	var refusal *client.Error
	switch {
	case err == nil:
		m.version++
	case outstanding:
		m.seat.abandon()
		m.seat = nil
		return fmt.Errorf("%w: %w", ErrUnknown, err)
	case errors.As(err, &refusal) && refusal.Path == m.seat.path:
		// Somebody has deleted the mark, or written to it; nothing was changed.
		m.seat.abandon()
		m.seat = nil
		return fmt.Errorf("%w: the mark is gone: %w", ErrLost, err)
	}
	return err
}

// close removes the mark.
func (m *mark) close(ctx context.Context) error {
	if err := m.lock(ctx); err != nil {
		return err
	}
	defer m.unlock()
	if m.seat == nil {
		return nil
	}
	if err := m.seat.leave(ctx); err != nil {
		return err
	}
	m.seat = nil
	return nil
}
