package acl

import (
	"slices"
	"testing"
	"time"

	"zoo"
)

var (
	alice = DigestID("alice:secret")
	local = IPID("127.0.0.1")
	super = zoo.ID{Scheme: "super"}
	none  = &Rules{}
)

func grant(perms zoo.Perms, id zoo.ID) zoo.ACL { return zoo.ACL{Perms: perms, ID: id} }

func digest(id string) zoo.ID { return zoo.ID{Scheme: "digest", ID: id} }

func TestTheListDecidesUnlessRulesOrSuperUserOverrideIt(t *testing.T) {
	aliceReads := []zoo.ACL{grant(zoo.PermRead, alice)}
	worldReads := []zoo.ACL{grant(zoo.PermRead, zoo.AnyoneID)}
	mixed := []zoo.ACL{worldReads[0], grant(zoo.PermWrite, alice)}
	for _, c := range []struct {
		title string
		acls  []zoo.ACL
		perm  zoo.Perms
		ids   []zoo.ID
		want  bool
	}{
		{"no list allows", nil, zoo.PermAdmin, nil, true},
		{"the open list allows a stranger", zoo.OpenACL(), zoo.PermAdmin, nil, true},
		{"the world reads", worldReads, zoo.PermRead, nil, true},
		{"the world does not write", worldReads, zoo.PermWrite, []zoo.ID{local, alice}, false},
		{"alice reads her own", aliceReads, zoo.PermRead, []zoo.ID{local, alice}, true},
		{"alice does not write it", aliceReads, zoo.PermWrite, []zoo.ID{alice}, false},
		{"a stranger does not read it", aliceReads, zoo.PermRead, []zoo.ID{local}, false},
		{"the second entry counts too", mixed, zoo.PermWrite, []zoo.ID{alice}, true},
		{"super does everything", aliceReads, zoo.PermAdmin, []zoo.ID{local, super}, true},
		{"an unknown scheme matches nobody",
			[]zoo.ACL{grant(zoo.PermAll, zoo.ID{Scheme: "sasl", ID: "x"})}, zoo.PermRead,
			[]zoo.ID{{Scheme: "sasl", ID: "x"}}, false},
		{"world with another name matches nobody",
			[]zoo.ACL{grant(zoo.PermAll, zoo.ID{Scheme: "world", ID: "x"})}, zoo.PermRead,
			[]zoo.ID{local}, false},
	} {
		if got := none.Check(c.acls, c.perm, c.ids); got != c.want {
			t.Errorf("%s: got %v", c.title, got)
		}
		if !(&Rules{SkipACL: true}).Check(c.acls, c.perm, c.ids) {
			t.Errorf("%s: refused although access control is skipped", c.title)
		}
	}
}

func TestAddressesMatchByPrefixWithinTheirFamily(t *testing.T) {
	for _, c := range []struct {
		have, want string
		match      bool
	}{
		{"127.0.0.1", "127.0.0.1", true},
		{"127.0.0.1", "127.0.0.0/8", true},
		{"10.1.2.3", "10.1.2.0/23", true},
		{"10.1.3.3", "10.1.2.0/23", true},
		{"10.1.4.3", "10.1.2.0/23", false},
		{"10.1.3.3", "10.1.2.9/23", true},
		{"1.2.3.4", "0.0.0.0/0", true},
		{"1.2.3.4", "::/0", false},
		{"0:0:0:0:0:0:0:1", "::1", true},
		{"fe80:0:0:0:0:0:0:1", "fe80::/10", true},
		{"2001:db8::1", "fe80::/10", false},
		{"nonsense", "1.2.3.4", false},
		{"1.2.3.4", "nonsense", false},
	} {
		acls := []zoo.ACL{grant(zoo.PermRead, IPID(c.want))}
		if got := none.Check(acls, zoo.PermRead, []zoo.ID{IPID(c.have)}); got != c.match {
			t.Errorf("%s in %s: got %v", c.have, c.want, got)
		}
	}
}

// The rejected address texts are those that Java's provider rejects, too.
func TestOnlyMeaningfulIdentitiesCanBeStored(t *testing.T) {
	good := []zoo.ID{zoo.AnyoneID, alice, digest(":b"), digest("a:b:"), IPID("127.0.0.1"),
		IPID("10.0.0.0/8"), IPID("1.2.3.4/0"), IPID("1.2.3.4/08"), IPID("1.2.3.4/+8"),
		IPID("010.0.0.1"), IPID("::1"), IPID("fe80::/10"), IPID("::1/128")}
	bad := []zoo.ID{{}, super, {Scheme: "world", ID: "x"}, {Scheme: "sasl", ID: "x"},
		digest(""), digest("a"), digest("a:"), digest("a:b:c"), digest(":"), digest("::b"),
		IPID(""), IPID("1.2.3"), IPID("1.2.3.4/"), IPID("1.2.3.4/-1"), IPID("1.2.3.4/a"),
		IPID("10.0.0.0/33"), IPID("1::2::3"), IPID("1.2.3.4/8/9"), IPID("/8"),
		IPID("256.1.1.1"), IPID("::1/129"), IPID("fe80::1%eth0"),
		IPID("::ffff:1.2.3.4"), IPID("1.2.3.4.5")}
	for _, id := range good {
		entry := []zoo.ACL{grant(zoo.PermRead, id)}
		if got, code := none.Fix(entry, nil); code != zoo.CodeOK || !slices.Equal(got, entry) {
			t.Errorf("%v: got %v, %v", id, got, code)
		}
	}
	for _, id := range bad {
		entry := []zoo.ACL{grant(zoo.PermRead, zoo.AnyoneID), grant(zoo.PermRead, id)}
		if _, code := none.Fix(entry, nil); code != zoo.CodeInvalidACL {
			t.Errorf("%v: accepted", id)
		}
	}
}

func TestFixRemovesDuplicatesAndExpandsAuth(t *testing.T) {
	bob := DigestID("bob:b")
	auth := zoo.ID{Scheme: "auth"}
	ids := []zoo.ID{local, alice, super, bob}
	got, code := none.Fix([]zoo.ACL{
		grant(zoo.PermRead, zoo.AnyoneID), grant(zoo.PermAll, auth),
		grant(zoo.PermRead, zoo.AnyoneID), grant(zoo.PermWrite, zoo.AnyoneID),
	}, ids)
	want := []zoo.ACL{
		grant(zoo.PermRead, zoo.AnyoneID), grant(zoo.PermAll, alice), grant(zoo.PermAll, bob),
		grant(zoo.PermWrite, zoo.AnyoneID),
	}
	if code != zoo.CodeOK || !slices.Equal(got, want) {
		t.Fatalf("got %v, %v", got, code)
	}
	if _, code := none.Fix([]zoo.ACL{grant(zoo.PermAll, auth)}, []zoo.ID{local, super}); code !=
		zoo.CodeInvalidACL {
		t.Fatalf("auth without a proved identity: %v", code)
	}
	if _, code := none.Fix(nil, ids); code != zoo.CodeInvalidACL {
		t.Fatalf("an empty list: %v", code)
	}
}

// The hashes are what Java's DigestAuthenticationProvider makes.
func TestAuthenticationGivesTheIdentitiesThatJavaGives(t *testing.T) {
	rules := Rules{SuperDigest: "super:D/InIHSb7yEEbrWz8b9l71RjZJU="}
	for _, c := range []struct {
		scheme, auth string
		want         []zoo.ID
	}{
		{"digest", "super:test", []zoo.ID{super, digest(rules.SuperDigest)}},
		{"digest", "a:b:c", []zoo.ID{digest("a:cLzgnoJ6mP5qz3w+mwvPE2vDgu0=")}},
		{"digest", "\xff:\xfe", []zoo.ID{digest("\ufffd:ipNoT9MRIoSM4DrYkmqaDGEYOsE=")}},
		{"ip", "ignored", []zoo.ID{local}},
		{"world", "anyone", nil},
		{"auth", "", nil},
		{"super", "", nil},
		{"nonsense", "x", nil},
	} {
		got, code := rules.Authenticate(c.scheme, []byte(c.auth), "127.0.0.1")
		if !slices.Equal(got, c.want) || (code == zoo.CodeAuthFailed) != (c.want == nil) {
			t.Errorf("%s %s: got %v, %v", c.scheme, c.auth, got, code)
		}
	}
	if ids, _ := none.Authenticate("digest", []byte(":"), ""); len(ids) != 1 {
		t.Errorf("without a super user somebody became one: %v", ids)
	}
}

func TestMaskingHidesHashesAndLeavesTheStoredListAlone(t *testing.T) {
	stored := []zoo.ACL{grant(zoo.PermRead, local), grant(zoo.PermAll, alice)}
	before := slices.Clone(stored)
	want := []zoo.ACL{stored[0], grant(zoo.PermAll, digest("alice:x"))}
	if got := MaskDigests(stored); !slices.Equal(got, want) || !slices.Equal(stored, before) {
		t.Fatalf("got %v, stored %v", got, stored)
	}
	if none.User(alice) != "alice" || none.User(local) != "127.0.0.1" || none.User(super) != "" {
		t.Fatalf("users %q %q %q", none.User(alice), none.User(local), none.User(super))
	}
}

func TestCheckingDoesNotAllocate(t *testing.T) {
	acls := []zoo.ACL{grant(zoo.PermRead, IPID("fe80::/10")), grant(zoo.PermWrite, alice)}
	ids := []zoo.ID{IPID("fe80:0:0:0:0:0:0:1"), alice}
	if n := testing.AllocsPerRun(100, func() {
		none.Check(acls, zoo.PermRead, ids)
		none.Check(acls, zoo.PermWrite, ids)
	}); n != 0 {
		t.Fatalf("%v allocations", n)
	}
}

func BenchmarkCheckOpen(b *testing.B) {
	acls, ids := zoo.OpenACL(), []zoo.ID{local, alice}
	for b.Loop() {
		none.Check(acls, zoo.PermWrite, ids)
	}
}

// longListMax is a hundred times what it takes, and less than comparing all entries
// with each other takes.
const longListMax = 2 * time.Second

// The plot: a client sends the longest list that a frame has room for, once with
// entries that all differ and once with one entry again and again, and then asks for
// all its identities as often. Each is fixed in the time of one look at each entry,
// and the last is refused, because it would be longer than any server reads.
func TestALongListIsFixedInOneLook(t *testing.T) {
	const entryBytes = 4 + 4 + len("ip") + 4 + len("::/0")
	const entries = 0xfffff / entryBytes
	different := make([]zoo.ACL, entries)
	alike := make([]zoo.ACL, entries)
	greedy := make([]zoo.ACL, entries)
	for i := range entries {
		different[i] = grant(zoo.Perms(i), IPID("::/0"))
		alike[i] = grant(zoo.PermRead, IPID("::/0"))
		greedy[i] = grant(zoo.Perms(i), zoo.ID{Scheme: "auth"})
	}
	for _, row := range []struct {
		title string
		list  []zoo.ACL
		want  int
		code  zoo.Code
	}{
		{"all different", different, entries, zoo.CodeOK},
		{"all alike", alike, 1, zoo.CodeOK},
		{"all mine", greedy, 0, zoo.CodeInvalidACL},
	} {
		start := time.Now()
		fixed, code := none.Fix(row.list, []zoo.ID{alice, local, DigestID("bob:secret")})
		if len(fixed) != row.want || code != row.code {
			t.Errorf("%s: %d entries, %v", row.title, len(fixed), code)
		}
		if took := time.Since(start); took > longListMax {
			t.Errorf("%s: took %v", row.title, took)
		}
	}
}
