package ask

import (
	"errors"
	"testing"

	"zoo"
)

// Whatever a client can see of a znode makes two portraits differ.
func TestPortraitsDifferInAllThatCanBeSeen(t *testing.T) {
	whole := portrait{exists: true, stat: zoo.Stat{Mzxid: 5}, acl: "world",
		children: []string{"a"}}
	if diff := whole.unlike(whole); diff != "" {
		t.Fatalf("it differs from itself: %s", diff)
	}
	for name, change := range map[string]func(*portrait){
		"existence": func(p *portrait) { p.exists = false },
		"privacy":   func(p *portrait) { p.private = true },
		"Stat":      func(p *portrait) { p.stat.Pzxid = 6 },
		"data":      func(p *portrait) { p.data[0] = 1 },
		"ACL":       func(p *portrait) { p.acl = "digest" },
		"children":  func(p *portrait) { p.children = []string{"b"} },
		"error":     func(p *portrait) { p.err = errors.New("lost") },
	} {
		other := whole
		if change(&other); whole.equal(other) || other.equal(whole) {
			t.Errorf("another %s is not seen", name)
		}
	}
}

// Of a znode that not even its Stat may be read of, on one of three servers, the others
// are compared.
func TestWhatIsHiddenOnOneServerIsComparedOnTheOthers(t *testing.T) {
	hidden := portrait{exists: true, private: true, hidden: true}
	a, b := portrait{exists: true, private: true}, portrait{exists: true, private: true}
	if !same([]portrait{hidden, a, b}) {
		t.Error("equal ones differ")
	}
	b.stat.Version = 1
	if i, j, found := differing([]portrait{hidden, a, b}); !found || i != 1 || j != 2 {
		t.Errorf("%d and %d are said to differ (%v)", i, j, found)
	}
	if same([]portrait{hidden, {}}) {
		t.Error("one does not exist")
	}
}

// Only ephemeral znodes have a session for an owner.
func TestContainersAndTTLZnodesHaveNoSession(t *testing.T) {
	for owner, want := range map[zoo.SessionID]zoo.SessionID{
		0: 0, 0x100000001: 0x100000001, zoo.ContainerOwner: 0, zoo.TTLOwner(1000): 0} {
		p := portrait{stat: zoo.Stat{EphemeralOwner: owner}}
		if got := p.owner(); got != want {
			t.Errorf("owner %#x gives the session %#x", uint64(owner), uint64(got))
		}
	}
}
