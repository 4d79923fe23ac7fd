package kerberos

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"zoo/internal/check/alloc"
	"zoo/internal/core/acl/principal"
)

const realm = "EXAMPLE.ORG"

// The expected names are what Java's KerberosName gives, but for the rows with L.
func TestRulesMakeShortNamesAsInJava(t *testing.T) {
	for _, c := range []struct{ rules, name, want string }{
		{"DEFAULT", "alice@" + realm, "alice"},
		{"DEFAULT", "zookeeper/h@" + realm, "zookeeper"},
		{"DEFAULT", "alice@OTHER", ""},
		{"DEFAULT", "alice", "alice"},
		{"", "alice", "alice"},
		{"", "alice@" + realm, ""},
		{"RULE:[1:$1@$0](.*@OTHER)s/@.*//DEFAULT", "alice@OTHER", "alice"},
		{"RULE:[1:$1@$0](.*@OTHER)s/@.*//\n  DEFAULT", "alice@" + realm, "alice"},
		{"RULE:[1:$1@$0](.*@OTHER)s/@.*// DEFAULT", "alice@THIRD", ""},
		{"RULE:[2:$1;$2](^.*;admin$)s/;admin$//", "bob/admin@X", "bob"},
		{"RULE:[2:$1;$2](^.*;admin$)s/;admin$//", "bob/user@X", ""},
		{"RULE:[2:$1;$2](^.*;admin$)s/;admin$//", "bob@X", ""},
		{"RULE:[1:$1](a)", "aa@X", ""},
		{"RULE:[1:$1]s/a/b/", "aaa@X", "baa"},
		{"RULE:[1:$1]s/a/b/g", "aaa@X", "bbb"},
		{"RULE:[1:$1]s/([a-z]+)-([a-z]+)/$2_$1x\\$/", "one-two@X", "two_onex$"},
		{"RULE:[1:$1]s/(.)/$12/", "q@X", "q2"},
		{"RULE:[1:pre$1]", "q@X", "preq"},
		{"RULE:[1:$1@$0]", "q@X", ""},
		{"RULE:[1:$1]s/A/b/L", "QA@X", "qb"},
		{"RULE:[1:$1]/L", "QA@X", "qa"},
		{"RULE:[2:$1]", "q@X", ""},
	} {
		rules, err := ParseRules(c.rules)
		if err != nil {
			t.Errorf("%s: %v", c.rules, err)
			continue
		}
		name, err := principal.Parse(c.name)
		if err != nil {
			t.Fatal(err)
		}
		got, err := rules.ShortName(name, realm)
		if got != c.want || (err != nil) != (c.want == "") {
			t.Errorf("%s of %s: got %q, %v, want %q", c.rules, c.name, got, err, c.want)
		}
	}
}

func TestRulesThatMeanNothingAreRefusedWithTheirText(t *testing.T) {
	for _, text := range []string{"default", "RULE:", "RULE:[1]", "RULE:[:$1]", "RULE:[1:$]",
		"RULE:[1:$2]", "RULE:[1:$1](a", "RULE:[1:$1]([)", "RULE:[1:$1]s/a/b",
		"RULE:[1:$1]s/a/$1/", "RULE:[1:$1]s/a/b\\/", "RULE:[1:$1]s/(?=a)/b/", "DEFAULT,DEFAULT",
		"RULE:[99999999999999999999:$1]", strings.Repeat("DEFAULT ", ruleBytesMax)} {
		if rules, err := ParseRules(text); err == nil {
			t.Errorf("%.40s: accepted as %v", text, rules)
		}
	}
}

func TestIdentitiesKeepHostAndRealmUnlessTheyAreRemoved(t *testing.T) {
	rules, err := ParseRules("RULE:[2:$1-svc] DEFAULT")
	if err != nil {
		t.Fatal(err)
	}
	keep := Naming{Rules: rules, DefaultRealm: realm}
	noHost, noRealm, neither := keep, keep, keep
	noHost.RemoveHost, noRealm.RemoveRealm = true, true
	neither.RemoveHost, neither.RemoveRealm = true, true
	for _, c := range []struct {
		naming     Naming
		name, want string
	}{
		{keep, "a/h@" + realm, "a-svc/h@" + realm},
		{noHost, "a/h@" + realm, "a-svc@" + realm},
		{noRealm, "a/h@" + realm, "a-svc/h"},
		{neither, "a/h@" + realm, "a-svc"},
		{neither, "alice@" + realm, "alice"},
		{keep, "alice", "alice"},
		// No rule applies: the proved name, whole, or a stranger would be a namesake.
		{neither, "alice@OTHER", "alice@OTHER"},
	} {
		if got, err := c.naming.AuthorizationID(c.name); got != c.want || err != nil {
			t.Errorf("%s: got %q, %v, want %q", c.name, got, err, c.want)
		}
	}
	if got, err := keep.AuthorizationID("a/b/c@" + realm); err == nil {
		t.Errorf("three parts became %q", got)
	}
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestSettingsComeFromLibdefaultsAndWhatItIncludes(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "d"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "d", "one"), "[libdefaults]\nclockskew = 7\n")
	write(t, filepath.Join(dir, "d", "one~"), "[libdefaults]\ndefault_realm = TILDE\n")
	file := write(t, filepath.Join(dir, "krb5.conf"), "includedir "+dir+"/d\n"+
		"# default_realm = COMMENT\n[realms]\nX = {\n default_realm = NO\n}\n"+
		"[libdefaults]\n v4 = {\n  default_realm = NESTED\n }\n"+
		"\tdefault_realm = \""+realm+"\"\n default_realm = LATER\nclockskew = 9\n"+
		"default_keytab_name = FILE:/k\n")
	got, err := Load(filepath.Join(dir, "missing"), file)
	want := Config{DefaultRealm: realm, DefaultKeyTab: "FILE:/k", ClockSkew: 7 * time.Second}
	if err != nil || got != want {
		t.Fatalf("got %+v, %v", got, err)
	}
}

func TestAMissingFileIsDefaultsAndABadOneIsAnError(t *testing.T) {
	dir := t.TempDir()
	got, err := Load(filepath.Join(dir, "missing"))
	if !errors.Is(err, fs.ErrNotExist) || got != (Config{ClockSkew: ClockSkewDefault}) {
		t.Fatalf("got %+v, %v", got, err)
	}
	for _, text := range []string{"[libdefaults]\nclockskew = soon\n",
		"include " + dir + "/loop\n", "includedir " + dir + "/none\n",
		strings.Repeat("#\n", configBytesMax)} {
		if got, err := Load(write(t, filepath.Join(dir, "loop"), text)); err == nil {
			t.Errorf("%.30q: accepted as %+v", text, got)
		}
	}
}

func TestTheFileIsLookedForWhereJavaAndMITDo(t *testing.T) {
	for _, c := range []struct{ property, environment, want string }{
		{"p", "e", "p"}, {"", "e:f", "e f"}, {"", "", systemConfig},
	} {
		if got := strings.Join(Locate(c.property, c.environment), " "); got != c.want {
			t.Errorf("%+v: got %s", c, got)
		}
	}
}

func FuzzRules(f *testing.F) {
	for _, seed := range []string{"DEFAULT", "RULE:[1:$1@$0](.*@R)s/@.*//g/L",
		"RULE:[2:$1;$2]s/(a)(b)?/$2\\$${x}/ DEFAULT", "RULE:[1:$1]s//$0$0/g"} {
		f.Add(seed, "alice@R", "R")
		f.Add(seed, "ab/h@R", "X")
	}
	f.Fuzz(func(t *testing.T, text, name, realm string) {
		var rules Rules
		var err error
		alloc.Bounded(t, len(text), func() { rules, err = ParseRules(text) })
		if err != nil {
			return
		}
		var id string
		alloc.Bounded(t, len(text)+len(name)+len(realm), func() {
			id, err = Naming{Rules: rules, DefaultRealm: realm}.AuthorizationID(name)
		})
		if err == nil && !principal.Valid(id) {
			t.Fatalf("%q of %q is %q, which no ACL may hold", text, name, id)
		}
	})
}

func FuzzConfig(f *testing.F) {
	f.Add("[libdefaults]\ndefault_realm = R\nclockskew=3\n[realms]\nR = {\n}\n")
	f.Fuzz(func(t *testing.T, text string) {
		var r reader
		// Includes would read files that the fuzzer names.
		text = strings.ReplaceAll(text, "include", "x")
		alloc.Bounded(t, len(text), func() {
			r = reader{budget: configBytesMax}
			_ = r.text("fuzz", text, 0)
		})
		if r.config.ClockSkew < 0 {
			t.Fatalf("a negative clock skew: %v", r.config.ClockSkew)
		}
	})
}
