package paper

import (
	"testing"
	"time"
)

// The events are those of the paper, in its order, a step apart; all that fails recovers, and a
// majority serves all the time.
func TestThePlanIsThatOfThePaper(t *testing.T) {
	for servers, want := range map[int]string{
		3: "1 1 2 2 3 3 4a 4c 5 6 ", 4: "1 1 2 2 3 3 4a 4c 5 6 ",
		5: "1 1 2 2 3 3 4a 4b 4c 4c 5 6 ", 7: "1 1 2 2 3 3 4a 4b 4c 4c 5 6 "} {
		plan, whole := Plan(servers, time.Second)
		got, down, before := "", map[int]bool{}, time.Duration(0)
		for _, e := range plan {
			got += e.Mark + " "
			if down[e.Loss] != (e.Kind == Heal) || e.At < before {
				t.Errorf("%d servers, %+v: down %v", servers, e, down)
			}
			down[e.Loss], before = e.Kind != Heal, e.At
			if e.Kind == Heal {
				delete(down, e.Loss)
			}
			if 2*(servers-len(down)) <= servers {
				t.Errorf("%d of %d servers are down at %v", len(down), servers, e.At)
			}
		}
		if got != want || len(down) > 0 || before >= whole {
			t.Errorf("%d servers: %q, want %q; %v stay down", servers, got, want, down)
		}
	}
}

// The second follower to fail is a different one, as long as there is one, and whoever failed
// is the one that is healed.
func TestADifferentFollowerFails(t *testing.T) {
	roles := []string{"follower", "leader", "follower", "observer", ""}
	c := newCast()
	if got := c.choose(Event{Kind: FailFollower}, roles); got != 0 {
		t.Errorf("first %d", got)
	}
	c[0] = 0
	if got := c.choose(Event{Kind: FailFollower}, roles); got != 2 {
		t.Errorf("second %d", got)
	}
	c[1] = 2
	if got := c.choose(Event{Kind: FailFollower}, roles); got != 0 {
		t.Errorf("third %d", got)
	}
	if got := c.choose(Event{Kind: FailLeader}, roles); got != 1 {
		t.Errorf("leader %d", got)
	}
	if got := c.choose(Event{Kind: Heal, Loss: 1}, nil); got != 2 {
		t.Errorf("healed %d", got)
	}
	if got := c.choose(Event{Kind: FailLeader}, []string{"", "follower"}); got != -1 {
		t.Errorf("no leader is %d", got)
	}
}

func TestOptionsThatMakeNoSenseAreRefused(t *testing.T) {
	good := func() Options {
		return Options{Servers: []string{"a", "b", "c"}, Experiments: Experiments,
			Duration: time.Second, Step: time.Second}
	}
	for name, spoil := range map[string]func(*Options){
		"no servers":       func(o *Options) { o.Servers = nil },
		"two servers":      func(o *Options) { o.Servers = o.Servers[:2] },
		"no experiments":   func(o *Options) { o.Experiments = nil },
		"unknown":          func(o *Options) { o.Experiments = []Experiment{"figure9"} },
		"share":            func(o *Options) { o.Shares = []int{50, -1} },
		"workers":          func(o *Options) { o.Workers = []int{0} },
		"no time":          func(o *Options) { o.Duration = 0 },
		"negative warm-up": func(o *Options) { o.Warmup = -1 },
		"short step":       func(o *Options) { o.Step = time.Millisecond },
	} {
		o := good()
		if err := o.Validate(); err != nil {
			t.Fatal(err)
		}
		spoil(&o)
		if o.Validate() == nil {
			t.Errorf("%s is taken", name)
		}
	}
}
