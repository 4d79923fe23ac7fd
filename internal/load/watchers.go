package load

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"time"
)

const (
	// tellTimeout bounds one change: until all watchers are told, and watch once more.
	tellTimeout = 30 * time.Second
	// settlePause passes before a change, so that all watchers wait for it when it comes:
	// one that does not would have its own delay counted as the server's.
	settlePause = 100 * time.Millisecond
	// eventBytesMax bounds a watch event with its path.
	eventBytesMax = 512
)

// tell measures how soon all watchers of one znode hear of a change, again and again until
// the window is over. A change that begins in it counts.
func (r *run) tell(ctx context.Context, workers []*worker) (*Report, error) {
	changer, err := openAny(ctx, r.opts.Servers, r.opts.SessionTimeout)
	if err != nil {
		return nil, err
	}
	defer changer.close(ctx)
	watchers, err := r.openHeld(ctx)
	if err != nil {
		return nil, err
	}
	defer watchers.close()
	r.begin(workers)
	if _, err := r.changes(ctx, changer, watchers, r.from); err != nil {
		return nil, err
	}
	before, err := measureProcesses(r.opts.PIDs)
	if err != nil {
		return nil, err
	}
	rounds, err := r.changes(ctx, changer, watchers, r.until)
	if err != nil {
		return nil, err
	}
	r.until = r.now()
	after, err := measureProcesses(r.opts.PIDs)
	if err != nil {
		return nil, err
	}
	var lasts []time.Duration
	for _, times := range rounds {
		lasts = append(lasts, slices.Max(times))
		workers[0].result.tell(times)
	}
	rep := newReport(r, workers, after.since(before))
	slices.Sort(lasts)
	rep.LastTold, rep.Changes = micros(lasts[len(lasts)/2]), len(lasts)
	return rep, nil
}

// changes are the times of all changes until the end, but of one at least: the warm-up has
// one, too.
func (r *run) changes(ctx context.Context, changer *caller, watchers held, end int64,
) (rounds [][]time.Duration, err error) {
	for r.now() < end || len(rounds) == 0 {
		times, err := r.change(ctx, changer, watchers)
		if err != nil {
			return nil, err
		}
		rounds = append(rounds, times)
	}
	return rounds, nil
}

func (r *result) tell(times []time.Duration) {
	for _, d := range times {
		r.latency.Record(d, 1)
		r.reads++
	}
}

// change has all watch, changes the znode, and returns when each was told.
func (r *run) change(ctx context.Context, changer *caller, watchers held,
) ([]time.Duration, error) {
	stop := context.AfterFunc(ctx, func() {
		for _, conn := range watchers {
			conn.Close()
		}
	})
	defer stop()
	path := r.workerPath(0)
	watch := readFrame(wireGetData, path, watched)
	deadline := time.Now().Add(tellTimeout)
	err := each(len(watchers), func(i int) error { return arm(watchers[i], watch, deadline) })
	if err != nil {
		return nil, err
	}
	told := make([]time.Time, len(watchers))
	errs := make([]error, len(watchers))
	var group sync.WaitGroup
	for i, conn := range watchers {
		group.Go(func() { told[i], errs[i] = hear(conn) })
	}
	select {
	case <-ctx.Done():
	case <-time.After(settlePause):
	}
	begun := time.Now()
	codes, err := changer.call(ctx, setFrame(path, r.value))
	if err == nil && codes[0] != 0 {
		err = fmt.Errorf("change %s: code %d", path, codes[0])
	}
	group.Wait()
	if err := errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	times := make([]time.Duration, len(told))
	for i, at := range told {
		times[i] = at.Sub(begun)
	}
	return times, nil
}

// arm leaves a watch and waits for the answer.
func arm(conn net.Conn, watch []byte, deadline time.Time) error {
	if err := conn.SetDeadline(deadline); err != nil {
		return err
	}
	if _, err := conn.Write(watch); err != nil {
		return err
	}
	reply, err := receive(conn)
	if err != nil {
		return fmt.Errorf("leave a watch: %w", err)
	}
	if len(reply) < replyHeadSize-4 {
		return fmt.Errorf("reply of %d bytes", len(reply))
	}
	if code := int32(binary.BigEndian.Uint32(reply[replyCodeAt-4:])); code != 0 {
		return fmt.Errorf("leave a watch: code %d", code)
	}
	return nil
}

// hear waits for one watch event and tells when it was there.
func hear(conn net.Conn) (time.Time, error) {
	var b [eventBytesMax]byte
	for have := 0; have < len(b); {
		n, err := conn.Read(b[have:])
		if err != nil {
			return time.Time{}, fmt.Errorf("wait for a watch event: %w", err)
		}
		have += n
		if have < replyHeadSize || have < 4+int(binary.BigEndian.Uint32(b[:])) {
			continue
		}
		if xid := int32(binary.BigEndian.Uint32(b[xidAt:])); xid != eventXid {
			return time.Time{}, fmt.Errorf("xid %d instead of a watch event", xid)
		}
		return time.Now(), nil
	}
	return time.Time{}, errors.New("a watch event is too long")
}

// eventXid is that of a watch event.
const eventXid = -1
