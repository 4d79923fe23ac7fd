package quorum

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"zoo"
)

// weightMax bounds the weight of one server, so that no sum of them overflows.
const weightMax = 1 << 40

// Hierarchy is how an ensemble weighs its servers: a set decides when it has more
// than half the weight of more than half the groups. It stands in a configuration as
//
//	group.1=1:2:3
//	weight.3=0
//
// A voter without a weight has 1. Groups without any weight do not count.
type Hierarchy struct {
	Groups  []Group
	Weights map[zoo.ServerID]int64
}

// Group is one line group.N. Observers may be in it: they never help it to decide, but
// a weight they are given counts against it, as in Java.
type Group struct {
	Number  int64
	Members []zoo.ServerID
}

// ParseGroup reads the line group.number=members, such as group.1=1:2:3.
func ParseGroup(number, members string) (Group, error) {
	n, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return Group{}, fmt.Errorf("group %q is not a number", number)
	}
	g := Group{Number: n}
	for part := range strings.SplitSeq(members, ":") {
		id, err := parseID(strings.TrimSpace(part))
		if err != nil {
			return g, fmt.Errorf("%w: want the ids of servers, such as 1:2:3", err)
		}
		g.Members = append(g.Members, id)
	}
	return g, nil
}

// ParseWeight reads the line weight.id=weight. Weights are whole numbers from 0 on.
func ParseWeight(id, weight string) (zoo.ServerID, int64, error) {
	server, err := parseID(id)
	if err != nil {
		return 0, 0, err
	}
	w, err := strconv.ParseInt(strings.TrimSpace(weight), 10, 64)
	if err != nil || w < 0 || w > weightMax {
		return 0, 0, fmt.Errorf("%q is no weight: want a whole number from 0 to %d",
			weight, int64(weightMax))
	}
	return server, w, nil
}

func parseID(text string) (zoo.ServerID, error) {
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%q is no id of a server", text)
	}
	return zoo.ServerID(id), nil
}

// scale is what deciding takes: the weight of each group that counts, and of each
// voter that has a weight. A majority is a single group of equals. Immutable.
type scale struct {
	totals []int64
	voters []weighed
}

// weighed is a voter with a weight, in a group by its index in scale.totals.
type weighed struct {
	id     zoo.ServerID
	group  int
	weight int64
}

func majority(voters []zoo.ServerID) scale {
	s := scale{totals: []int64{int64(len(voters))}}
	for _, id := range voters {
		s.voters = append(s.voters, weighed{id: id, weight: 1})
	}
	return s
}

// complete gives every voter its weight, and checks what must hold of a hierarchy:
// each voter is in one group, and somebody can decide.
func (h *Hierarchy) complete(voters []zoo.ServerID) (*Hierarchy, error) {
	full := &Hierarchy{Weights: map[zoo.ServerID]int64{}}
	maps.Copy(full.Weights, h.Weights)
	for _, id := range voters {
		if _, given := full.Weights[id]; !given {
			full.Weights[id] = 1
		}
	}
	groupOf := map[zoo.ServerID]int64{}
	for _, g := range h.Groups {
		g.Members = slices.Sorted(slices.Values(g.Members))
		full.Groups = append(full.Groups, g)
		for _, id := range g.Members {
			if other, taken := groupOf[id]; taken {
				return nil, fmt.Errorf("server %d is in group %d and in group %d", id, other,
					g.Number)
			}
			groupOf[id] = g.Number
			if _, weighs := full.Weights[id]; !weighs {
				return nil, fmt.Errorf("server %d of group %d has no vote and no weight",
					id, g.Number)
			}
		}
	}
	slices.SortFunc(full.Groups, func(a, b Group) int { return cmp.Compare(a.Number, b.Number) })
	for _, id := range voters {
		if _, ok := groupOf[id]; !ok {
			return nil, fmt.Errorf("server %d is in no group, and it votes", id)
		}
	}
	return full, full.check()
}

func (h *Hierarchy) check() error {
	for i, g := range h.Groups {
		if i > 0 && h.Groups[i-1].Number == g.Number {
			return fmt.Errorf("group %d is there twice", g.Number)
		}
	}
	for id, w := range h.Weights {
		if w < 0 || w > weightMax {
			return fmt.Errorf("server %d weighs %d: want 0 to %d", id, w, int64(weightMax))
		}
	}
	return nil
}

// scale gathers what deciding takes, or tells that no set could decide.
func (h *Hierarchy) scale(votes func(zoo.ServerID) bool) (scale, error) {
	var s scale
	decisive := 0
	for _, g := range h.Groups {
		var total, voting int64
		for _, id := range g.Members {
			w := h.Weights[id]
			total += w
			if w > 0 && votes(id) {
				s.voters = append(s.voters, weighed{id, len(s.totals), w})
				voting += w
			}
		}
		if total == 0 {
			continue
		}
		s.totals = append(s.totals, total)
		if voting > total/2 {
			decisive++
		}
	}
	if decisive <= len(s.totals)/2 {
		return s, errors.New("no set of the servers that vote has more than half the weight " +
			"of more than half the groups")
	}
	return s, nil
}

// tally adds up the weight of voters.
type tally struct {
	scale *scale
	sums  []int64
	// settled counts the groups that have more than half of their weight.
	settled int
}

// groupsInline is how many groups a tally counts without allocating.
const groupsInline = 9

func (s *scale) tally(space *[groupsInline]int64) tally {
	return tally{scale: s, sums: append(space[:0], make([]int64, len(s.totals))...)}
}

// add takes in one more voter and tells whether all so far decide.
func (t *tally) add(v weighed) bool {
	half := t.scale.totals[v.group] / 2
	before := t.sums[v.group]
	t.sums[v.group] += v.weight
	if before <= half && t.sums[v.group] > half {
		t.settled++
	}
	return t.settled > len(t.sums)/2
}

// text is the lines of the hierarchy, as they follow those of the servers.
func (h *Hierarchy) text(b *strings.Builder) {
	for _, g := range h.Groups {
		fmt.Fprintf(b, "group.%d=", g.Number)
		for i, id := range g.Members {
			if i > 0 {
				b.WriteByte(':')
			}
			fmt.Fprint(b, int64(id))
		}
		b.WriteByte('\n')
	}
	for _, id := range slices.Sorted(maps.Keys(h.Weights)) {
		fmt.Fprintf(b, "weight.%d=%d\n", id, h.Weights[id])
	}
}
