package load

import (
	"encoding/binary"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"zoo/internal/check/alloc"
)

// fakeServer grants sessions and answers every request with success. It knows no
// tree, but counts which paths were created and deleted, and any setData fires all watches.
type fakeServer struct {
	listener net.Listener
	group    sync.WaitGroup

	mu    sync.Mutex
	conns map[net.Conn]bool
	live  map[string]bool
	calls map[int32]int
	zxid  int64
	// watchers are told of the next setData.
	watchers map[net.Conn]bool
}

func startFake(t *testing.T) *fakeServer {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &fakeServer{listener: listener, conns: map[net.Conn]bool{},
		live: map[string]bool{}, calls: map[int32]int{}, watchers: map[net.Conn]bool{}}
	s.group.Go(s.accept)
	t.Cleanup(s.kill)
	return s
}

func (s *fakeServer) address() string { return s.listener.Addr().String() }

// kill closes everything, as the end of a process does.
func (s *fakeServer) kill() {
	s.listener.Close()
	s.mu.Lock()
	for conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	s.group.Wait()
}

func (s *fakeServer) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		s.conns[conn] = true
		s.mu.Unlock()
		s.group.Go(func() { s.serve(conn) })
	}
}

func (s *fakeServer) serve(conn net.Conn) {
	defer conn.Close()
	if _, err := receive(conn); err != nil {
		return
	}
	hello := appendInt(appendInt(make([]byte, 4), 0), 10_000)
	hello = binary.BigEndian.AppendUint64(hello, 77)
	hello = append(appendBuffer(hello, make([]byte, 16)), 0)
	if _, err := conn.Write(finish(hello)); err != nil {
		return
	}
	for {
		request, err := receive(conn)
		if err != nil {
			return
		}
		op := int32(binary.BigEndian.Uint32(request[4:]))
		s.watch(op, request, conn)
		reply := append(make([]byte, 4), request[:4]...)
		reply = binary.BigEndian.AppendUint64(reply, uint64(s.note(op, request)))
		reply = finish(append(appendInt(reply, 0), "a body of some length"...))
		if _, err := conn.Write(reply); err != nil || op == wireClose {
			return
		}
	}
}

// watch takes a watch, or fires all.
func (s *fakeServer) watch(op int32, request []byte, conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if op == wireGetData && request[len(request)-1] == watched {
		s.watchers[conn] = true
	}
	if op != wireSetData {
		return
	}
	event := appendInt(make([]byte, 4), eventXid)
	event = appendInt(binary.BigEndian.AppendUint64(event, 0), 0)
	event = finish(appendText(appendInt(appendInt(event, 3), 3), "/path"))
	for conn := range s.watchers {
		_, _ = conn.Write(event) // it may be gone
	}
	clear(s.watchers)
}

func (s *fakeServer) note(op int32, request []byte) int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[op]++
	s.zxid++
	if op == wireCreate || op == wireDelete {
		n := binary.BigEndian.Uint32(request[8:])
		s.live[string(request[12:12+n])] = op == wireCreate
	}
	return s.zxid
}

func (s *fakeServer) left() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var paths []string
	for path, live := range s.live {
		if live {
			paths = append(paths, path)
		}
	}
	return paths
}

func quickOptions(op Op, servers ...*fakeServer) Options {
	o := Options{Connections: 4, Outstanding: 8, Op: op, SizeBytes: 100,
		Duration: 100 * time.Millisecond, SessionTimeout: 5 * time.Second}
	for _, s := range servers {
		o.Servers = append(o.Servers, s.address())
	}
	return o
}

// Every kind of load reports what it did and leaves nothing behind.
func TestLoadCountsItsOperationsAndRemovesItsZnodes(t *testing.T) {
	wire := map[Op]int32{OpSet: wireSetData, OpGet: wireGetData, OpCreate: wireCreate,
		OpExists: wireExists, OpWatch: wireGetData, OpChildren: wireChildren, OpMulti: wireMulti}
	reads := map[Op]bool{OpGet: true, OpExists: true, OpWatch: true, OpChildren: true}
	for op, code := range wire {
		t.Run(string(op), func(t *testing.T) {
			server := startFake(t)
			opts := quickOptions(op, server)
			if op == OpChildren || op == OpMulti {
				opts.Znodes = 3
			}
			rep, err := Run(t.Context(), opts)
			if err != nil {
				t.Fatal(err)
			}
			done := rep.Reads + rep.Writes
			if done == 0 || rep.P50 <= 0 || rep.Max < rep.P99 || rep.Failures+rep.Lost != 0 {
				t.Fatalf("report %+v", rep)
			}
			if reads[op] != (rep.Writes == 0) {
				t.Fatalf("%d reads, %d writes", rep.Reads, rep.Writes)
			}
			if calls := server.calls[code]; uint64(calls) < done {
				t.Fatalf("server saw %d, report says %d", calls, done)
			}
			if left := server.left(); len(left) > 0 {
				t.Fatalf("left behind: %v", left)
			}
		})
	}
}

func TestMixedLoadKeepsTheShareOfReads(t *testing.T) {
	opts := quickOptions(OpMixed, startFake(t))
	opts.Reads = 0.75
	rep, err := Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	share := float64(rep.Reads) / float64(rep.Reads+rep.Writes)
	if share < 0.7 || share > 0.8 {
		t.Fatalf("share of reads is %v of %d", share, rep.Reads+rep.Writes)
	}
}

// Four connections keep to a rate together, though the server could do more.
func TestARateIsNotExceeded(t *testing.T) {
	opts := quickOptions(OpGet, startFake(t))
	opts.Connections, opts.Outstanding, opts.Rate = 4, 1, 200
	rep, err := Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	// Each connection may have one that was due before the window.
	if most := 200*opts.Duration.Seconds() + 8; rep.Reads == 0 || float64(rep.Reads) > most {
		t.Fatalf("%d requests in %v", rep.Reads, opts.Duration)
	}
}

// The plot: the load had no turn for ten intervals. What has become due goes out together,
// and each request counts from the instant at which it was due, so that a wait that is the
// server's is never hidden.
func TestWhatIsDueTogetherCountsFromItsOwnInstant(t *testing.T) {
	opts := Options{Servers: []string{"x"}, Connections: 1, Outstanding: 20, Op: OpSet}
	r := &run{opts: opts, root: "/r", base: time.Now().Add(-time.Hour),
		interval: int64(6 * time.Minute)}
	w := newWorker(r, 0)
	w.nextXid = 1
	ours, theirs := net.Pipe()
	var sent []int
	var group sync.WaitGroup
	group.Go(func() {
		b := make([]byte, 64<<10)
		for {
			n, err := theirs.Read(b)
			if err != nil {
				return
			}
			sent = append(sent, n)
		}
	})
	var out []byte
	stop := make(chan struct{})
	if !w.send(ours, 10, &out, stop) {
		t.Fatal("the link broke")
	}
	ours.Close()
	group.Wait()
	if len(sent) != 1 || sent[0] != 10*len(w.writeTemplate) {
		t.Errorf("sent in pieces of %v", sent)
	}
	for i := range int64(10) {
		if at := w.sentAt[1+i].Load() >> 1; at != i*r.interval {
			t.Errorf("request %d counts from %v", i, time.Duration(at))
		}
	}
}

// One of two servers dies in the middle. Its connections go to the other and go on;
// the report tells whose gap it is.
func TestConnectionsOfADeadServerMoveToTheNext(t *testing.T) {
	survivor, victim := startFake(t), startFake(t)
	opts := quickOptions(OpSet, survivor, victim)
	opts.Duration = 300 * time.Millisecond
	kill := time.AfterFunc(100*time.Millisecond, victim.kill)
	defer kill.Stop()
	rep, err := Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Reconnects != 2 || rep.Lost == 0 || rep.Writes == 0 {
		t.Fatalf("report %+v", rep)
	}
	if rep.Servers[0].Died || !rep.Servers[1].Died {
		t.Fatalf("servers %+v", rep.Servers)
	}
	if rep.GapSurvivors > rep.Gap || rep.Gap >= micros(opts.Duration) {
		t.Fatalf("gap %v, of survivors %v", rep.Gap, rep.GapSurvivors)
	}
}

// Of many silences the longest are kept, and of what several connections have missed at the
// same time the longest tells.
func TestTheLongestSilencesAreReported(t *testing.T) {
	const connections, silent = 2, silencesMax + 4
	var workers []*worker
	for n := range connections {
		w := &worker{}
		for i := range silent {
			w.result.ackedAt = int64(i) * int64(time.Second)
			w.result.mark(w.result.ackedAt + int64(20+i+n)*int64(time.Millisecond))
			w.result.mark(w.result.ackedAt + int64(silenceMin) - 1) // too short to count
		}
		workers = append(workers, w)
	}
	got := silences(&run{}, workers, 0)
	if len(got) != silencesMax {
		t.Fatalf("%d silences", len(got))
	}
	for i, s := range got {
		second := float64(silent - 1 - i)
		if want := (Silence{At: second * 1e6, Length: (21 + second) * 1e3}); s != want {
			t.Errorf("the silence of place %d is %+v, want %+v", i, s, want)
		}
	}
}

func TestSilenceUpToTheEndIsAGap(t *testing.T) {
	var r result
	r.mark(int64(300 * time.Millisecond))
	r.mark(int64(400 * time.Millisecond))
	r.mark(int64(time.Second))
	if r.gap != int64(600*time.Millisecond) || r.gapAt != int64(400*time.Millisecond) {
		t.Fatalf("gap %v at %v", time.Duration(r.gap), time.Duration(r.gapAt))
	}
}

func TestBadOptionsAreRefused(t *testing.T) {
	for _, change := range []func(*Options){
		func(o *Options) { o.Servers = nil },
		func(o *Options) { o.Connections = 0 },
		func(o *Options) { o.Outstanding = -1 },
		func(o *Options) { o.Op = "dance" },
		func(o *Options) { o.Reads = 1.5 },
		func(o *Options) { o.Duration = 0 },
		func(o *Options) { o.Op = OpMulti },
		func(o *Options) { o.Op, o.Znodes = OpCreate, 1 },
		func(o *Options) { o.Op, o.Znodes = OpIdle, 1 },
		func(o *Options) { o.Op, o.Count = OpSessions, 1 },
		func(o *Options) { o.Count = -1 },
		func(o *Options) { o.Count, o.Warmup = 1, 1 },
	} {
		o := Options{Servers: []string{"x"}, Connections: 1, Outstanding: 1, Op: OpSet,
			Duration: 1, SessionTimeout: 1}
		change(&o)
		if _, err := Run(t.Context(), o); err == nil {
			t.Errorf("%+v was accepted", o)
		}
	}
}

func TestFirstWriteComesBackWhenTheServerAnswers(t *testing.T) {
	server := startFake(t)
	if err := FirstWrite(t.Context(), server.address()); err != nil {
		t.Fatal(err)
	}
	if server.calls[wireCreate] != 1 {
		t.Fatalf("calls %v", server.calls)
	}
}

// Our own process is a process: its CPU and memory can be read.
func TestProcessesAreMeasured(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skip("no /proc here")
	}
	opts := quickOptions(OpSet, startFake(t))
	opts.PIDs = []int{os.Getpid()}
	rep, err := Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if len(rep.Processes) != 1 || rep.Processes[0].RSSBytes == 0 {
		t.Fatalf("processes %+v", rep.Processes)
	}
	var b strings.Builder
	if err := rep.WriteText(&b); err != nil || !strings.Contains(b.String(), "MiB resident") {
		t.Fatalf("%s (%v)", b.String(), err)
	}
}

// The loop must not pay for an operation with garbage, or it would measure itself.
func TestNoAllocationPerOperation(t *testing.T) {
	r := &run{opts: Options{Servers: []string{"x"}, Outstanding: 100}, root: "/r",
		value: make([]byte, 1024), base: time.Now(), until: int64(time.Hour)}
	w := newWorker(r, 0)
	w.nextXid, w.expectXid = 1, 1
	out := make([]byte, 0, 1<<20)
	replies := make([]byte, 100*replyHeadSize)
	allocs := testing.AllocsPerRun(10, func() {
		first := w.nextXid
		out = w.encode(out[:0], 100, r.now())
		for i := range 100 {
			finish(replies[i*replyHeadSize : (i+1)*replyHeadSize])
			setXid(replies[i*replyHeadSize:], first+int32(i))
		}
		if _, n, err := w.parse(replies, r.now()); err != nil || n != 100 {
			t.Fatalf("parsed %d (%v)", n, err)
		}
	})
	if allocs > 0 {
		t.Fatalf("%v allocations for 100 operations", allocs)
	}
}

// A server may send anything; the reader refuses it and does not panic.
func FuzzParseReplies(f *testing.F) {
	f.Add([]byte{0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		r := &run{opts: Options{Servers: []string{"x"}, Outstanding: 3}, until: 10}
		w := newWorker(r, 0)
		w.nextXid, w.expectXid = 1, 1
		alloc.Bounded(t, len(b), func() {
			if used, _, _ := w.parse(b, 5); used > len(b) {
				t.Fatalf("used %d of %d bytes", used, len(b))
			}
		})
		_, _ = (&identity{}).accept(b)
	})
}
