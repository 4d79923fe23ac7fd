package load

import (
	"encoding/binary"
	"net"
	"os"
	"testing"
	"time"
)

// Ten requests of three connections are ten on the wire, and the load ends with the last
// answer, long before its time.
func TestACountIsSentAndNoMore(t *testing.T) {
	server := startFake(t)
	opts := quickOptions(OpCreate, server)
	opts.Connections, opts.Outstanding, opts.Count, opts.Duration = 3, 2, 10, time.Hour
	opts.Keep = true
	rep, err := Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Writes != 10 || rep.Lost != 0 || rep.Seconds <= 0 || rep.Seconds > 60 {
		t.Fatalf("report %+v", rep)
	}
	// The root and one znode for each connection come first.
	if calls := server.calls[wireCreate]; calls != 1+3+10 {
		t.Errorf("%d creates", calls)
	}
	if left := server.left(); len(left) != 1+3+10 {
		t.Errorf("%d znodes are left, though all should be kept", len(left))
	}
}

// With fewer requests than connections some have nothing to do.
func TestACountBelowTheConnectionsEnds(t *testing.T) {
	opts := quickOptions(OpSet, startFake(t))
	opts.Count, opts.Duration = 2, time.Hour
	rep, err := Run(t.Context(), opts)
	if err != nil || rep.Writes != 2 {
		t.Fatalf("%+v, %v", rep, err)
	}
}

// Every znode that counts is deleted before it is created again, and the last one at the end.
// When the load begins is told once, and lies a warm-up ahead.
func TestZnodesAreReplaced(t *testing.T) {
	server := startFake(t)
	opts := quickOptions(OpReplace, server)
	var begun []time.Time
	opts.Begun = func(at time.Time) { begun = append(begun, at) }
	asked := time.Now()
	rep, err := Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Writes == 0 || rep.Reads+rep.Failures+rep.Lost+rep.Reconnects != 0 || rep.P50 <= 0 {
		t.Fatalf("report %+v", rep)
	}
	created, deleted := server.calls[wireCreate], server.calls[wireDelete]
	if uint64(created) < rep.Writes || deleted < created {
		t.Errorf("%d counted, %d created, %d deleted", rep.Writes, created, deleted)
	}
	if left := server.left(); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	if len(begun) != 1 || begun[0].Sub(asked) < opts.Warmup {
		t.Errorf("asked at %v, begun at %v", asked, begun)
	}
}

// Every session that counts was granted, and every one that was granted is closed.
func TestSessionsComeAndGo(t *testing.T) {
	server := startFake(t)
	rep, err := Run(t.Context(), quickOptions(OpSessions, server))
	if err != nil {
		t.Fatal(err)
	}
	if rep.Writes == 0 || rep.Reads+rep.Failures+rep.Lost != 0 || rep.P50 <= 0 {
		t.Fatalf("report %+v", rep)
	}
	if closed := server.calls[wireClose]; uint64(closed) < rep.Writes {
		t.Errorf("%d sessions, %d closed", rep.Writes, closed)
	}
}

// A server that is gone grants nothing: that is told, and the load still ends.
func TestSessionsThatAreRefusedAreFailures(t *testing.T) {
	server := startFake(t)
	opts := quickOptions(OpSessions, server)
	opts.Keep = true
	kill := time.AfterFunc(50*time.Millisecond, server.kill)
	defer kill.Stop()
	rep, err := Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Failures == 0 || rep.LastError == "" {
		t.Fatalf("report %+v", rep)
	}
}

// The plot: of two servers one takes connections and says nothing. Its sessions are given up as
// failures when their time is over, and those of the other go on meanwhile.
func TestASessionThatIsNotAnsweredIsGivenUp(t *testing.T) {
	silent, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	opts := quickOptions(OpSessions, startFake(t))
	opts.Servers = append(opts.Servers, silent.Addr().String())
	opts.Connections, opts.SessionTimeout = 2, 90*time.Millisecond
	opts.Duration = 500 * time.Millisecond
	rep, err := Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Failures == 0 || rep.Writes == 0 {
		t.Fatalf("report %+v", rep)
	}
}

// Idle sessions ask for nothing but to stay alive, and say goodbye.
func TestIdleSessionsOnlyPing(t *testing.T) {
	server := startFake(t)
	opts := quickOptions(OpIdle, server)
	opts.Connections, opts.SessionTimeout = 20, 90*time.Millisecond
	if _, err := os.Stat("/proc/self/stat"); err == nil {
		opts.PIDs = []int{os.Getpid()}
	}
	rep, err := Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Reads+rep.Writes != 0 || rep.Connections != 20 {
		t.Fatalf("report %+v", rep)
	}
	if pings := server.calls[wirePing]; pings < 20 {
		t.Errorf("%d pings", pings)
	}
	// Those who prepare and clean up close theirs, too.
	if closed := server.calls[wireClose]; closed != 20+2 {
		t.Errorf("%d sessions were closed", closed)
	}
}

// All watchers hear of each change, and the last of them is never before the median.
func TestWatchersAreToldOfEachChange(t *testing.T) {
	server := startFake(t)
	opts := quickOptions(OpWatchers, server)
	opts.Connections = 50
	rep, err := Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	if rep.Changes == 0 || rep.Reads != uint64(50*rep.Changes) || rep.LastTold < rep.P50/1.02 {
		t.Fatalf("report %+v", rep)
	}
	if left := server.left(); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A multi that has failed has the code 0; only its parts tell. The first may have failed
// because of another.
func TestAMultiThatFailedIsSeen(t *testing.T) {
	reply := func(op, code int32) []byte {
		b := make([]byte, replyHeadSize)
		return appendInt(append(appendInt(b, op), 0), code)
	}
	for want, b := range map[int32][]byte{
		0: reply(wireSetData, 0), -101: reply(partNone, -101), -2: reply(partNone, 0)} {
		if got := multiCode(b); got != want {
			t.Errorf("code %d, want %d", got, want)
		}
	}
	if multiCode(make([]byte, replyHeadSize)) != 0 {
		t.Error("a reply without parts has a code")
	}
}

// A multi of two sets, byte by byte from its length on.
func TestAMultiIsFramed(t *testing.T) {
	b := multiFrame([]string{"/a", "/b"}, []byte("v"))
	part := func(path string) string {
		return "\x00\x00\x00\x05\x00\xff\xff\xff\xff\x00\x00\x00\x02" + path +
			"\x00\x00\x00\x01v\xff\xff\xff\xff"
	}
	last := "\xff\xff\xff\xff\x01\xff\xff\xff\xff"
	want := "\x00\x00\x00\x0e" + part("/a") + part("/b") + last
	if got := string(b[8:]); got != want || int(binary.BigEndian.Uint32(b)) != len(b)-4 {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
