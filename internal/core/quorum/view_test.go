package quorum

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"zoo"
)

func ensemble(t interface{ Fatal(...any) }, voters, observers int) *View {
	var members []Member
	for id := range voters + observers {
		members = append(members, Member{
			ID: zoo.ServerID(voters + observers - id), Observer: id < observers,
			Text: "127.0.0.1:2888:3888",
		})
	}
	v, err := NewView(members, 0x1f)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Any two deciding sets share a voter; that is all that safety needs of them.
// Observers never make a difference.
func TestTwoDecidingSetsShareAVoter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := ensemble(t, rapid.IntRange(1, 9).Draw(t, "voters"), rapid.IntRange(0, 3).Draw(t, "o"))
		draw := func(name string) map[zoo.ServerID]bool {
			set := map[zoo.ServerID]bool{}
			for _, m := range v.Members() {
				set[m.ID] = rapid.Bool().Draw(t, name)
			}
			return set
		}
		one, other := draw("one"), draw("other")
		has := func(set map[zoo.ServerID]bool) bool {
			return v.Decides(func(id zoo.ServerID) bool { return set[id] })
		}
		if !has(one) || !has(other) {
			return
		}
		shared := func(id zoo.ServerID) bool { return one[id] && other[id] }
		if !slices.ContainsFunc(v.Voters(), shared) {
			t.Fatalf("%v and %v both decide for %v", one, other, v.Voters())
		}
	})
}

// What a quorum has reached is the highest zxid for which the voters at or beyond
// it decide.
func TestAgreedIsTheHighestZxidOfAQuorum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := ensemble(t, rapid.IntRange(1, 11).Draw(t, "voters"), 1)
		reached := map[zoo.ServerID]zoo.Zxid{}
		for _, id := range v.Voters() {
			reached[id] = zoo.Zxid(rapid.IntRange(0, 5).Draw(t, "zxid"))
		}
		agreed := v.Agreed(func(id zoo.ServerID) zoo.Zxid { return reached[id] })
		at := func(z zoo.Zxid) bool {
			return v.Decides(func(id zoo.ServerID) bool { return reached[id] >= z })
		}
		if !at(agreed) || at(agreed+1) {
			t.Fatalf("agreed on %v of %v", agreed, reached)
		}
	})
}

// The configuration reads as in /zookeeper/config: members ascending, then the
// version in hexadecimal.
func TestTextIsThatOfTheConfigNode(t *testing.T) {
	want := "server.1=127.0.0.1:2888:3888\nserver.2=127.0.0.1:2888:3888\nversion=1f"
	if text := ensemble(t, 2, 0).Text(); text != want {
		t.Fatalf("got %q, want %q", text, want)
	}
}

func TestViewsThatCannotDecideAreRefused(t *testing.T) {
	for title, members := range map[string][]Member{
		"nobody":         nil,
		"only observers": {{ID: 1, Observer: true}},
		"one id twice":   {{ID: 1}, {ID: 2}, {ID: 1}},
		"the id 0":       {{ID: 0}, {ID: 1}},
		"a negative id":  {{ID: -1}, {ID: 1}},
	} {
		if _, err := NewView(members, 0); err == nil {
			t.Errorf("%s: no error", title)
		}
	}
}
