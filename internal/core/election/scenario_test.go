package election

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/wire"
)

// TestScenarios plays the stories of testdata. Each server is a Machine; links
// carry notifications at once, in order, unless they are cut.
//
//	servers 3 [observers=4,5]      make servers, none of them looking; groups=(1:2,3:4)
//	                               and weights=(3:0) make groups of them
//	history ID zxid=0x105 epoch=1  what a server brings to the election
//	look ID...                     servers lose their leader, or start
//	run                            deliver everything that is under way
//	tick 200ms                     let time pass, then deliver everything
//	cut ID / heal ID               break or mend the links of a server
//	silent ID PEER                 ID has not heard its leader PEER for too long
//	shun ID PEER 10s / forgive ID PEER
//	                               ID prefers others to PEER for a time, or no more
//	dull ID                        lose its messages while its links look fine
//	say FROM TO state=… leader=… round=… zxid=… epoch=…   a forged notification
func TestScenarios(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		w := &world{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			return w.command(t, d)
		})
	})
}

type world struct {
	now      time.Duration
	servers  []*server
	messages []message
}

type server struct {
	id        zoo.ServerID
	machine   *Machine
	zxid      zoo.Zxid
	epoch     zoo.Epoch
	cut, dull bool
	said      string
}

type message struct {
	from, to zoo.ServerID
	n        wire.Notification
}

func (w *world) command(t *testing.T, d *datadriven.TestData) string {
	switch d.Cmd {
	case "servers":
		w.make(t, d)
	case "history":
		s := w.server(t, d.CmdArgs[0].Key)
		s.zxid = zoo.Zxid(number(t, d, "zxid"))
		s.epoch = zoo.Epoch(number(t, d, "epoch"))
	case "look":
		for _, arg := range d.CmdArgs {
			s := w.server(t, arg.Key)
			s.machine.Look(w.now, s.zxid, s.epoch)
			w.collect(s)
		}
	case "run":
		return w.run()
	case "tick":
		return w.tick(t, d.CmdArgs[0].Key)
	case "cut", "heal":
		w.link(w.server(t, d.CmdArgs[0].Key), d.Cmd == "cut")
		return w.run()
	case "silent":
		w.server(t, d.CmdArgs[0].Key).machine.Silent(w.server(t, d.CmdArgs[1].Key).id)
	case "shun", "forgive":
		w.shun(t, d)
	case "dull":
		w.server(t, d.CmdArgs[0].Key).dull = true
	case "say":
		return w.say(t, d)
	default:
		t.Fatalf("unknown command %q", d.Cmd)
	}
	return "ok"
}

func (w *world) shun(t *testing.T, d *datadriven.TestData) {
	m, peer := w.server(t, d.CmdArgs[0].Key).machine, w.server(t, d.CmdArgs[1].Key).id
	if d.Cmd == "forgive" {
		m.Forgive(peer)
		return
	}
	pause, err := time.ParseDuration(d.CmdArgs[2].Key)
	if err != nil {
		t.Fatal(err)
	}
	m.Shun(peer, w.now+pause)
}

func (w *world) make(t *testing.T, d *datadriven.TestData) {
	n, err := strconv.Atoi(d.CmdArgs[0].Key)
	if err != nil {
		t.Fatal(err)
	}
	var members []quorum.Member
	for id := 1; id <= n; id++ {
		members = append(members, quorum.Member{ID: zoo.ServerID(id)})
	}
	if observers, ok := d.Arg("observers"); ok {
		for _, text := range observers.Vals {
			id, _ := strconv.Atoi(text)
			members = append(members, quorum.Member{ID: zoo.ServerID(id), Observer: true})
		}
	}
	view := viewOf(t, d, members)
	*w = world{}
	for _, m := range members {
		w.servers = append(w.servers, &server{
			id: m.ID, machine: New(Config{ID: m.ID, View: view}),
		})
	}
	for _, s := range w.servers {
		w.link(s, false)
	}
}

func viewOf(t *testing.T, d *datadriven.TestData, members []quorum.Member) *quorum.View {
	h := quorum.Hierarchy{Weights: map[zoo.ServerID]int64{}}
	if groups, ok := d.Arg("groups"); ok {
		for i, text := range groups.Vals {
			g, err := quorum.ParseGroup(strconv.Itoa(i+1), text)
			if err != nil {
				t.Fatal(err)
			}
			h.Groups = append(h.Groups, g)
		}
	}
	if weights, ok := d.Arg("weights"); ok {
		for _, text := range weights.Vals {
			id, weight, _ := strings.Cut(text, ":")
			server, w, err := quorum.ParseWeight(id, weight)
			if err != nil {
				t.Fatal(err)
			}
			h.Weights[server] = w
		}
	}
	view, err := quorum.NewView(members, 0)
	if h.Groups != nil {
		view, err = quorum.NewHierarchicalView(members, h, 0)
	}
	if err != nil {
		t.Fatal(err)
	}
	return view
}

func (w *world) server(t *testing.T, text string) *server {
	for _, s := range w.servers {
		if strconv.Itoa(int(s.id)) == text {
			return s
		}
	}
	t.Fatalf("no server %q", text)
	return nil
}

func number(t *testing.T, d *datadriven.TestData, key string) int64 {
	arg, ok := d.Arg(key)
	if !ok {
		return 0
	}
	n, err := strconv.ParseInt(arg.Vals[0], 0, 64)
	if err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return n
}

func (w *world) link(s *server, cut bool) {
	s.cut = cut
	for _, other := range w.servers {
		if other == s || other.cut && !cut {
			continue
		}
		if cut {
			s.machine.LinkDown(w.now, other.id)
			other.machine.LinkDown(w.now, s.id)
		} else {
			s.machine.LinkUp(other.id)
			other.machine.LinkUp(s.id)
		}
		w.collect(other)
	}
	w.collect(s)
}

func (w *world) collect(s *server) {
	for _, out := range s.machine.Drain() {
		w.messages = append(w.messages, message{s.id, out.To, out.Notification})
	}
}

// run delivers messages until none is under way and tells what was decided.
func (w *world) run() string {
	for len(w.messages) > 0 {
		m := w.messages[0]
		w.messages = w.messages[1:]
		from, to := w.servers[m.from-1], w.servers[m.to-1]
		if from.cut || to.cut || from.dull {
			continue
		}
		to.machine.Receive(w.now, m.from, m.n)
		w.collect(to)
	}
	var b strings.Builder
	for _, s := range w.servers {
		if v, ok := s.machine.Outcome(); ok {
			s.said = fmt.Sprintf("follows %d", v.Leader)
			if v.Leader == s.id {
				s.said = "leads"
			}
			fmt.Fprintf(&b, "%d %s round=%d\n", s.id, s.said, s.machine.Round())
		} else if s.machine.state == wire.Looking {
			fmt.Fprintf(&b, "%d looks round=%d vote=%d\n",
				s.id, s.machine.Round(), s.machine.current.Leader)
		}
	}
	if b.Len() == 0 {
		return "nothing new"
	}
	return b.String()
}

func (w *world) tick(t *testing.T, text string) string {
	d, err := time.ParseDuration(text)
	if err != nil {
		t.Fatal(err)
	}
	w.now += d
	for _, s := range w.servers {
		s.machine.Tick(w.now)
		w.collect(s)
	}
	return w.run()
}

func (w *world) say(t *testing.T, d *datadriven.TestData) string {
	from, to := w.server(t, d.CmdArgs[0].Key), w.server(t, d.CmdArgs[1].Key)
	states := map[string]wire.PeerState{
		"looking": wire.Looking, "following": wire.Following, "leading": wire.Leading,
	}
	state, _ := d.Arg("state")
	to.machine.Receive(w.now, from.id, wire.Notification{
		State: states[state.Vals[0]], Leader: zoo.ServerID(number(t, d, "leader")),
		Round: number(t, d, "round"), Zxid: zoo.Zxid(number(t, d, "zxid")),
		PeerEpoch: zoo.Epoch(number(t, d, "epoch")),
	})
	w.collect(to)
	return w.run()
}
