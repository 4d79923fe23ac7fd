package peer

import (
	"bufio"
	"context"
	"errors"
	"log/slog"
	"net"
	"strings"
	"time"

	"zoo"
	"zoo/internal/wire"
)

// dialLocked starts dialling p unless that is under way or needless.
func (e *Election) dialLocked(p *remote) {
	if e.closed || p.dialing || p.link != nil || p.addresses == "" {
		return
	}
	p.dialing = true
	e.tasks.Go(func() { e.dialUntilLinked(p) })
}

// dialUntilLinked dials p until there is a connection. A stranger is dialled
// only once: it may be gone for good, and its next dial brings it back.
func (e *Election) dialUntilLinked(p *remote) {
	level := slog.LevelInfo // for the first failure; the others say no more
	for e.pauseBeforeDial(p) {
		addresses, wanted := e.dialWanted(p)
		if !wanted {
			return
		}
		if err := e.dialOnce(p.id, addresses); err != nil {
			e.cfg.Log.Log(context.Background(), level, "election peer not reached",
				"peer", int64(p.id), "error", err)
			level = slog.LevelDebug
		}
	}
}

// pauseBeforeDial keeps the attempts apart. The shortest pause cannot be cut
// short, so that a peer which accepts and hangs up is not dialled in a frenzy;
// the rest of it ends when somebody wants the peer now.
func (e *Election) pauseBeforeDial(p *remote) (goOn bool) {
	e.mu.Lock()
	first, pause := p.retry.fresh(), p.retry.next(e.cfg.Jitter)
	e.mu.Unlock()
	if first {
		return !closed(e.done)
	}
	floor := min(pause, redialPauseMin)
	return sleep(e.done, nil, floor) && (pause == floor || sleep(e.done, p.wake, pause-floor))
}

// dialWanted decides under the lock whether the dialling goroutine goes on, so
// that a connection lost at this moment either finds it running or starts it anew.
func (e *Election) dialWanted(p *remote) (addresses string, wanted bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	tried := !p.member && p.tried
	if e.closed || p.link != nil || tried {
		p.dialing, p.tried = false, false
		e.forgetLocked(p)
		return "", false
	}
	p.tried = true
	return p.addresses, true
}

// dialOnce dials, introduces this server and proves that it is it. To a larger id that
// is all: it will hang up on us and dial back, so we leave first.
func (e *Election) dialOnce(id zoo.ServerID, addresses string) error {
	conn, err := e.dial(addresses)
	if err != nil {
		return err
	}
	reader := bufio.NewReaderSize(conn, electionReadBytes)
	err = e.present(conn, reader, id, addresses)
	if err != nil || id > e.cfg.ID {
		return errors.Join(err, conn.Close())
	}
	e.install(wire.ElectionHandshake{ServerID: id}, conn, reader)
	return nil
}

// present says who we are and proves it. A stranger hears a proof only if it had to give
// one before it was dialled back: it could be there to collect them, and guess passwords.
func (e *Election) present(
	conn net.Conn, reader *bufio.Reader, id zoo.ServerID, addresses string,
) error {
	if err := e.door.hold(conn); err != nil {
		return err
	}
	defer e.door.leave(conn)
	_ = conn.SetDeadline(time.Now().Add(e.cfg.HandshakeTimeout))
	if _, err := conn.Write(e.handshake()); err != nil {
		return err
	}
	if s := e.cfg.Security; s != nil && (s.ProofRequired || e.cfg.Names.member(id)) {
		if err := s.prove(conn, reader, firstHost(addresses)); err != nil {
			return err
		}
	}
	// It fails when the other has hung up already, which a larger id is to do.
	_ = conn.SetDeadline(time.Time{})
	return nil
}

// firstHost names a server that may have several addresses.
func firstHost(addresses string) string {
	first, _, _ := strings.Cut(addresses, addressSeparator)
	host, _, err := net.SplitHostPort(first)
	if err != nil {
		return first
	}
	return host
}

// backoff is the growing pause between attempts to reach one peer.
type backoff struct{ pause time.Duration }

// next is the pause before the coming attempt, within half and whole of the
// step so that servers which failed together do not dial together.
func (b *backoff) next(jitter func() float64) time.Duration {
	b.pause = min(max(2*b.pause, redialPauseMin), redialPauseMax)
	return b.pause/2 + time.Duration(float64(b.pause/2)*jitter())
}

// reset makes the next attempt an immediate one.
func (b *backoff) reset() { b.pause = 0 }

// fresh says that nothing has failed since the last reset.
func (b *backoff) fresh() bool { return b.pause == 0 }

// sleep waits for d, for wake or for done, and says whether to go on.
func sleep(done, wake <-chan struct{}, d time.Duration) (goOn bool) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-done:
		return false
	case <-wake:
	case <-timer.C:
	}
	return true
}
