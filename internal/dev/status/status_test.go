package status

import (
	"encoding/json"
	"io"
	"net"
	"strings"
	"testing"

	"zoo/internal/check/alloc"
)

// answer runs a listener that answers words from a table, and returns its address.
func answer(t *testing.T, answers map[string]string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			word := make([]byte, 4)
			if _, err := io.ReadFull(conn, word); err == nil {
				_, _ = io.WriteString(conn, answers[string(word)])
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() { listener.Close(); <-done })
	return listener.Addr().String()
}

const srvr = `Zookeeper version: 3.9.5-abc, built on 01/02/2026 10:00 UTC
Latency min/avg/max: 0/0.5/12
Received: 10
Sent: 9
Connections: 3
Outstanding: 1
Zxid: 0x200000007
Mode: leader
Node count: 5
Proposal sizes last/min/max: 1/1/1
`

func TestQueryJoinsSrvrAndMntr(t *testing.T) {
	got := Query(t.Context(), answer(t, map[string]string{
		"srvr": srvr, "mntr": "zk_version\tx\nzk_global_sessions\t4\n" +
			"zk_cnt_readlatency\t6\nzk_sum_readlatency\t9\nzk_cnt_updatelatency\t2\n" +
			"zk_sum_updatelatency\t7.0\n"}))
	if got.Error != "" || got.Role != "leader" || got.Epoch != 2 || got.Zxid.Counter() != 7 {
		t.Fatalf("got %+v", got)
	}
	if got.Sessions != 4 || got.LatencyAvg != 0.5 || got.LatencyMax != 12 || got.Nodes != 5 {
		t.Fatalf("got %+v", got)
	}
	if got.Received != 10 || got.RequestsTimed != 8 || got.RequestsTime != 16 {
		t.Fatalf("got %+v", got)
	}
	if got.Version != "3.9.5-abc" {
		t.Fatalf("version %q", got.Version)
	}
}

func TestAServerThatIsDrainedIsShownSo(t *testing.T) {
	got := Query(t.Context(), answer(t, map[string]string{
		"srvr": srvr, "mntr": "zk_drained\t1\n"}))
	if got.State() != "leader, drained" {
		t.Errorf("got %q", got.State())
	}
}

func TestSessionsAreUnknownWhereMntrIsNotAllowed(t *testing.T) {
	got := Query(t.Context(), answer(t, map[string]string{"srvr": srvr,
		"mntr": "mntr is not executed because it is not in the whitelist.\n"}))
	if got.Error != "" || got.Sessions != -1 {
		t.Fatalf("got %+v", got)
	}
}

func TestServerWithoutARoleIsAnError(t *testing.T) {
	got := Query(t.Context(), answer(t, map[string]string{
		"srvr": "This ZooKeeper instance is not currently serving requests\n"}))
	if !strings.Contains(got.Error, "not currently serving") {
		t.Fatalf("got %+v", got)
	}
}

func TestStartupIsATableOfStages(t *testing.T) {
	stages, err := Startup(t.Context(), answer(t, map[string]string{
		"strt": "listen\t0\t1.5\tclient port\nrecover\t2\t30\t\n"}))
	if err != nil || len(stages) != 2 {
		t.Fatalf("got %v (%v)", stages, err)
	}
	want := Stage{Name: "listen", Duration: 1.5, Detail: "client port"}
	if stages[0] != want || stages[1].Start != 2 {
		t.Fatalf("got %+v", stages)
	}
}

// FuzzAnswers reads answers that may say anything. What is understood of them can
// be printed, also as JSON.
func FuzzAnswers(f *testing.F) {
	f.Add(srvr)
	f.Add("Mode: follower\nLatency min/avg/max: NaN/1e999/-1\nZxid: 0xffffffffffffffffff\n")
	f.Add("zk_global_sessions\t4\nzk_version\t3.9.5\n")
	f.Add("listen\t0\t1.5\tclient port\nrecover\t2\t30\t\nserve\tInf\t\n")
	f.Fuzz(func(t *testing.T, text string) {
		var s Server
		alloc.Bounded(t, len(text), func() {
			_ = s.parseSrvr(text)
			s.parseMntr(text)
		})
		if _, err := json.Marshal(s); err != nil {
			t.Error(err)
		}
		if _, err := json.Marshal(parseStages(text)); err != nil {
			t.Error(err)
		}
	})
}
