package load

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
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
)

// tell measures how soon all watchers of one znode hear of a change, again and again until
// the window is over. A change that begins in it counts.
func (r *run) tell(ctx context.Context, workers []*worker) (*Report, error) {
	changer, err := openAny(ctx, r.opts.Servers, r.opts.SessionTimeout)
	if err != nil {
		return nil, err
	}
	defer changer.close(ctx)
	watchers, err := r.openEars(ctx)
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

func (r *run) openEars(ctx context.Context) (*ears, error) {
	sessions, err := r.openHeld(ctx)
	if err != nil {
		return nil, err
	}
	return newEars(sessions)
}

// changes are the times of all changes until the end, but of one at least: the warm-up has
// one, too.
func (r *run) changes(ctx context.Context, changer *caller, watchers *ears, end int64,
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
func (r *run) change(ctx context.Context, changer *caller, watchers *ears,
) ([]time.Duration, error) {
	path := r.workerPath(0)
	if err := watchers.arm(ctx, readFrame(wireGetData, path, watched), armed); err != nil {
		return nil, fmt.Errorf("leave a watch: %w", err)
	}
	ctx, giveUp := context.WithCancel(ctx)
	defer giveUp()
	var told []time.Time
	var deaf error
	var group sync.WaitGroup
	group.Go(func() { told, deaf = watchers.hear(ctx, event) })
	select {
	case <-ctx.Done():
	case <-time.After(settlePause):
	}
	begun := time.Now()
	codes, err := changer.call(ctx, setFrame(path, r.value))
	if err == nil && codes[0] != 0 {
		err = fmt.Errorf("change %s: code %d", path, codes[0])
	}
	if err != nil {
		giveUp()
	}
	group.Wait()
	if err := errors.Join(err, deaf); err != nil {
		return nil, err
	}
	times := make([]time.Duration, len(told))
	for i, at := range told {
		times[i] = at.Sub(begun)
	}
	return times, nil
}

// armed takes the answer to a read that has left a watch.
func armed(answer []byte) error {
	if len(answer) < replyHeadSize-4 {
		return fmt.Errorf("reply of %d bytes", len(answer))
	}
	if code := int32(binary.BigEndian.Uint32(answer[replyCodeAt-4:])); code != 0 {
		return fmt.Errorf("code %d", code)
	}
	return nil
}

// event takes a watch event.
func event(frame []byte) error {
	if len(frame) < replyHeadSize-4 {
		return fmt.Errorf("watch event of %d bytes", len(frame))
	}
	if xid := int32(binary.BigEndian.Uint32(frame)); xid != eventXid {
		return fmt.Errorf("xid %d instead of a watch event", xid)
	}
	return nil
}

// eventXid is that of a watch event.
const eventXid = -1
