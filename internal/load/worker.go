package load

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	// retryPause lies between two attempts to connect: short, since a run that
	// measures a leader's death must not measure its own patience, and long enough
	// that the attempts do not slow the election down.
	retryPause   = 5 * time.Millisecond
	readBufBytes = 64 << 10
	// createDigits is the width of a created znode's number.
	createDigits = 10
)

// worker is one connection of the load, over all its reconnects. The goroutine
// of live owns everything but what is atomic; the writer goroutine of the current
// link owns the output side between two links.
type worker struct {
	run  *run
	home int
	// index is its number among the workers.
	index int
	id    identity
	path  string
	// several tells that requests are about different znodes below path.
	several bool

	writeTemplate, readTemplate []byte

	// sentAt is when each request in flight was sent, by xid modulo its length, in
	// nanoseconds since the run's base, shifted left by one; the low bit marks a write.
	sentAt []atomic.Int64
	// credits are requests that may be sent; wake tells the writer of new ones.
	credits atomic.Int64
	wake    chan struct{}
	// conn is the current link, for the watchdog. readAt is when it last spoke.
	conn   atomic.Pointer[net.TCPConn]
	readAt atomic.Int64

	// remaining are requests of Options.Count without an answer, unsent those of them that
	// this link has not been granted yet. Both are the reader's.
	remaining, unsent int

	nextXid   int32      // writer: of the next request
	created   int64      // writer: znodes created so far, over all links
	chance    *rand.Rand // writer: which of several znodes is next
	readDebt  float64
	dueAt     int64       // writer: with a rate, when the next request is to be sent
	pause     *time.Timer // writer: until then
	expectXid int32       // reader: of the next reply
	inBuf     []byte
	result    result
}

// result is what one worker saw inside the window. Owned by the worker until its
// goroutine ends.
type result struct {
	reads, writes, failures uint64
	lost, reconnects        uint64
	latency                 Histogram
	seconds                 []*Histogram // with a timeline, of the window
	ackedAt                 int64
	gap, gapAt              int64
	silences                []silence // the longest ones
	lastErr                 error
}

func newWorker(r *run, index int) *worker {
	w := &worker{
		run: r, home: index % len(r.opts.Servers), index: index,
		path:      r.workerPath(index),
		sentAt:    make([]atomic.Int64, r.opts.Outstanding),
		wake:      make(chan struct{}, 1),
		inBuf:     make([]byte, readBufBytes),
		pause:     time.NewTimer(0),
		remaining: r.opts.share(index),
	}
	switch r.opts.Op {
	case OpChildren, OpMulti:
	default:
		w.several = r.opts.Op == OpCreate || r.opts.Znodes > 0
	}
	if w.several && r.opts.Op != OpCreate {
		w.chance = rand.New(rand.NewPCG(rand.Uint64(), uint64(index)))
	}
	w.makeTemplates()
	return w
}

// makeTemplates makes the requests, but for their xid and the number of the znode.
func (w *worker) makeTemplates() {
	path, op := w.path, w.run.opts.Op
	if w.several {
		path = w.createdPath(0)
	}
	switch op {
	case OpCreate:
		w.writeTemplate = createFrame(path, w.run.value, 0)
	case OpMulti:
		var paths []string
		for n := range w.run.opts.Znodes {
			paths = append(paths, w.createdPath(int64(n)))
		}
		w.writeTemplate = multiFrame(paths, w.run.value)
	default:
		w.writeTemplate = setFrame(path, w.run.value)
	}
	switch op {
	case OpChildren:
		w.readTemplate = readFrame(wireChildren, w.run.workerPath(0), unwatched)
	case OpExists:
		w.readTemplate = readFrame(wireExists, path, unwatched)
	case OpWatch:
		w.readTemplate = readFrame(wireGetData, path, watched)
	default:
		w.readTemplate = readFrame(wireGetData, path, unwatched)
	}
}

// createdPath is the path of the n-th znode of OpCreate. Its digits stand at the
// end of the path, where encode counts them up.
func (w *worker) createdPath(n int64) string {
	return fmt.Sprintf("%s/%0*d", w.path, createDigits, n)
}

// live keeps the connection busy until the run is over, or its share is answered.
func (w *worker) live(ctx context.Context, first net.Conn) {
	for conn := first; conn != nil; conn = w.reconnect(ctx) {
		err := w.work(ctx, conn)
		conn.Close()
		w.conn.Store(nil)
		if w.run.over.Load() || err == nil {
			return
		}
		w.result.lastErr = err
		w.result.reconnects++
	}
}

// work is what is done on one link, until it breaks or all is done.
func (w *worker) work(ctx context.Context, conn net.Conn) error {
	if w.run.opts.Op == OpReplace {
		return w.replace(ctx, conn)
	}
	return w.pump(conn)
}

// reconnect tries the servers in turn and returns nil when the run is over. It
// begins with the home server, whose refusal shows that it has died.
func (w *worker) reconnect(ctx context.Context) net.Conn {
	for target := w.home; !w.run.over.Load() && ctx.Err() == nil; target++ {
		i := target % len(w.run.opts.Servers)
		conn, err := open(ctx, w.run.opts.Servers[i], &w.id, w.run.opts.SessionTimeout)
		if err == nil {
			return conn
		}
		if errors.Is(err, syscall.ECONNREFUSED) {
			w.run.refused[i].Store(true)
		}
		select {
		case <-ctx.Done():
		case <-time.After(retryPause):
		}
	}
	return nil
}

// pump runs one link: a writer goroutine, and the reader on this one. It returns
// when the link breaks, or when there is no more to send and everything was answered.
func (w *worker) pump(conn net.Conn) error {
	w.readAt.Store(w.run.now())
	if tcp, ok := conn.(*net.TCPConn); ok {
		w.conn.Store(tcp)
	}
	w.nextXid, w.expectXid = 1, 1
	w.dueAt = w.run.now() + w.run.phase(w.index)
	w.unsent = w.remaining
	inFlight := w.allow(w.run.opts.Outstanding)
	w.credits.Store(int64(inFlight))
	select {
	case <-w.wake: // a leftover of the link before
	default:
	}
	w.wake <- struct{}{}
	stop := make(chan struct{})
	written := make(chan struct{})
	go func() {
		defer close(written)
		w.write(conn, stop)
	}()
	err := w.read(conn, inFlight)
	close(stop)
	conn.Close()
	<-written
	w.result.lost += uint64(w.nextXid - w.expectXid)
	return err
}

// write sends what the reader has granted, a batch at a time. An error needs no
// report: the reader meets it too.
func (w *worker) write(conn net.Conn, stop <-chan struct{}) {
	var out []byte
	for {
		select {
		case <-stop:
			return
		case <-w.wake:
		}
		if !w.send(conn, w.credits.Swap(0), &out, stop) {
			return
		}
	}
}

// send sends n requests: at once, or with a rate when they are due. What has become due
// while the load had no turn goes out together, so that it catches up at the cost of one
// call, but each request counts from its own instant.
func (w *worker) send(conn net.Conn, n int64, out *[]byte, stop <-chan struct{}) bool {
	if w.run.interval == 0 {
		return w.sendBatch(conn, n, w.run.now(), out)
	}
	for n > 0 {
		if !w.waitUntilDue(stop) {
			return false
		}
		due := min(n, 1+(w.run.now()-w.dueAt)/w.run.interval)
		if !w.sendBatch(conn, due, w.dueAt, out) {
			return false
		}
		w.dueAt += due * w.run.interval
		n -= due
	}
	return true
}

func (w *worker) sendBatch(conn net.Conn, n, at int64, out *[]byte) bool {
	*out = w.encode((*out)[:0], n, at)
	if _, err := conn.Write(*out); err != nil {
		conn.Close()
		return false
	}
	return true
}

// waitUntilDue is false when the link breaks meanwhile.
func (w *worker) waitUntilDue(stop <-chan struct{}) bool {
	wait := time.Duration(w.dueAt - w.run.now())
	if wait <= 0 {
		return true
	}
	w.pause.Reset(wait)
	select {
	case <-stop:
		return false
	case <-w.pause.C:
		return true
	}
}

// encode appends n requests and notes when they were sent, or due: the first at an instant,
// and with a rate each one an interval behind the last.
func (w *worker) encode(out []byte, n, at int64) []byte {
	share := w.run.readShare
	for ; n > 0; n, at = n-1, at+w.run.interval {
		start, now := len(out), at<<1
		slot := &w.sentAt[int(w.nextXid)%len(w.sentAt)]
		w.readDebt += share
		if w.readDebt >= 1 {
			w.readDebt--
			out = append(out, w.readTemplate...)
			slot.Store(now)
		} else {
			out = append(out, w.writeTemplate...)
			slot.Store(now | 1)
		}
		if w.several {
			writeDigits(out[start+pathAt+len(w.path)+1:], w.nextZnode())
		}
		setXid(out[start:], w.nextXid)
		w.nextXid = xidAfter(w.nextXid)
	}
	return out
}

// xidAfter wraps from the highest xid to 1, as ZooKeeper's clients do.
func xidAfter(xid int32) int32 { return xid%math.MaxInt32 + 1 }

// nextZnode is the number of the znode that the next request is about.
func (w *worker) nextZnode() int64 {
	if w.chance != nil {
		return w.chance.Int64N(int64(w.run.opts.Znodes))
	}
	w.created++
	return w.created - 1
}

func writeDigits(digits []byte, n int64) {
	for i := createDigits - 1; i >= 0; i-- {
		digits[i] = byte('0' + n%10)
		n /= 10
	}
}

// allow tells how many of n more requests may be sent.
func (w *worker) allow(n int) int {
	if w.run.opts.Count == 0 {
		return n
	}
	n = min(n, w.unsent)
	w.unsent -= n
	return n
}

// read takes replies until the link breaks or, once no more is sent, until nothing is in
// flight.
func (w *worker) read(conn net.Conn, inFlight int) error {
	have := 0
	for inFlight > 0 {
		n, err := conn.Read(w.inBuf[have:])
		if err != nil {
			return err
		}
		have += n
		now := w.run.now()
		w.readAt.Store(now)
		used, replies, err := w.parse(w.inBuf[:have], now)
		if err != nil {
			return err
		}
		have = w.keep(used, have)
		inFlight -= replies
		w.remaining -= replies
		if w.run.over.Load() {
			continue
		}
		if more := w.allow(replies); more > 0 {
			inFlight += more
			w.grant(more)
		}
	}
	_, err := conn.Write(closeFrame())
	return err
}

func (w *worker) grant(n int) {
	w.credits.Add(int64(n))
	select {
	case w.wake <- struct{}{}:
	default: // the writer has not seen the last one yet and will take both
	}
}

// keep moves an unfinished frame to the front and makes room for all of it.
func (w *worker) keep(used, have int) int {
	copy(w.inBuf, w.inBuf[used:have])
	have -= used
	if have >= 4 {
		if need := int(binary.BigEndian.Uint32(w.inBuf)) + 4; need > len(w.inBuf) {
			w.inBuf = append(w.inBuf, make([]byte, need-len(w.inBuf))...)
		}
	}
	return have
}

// parse counts the complete replies in b and tells how many bytes they took.
func (w *worker) parse(b []byte, now int64) (used, replies int, err error) {
	acked := false
	for len(b)-used >= 4 {
		n := int(binary.BigEndian.Uint32(b[used:]))
		if n < replyHeadSize-4 || n > replyBytesMax {
			return used, replies, fmt.Errorf("reply of %d bytes", n)
		}
		if len(b)-used < n+4 {
			break
		}
		head := parseHead(b[used:])
		if w.run.opts.Op == OpMulti && head.code == 0 {
			head.code = multiCode(b[used : used+n+4])
		}
		used += n + 4
		if head.xid < 0 {
			continue
		}
		if head.xid != w.expectXid {
			return used, replies, fmt.Errorf("reply to xid %d, want %d", head.xid, w.expectXid)
		}
		w.expectXid = xidAfter(w.expectXid)
		replies++
		w.id.lastZxid = max(w.id.lastZxid, head.zxid)
		acked = w.count(head, now) || acked
	}
	if acked {
		w.result.mark(now)
	}
	return used, replies, nil
}

// count records one reply and tells whether it acknowledges a write that counts.
func (w *worker) count(head replyHead, now int64) bool {
	if now < w.run.from || now >= w.run.until {
		return false
	}
	sent := w.sentAt[int(head.xid)%len(w.sentAt)].Load()
	isWrite := sent&1 == 1
	w.result.latency.Record(time.Duration(now-sent>>1), 1)
	if w.run.opts.Timeline {
		w.result.record(now-w.run.from, time.Duration(now-sent>>1))
	}
	switch {
	case head.code != 0:
		w.result.failures++
		w.result.lastErr = fmt.Errorf("code %d", head.code)
		return false
	case isWrite:
		w.result.writes++
	default:
		w.result.reads++
	}
	return isWrite
}

// mark notes an acknowledged write at now, and the silence before it.
func (r *result) mark(now int64) {
	if gap := now - r.ackedAt; gap > r.gap {
		r.gap, r.gapAt = gap, r.ackedAt
	}
	if length := now - r.ackedAt; length >= int64(silenceMin) {
		r.keep(silence{r.ackedAt, length})
	}
	r.ackedAt = now
}

// silence is a time without an acknowledged write.
type silence struct{ at, length int64 }

// keep keeps a silence if it is one of the longest.
func (r *result) keep(s silence) {
	if len(r.silences) < silencesMax {
		r.silences = append(r.silences, s)
		return
	}
	shortest := 0
	for i := range r.silences {
		if r.silences[i].length < r.silences[shortest].length {
			shortest = i
		}
	}
	if s.length > r.silences[shortest].length {
		r.silences[shortest] = s
	}
}
