package replica

import (
	"fmt"
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/core/tree"
	"zoo/internal/wire"
)

// mill has servers do one batch of requests after another. It is the shell without a
// network and a disk: each server takes its turn with all that has come, and so on until
// nothing is left to do. What it allocates itself is an event for each link and turn.
type mill struct {
	tb      testing.TB
	now     Now
	servers []*millServer
	// client is the index of the server whose client asks.
	client int
	batch  Submit
	// asks is whether the batch has to be taken in still; answered counts the outcomes.
	asks     bool
	answered int
}

type millServer struct {
	r     *Replica
	links []*millLink
	done  uint64 // done is the last operation of the disk that is not reported yet.
}

// millLink is one end of a link: packets are those that have come on it.
type millLink struct {
	id      LinkID
	other   *millLink
	packets []wire.QuorumPacket
}

// newMill starts servers and opens a session at the one with the index client. With more
// than one the last leads. The requests of a batch are what request makes.
func newMill(tb testing.TB, servers, client, batch int, request requests) *mill {
	w := &world{t: tb, cfg: Config{HistoryMin: 500, HistoryBytesMin: 1}}
	for id := range servers {
		rec := Recovered{Tree: tree.New()}
		w.servers = append(w.servers, &server{id: zoo.ServerID(id + 1), rec: rec})
	}
	if servers > 1 {
		w.view = viewOf(tb, servers)
	}
	for _, s := range w.servers {
		w.start(s)
	}
	for range 5 {
		w.tick(time.Second.String())
	}
	s := w.servers[client]
	s.conn++
	s.queue = append(s.queue, Connect{Conn: s.conn, Timeout: 10_000})
	w.play()
	// A znode that stays: those that come and go are not the only ones of their size.
	kept := Request{Conn: s.conn, Session: s.session, Xid: 1}
	kept.Op, kept.Body = createsAndDeletes(0)
	s.queue = append(s.queue, Submit{[]Request{kept}})
	w.play()
	m := &mill{tb: tb, now: w.now(), client: client}
	for i := range batch {
		q := Request{Conn: s.conn, Session: s.session, Xid: int32(i + 1)}
		q.Op, q.Body = request(i + 1)
		m.batch.Requests = append(m.batch.Requests, q)
	}
	m.takeOver(w)
	m.run() // what a first time takes
	return m
}

func viewOf(tb testing.TB, servers int) *quorum.View {
	var members []quorum.Member
	for id := range servers {
		members = append(members, quorum.Member{ID: zoo.ServerID(id + 1)})
	}
	view, err := quorum.NewView(members, 0)
	if err != nil {
		tb.Fatal(err)
	}
	return view
}

// takeOver goes on with the servers and the links of a scenario.
func (m *mill) takeOver(w *world) {
	ends := map[*server]*millServer{}
	for _, s := range w.servers {
		if !s.r.Status().Serving {
			m.tb.Fatalf("server %d does not serve", s.id)
		}
		ends[s] = &millServer{r: s.r}
		m.servers = append(m.servers, ends[s])
	}
	for _, p := range w.links {
		up, down := &millLink{id: p.id}, &millLink{id: p.id}
		up.other, down.other = down, up
		ends[p.learner].links = append(ends[p.learner].links, up)
		ends[p.leader].links = append(ends[p.leader].links, down)
	}
}

// run has the batch done everywhere.
func (m *mill) run() {
	m.asks, m.answered = true, 0
	for busy := true; busy; {
		busy = false
		for i, s := range m.servers {
			busy = m.turn(i, s) || busy
		}
	}
	if m.answered != len(m.batch.Requests) {
		m.tb.Fatalf("%d of %d requests are answered", m.answered, len(m.batch.Requests))
	}
}

// turn is one of a server; false if there was nothing to do.
func (m *mill) turn(i int, s *millServer) (busy bool) {
	if i == m.client && m.asks {
		m.asks, busy = false, true
		s.r.Step(m.now, m.batch)
	}
	for _, l := range s.links {
		if len(l.packets) > 0 {
			busy = true
			s.r.Step(m.now, Received{l.id, l.packets})
			l.packets = l.packets[:0]
		}
	}
	if s.done != 0 {
		busy = true
		s.r.Step(m.now, DiskDone{s.done})
		s.done = 0
	}
	return busy && m.obey(i, s)
}

func (m *mill) obey(i int, s *millServer) bool {
	eff := s.r.Drain()
	for j := range eff.Send {
		for _, l := range s.links {
			if out := &eff.Send[j]; l.id == out.Link {
				l.other.packets = append(l.other.packets, out.Packet)
			}
		}
	}
	if n := len(eff.Disk); n > 0 {
		s.done = eff.Disk[n-1].Seq
	}
	for more := eff.ApplyReady; more; {
		var o Outcome
		if o, more = s.r.ApplyNext(); more && o.Conn != 0 {
			if m.answered++; o.Result.Code != zoo.CodeOK {
				m.tb.Fatalf("xid %d: %v", o.Xid, o.Result.Code)
			}
		}
	}
	return true
}

// requests makes the one of a number, from 1 on.
type requests func(i int) (wire.Op, []byte)

// millValue is what the requests set.
var millValue [100]byte

// setsData sets the data of the root again and again.
func setsData(int) (wire.Op, []byte) {
	r := wire.SetDataRequest{Path: "/", Data: millValue[:], Version: -1}
	return wire.OpSetData, r.AppendTo(nil)
}

// createsAndDeletes makes the znode 0, which stays, and then in turns makes one and takes it
// away.
func createsAndDeletes(i int) (wire.Op, []byte) {
	path := fmt.Sprintf("/a-znode-%09d", (i+1)/2)
	if i%2 == 0 && i > 0 {
		r := wire.DeleteRequest{Path: path, Version: -1}
		return wire.OpDelete, r.AppendTo(nil)
	}
	r := wire.CreateRequest{Path: path, Data: millValue[:], ACL: zoo.OpenACL()}
	return wire.OpCreate, r.AppendTo(nil)
}

// BenchmarkWrites is what a batch of writes costs the cores of all servers, from the client's
// requests to the outcomes. With several servers it is the last that leads.
func BenchmarkWrites(b *testing.B) {
	for _, c := range []struct {
		title           string
		servers, client int
	}{
		{"alone", 1, 0}, {"leader of 3", 3, 2}, {"follower of 3", 3, 0},
	} {
		for _, batch := range []int{1, 100} {
			b.Run(fmt.Sprintf("%s/setData/batch=%d", c.title, batch), func(b *testing.B) {
				benchmarkWrites(b, newMill(b, c.servers, c.client, batch, setsData))
			})
		}
		b.Run(c.title+"/create and delete/batch=100", func(b *testing.B) {
			benchmarkWrites(b, newMill(b, c.servers, c.client, 100, createsAndDeletes))
		})
	}
}

func benchmarkWrites(b *testing.B, m *mill) {
	b.ReportAllocs()
	for b.Loop() {
		m.run()
	}
	perRequest := float64(b.Elapsed().Nanoseconds()) / float64(b.N*len(m.batch.Requests))
	b.ReportMetric(perRequest, "ns/request")
}
