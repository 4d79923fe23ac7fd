package client

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
)

// addresses are those of servers in a row.
func addresses(servers []Server) string {
	var all []string
	for _, s := range servers {
		all = append(all, s.Address)
	}
	return strings.Join(all, " ")
}

// The order in which servers are tried, for chances that are all alike.
func TestServersAreArranged(t *testing.T) {
	servers := []Server{{Address: "a", Zone: "x", Priority: 2}, {Address: "b", Zone: "y"},
		{Address: "c", Zone: "x"}, {Address: "d", Zone: "y", Weight: 5}}
	alike := func() float64 { return 1 }
	for name, row := range map[string]struct {
		last   string
		prefer func(Server) int
		want   string
	}{
		"priority, then weight":            {"", nil, "d b c a"},
		"the last one behind its equals":   {"d", nil, "b c d a"},
		"a zone before priorities":         {"", PreferZone("x"), "c a d b"},
		"the last one of a zone stays":     {"a", PreferZone("x"), "c a d b"},
		"the last one of two zones leaves": {"c", PreferZone("x"), "c a d b"},
	} {
		if got := addresses(arrange(servers, row.last, row.prefer, alike)); got != row.want {
			t.Errorf("%s: %s, want %s", name, got, row.want)
		}
	}
}

// Chance alone decides between equal servers.
func TestTheLeastChanceIsFirst(t *testing.T) {
	chances := []float64{3, 1, 2}
	got := addresses(arrange([]Server{{Address: "a"}, {Address: "b"}, {Address: "c"}}, "", nil,
		func() float64 { next := chances[0]; chances = chances[1:]; return next }))
	if got != "b c a" {
		t.Fatal(got)
	}
}

// The pauses double up to the maximum, less half of them by chance.
func TestPausesDouble(t *testing.T) {
	b, err := Backoff{Min: time.Second, Max: 5 * time.Second}.settle()
	if err != nil {
		t.Fatal(err)
	}
	var pauses []time.Duration
	for _, failures := range []int{0, 1, 2, 3, 1000} {
		pauses = append(pauses, b.pause(failures, 0)/time.Second)
	}
	if !slices.Equal(pauses, []time.Duration{1, 2, 4, 5, 5}) {
		t.Fatal(pauses)
	}
	if least := b.pause(0, 1); least != time.Second/2 {
		t.Fatal(least)
	}
	for _, wrong := range []Backoff{{Min: time.Microsecond}, {Min: time.Second, Max: 1}} {
		if _, err := wrong.settle(); !errors.Is(err, ErrOptions) {
			t.Error(wrong, err)
		}
	}
	if b, err := (Backoff{Min: time.Minute}).settle(); err != nil || b.Max != time.Minute {
		t.Fatal(b, err)
	}
}
