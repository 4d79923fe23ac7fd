package acl

import (
	"errors"
	"slices"
	"testing"

	"zoo"
)

func sasl(id string) zoo.ID { return zoo.ID{Scheme: "sasl", ID: id} }

// The provider decides, not the handshake: as in Java, a client may be authenticated
// by SASL and still no ACL can name it.
func TestASchemeWithoutItsProviderIsRefusedAndMatchesNobody(t *testing.T) {
	bobs := []zoo.ACL{grant(zoo.PermAll, sasl("bob"))}
	ids := []zoo.ID{local, sasl("bob")}
	with := &Rules{Providers: ProvidersDefault | ProviderSASL}
	for _, c := range []struct {
		title string
		rules *Rules
		want  bool
	}{{"without", none, false}, {"with", with, true}} {
		if got := c.rules.Check(bobs, zoo.PermRead, ids); got != c.want {
			t.Errorf("%s: matches %v", c.title, got)
		}
		if _, code := c.rules.Fix(bobs, ids); (code == zoo.CodeOK) != c.want {
			t.Errorf("%s: storing gives %v", c.title, code)
		}
		auth := []zoo.ACL{grant(zoo.PermAll, zoo.ID{Scheme: "auth"})}
		if _, code := c.rules.Fix(auth, ids); (code == zoo.CodeOK) != c.want {
			t.Errorf("%s: auth gives %v", c.title, code)
		}
		if got := c.rules.User(sasl("bob")) == "bob"; got != c.want {
			t.Errorf("%s: the user is shown: %v", c.title, got)
		}
	}
	if _, code := with.Authenticate("sasl", []byte("bob"), ""); code != zoo.CodeAuthFailed {
		t.Errorf("an auth packet gives an identity of sasl: %v", code)
	}
}

func TestDigestCanBeSwitchedOff(t *testing.T) {
	off := &Rules{Providers: ProviderIP}
	if _, code := off.Authenticate("digest", []byte("a:b"), ""); code != zoo.CodeAuthFailed {
		t.Errorf("authenticate: %v", code)
	}
	if _, code := off.Fix([]zoo.ACL{grant(zoo.PermAll, alice)}, nil); code != zoo.CodeInvalidACL {
		t.Errorf("store: %v", code)
	}
	if off.Check([]zoo.ACL{grant(zoo.PermAll, alice)}, zoo.PermRead, []zoo.ID{alice}) {
		t.Error("a stored entry still matches")
	}
}

func TestSASLMatchesByNameSuperAndTheWordForAnyone(t *testing.T) {
	rules := &Rules{Providers: ProvidersDefault | ProviderSASL, AnySASLUser: "everyone"}
	for _, c := range []struct {
		have zoo.ID
		want string
		pass bool
	}{
		{sasl("bob"), "bob", true},
		{sasl("bob"), "bob@REALM", false},
		{sasl("bob"), "carol", false},
		{sasl("super"), "carol", true},
		{sasl("bob"), "everyone", true},
		{sasl("everyone"), "bob", false},
		{local, "everyone", false},
	} {
		acls := []zoo.ACL{grant(zoo.PermRead, sasl(c.want))}
		if got := rules.Check(acls, zoo.PermRead, []zoo.ID{c.have}); got != c.pass {
			t.Errorf("%v as sasl:%s: %v", c.have, c.want, got)
		}
	}
	if (&Rules{Providers: ProviderSASL}).Check([]zoo.ACL{grant(zoo.PermRead, sasl(""))},
		zoo.PermRead, []zoo.ID{sasl("bob")}) {
		t.Error("without a word for anyone the empty entry matches somebody")
	}
}

func TestAnEntryOfSASLMustBeAKerberosName(t *testing.T) {
	rules := &Rules{Providers: ProviderSASL}
	for id, want := range map[string]zoo.Code{
		"bob": zoo.CodeOK, "bob/host@R": zoo.CodeOK, "a/b/c@R": zoo.CodeInvalidACL,
	} {
		if _, code := rules.Fix([]zoo.ACL{grant(zoo.PermAll, sasl(id))}, nil); code != want {
			t.Errorf("%q: %v", id, code)
		}
	}
}

func TestSuperUsersOfSASLAreNamedOneByOne(t *testing.T) {
	rules := &Rules{SASLSuperUsers: []string{"root", ""}}
	for id, want := range map[string][]zoo.ID{
		"root": {sasl("root"), super}, "bob": {sasl("bob")}, "": {sasl("")},
	} {
		if got := rules.SASLIDs(id); !slices.Equal(got, want) {
			t.Errorf("%q: %v", id, got)
		}
	}
}

func TestTheEnsembleSchemeSendsStrangersAwayAndGivesNoIdentity(t *testing.T) {
	named := &Rules{Providers: ProviderEnsemble, EnsembleNames: []string{"east", "west"}}
	unnamed := &Rules{Providers: ProviderEnsemble}
	for _, c := range []struct {
		rules *Rules
		name  string
		want  zoo.Code
	}{
		{named, "east", zoo.CodeOK},
		{named, "west", zoo.CodeOK},
		{named, "", zoo.CodeOK},
		{named, "north", zoo.CodeBadArguments},
		{unnamed, "north", zoo.CodeOK},
		{none, "east", zoo.CodeAuthFailed},
	} {
		ids, code := c.rules.Authenticate("ensemble", []byte(c.name), "")
		if code != c.want || len(ids) != 0 {
			t.Errorf("%q: %v, %v", c.name, ids, code)
		}
	}
	entry := []zoo.ACL{grant(zoo.PermAll, zoo.ID{Scheme: "ensemble", ID: "east"})}
	if _, code := named.Fix(entry, nil); code != zoo.CodeInvalidACL {
		t.Errorf("an ACL holds an ensemble: %v", code)
	}
}

// The hashes come from openssl.
func TestDigestAlgorithmsHaveJavasNames(t *testing.T) {
	for name, hash := range map[string]string{
		"SHA1": "D/InIHSb7yEEbrWz8b9l71RjZJU=", "sha-1": "D/InIHSb7yEEbrWz8b9l71RjZJU=",
		"MD5":         "yzhcGieXAe2NBWh0Znxa3g==",
		"SHA-256":     "wjySwxg860UATFtciuZ1lpzrCHrPeov6SPu/ZD56uig=",
		"SHA3-256":    "cRy/KPYuDpW/dtsepniTMpuiuupnWgdU9txltIfv3hA=",
		"SHA-512/256": "GV6U44a5U7SXgFZS9GkWgmwq2+im64wGlYXjCHia3mo=",
	} {
		a, err := ParseDigestAlgorithm(name)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.ID("super:test"); got != digest("super:"+hash) {
			t.Errorf("%s: %v", name, got)
		}
		rules := &Rules{DigestAlgorithm: a, SuperDigest: "super:" + hash}
		if ids, _ := rules.Authenticate("digest", []byte("super:test"), ""); len(ids) != 2 {
			t.Errorf("%s: no super user: %v", name, ids)
		}
	}
	if _, err := ParseDigestAlgorithm("CRC32"); err == nil {
		t.Error("CRC32 is an algorithm")
	}
}

func TestProvidersAreConfiguredByJavasClassNames(t *testing.T) {
	p, err := ProviderOf("org.apache.zookeeper.server.auth.SASLAuthenticationProvider")
	if p != ProviderSASL || err != nil {
		t.Errorf("got %v, %v", p, err)
	}
	for _, class := range []string{"com.example.SASLAuthenticationProvider",
		"org.apache.zookeeper.server.auth.KeyAuthenticationProvider", ""} {
		if _, err := ProviderOf(class); !errors.Is(err, ErrProviderUnknown) {
			t.Errorf("%q: %v", class, err)
		}
	}
}
