package quorum

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"zoo"
)

const three = "server.1=a:2888:3888:participant;0.0.0.0:2181\n" +
	"server.2=b:2888:3888:participant;0.0.0.0:2181\n" +
	"server.3=c:2888:3888:observer;0.0.0.0:2181\nversion=100000007"

func parsed(t testing.TB, text string) *View {
	t.Helper()
	v, err := ParseView(text)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// What a configuration is written as is what it is read from.
func TestTextOfAViewIsReadBack(t *testing.T) {
	grouped := "server.1=a:1:2:participant\nserver.2=b:1:2:participant\n" +
		"server.3=c:1:2:participant\ngroup.1=1:2:3\nweight.1=1\nweight.2=1\nweight.3=0\nversion=0"
	for _, text := range []string{three, grouped} {
		v := parsed(t, text)
		if again := parsed(t, v.Text()); again.Text() != v.Text() {
			t.Errorf("%q became %q", v.Text(), again.Text())
		}
	}
	if v := parsed(t, three); v.Text() != three || v.Version() != 0x100000007 || v.IsVoter(3) {
		t.Errorf("got %q", v.Text())
	}
}

func TestServerLinesAreReadAsZooKeeperDoes(t *testing.T) {
	for value, want := range map[string]string{
		"a:1:2":                                   "a:1:2:participant",
		"a:1:2;2181":                              "a:1:2:participant;0.0.0.0:2181",
		"a:1:2:observer;h:2181":                   "a:1:2:observer;h:2181",
		"a:1:2;;2281":                             "a:1:2:participant;;0.0.0.0:2281",
		"a:1:2;h:2181;[::1]:2281":                 "a:1:2:participant;h:2181;[::1]:2281",
		"[fe80::1]:1:2:participant":               "[fe80::1]:1:2:participant",
		"a:1:2:observer|b:1:2:observer":           "a:1:2|b:1:2:observer",
		"a:1:2|b:3:4:participant;127.0.0.1:21810": "a:1:2|b:3:4:participant;127.0.0.1:21810",
	} {
		if s, err := ParseServer(1, value); err != nil || s.String() != want {
			t.Errorf("%s: %q, %v, want %q", value, s, err, want)
		}
	}
	for _, value := range []string{"", "a", "a:1", "a:1:1", "a:1:2:voter", "a:1:2;", "a:1:2;x",
		"a:1:2:observer|b:1:2:participant", "a:1:2;1;2;3", "a:0:2", "a b:1:2"} {
		if s, err := ParseServer(1, value); err == nil {
			t.Errorf("%q was read as %q", value, s)
		}
	}
}

func TestServersJoinAndLeave(t *testing.T) {
	for _, row := range []struct{ joining, leaving, want string }{
		{"server.4=d:2888:3888;2181", "",
			"1 2 3o 4"},
		{"server.4=d:2888:3888:observer;2181 , 5=e:1:2;2181", " 1,, 9",
			"2 3o 4o 5"},
		{"server.3=c:2888:3888:participant;2181", "2", "1 3"},
		{"", "3", "1 2"},
	} {
		v, err := parsed(t, three).Change(row.joining, row.leaving, 0x200000001)
		if err != nil {
			t.Errorf("%+v: %v", row, err)
			continue
		}
		if got := roles(v); got != row.want || v.Version() != 0x200000001 {
			t.Errorf("%+v: %s", row, got)
		}
	}
}

func roles(v *View) string {
	var all []string
	for _, m := range v.Members() {
		text := m.Text[:0] + zooID(m.ID)
		if m.Observer {
			text += "o"
		}
		all = append(all, text)
	}
	return strings.Join(all, " ")
}

func zooID(id zoo.ServerID) string { return string(rune('0' + id)) }

func TestChangesThatMeanNothingAreRefused(t *testing.T) {
	for _, row := range []struct {
		joining, leaving string
		number           bool
	}{
		{"server.4=d:2888:3888", "", false},
		{"server.4=d:2888;2181", "", false},
		{"server.4", "", false},
		{"server.x=d:2888:3888;2181", "", true},
		{"", "two", true},
		{"", "1,2", false},
		{"server.4=b:2888:1;2181", "", false},
	} {
		_, err := parsed(t, three).Change(row.joining, row.leaving, 1)
		if err == nil || errors.Is(err, ErrNumber) != row.number {
			t.Errorf("%+v: %v", row, err)
		}
	}
}

// While a configuration is proposed two sets that decide share a voter, even if one
// decides for somebody who knows only the present configuration, or only the next.
func TestOldAndNewConfigurationNeverDecideApart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := ensemble(t, rapid.IntRange(1, 5).Draw(t, "before"), 0)
		after := ensemble(t, rapid.IntRange(1, 7).Draw(t, "after"), 0).WithVersion(0x20)
		joint := Ensemble{Current: before}.Propose(after)
		one, other := drawBits(t, "one"), drawBits(t, "other")
		for _, alone := range []*View{before, after} {
			if !joint.Decides(one.has) || !alone.Decides(other.has) {
				continue
			}
			if one&other == 0 {
				t.Fatalf("%b and %b both decide", one, other)
			}
		}
	})
}

type bits uint8

func (s bits) has(id zoo.ServerID) bool { return s>>id&1 == 1 }

func drawBits(t *rapid.T, name string) bits { return bits(rapid.Uint8().Draw(t, name)) }

// What was proposed before the next configuration takes a quorum of the present one only.
func TestEarlierProposalsNeedThePresentQuorumOnly(t *testing.T) {
	joint := Ensemble{Current: ensemble(t, 1, 0).WithVersion(1)}
	joint = joint.Propose(ensemble(t, 3, 0).WithVersion(7))
	reached := map[zoo.ServerID]zoo.Zxid{1: 9, 2: 2, 3: 3}
	at := func(id zoo.ServerID) zoo.Zxid { return reached[id] }
	if z := joint.Agreed(at); z != 6 {
		t.Errorf("agreed on %v, want 6", z)
	}
	reached[3] = 8
	if z := joint.Agreed(at); z != 8 {
		t.Errorf("agreed on %v, want 8", z)
	}
}

func TestOlderConfigurationsChangeNothing(t *testing.T) {
	v := ensemble(t, 3, 0)
	e := Ensemble{Current: v.WithVersion(5)}.Propose(v.WithVersion(9))
	if e.Propose(v.WithVersion(5)) != e || e.Activate(v.WithVersion(4)) != e {
		t.Error("an older configuration was taken")
	}
	if e = e.Activate(v.WithVersion(7)); e.Next == nil || e.Latest().Version() != 9 {
		t.Error("a newer proposal was forgotten")
	}
	if e = e.Activate(e.Next); e.Next != nil || e.Current.Version() != 9 {
		t.Error("what is in force is still proposed")
	}
}

func FuzzParseView(f *testing.F) {
	f.Add(three)
	f.Add("group.1=1\nweight.1=2")
	f.Fuzz(func(t *testing.T, text string) {
		v, err := ParseView(text)
		if err != nil {
			return
		}
		if again := parsed(t, v.Text()); !again.SameMembers(v) || again.Version() != v.Version() {
			t.Errorf("%q became %q", v.Text(), again.Text())
		}
	})
}
