package server

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"zoo"
	"zoo/internal/wire"
)

// The plot: a write with many reads behind it, in one piece. The loop answers only a
// few of them while it has the tree for itself; the reader does the rest. What takes
// long it never does.
func TestTheLoopAnswersFewReadsBehindAWrite(t *testing.T) {
	s := startStandalone(t)
	c := s.connect()
	c.create("/large", strings.Repeat("x", 100<<10))
	const reads = 200
	requests := [][]byte{request(1, wire.OpCreate, create("/a", ""))}
	for i := range int32(reads) {
		requests = append(requests,
			request(2+i, wire.OpGetData, &wire.GetDataRequest{Path: "/large"}))
	}
	requests = append(requests,
		request(900, wire.OpCreate, create("/b", "")),
		request(901, wire.OpGetAllChildrenNumber, &wire.GetAllChildrenNumberRequest{Path: "/"}))
	c.pipeline(requests...)
	c.reply(1, zoo.CodeOK)
	for i := range int32(reads) {
		c.reply(2+i, zoo.CodeOK)
	}
	c.reply(900, zoo.CodeOK)
	// Without /zookeeper and what is below it: /large, /a and /b.
	var children wire.GetAllChildrenNumberResponse
	m := c.reply(901, zoo.CodeOK)
	if children.DecodeFrom(&m.body); children.TotalNumber != 6 {
		t.Errorf("%d znodes, though the creation came first", children.TotalNumber)
	}
	most := figure(t, s.ask("mntr"), "zk_max_reads_issued_from_session_queue")
	if most > postponedMax {
		t.Errorf("the loop answered %d reads at once", most)
	}
}

// figure is a whole number of mntr.
func figure(t *testing.T, text, name string) int {
	t.Helper()
	for line := range strings.Lines(text) {
		if key, value, _ := strings.Cut(strings.TrimSpace(line), "\t"); key == name {
			n, err := strconv.Atoi(value)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("no %s in\n%s", name, text)
	return 0
}

// The plot: a server restarts without the others and serves reads. It shows what it
// has logged, to a request that stands behind a refused one, too.
func TestAReadOnlyServerShowsOneTree(t *testing.T) {
	e := newEnsemble(t, 3, 0)
	e.adjust = func(c *Config) { c.ReadOnly, c.ReadOnlyAfter = true, 500*time.Millisecond }
	e.start(1)
	e.start(2)
	e.session(1).create("/a", "")
	for _, id := range []zoo.ServerID{1, 2} {
		if err := e.servers[id].stop(); err != nil {
			t.Fatal(err)
		}
	}
	hello := newSession()
	hello.ReadOnly = true
	c := e.start(1).dial()
	c.handshake(hello)
	get := &wire.GetDataRequest{Path: "/a"}
	c.pipeline(request(1, wire.OpGetData, get),
		request(2, wire.OpSetData, &wire.SetDataRequest{Path: "/a", Version: -1}),
		request(3, wire.OpGetData, get))
	first := c.reply(1, zoo.CodeOK)
	refused := c.reply(2, zoo.CodeNotReadOnly)
	second := c.reply(3, zoo.CodeOK)
	if first.Zxid != second.Zxid || first.Zxid != refused.Zxid {
		t.Errorf("zxids %v, %v, %v", first.Zxid, refused.Zxid, second.Zxid)
	}
}

// The plot: the pipeline has room for one request. A client fills it and hangs up;
// what it had asked for must not take the room for ever.
func TestAClientThatGoesGivesItsRoomBack(t *testing.T) {
	s := limited(t, func(c *Config) { c.Stall.RequestsMax = 1 })
	for range 20 {
		c := s.connect()
		var requests [][]byte
		for i := range int32(50) {
			requests = append(requests, request(1+i, wire.OpSetData,
				&wire.SetDataRequest{Path: "/zookeeper", Version: -1}))
		}
		c.pipeline(requests...)
		_ = c.nc.Close()
	}
	s.connect().create("/a", "")
}
