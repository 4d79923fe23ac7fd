package command

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"zoo"
)

// fixed is a Source that always says the same.
type fixed struct {
	overview Overview
	serving  bool
	resets   map[string]int
}

func (f fixed) Overview() (Overview, bool) { return f.overview, f.serving }
func (f fixed) Clients() []Client {
	return []Client{fixedClient, {Address: "10.0.0.2:99"}}
}
func (f fixed) Sessions() Sessions {
	s := Sessions{
		Tracked: f.overview.Leader != nil,
		Ephemerals: []EphemeralPaths{
			{Session: 0x10000b57fc30000, Paths: []string{"/a/e", "/b"}},
		},
		Connections: []ConnBucket{{Expires: fixedTime, Conns: []Client{fixedClient}}},
	}
	if s.Tracked {
		s.Buckets = []Bucket{
			{Expires: fixedTime, Sessions: []zoo.SessionID{0x10000b57fc30000, 2}},
			{Expires: fixedTime.Add(time.Minute), Sessions: []zoo.SessionID{3}},
		}
	} else {
		s.Global = []GlobalSession{{ID: 0x10000b57fc30000, TimeoutMillis: 6000}}
	}
	return s
}
func (f fixed) DataWatches() []Watch {
	return []Watch{{"/b", 0x20}, {"/a", 0x10}, {"/a", 0x20}}
}
func (f fixed) Digests() []Digest { return []Digest{{0x80, 5383143327}, {0x100, 1<<63 + 1}} }
func (f fixed) Memory(int) MemoryUse {
	return MemoryUse{Omitted: 7, Subtrees: []Subtree{
		{Path: "/", Znodes: 5, DataBytes: 100, MemoryBytes: 1300},
		{Path: "/a", Znodes: 2, DataBytes: 90, MemoryBytes: 500},
	}}
}
func (f fixed) Live() []Check  { return []Check{{Name: "process", OK: true}} }
func (f fixed) Ready() []Check { return []Check{{Name: "quorum", OK: f.serving}} }
func (f fixed) ResetServer()   { f.resets["server"]++ }
func (f fixed) ResetClients()  { f.resets["clients"]++ }

var (
	fixedTime   = time.Date(2026, 11, 2, 18, 43, 54, 0, time.UTC)
	fixedClient = Client{
		Address: "10.0.0.1:4711", Ops: 1, Queued: 1, Received: 6, Sent: 7,
		Session: 0x10000b57fc30000, Since: fixedTime, Timeout: 30000,
		Last: LastReply{
			Op: "SETD", Cxid: 5, Zxid: 7,
			At: 11927877 * time.Millisecond, Took: 3 * time.Millisecond,
		},
		Latency: Latency{
			Count: 6, Total: 26 * time.Millisecond, Greatest: 14 * time.Millisecond,
		},
	}
)

func (f fixed) Timeline() []Stage {
	return []Stage{{
		Name: "recover", Start: 2 * time.Millisecond,
		Duration: 1500 * time.Microsecond, Detail: "snapshot 0x0",
	}}
}

func answerer(serving bool) *Answerer {
	return &Answerer{
		Build: Build{Version: "0.1.0+dev", Time: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)},
		Source: fixed{serving: serving, resets: map[string]int{}, overview: Overview{
			Mode: "leader", Zxid: 0x100000002, Nodes: 5, Connections: 1, Received: 10, Sent: 9,
			Latency: Latency{
				Count: 4, Total: 10 * time.Millisecond, Greatest: 6 * time.Millisecond},
			Watches: Watches{Connections: 1, Paths: 2, Total: 3}, QuorumSize: 3,
			Leader: &Leader{Learners: 3, SyncedFollowers: 2, ProposalBytes: [3]int{10, 5, 20}},
		}},
		Settings: []Setting{{Key: "clientPort", Value: "2181"}, {Key: "serverId", Value: "1"}},
		Allowed:  SafeWords(),
	}
}

// flwPattern is how the Go client reads srvr.
const flwPattern = `(?m:\A^Zookeeper version: ([A-Za-z0-9\.\-]+), built on ` +
	`(\d\d/\d\d/\d\d\d\d \d\d:\d\d [A-Za-z0-9:\+\-]+).*\n` +
	`^Latency min/avg/max: (\d+)/([0-9.]+)/(\d+).*\n` +
	`^Received: (\d+).*\n^Sent: (\d+).*\n^Connections: (\d+).*\n^Outstanding: (\d+).*\n` +
	`^Zxid: (0x[A-Za-z0-9]+).*\n^Mode: (\w+).*\n^Node count: (\d+))`

func TestServerTextParsesAsTheGoClientDoes(t *testing.T) {
	text := answerer(true).Answer("srvr", nil)
	got := regexp.MustCompile(flwPattern).FindStringSubmatch(text)
	if got == nil {
		t.Fatalf("does not parse:\n%s", text)
	}
	want := []string{"3.9.5-zoo-0.1.0-dev", "11/22/2026 12:00 UTC", "0", "2.5", "6",
		"10", "9", "1", "0", "0x100000002", "leader", "5"}
	if strings.Join(got[1:], "|") != strings.Join(want, "|") {
		t.Errorf("got %q, want %q", got[1:], want)
	}
}

func TestAnswersOfAServingServer(t *testing.T) {
	for word, want := range map[string]string{
		"ruok": "imok",
		"isro": "rw",
		"stat": "Clients:\n /10.0.0.1:4711[1](queued=1,recved=6,sent=7)\n" +
			" /10.0.0.2:99[0](queued=0,recved=0,sent=0)\n\nLatency",
		"mntr": "zk_server_state\tleader\n",
		"conf": "clientPort=2181\nserverId=1\n",
		"envi": "Environment:\nzookeeper.version=3.9.5-zoo-0.1.0-dev",
		"wchs": "1 connections watching 2 paths\nTotal watches:3\n",
		"strt": "recover\t2.000\t1.500\tsnapshot 0x0\n",
		"dump": "dump is not executed because it is not in the whitelist.\n",
	} {
		if text := answerer(true).Answer(word, nil); !strings.Contains(text, want) {
			t.Errorf("%s: got %q, want %q in it", word, text, want)
		}
	}
}

func TestAServerThatDoesNotServeSaysSo(t *testing.T) {
	for word, want := range map[string]string{
		"ruok": "imok", "isro": "null", "srvr": notServing, "stat": notServing,
		"mntr": notServing, "conf": notServing, "wchs": notServing,
	} {
		if text := answerer(false).Answer(word, nil); text != want {
			t.Errorf("%s: got %q, want %q", word, text, want)
		}
	}
}

func TestOnlyWhitelistedWordsAreExecuted(t *testing.T) {
	a := answerer(true)
	a.Allowed = []string{" ruok"}
	for word, allowed := range map[string]bool{
		"ruok": true, "srvr": true, "strt": true, "mntr": false, "stat": false,
	} {
		refused := strings.HasSuffix(a.Answer(word, nil), "not in the whitelist.\n")
		if refused == allowed {
			t.Errorf("%s: got refused %v", word, refused)
		}
	}
	a.Allowed = []string{"*"}
	if text := a.Answer("mntr", nil); strings.HasSuffix(text, "whitelist.\n") {
		t.Errorf("an asterisk must allow every word, got %q", text)
	}
}

func TestFourBytesAreAWordOnlyIfTheyAreInTheTable(t *testing.T) {
	for b, want := range map[string]bool{
		"ruok": true, "dump": true, "\xff\xf4\xff\xfd": true,
		"abcd": false, "\x00\x00\x00\x2d": false,
	} {
		if Known([]byte(b)) != want {
			t.Errorf("%q: want %v", b, want)
		}
	}
}

// conf tells how much the data takes at the moment it is asked.
func TestConfMeasuresDirectories(t *testing.T) {
	dir := t.TempDir()
	a := answerer(true)
	a.Settings = []Setting{{Key: "dataDirSize", SizeOf: dir}}
	for size, want := range map[int]string{0: "dataDirSize=0\n", 300: "dataDirSize=300\n"} {
		name := filepath.Join(dir, "log.1")
		if err := os.WriteFile(name, make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
		if text := a.Answer("conf", nil); !strings.HasPrefix(text, want) {
			t.Errorf("got %q, want %q", text, want)
		}
	}
}
