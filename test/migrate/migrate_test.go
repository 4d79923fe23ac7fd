package migrate

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"zoo/client"
	"zoo/test/ensemble"
)

// The plot: three servers of Java's serve clients that hold sessions and write without
// pause. An operator follows zoo migrate, server by server, all the way there and back.
// No session is lost, nothing that was acknowledged is, and every step is judged good by
// comparing the trees of both kinds of servers. A step that is only half done is not.
func TestAnEnsembleIsReplacedAndComesBack(t *testing.T) {
	o := newOperator(t)
	ctx, leave := context.WithCancel(o.ctx)
	defer leave()
	g := o.arrive(ctx)

	files := "server.1/zoo.cfg server.2/zoo.cfg server.3/zoo.cfg"
	o.wantUndamaged(o.types(0, "zoo migrate check --jvm java.env "+files))
	plan := "zoo migrate plan --state state.json --jvm java.env " +
		"--there /etc/zookeeper/conf/zoo.cfg " + files
	o.types(0, plan)
	there := o.reads(plan)
	o.wantOrder(there)
	o.types(0, "zoo migrate verify --state state.json --step 0")
	for i, step := range there.Steps {
		if i == 1 {
			o.halfDone(step)
			continue
		}
		o.wantKept(o.does(step))
	}
	o.wantKinds("zoo", 3)

	o.types(0, "zoo migrate back --state state.json")
	back := o.reads("zoo migrate back --state state.json")
	if len(back.Steps) != 3 || back.Steps[0].Step != 4 || back.Steps[2].Role != "leader" {
		t.Fatalf("the way back is %+v", back)
	}
	for _, step := range back.Steps {
		o.wantKept(o.does(step))
	}
	o.wantKinds("java", 3)

	leave()
	o.must(<-g.done)
	o.wantWritten(g)
	o.keep()
}

// wantUndamaged: what Java's servers have written is whole.
func (o *operator) wantUndamaged(told string) {
	o.Helper()
	if strings.Contains(told, "DAMAGE") {
		o.Errorf("the data of Java's servers is said to be damaged:\n%s", told)
	}
}

// wantOrder: followers by their ids, then the leader.
func (o *operator) wantOrder(w way) {
	o.Helper()
	leader, err := o.Leader(o.ctx)
	o.must(err)
	var order []string
	for _, step := range w.Steps {
		order = append(order, step.Server)
	}
	last := fmt.Sprint(leader.ID)
	if len(order) != 3 || order[2] != last || !slices.IsSorted(order[:2]) {
		o.Fatalf("the order is %v, and %s leads", order, last)
	}
	if len(w.Back) != 3 || w.Back[0].Server != order[2] {
		o.Fatalf("the way back is foretold as %+v", w.Back)
	}
}

// halfDone: while a server is down, and when it comes back as what it was, the step is not
// good.
func (o *operator) halfDone(step act) {
	o.Helper()
	o.stops(step)
	told := o.types(1, step.Verify+" --patience 1s")
	if !strings.Contains(told, "problem  servers   server "+step.Server+": ") {
		o.Errorf("a server is down, and verify says\n%s", told)
	}
	o.starts(step)
	o.wantKept(o.types(0, step.Verify))
}

// wantKept looks at what a good verification says.
func (o *operator) wantKept(told string) {
	o.Helper()
	for _, subject := range []string{"servers ", "kinds   ", "leader  ", "zxid    ", "tree    ",
		"digest  ", "sessions"} {
		if !strings.Contains(told, "\nok       "+subject) {
			o.Errorf("%s is not good in\n%s", subject, told)
		}
	}
	if !strings.Contains(told, " 0 gone") || strings.Contains(told, "sessions  0 before") {
		o.Errorf("sessions are gone:\n%s", told)
	}
}

// wantKinds asks the servers themselves: only ours knows the word strt.
func (o *operator) wantKinds(kind string, n int) {
	o.Helper()
	found := 0
	for _, s := range o.Servers {
		answer, err := s.Ask(o.ctx, "strt")
		if (err == nil && answer != "") == (kind == "zoo") {
			found++
		}
	}
	if found != n {
		o.Errorf("%d servers are %s, want %d", found, kind, n)
	}
}

// wantWritten reads what the writer was told is done, from every server, and the sessions'
// ephemeral znodes.
func (o *operator) wantWritten(g *guests) {
	o.Helper()
	last := g.written.Load()
	if last == 0 {
		o.Fatal("nothing was written")
	}
	o.Logf("%d writes were acknowledged", last)
	for _, s := range o.Servers {
		o.wantOn(s, last)
	}
}

func (o *operator) wantOn(s *ensemble.Server, last int64) {
	o.Helper()
	c, err := client.Dial(o.ctx, client.Options{Servers: []string{s.Address()}})
	o.must(err)
	defer c.Close(o.ctx)
	o.must(c.Sync(o.ctx, "/"))
	for n := max(1, last-150); n <= last; n++ {
		data, _, err := c.Get(o.ctx, fmt.Sprintf("/load/%03d", n%200), nil)
		o.must(err)
		if string(data) != fmt.Sprint(n) {
			o.Errorf("server %d has %s where %d was acknowledged", s.ID, data, n)
		}
	}
	for i := range 4 {
		if _, err := c.Exists(o.ctx, fmt.Sprintf("/guest-%d", i), nil); err != nil {
			o.Errorf("server %d: the ephemeral znode of guest %d: %v", s.ID, i, err)
		}
	}
}

// envTranscript names the file that the transcript is written to.
const envTranscript = "ZOO_TRANSCRIPT"

func (o *operator) keep() {
	o.Helper()
	if file := os.Getenv(envTranscript); file != "" {
		o.must(os.WriteFile(file, []byte(o.typed.String()), 0o600))
	}
}
