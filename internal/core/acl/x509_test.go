package acl

import (
	"encoding/hex"
	"testing"

	"zoo"
	"zoo/internal/check/alloc"
)

// What Java's X500Principal.getName() makes of subjects.
var subjects = []struct{ plot, der, want string }{
	{"in reverse",
		"302d310b30090603550406130244453110300e060355040" +
			"a0c074578616d706c65310c300a06035504030c03617070",
		"CN=app,O=Example,C=DE"},
	{"two in one part",
		"302f3110300e060355040a0c074578616d706c65311b30080" +
			"6035504030c0161300f060a0992268993f22c6401010c0137",
		"CN=a+UID=7,O=Example"},
	{"no name for a serial number", "3019310b3009060355040513023132310a300806035504030c0161",
		"CN=a,2.5.4.5=#13023132"},
	{"nor for an address", "30143112301006092a864886f70d0109011603614062",
		"1.2.840.113549.1.9.1=#1603614062"},
	{"special characters", "30143112301006035504030c092c3d2b3c3e233b225c",
		"CN=\\,\\=\\+\\<\\>\\#\\;\\\"\\\\"},
	{"blanks at the ends", "3011310f300d06035504030c06202061206220",
		"CN=\\ \\ a b\\ "},
	{"nothing but blanks", "300d310b300906035504030c022020",
		"CN=\\ \\ "},
	{"a zero and a letter beyond ASCII", "30123110300e060355040b0c07c3a400f09d849e",
		"OU=ä\\00𝄞"},
	{"two bytes a letter are taken as UTF-8", "300f310d300b06035504031e040061003c",
		"CN=\\00a\\00\\<"},
	{"four bytes a letter are no text", "300f310d300b06035504031c0400000061",
		"CN=#1c0400000061"},
	{"a number where text should be", "300c310a30080603550408020101",
		"ST=#020101"},
	{"an empty value", "300b3109300706035504030c00",
		"CN="},
	{"nothing", "3000",
		""},
}

func TestSubjectsAreWrittenAsJavaWritesThem(t *testing.T) {
	for _, c := range subjects {
		der, err := hex.DecodeString(c.der)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := formatName(der); err != nil || got != c.want {
			t.Errorf("%s: got %q, %v; want %q", c.plot, got, err, c.want)
		}
		if !validName(c.want) {
			t.Errorf("%s: %q cannot stand in an ACL", c.plot, c.want)
		}
	}
}

// What Java's constructor X500Principal(String) takes and what it refuses.
var names = map[string]bool{
	"":                 true,
	"CN=a":             true,
	" cn = a , O=b":    true,
	"CN=a;O=b":         true,
	"CN=a+UID=7":       true,
	"CN=\"a,b\"":       true,
	"CN=a\\,b":         true,
	"CN=a\\2cb":        true,
	"CN=#1301":         false,
	"CN=#130161":       true,
	"1.2.3=a":          true,
	"OID.2.5.4.3=a":    true,
	"oid.2.999=a":      true,
	"S=x":              true,
	"EMAILADDRESS=a@b": true,
	"CN=":              true,
	"CN=a b":           true,
	"CN=a=b":           true,
	"CN=a,":            false,
	"a":                false,
	"=a":               false,
	"X=a":              false,
	"9=a":              false,
	"3.1=a":            false,
	"1.40=a":           false,
	"CN=\"a":           false,
	"CN=\"a\"b":        false,
	"CN=a\"b":          false,
	"CN=a\\":           false,
	"CN=a\\z":          false,
	"CN=a\\2":          false,
	"CN=#":             false,
	"CN=#13":           false,
	"CN=a,,O=b":        false,
	"CN=a<b":           false,
}

func TestAnACLMayHoldTheNamesThatJavaReads(t *testing.T) {
	for text, want := range names {
		acls := []zoo.ACL{{Perms: zoo.PermAll, ID: zoo.ID{Scheme: "x509", ID: text}}}
		rules := Rules{Providers: ProvidersDefault | ProviderX509}
		if _, code := rules.Fix(acls, nil); (code == zoo.CodeOK) != want {
			t.Errorf("%q: got %v, want it to be valid: %v", text, code, want)
		}
		without := Rules{}
		if _, code := without.Fix(acls, nil); code != zoo.CodeInvalidACL {
			t.Errorf("%q without a secure port: %v", text, code)
		}
	}
}

// The plot: one certificate is the super user's, another is somebody's.
func TestACertificateIsAnIdentity(t *testing.T) {
	somebody, err := hex.DecodeString("300c310a300806035504030c0161")
	if err != nil {
		t.Fatal(err)
	}
	rules := Rules{Providers: ProvidersDefault | ProviderX509}
	ids, err := rules.X509IDs(somebody)
	if err != nil || len(ids) != 1 || ids[0] != (zoo.ID{Scheme: "x509", ID: "CN=a"}) {
		t.Fatalf("got %v, %v", ids, err)
	}
	hers := []zoo.ACL{{Perms: zoo.PermRead, ID: zoo.ID{Scheme: "x509", ID: "CN=b"}}}
	if rules.Check(hers, zoo.PermRead, ids) {
		t.Error("CN=a may read what is for CN=b")
	}
	rules.X509SuperUser = "CN=a"
	if ids, _ = rules.X509IDs(somebody); len(ids) != 2 || ids[1].Scheme != "super" {
		t.Errorf("the super user is %v", ids)
	}
	if !rules.Check(hers, zoo.PermRead, ids) {
		t.Error("the super user may not read")
	}
	if _, code := rules.Authenticate("x509", nil, "10.0.0.1"); code != zoo.CodeAuthFailed {
		t.Errorf("without a certificate: %v", code)
	}
}

// Whatever is written can be read; nothing panics.
func FuzzName(f *testing.F) {
	f.Add([]byte{0x30, 0x0c, 0x31, 0x0a, 0x30, 8, 6, 3, 0x55, 4, 3, 0x0c, 1, 'a'})
	f.Add([]byte(`CN="a\2c" , OID.2.5.4.3=#130161+O=b\,c`))
	f.Fuzz(func(t *testing.T, b []byte) {
		var text string
		var err error
		alloc.Bounded(t, len(b), func() {
			validName(string(b))
			text, err = formatName(b)
		})
		if err == nil && len(text) > 16*len(b)+16 {
			t.Errorf("%d bytes became %d", len(b), len(text))
		}
	})
}
