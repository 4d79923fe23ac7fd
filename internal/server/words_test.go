package server

import (
	"io"
	"net"
	"regexp"
	"strings"
	"testing"
	"time"

	"zoo"
	"zoo/internal/disk/vfs"
	"zoo/internal/wire"
)

// ask sends a word in pieces and gives the answer.
func (r *running) ask(pieces ...string) string {
	r.t.Helper()
	nc, err := net.Dial("tcp", r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	defer nc.Close()
	_ = nc.SetDeadline(time.Now().Add(patience))
	for _, piece := range pieces {
		if _, err := io.WriteString(nc, piece); err != nil {
			r.t.Fatal(err)
		}
	}
	text, err := io.ReadAll(nc)
	if err != nil {
		r.t.Fatal(err)
	}
	return string(text)
}

func startTalkative(t *testing.T) *running {
	s := startStandaloneWithWords(t, "*")
	c := s.connect()
	c.call(1, wire.OpCreate, create("/a", "x"), zoo.CodeOK)
	c.call(2, wire.OpGetData, &wire.GetDataRequest{Path: "/a"}, zoo.CodeOK)
	c.call(wire.XidPing, wire.OpPing, nil, zoo.CodeOK)
	return s
}

func expectMatch(t *testing.T, text, pattern string) {
	t.Helper()
	if !regexp.MustCompile(pattern).MatchString(text) {
		t.Errorf("got %q, want a match of %q", text, pattern)
	}
}

// A client creates a znode, reads it and pings: its connection tells of the ping,
// with the xid of the read, which was the client's own.
func TestAConnectionTellsWhatItDid(t *testing.T) {
	s := startTalkative(t)
	expectMatch(t, s.ask("cons"), `(?s)^ /127\.0\.0\.1:\d+\[[15]\]\(queued=0,recved=4,sent=4,`+
		`sid=0x[0-9a-f]+,lop=PING,est=\d{13},to=\d+,lcxid=0x2,lzxid=0x2,lresp=\d+,llat=\d+,`+
		`minlat=\d+,avglat=\d+,maxlat=\d+\)\n`+
		` /127\.0\.0\.1:\d+\[0\]\(queued=0,recved=1,sent=0\)\n\n$`)
}

func TestConnectionsAndServerAreResetApart(t *testing.T) {
	s := startTalkative(t)
	if text := s.ask("crst"); text != "Connection stats reset.\n" {
		t.Fatalf("got %q", text)
	}
	expectMatch(t, s.ask("cons"), `recved=0,sent=0,sid=0x[0-9a-f]+,lop=NA,est=\d+,to=\d+,`+
		`lzxid=0xffffffffffffffff,lresp=0,llat=0,minlat=0,avglat=0,maxlat=0`)
	expectMatch(t, s.ask("srvr"), `Received: 7\nSent: 6\n`)
	s.ask("srst")
	expectMatch(t, s.ask("srvr"), `Received: 1\nSent: 1\n`)
	expectMatch(t, s.ask("mntr"), `zk_cnt_readlatency\t0\n`)
}

func TestFiguresAreCountedWhereThingsHappen(t *testing.T) {
	s := startTalkative(t)
	text := s.ask("mntr")
	for _, line := range []string{
		"zk_cnt_updatelatency\t2", "zk_cnt_readlatency\t2", "zk_cnt_propagation_latency\t2",
		"zk_sum_a_write_per_namespace\t3", "zk_cnt_a_read_per_namespace\t1",
		"zk_connection_request_count\t1", "zk_last_client_response_size\t16",
		"zk_max_client_response_size\t89", "zk_sync_processor_request_queued\t2",
		"zk_response_bytes\t111",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("%q is not in\n%s", line, text)
		}
	}
}

// The eight bytes of stmk come later than the word; telnet's goodbye is no length
// of a frame.
func TestAWordMayComeInPieces(t *testing.T) {
	s := startStandaloneWithWords(t, "*")
	if text := s.ask("stm", "k\x00\x00\x00\x00", "\x00\x00\x00\x07"); text != "7" {
		t.Errorf("stmk: got %q", text)
	}
	if text := s.ask("\xff\xf4\xff\xfd"); text != "" {
		t.Errorf("telnet: got %q", text)
	}
}

// Two sessions watch: one a znode's data, one its children. Operators are shown
// data watches only, as by Java.
func TestOnlyDataWatchesAreShown(t *testing.T) {
	s := startTalkative(t)
	s.connect().call(1, wire.OpExists, &wire.ExistsRequest{Path: "/a", Watch: true}, zoo.CodeOK)
	s.connect().call(1, wire.OpGetChildren,
		&wire.GetChildrenRequest{Path: "/", Watch: true}, zoo.CodeOK)
	if text := s.ask("wchs"); text != "1 connections watching 1 paths\nTotal watches:1\n" {
		t.Errorf("wchs: got %q", text)
	}
	expectMatch(t, s.ask("wchp"), `^/a\n\t0x[0-9a-f]+\n\n$`)
	expectMatch(t, s.ask("wchc"), `^0x[0-9a-f]+\n\t/a\n\n$`)
	expectMatch(t, s.ask("mntr"), `zk_watch_count\t2\n`)
}

func TestDumpShowsWhenSessionsExpire(t *testing.T) {
	s := startStandaloneWithWords(t, "*")
	s.connect().call(1, wire.OpCreate, ephemeral("/e"), zoo.CodeOK)
	date := `\w{3} \w{3} \d\d \d\d:\d\d:\d\d \w+ \d{4}`
	expectMatch(t, s.ask("dump"), `^SessionTracker dump:\nSession Sets \(1\)/\(1\):\n`+
		`1 expire at `+date+`:\n\t(0x[0-9a-f]+)\nephemeral nodes dump:\n`+
		`Sessions with Ephemerals \(1\):\n0x[0-9a-f]+:\n\t/e\n`+
		`Connections dump:\nConnections Sets \(\d\)/\(2\):\n\d expire at `+date+`:\n`+
		`\tip: /127\.0\.0\.1:\d+ sessionId: 0x`)
}

// Transactions 1 to 257: two of their zxids are multiples of 128.
func TestTheDigestIsLoggedAtIntervals(t *testing.T) {
	s := startStandaloneWithWords(t, "hash")
	c := s.connect()
	for i := range int32(256) {
		c.call(i+1, wire.OpSetData,
			&wire.SetDataRequest{Path: "/zookeeper", Version: -1}, zoo.CodeOK)
	}
	expectMatch(t, s.ask("hash"), `^80: \d+\n100: \d+\n$`)
}

func startStandaloneWithWords(t *testing.T, words ...string) *running {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	cfg.Words = words
	return start(t, disk, cfg)
}
