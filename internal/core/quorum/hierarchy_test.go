package quorum

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zoo"
)

// drawHierarchy makes an ensemble in groups: some voters without weight, some
// observers in groups, and some with a weight there.
func drawHierarchy(t *rapid.T) ([]Member, Hierarchy) {
	h := Hierarchy{Weights: map[zoo.ServerID]int64{}}
	for n := range rapid.IntRange(1, 4).Draw(t, "groups") {
		h.Groups = append(h.Groups, Group{Number: int64(n + 1)})
	}
	var members []Member
	for id := range zoo.ServerID(rapid.IntRange(1, 11).Draw(t, "members")) {
		m := Member{ID: id + 1, Observer: rapid.IntRange(0, 5).Draw(t, "role") == 0}
		members = append(members, m)
		weight := rapid.Int64Range(-1, 4).Draw(t, "weight")
		if weight >= 0 {
			h.Weights[m.ID] = weight
		}
		if !m.Observer || weight >= 0 && rapid.Bool().Draw(t, "grouped") {
			g := &h.Groups[rapid.IntRange(0, len(h.Groups)-1).Draw(t, "group")]
			g.Members = append(g.Members, m.ID)
		}
	}
	return members, h
}

// decides is the rule in one piece, as slowly as it can be said.
func decides(members []Member, h Hierarchy, set map[zoo.ServerID]bool) bool {
	counting, won := 0, 0
	for _, g := range h.Groups {
		var total, has int64
		for _, id := range g.Members {
			weight, given := h.Weights[id]
			if !given {
				weight = 1
			}
			total += weight
			votes := slices.ContainsFunc(members, func(m Member) bool {
				return m.ID == id && !m.Observer
			})
			if votes && set[id] {
				has += weight
			}
		}
		if total == 0 {
			continue
		}
		counting++
		if 2*has > total {
			won++
		}
	}
	return 2*won > counting
}

func drawSet(t *rapid.T, members []Member, name string) map[zoo.ServerID]bool {
	set := map[zoo.ServerID]bool{}
	for _, m := range members {
		set[m.ID] = rapid.Bool().Draw(t, name)
	}
	return set
}

func in(set map[zoo.ServerID]bool) func(zoo.ServerID) bool {
	return func(id zoo.ServerID) bool { return set[id] }
}

func everybody(zoo.ServerID) bool { return true }

func allOf(members []Member) map[zoo.ServerID]bool {
	set := map[zoo.ServerID]bool{}
	for _, m := range members {
		set[m.ID] = true
	}
	return set
}

// A view exists if all its voters decide, and then agrees with the stupid twin about
// every set. Two sets that decide share a voter with weight.
func TestGroupsDecideAsTheirRuleSays(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members, h := drawHierarchy(t)
		v, err := NewHierarchicalView(members, h, 0)
		if possible := decides(members, h, allOf(members)); possible != (err == nil) {
			t.Fatalf("%+v of %+v: %v, and all together decide: %v", h, members, err, possible)
		}
		if err != nil {
			return
		}
		one, other := drawSet(t, members, "one"), drawSet(t, members, "other")
		for _, set := range []map[zoo.ServerID]bool{one, other} {
			if got := v.Decides(in(set)); got != decides(members, h, set) {
				t.Fatalf("%v decides: %v\n%+v of %+v", set, got, h, members)
			}
		}
		shared := func(id zoo.ServerID) bool { return one[id] && other[id] && v.Weighs(id) }
		if v.Decides(in(one)) && v.Decides(in(other)) &&
			!slices.ContainsFunc(v.Voters(), shared) {
			t.Fatalf("%v and %v both decide\n%+v of %+v", one, other, h, members)
		}
	})
}

// What groups have agreed on is the highest zxid that a quorum of them has reached.
func TestGroupsAgreeOnTheHighestZxidOfAQuorum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		members, h := drawHierarchy(t)
		v, err := NewHierarchicalView(members, h, 0)
		if err != nil {
			return
		}
		reached := map[zoo.ServerID]zoo.Zxid{}
		for _, m := range members {
			reached[m.ID] = zoo.Zxid(rapid.IntRange(0, 5).Draw(t, "zxid"))
		}
		agreed := v.Agreed(func(id zoo.ServerID) zoo.Zxid { return reached[id] })
		at := func(z zoo.Zxid) bool {
			set := map[zoo.ServerID]bool{}
			for id, have := range reached {
				set[id] = have >= z
			}
			return decides(members, h, set)
		}
		if !at(agreed) || at(agreed+1) {
			t.Fatalf("agreed on %v of %v\n%+v of %+v", agreed, reached, h, members)
		}
	})
}

// A commit asks what a quorum has reached, so the question costs no garbage.
func TestToAgreeAllocatesNothing(t *testing.T) {
	v := ensemble(t, 9, 0)
	n := testing.AllocsPerRun(100, func() {
		v.Agreed(func(id zoo.ServerID) zoo.Zxid { return zoo.Zxid(id) })
		v.Decides(everybody)
	})
	if n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

// The text names every voter's weight, and the groups behind the servers, as Java's
// servers write them.
func TestTextNamesGroupsAndWeights(t *testing.T) {
	h := Hierarchy{
		Groups:  []Group{{2, []zoo.ServerID{4, 3}}, {1, []zoo.ServerID{1, 2}}},
		Weights: map[zoo.ServerID]int64{2: 0, 4: 3},
	}
	members := []Member{{ID: 3, Text: "c"}, {ID: 1, Text: "a"}, {ID: 2, Text: "b"},
		{ID: 4, Text: "d"}, {ID: 5, Text: "e", Observer: true}}
	v, err := NewHierarchicalView(members, h, 0x1f)
	if err != nil {
		t.Fatal(err)
	}
	want := "server.1=a\nserver.2=b\nserver.3=c\nserver.4=d\nserver.5=e\n" +
		"group.1=1:2\ngroup.2=3:4\nweight.1=1\nweight.2=0\nweight.3=1\nweight.4=3\n" +
		"version=1f"
	if v.Text() != want {
		t.Fatalf("got %q, want %q", v.Text(), want)
	}
}

func TestHierarchiesThatCannotDecideAreRefused(t *testing.T) {
	members := []Member{{ID: 1}, {ID: 2}, {ID: 3}, {ID: 4, Observer: true}}
	all := []zoo.ServerID{1, 2, 3}
	for title, c := range map[string]struct {
		h    Hierarchy
		want string
	}{
		"a voter in no group": {
			Hierarchy{Groups: []Group{{1, []zoo.ServerID{1, 2}}}}, "server 3 is in no group"},
		"a voter in two groups": {Hierarchy{Groups: []Group{{1, all}, {2, []zoo.ServerID{3}}}},
			"server 3 is in group 1 and in group 2"},
		"one number twice": {
			Hierarchy{Groups: []Group{{1, all[:2]}, {1, all[2:]}}}, "group 1 is there twice"},
		"no groups at all": {
			Hierarchy{Weights: map[zoo.ServerID]int64{1: 1}}, "server 1 is in no group"},
		"somebody unknown": {Hierarchy{Groups: []Group{{1, append(all, 7)}}},
			"server 7 of group 1 has no vote and no weight"},
		"an observer without a weight": {Hierarchy{Groups: []Group{{1, append(all, 4)}}},
			"server 4 of group 1 has no vote and no weight"},
		"a negative weight": {
			Hierarchy{Groups: []Group{{1, all}}, Weights: map[zoo.ServerID]int64{2: -1}},
			"server 2 weighs -1"},
		"no weight at all": {Hierarchy{Groups: []Group{{1, all}},
			Weights: map[zoo.ServerID]int64{1: 0, 2: 0, 3: 0}}, "no set of the servers"},
		"an observer that outweighs": {Hierarchy{Groups: []Group{{1, append(all, 4)}},
			Weights: map[zoo.ServerID]int64{4: 3}}, "no set of the servers"},
	} {
		_, err := NewHierarchicalView(members, c.h, 0)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", title, err, c.want)
		}
	}
}

func TestGroupsAndWeightsAreRead(t *testing.T) {
	g, err := ParseGroup("3", "1: 2:5")
	if err != nil || g.Number != 3 || !slices.Equal(g.Members, []zoo.ServerID{1, 2, 5}) {
		t.Errorf("got %+v, %v", g, err)
	}
	if id, w, err := ParseWeight("5", " 0"); err != nil || id != 5 || w != 0 {
		t.Errorf("got weight %d of %d, %v", w, id, err)
	}
	for _, line := range [][2]string{{"x", "1"}, {"1", ""}, {"1", "1:"}, {"1", "1,2"}} {
		if g, err := ParseGroup(line[0], line[1]); err == nil {
			t.Errorf("group.%s=%s becomes %+v", line[0], line[1], g)
		}
	}
	for _, line := range [][2]string{{"x", "1"}, {"1", "-1"}, {"1", "1.5"},
		{"1", "9223372036854775807"}} {
		if id, w, err := ParseWeight(line[0], line[1]); err == nil {
			t.Errorf("weight.%s=%s becomes %d for %d", line[0], line[1], w, id)
		}
	}
}

// The plot: 4 has no weight, and will have some. Who knows of that already and who does
// not must agree that it cannot be elected, or neither side has a quorum for a candidate.
func TestWhoIsElectedDoesNotDependOnWhatIsProposed(t *testing.T) {
	members := []Member{{ID: 2}, {ID: 3}, {ID: 4}}
	group := []Group{{1, []zoo.ServerID{2, 3, 4}}}
	now, err := NewHierarchicalView(members,
		Hierarchy{Groups: group, Weights: map[zoo.ServerID]int64{4: 0}}, 1)
	if err != nil {
		t.Fatal(err)
	}
	next, err := NewView(append(members, Member{ID: 5}), 2)
	if err != nil {
		t.Fatal(err)
	}
	late, early := Ensemble{Current: now}, Ensemble{Current: now, Next: next}
	for _, m := range members {
		if late.Weighs(m.ID) != early.Weighs(m.ID) {
			t.Errorf("server %d weighs %v, and %v once more is known", m.ID,
				late.Weighs(m.ID), early.Weighs(m.ID))
		}
	}
	if !early.Weighs(5) {
		t.Error("a voter of the proposed configuration alone has no weight")
	}
}
