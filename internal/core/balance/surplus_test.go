package balance

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"zoo"
)

func counted(counts ...int) (servers []Server) {
	for i, n := range counts {
		servers = append(servers, Server{zoo.ServerID(i + 1), n})
	}
	return servers
}

// Who has clearly more than a fair share sends away half of what is too much.
func TestOnlyAClearSurplusIsSentAway(t *testing.T) {
	rule := Rule{TolerancePercent: 20, RoundMax: 50}
	for _, c := range []struct {
		name    string
		rule    Rule
		servers []Server
		want    []Server
	}{
		{"even", rule, counted(100, 100, 100), nil},
		{"within the tolerance", rule, counted(120, 110, 70), nil},
		{"one beyond it", rule, counted(124, 100, 76), []Server{{1, 12}}},
		{"one has just restarted", rule, counted(150, 150, 0), []Server{{1, 25}, {2, 25}}},
		{"in another order", rule, []Server{{2, 150}, {3, 0}, {1, 150}},
			[]Server{{1, 25}, {2, 25}}},
		{"bounded", rule, counted(1500, 1500, 0), []Server{{1, 50}, {2, 50}}},
		{"few clients", rule, counted(5, 0, 0), nil},
		{"a few more", rule, counted(9, 0, 0), []Server{{1, 3}}},
		{"nobody", rule, counted(0, 0, 0), nil},
		{"one server", rule, counted(1000), nil},
		{"no server", rule, nil, nil},
		{"switched off", Rule{RoundMax: 50}, counted(1000, 0, 0), nil},
		{"two servers", rule, counted(40, 0), []Server{{1, 10}}},
		{"an impossible count", rule, counted(-50, 40), []Server{{2, 10}}},
	} {
		if got := c.rule.Surplus(c.servers); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// No server is brought below its fair share, whatever the counts: nothing that has left has
// to come back.
func TestNobodyIsSentFromBelowTheFairShare(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 10_000 {
		servers := counted(make([]int, 2+rng.IntN(6))...)
		sum := 0
		for i := range servers {
			servers[i].Clients = rng.IntN(1000)
			sum += servers[i].Clients
		}
		for _, sent := range (Rule{1 + rng.IntN(100), 1000}).Surplus(servers) {
			left := servers[sent.ID-1].Clients - sent.Clients
			if left*len(servers) < sum {
				t.Fatalf("%v: server %d is left with %d", servers, sent.ID, left)
			}
		}
	}
}

// The plot: clients are sent away round after round, and go to any other server by chance,
// or all to one of them. The counts come near each other, and then nothing moves any more.
func TestTheCountsComeToRest(t *testing.T) {
	rule := Rule{TolerancePercent: 20, RoundMax: 50}
	for name, next := range map[string]func(*rand.Rand, int, int) int{
		"by chance": func(rng *rand.Rand, n, from int) int {
			return (from + 1 + rng.IntN(n-1)) % n
		},
		"to the next one": func(_ *rand.Rand, n, from int) int { return (from + 1) % n },
	} {
		for seed := range uint64(200) {
			rng := rand.New(rand.NewPCG(seed, 1))
			servers := counted(rng.IntN(600), rng.IntN(600), rng.IntN(600), 0)
			rounds := 0
			for ; ; rounds++ {
				sent := rule.Surplus(servers)
				if len(sent) == 0 {
					break
				}
				for _, s := range sent {
					for range s.Clients {
						from := int(s.ID - 1)
						servers[from].Clients--
						servers[next(rng, len(servers), from)].Clients++
					}
				}
				if rounds > 200 {
					t.Fatalf("%s, seed %d: %v never rest", name, seed, servers)
				}
			}
		}
	}
}

// Whoever is busy, has just come, or was sent away before is spared.
func TestWhoMayBeSentAway(t *testing.T) {
	const ageMin = 10 * time.Second
	for _, c := range []struct {
		client Client
		want   bool
	}{
		{Client{Resting: true, Age: ageMin}, true},
		{Client{Age: ageMin}, false},
		{Client{Resting: true, Age: ageMin - 1}, false},
		{Client{Resting: true, Age: time.Hour, SentBefore: true}, false},
	} {
		if got := c.client.May(ageMin); got != c.want {
			t.Errorf("%+v: got %v", c.client, got)
		}
	}
}

// A session is remembered for an hour, and the memory does not grow for ever.
func TestWhoWasSentAwayIsRemembered(t *testing.T) {
	var s Sent
	for i := range sentMax {
		s.Add(time.Duration(i), zoo.SessionID(i))
	}
	if !s.Full(0) || !s.Has(SentMemory-1, 0) {
		t.Error("the first is forgotten too early")
	}
	if s.Has(SentMemory, 0) || !s.Has(SentMemory, 1) {
		t.Error("the first alone is to be forgotten")
	}
	if s.Full(SentMemory) || s.Full(2*SentMemory) || len(s.order) != 0 {
		t.Errorf("%d are still remembered", len(s.order))
	}
}
