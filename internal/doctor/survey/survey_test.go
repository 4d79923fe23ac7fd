package survey

import (
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zoo/internal/config"
	"zoo/internal/disk/vfs"
	"zoo/internal/doctor"
)

// talker answers words from a table until the test ends.
func talker(t *testing.T, answers func(address string) map[string]string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	table := answers(address)
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
				_, _ = io.WriteString(conn, table[string(word)])
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() { listener.Close(); <-done })
	return address
}

func srvr(role string) string {
	return "Zookeeper version: 3.9.5-zoo-1, built on 01/02/2026 10:00 UTC\n" +
		"Latency min/avg/max: 0/0.5/12\nConnections: 3\nOutstanding: 7\nZxid: 0x200000007\n" +
		"Mode: " + role + "\nNode count: 5\n"
}

// closedPort is one that nobody listens on.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	_, port, err := net.SplitHostPort(listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

// The plot: one server is named, and its conf lists another one and one that is down. Each
// is asked once, and the ports between them are dialled.
func TestTheOthersAreFoundByOneServer(t *testing.T) {
	other := talker(t, func(string) map[string]string {
		return map[string]string{"srvr": srvr("leader"), "mntr": "zk_watch_count\t9\n"}
	})
	_, otherPort, _ := net.SplitHostPort(other)
	closed, shut := closedPort(t), closedPort(t)
	one := talker(t, func(address string) map[string]string {
		_, port, _ := net.SplitHostPort(address)
		return map[string]string{"srvr": srvr("follower"), "stat": "not allowed",
			"mntr": "zk_watch_count\t5\nzk_version\tx\n",
			"conf": "clientPort=" + port + "\ntickTime=2000\nserverId=1\nmembership: \n" +
				"server.1=127.0.0.1:" + closed + ":" + shut + ":participant;" + port + "\n" +
				"server.2=localhost:" + closed + ":" + otherPort + ":participant;0.0.0.0:" +
				otherPort + "\n" +
				"server.3=127.0.0.1:" + closed + ":" + shut + ":participant;127.0.0.1:" + closed +
				"\nversion=0"}
	})
	f := Gather(t.Context(), Options{Addresses: []string{one, one}})
	expectThree(t, f)
	use := map[string]bool{}
	for _, p := range f.Ports {
		use[fmt.Sprintf("%d %s %v", p.ID, p.Use, p.Error == "")] = true
	}
	want := []string{"1 election false", "2 election true", "2 quorum false", "3 election false"}
	if got := slices.Sorted(maps.Keys(use)); !slices.Equal(got, want) {
		t.Errorf("dialled %q", got)
	}
}

// The plot: a server is down, and was named beside one that knows of it. The moral: it is told
// of once, with its number.
func TestWhoIsDownIsToldOfOnce(t *testing.T) {
	closed := closedPort(t)
	one := talker(t, func(address string) map[string]string {
		_, port, _ := net.SplitHostPort(address)
		return map[string]string{"srvr": srvr("follower"),
			"conf": "clientPort=" + port + "\nserverId=1\nmembership: \n" +
				"server.1=127.0.0.1:1:2:participant;127.0.0.1:" + port + "\n" +
				"server.2=127.0.0.1:3:4:participant;127.0.0.1:" + closed + "\nversion=0"}
	})
	f := Gather(t.Context(), Options{Addresses: []string{one, "127.0.0.1:" + closed},
		PortsSkipped: true})
	if len(f.Servers) != 2 || f.Servers[1].ID != 2 || f.Servers[1].Error == "" {
		t.Errorf("asked %+v", f.Servers)
	}
}

func expectThree(t *testing.T, f *doctor.Facts) {
	t.Helper()
	if len(f.Servers) != 3 {
		t.Fatalf("asked %+v, unseen %q", f.Servers, f.Unseen)
	}
	first, second, third := f.Servers[0], f.Servers[1], f.Servers[2]
	if first.ID != 1 || first.Role != "follower" || first.Figures["watch_count"] != 5 ||
		first.Settings["tickTime"] != "2000" || first.Outstanding != 7 {
		t.Errorf("the first is %+v", first)
	}
	if second.ID != 2 || second.Role != "leader" || second.Figures["watch_count"] != 9 {
		t.Errorf("the second is %+v", second)
	}
	if third.ID != 3 || third.Error == "" || third.Waiting {
		t.Errorf("the third is %+v", third)
	}
	if len(f.Names) != 1 || f.Names[0].Host != "localhost" {
		t.Errorf("resolved %+v", f.Names)
	}
}

// The plot: a server is named twice, by two names. It is one server, and one leader.
func TestAServerWithTwoNamesIsOne(t *testing.T) {
	at := talker(t, func(string) map[string]string {
		return map[string]string{"srvr": srvr("leader"), "conf": "serverId=1\n"}
	})
	_, port, _ := net.SplitHostPort(at)
	f := Gather(t.Context(), Options{Addresses: []string{at, "localhost:" + port}})
	if len(f.Servers) != 1 || len(f.Unseen) != 1 ||
		f.Unseen[0] != "localhost:"+port+": it is server 1, which was asked already" {
		t.Errorf("got %+v, unseen %q", f.Servers, f.Unseen)
	}
}

// A server that is only allowed srvr is known by that; what it does not answer is told.
func TestWhatIsNotAnsweredIsTold(t *testing.T) {
	no := " is not executed because it is not in the whitelist.\n"
	at := talker(t, func(string) map[string]string {
		return map[string]string{"srvr": srvr("standalone"), "mntr": "mntr" + no,
			"conf": "conf" + no, "stat": "stat" + no}
	})
	f := Gather(t.Context(), Options{Addresses: []string{at}})
	if s := f.Servers[0]; s.Role != "standalone" || s.Figures != nil || s.Settings != nil {
		t.Errorf("got %+v", s)
	}
	if len(f.Unseen) != 1 || !strings.HasSuffix(f.Unseen[0], "does not answer mntr, conf, stat") {
		t.Errorf("unseen: %q", f.Unseen)
	}
}

func TestAServerWithoutARoleWaits(t *testing.T) {
	at := talker(t, func(string) map[string]string {
		return map[string]string{
			"srvr": "This ZooKeeper instance is not currently serving requests\n"}
	})
	f := Gather(t.Context(), Options{Addresses: []string{at}, PortsSkipped: true})
	if s := f.Servers[0]; s.Error == "" || !s.Waiting || f.Ports != nil {
		t.Errorf("got %+v", s)
	}
}

// readyz tells which checks fail, and what time it is there. What is no admin server of
// ours tells nothing.
func TestReadyTellsWhatFails(t *testing.T) {
	admin := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusServiceUnavailable)
		_, _ = io.WriteString(w, `{"check":"readyz","ok":false,"checks":[`+
			`{"name":"data","ok":true},{"name":"quorum","ok":false,"reason":"looking"}]}`)
	}))
	defer admin.Close()
	var s doctor.Server
	(&target{ready: admin.URL + "/readyz"}).askReady(t.Context(), &s)
	if !slices.Equal(s.Failing, []string{"quorum: looking"}) {
		t.Errorf("failing: %q", s.Failing)
	}
	if !s.ClockTold || s.ClockAhead < 59*time.Minute || s.ClockAhead > 61*time.Minute {
		t.Errorf("the clock is %v ahead", s.ClockAhead)
	}
	s = doctor.Server{}
	(&target{ready: admin.URL + "/else"}).askReady(t.Context(), &s)
	if s.ClockTold || s.Failing != nil {
		t.Errorf("got %+v", s)
	}
}

// The plot: the admin port speaks HTTPS alone. It is asked all the same, and the end of its
// certificate is told.
func TestTheCertificateOfTheAdminPortIsLookedAt(t *testing.T) {
	admin := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"check":"readyz","ok":true,"checks":[]}`)
	}))
	defer admin.Close()
	trusting := admin.Client().Transport.(*http.Transport).TLSClientConfig
	var s doctor.Server
	(&target{ready: admin.URL + "/readyz", readyTLS: trusting}).askReady(t.Context(), &s)
	if !s.ClockTold || !s.AdminNotAfter.Equal(admin.Certificate().NotAfter) {
		t.Errorf("got %+v", s)
	}
}

func TestStatTellsTheBusiestHost(t *testing.T) {
	var s doctor.Server
	readStat(&s, "Zookeeper version: x\nClients:\n /10.0.0.7:1[1](queued=0,recved=1,sent=1)\n"+
		" /0:0:0:0:0:0:0:1:5[0](queued=0)\n /10.0.0.8:2[1]()\n /10.0.0.7:3[1]()\n\n"+
		"Latency min/avg/max: 0/0.5/12\nMode: leader\n")
	if s.Busiest != "10.0.0.7" || s.BusiestConns != 2 {
		t.Errorf("%s has %d", s.Busiest, s.BusiestConns)
	}
}

// write makes files with so many bytes each.
func write(t *testing.T, dir string, sizes map[string]int) {
	t.Helper()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for name, size := range sizes {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, size), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func configFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "zoo.cfg")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// The plot: a directory has a snapshot, a log, what a server makes by itself, and a copy
// that somebody left. Measuring its disk leaves nothing behind.
func TestADataDirectoryIsCounted(t *testing.T) {
	data := t.TempDir()
	versions := filepath.Join(data, "version-2")
	write(t, versions, map[string]int{"snapshot.100000001": 500, "snapshot.100000002": 700,
		"log.100000001": 9, "acceptedEpoch": 1, "zoo.lock": 0, "snapshot.1.bak": 3})
	f := Gather(t.Context(), Options{Offline: true, SyncMeasured: true, Configs: []config.Source{
		{Args: []string{configFile(t, "clientPort=2181\ndataDir="+data+"\n")}}}})
	d := f.Configs[0].Dir
	if d == nil || d.Snapshots != 2 || d.Logs != 1 || d.SnapshotBytesMax != 700 ||
		!slices.Equal(d.Leftovers, []string{"snapshot.1.bak"}) || d.Newest.IsZero() {
		t.Fatalf("got %+v, unseen %q", d, f.Unseen)
	}
	if len(d.Syncs) != syncsMeasured || !slices.IsSorted(d.Syncs) || d.Syncs[0] <= 0 {
		t.Errorf("syncs: %v", d.Syncs)
	}
	names, err := vfs.OS{}.List(data)
	if err != nil || !slices.Equal(names, []string{"version-2"}) {
		t.Errorf("left %q (%v)", names, err)
	}
}

const members = "initLimit=10\nsyncLimit=5\nclientPort=2181\nserver.1=127.0.0.1:2888:3888\n" +
	"server.2=127.0.0.2:2888:3888\nserver.3=127.0.0.3:2888:3888\n"

// The plot: myid is missing. The rest of the configuration is looked at all the same; and
// with a dataDir of another machine nobody knows whether it is missing.
func TestAMissingMyIDDoesNotHideTheRest(t *testing.T) {
	here := configFile(t, "dataDir="+t.TempDir()+"\n"+members)
	away := configFile(t, "dataDir=/nonexistent/data\n"+members)
	f := Gather(t.Context(), Options{Offline: true, Configs: []config.Source{
		{Args: []string{here}}, {Args: []string{away}}, {Args: []string{away}, ID: 3}}})
	for i, c := range f.Configs {
		if c.Member.Config == nil {
			t.Fatalf("the configuration %d is refused: %q", i, c.Member.Refusals)
		}
	}
	if text := f.Configs[0].MyID; !strings.Contains(text, "myid: open: no such file") {
		t.Errorf("myid: %q", text)
	}
	if f.Configs[1].MyID != "" || f.Configs[1].Member.ID != 0 || f.Configs[2].Member.ID != 3 {
		t.Errorf("got %+v", f.Configs[1:])
	}
	if !strings.Contains(strings.Join(f.Unseen, "\n"), "which server it is of") {
		t.Errorf("unseen: %q", f.Unseen)
	}
}

// A member without a port of its own has the one that the configuration has; where nobody
// knows its host it is told.
func TestWhereClientsReachAMember(t *testing.T) {
	l := &looker{}
	l.facts.Configs = append(l.facts.Configs, l.readConfig(config.Source{
		Args: []string{configFile(t, "dataDir=/nonexistent/data\n"+members)}, ID: 1}))
	for text, want := range map[string]string{
		"a:1:2":                   "a:2181",
		"a:1:2;2182":              "a:2182",
		"a:1:2;0.0.0.0:2182":      "a:2182",
		"a:1:2;10.0.0.1:2182":     "10.0.0.1:2182",
		"0.0.0.0:1:2":             "",
		"[::1]:1:2:observer;2183": "[::1]:2183",
	} {
		s, err := config.ParseServer(7, text)
		if err != nil {
			t.Fatal(err)
		}
		if got := l.clientAddress(s); got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
	if len(l.facts.Unseen) != 1 {
		t.Errorf("unseen: %q", l.facts.Unseen)
	}
}

func TestSwapIsWhatIsNotFree(t *testing.T) {
	if got := readSwap("MemTotal: 9 kB\nSwapTotal:  2048 kB\nSwapFree:  1024 kB\n"); got != 1<<20 {
		t.Errorf("got %d", got)
	}
	if got := readSwap(""); got != 0 {
		t.Errorf("got %d", got)
	}
}
