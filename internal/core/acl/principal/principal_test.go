package principal

import "testing"

// What is accepted is what the constructor of Java's KerberosName accepts.
func TestNamesAreReadAsJavaReadsThem(t *testing.T) {
	for text, want := range map[string]Name{
		"alice":       {Service: "alice"},
		"":            {},
		"a/b/c":       {Service: "a/b/c"},
		"alice@REALM": {Service: "alice", Realm: "REALM", HasRealm: true},
		"@":           {HasRealm: true},
		"/@":          {HasHost: true, HasRealm: true},
		"zookeeper/h.x@R": {Service: "zookeeper", Host: "h.x", HasHost: true,
			Realm: "R", HasRealm: true},
	} {
		got, err := Parse(text)
		if err != nil || got != want || !Valid(text) {
			t.Errorf("%q: got %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"a@b@c", "a/b/c@R", "a@R/b", "a/b@R/c", "@@", "//@"} {
		if got, err := Parse(text); err == nil || Valid(text) {
			t.Errorf("%q: accepted as %+v", text, got)
		}
	}
}

func FuzzParse(f *testing.F) {
	for _, seed := range []string{"alice", "a@R", "a/b@R", "a@b@c", "/@", "a/b/c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if name, err := Parse(text); err == nil && name.String() != text {
			t.Fatalf("%q came back as %q", text, name)
		}
	})
}
