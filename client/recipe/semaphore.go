package recipe

import (
	"context"
	"errors"
	"fmt"

	"zoo"
	"zoo/client"
)

// Semaphore has a number of permits, each of them one session's Lease, given in the order of
// asking. Who asks queues for a lock, and only who has that watches the permits; it takes one
// and gives the lock away in one transaction. All fields are read only.
//
// The token of a permit is greater than those of permits given before, which others may still
// have: a resource that is fenced must keep one highest token for each permit it serves.
type Semaphore struct {
	Client *client.Client
	// Path is the semaphore's directory, the same for all.
	Path string
	// Permits is how many there are, at least 1. All must agree on it: each asker counts by its
	// own.
	Permits int
	// Data is what others can read in a permit's znode.
	Data []byte
	// ACL is that of the znodes; nil means zoo.OpenACL.
	ACL []zoo.ACL
}

const permitKind = "lease"

func (s *Semaphore) place() place { return place{s.Client, s.Path, s.ACL} }

func (s *Semaphore) permits() place { return s.place().below("leases") }

// Acquire waits for a permit, or for the end of ctx.
func (s *Semaphore) Acquire(ctx context.Context) (*Lease, error) {
	lease, err := s.acquire(ctx)
	return lease, s.place().failed("semaphore", err)
}

func (s *Semaphore) acquire(ctx context.Context) (*Lease, error) {
	if s.Permits < 1 {
		return nil, fmt.Errorf("%w: %d permits", ErrConfig, s.Permits)
	}
	turn, err := s.place().below("locks").queue(ctx, lockKind, nil, lockOrder())
	if err != nil {
		return nil, err
	}
	err = s.permits().follow(ctx, func(w client.Watcher) (string, bool, error) {
		names, err := s.permits().list(ctx, w)
		return "", len(names) >= s.Permits, err
	})
	if err != nil {
		turn.abandon()
		return nil, err
	}
	permit := s.permits().seat(permitKind, zoo.Ephemeral)
	if err := turn.give(ctx, permit, s.Data); err != nil {
		return nil, err
	}
	return permit.hold(ctx), nil
}

// give makes another znode in the transaction that ends the seat. If the seat is lost, so is
// the other: nobody takes anything when it is no longer its turn.
func (s *seat) give(ctx context.Context, other *seat, data []byte) error {
	err := s.again(ctx, func() error {
		if other.asked {
			if found, err := other.find(ctx); found || err != nil {
				return err
			}
		}
		return s.exchange(ctx, other, data)
	})
	if err != nil {
		s.abandon()
		other.abandon()
	}
	return err
}

// exchange tries once. The answer to a multi has no Stat of what was created, so that is read.
func (s *seat) exchange(ctx context.Context, other *seat, data []byte) error {
	for {
		other.asked = true
		path := other.at(other.id + other.kind)
		_, err := s.c.Multi(ctx, client.DeleteOp(s.path, client.AnyVersion),
			client.CreateOp(path, data, other.options(other.mode)))
		if err == nil {
			return other.show(ctx, path)
		}
		if isDoubtful(err) || errors.Is(err, zoo.CodeOperationTimeout) {
			return err
		}
		other.asked = false
		var guilty *client.Error
		if !errors.Is(err, zoo.CodeNoNode) {
			return err
		}
		if errors.As(err, &guilty) && guilty.Path == s.path {
			return fmt.Errorf("%w: somebody has deleted %s", ErrLost, s.path)
		}
		if err := other.make(ctx); err != nil {
			return err
		}
	}
}
