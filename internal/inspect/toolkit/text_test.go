package toolkit

import "testing"

// What is no UTF-8 is shown as Java shows it.
func TestBytesThatAreNoTextAreShownAsJavaDoes(t *testing.T) {
	for s, want := range map[string]string{
		"plain, \u00e9\u20ac":      "plain, \u00e9\u20ac",
		"\xff\xfe":                 "\ufffd\ufffd",
		"a\xe2\x82b":               "a\ufffdb",
		"\xe2\x82":                 "\ufffd",
		"\xe0\x80\x80":             "\ufffd\ufffd\ufffd",
		"\xed\xa0\x80":             "\ufffd",
		"\xf0\x9f\x98,":            "\ufffd,",
		"\xf4\x90\x80\x80":         "\ufffd\ufffd\ufffd\ufffd",
		"\xc0\xaf":                 "\ufffd\ufffd",
		"\x80\xf0\x9f\x98\x80\xc3": "\ufffd\U0001f600\ufffd",
	} {
		if got := javaText(s); got != want {
			t.Errorf("%q is shown as %q, want %q", s, got, want)
		}
	}
}
