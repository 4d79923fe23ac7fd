package toolkit

import (
	"strings"
	"unicode/utf8"
)

// javaText is a text as Java makes it of bytes: what is no UTF-8 becomes U+FFFD, one
// for each byte, or for the begin of a character that does not go on. Half of a pair
// of surrogates, three bytes, is one as well.
func javaText(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	var b strings.Builder
	for s != "" {
		r, n := utf8.DecodeRuneInString(s)
		if r == utf8.RuneError && n == 1 {
			n = malformed(s)
		}
		b.WriteRune(r)
		s = s[n:]
	}
	return b.String()
}

// malformed is how many bytes stand for one character that is none.
func malformed(s string) int {
	low, high, size := byte(0x80), byte(0xbf), 0
	switch first := s[0]; {
	case first < 0xe0 || first > 0xf4:
		return 1
	case first < 0xf0:
		size = 3
	default:
		size = 4
	}
	switch s[0] {
	case 0xe0:
		low = 0xa0
	case 0xf0:
		low = 0x90
	case 0xf4:
		high = 0x8f
	}
	n := 1
	for n < size && n < len(s) && s[n] >= low && s[n] <= high {
		n, low, high = n+1, 0x80, 0xbf
	}
	return n
}
