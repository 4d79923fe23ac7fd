package server

import (
	"context"
	"net/http"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/ops/admin"
)

// HandOver gives this server's lead to another one, and waits until it leads.
func (o operator) HandOver(ctx context.Context, to zoo.ServerID) (zoo.ServerID, error) {
	s := o.server
	var epoch zoo.Epoch
	err := errNotServing()
	s.inLoop(ctx, func() {
		l := s.loop
		if !l.serves() {
			return
		}
		if why := l.replica.TransferRefusal(to); why != "" {
			err = &admin.Refusal{Status: http.StatusConflict, Text: why}
			return
		}
		epoch, err = l.replica.Status().Epoch, nil
		l.replica.Step(l.now, replica.Transfer{To: to})
	})
	if err != nil {
		return 0, err
	}
	return s.awaitLeader(ctx, epoch)
}

// awaitLeader waits for the leader of a later epoch, which may be this server again.
func (s *Server) awaitLeader(ctx context.Context, epoch zoo.Epoch) (zoo.ServerID, error) {
	for {
		changed := s.changes.next()
		status, ok := s.status()
		switch {
		case !ok:
			return 0, errNotServing()
		case !status.Serving || status.Epoch <= epoch:
		case status.Leader == s.cfg.ID:
			return 0, &admin.Refusal{Status: http.StatusConflict,
				Text: "an election has made this server the leader again; see the log"}
		default:
			return status.Leader, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-s.closing:
			return 0, errNotServing()
		}
	}
}
