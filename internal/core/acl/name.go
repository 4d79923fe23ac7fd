package acl

import (
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// An X.500 name in DER is a sequence (the whole) of sets (its parts, of nearly
// always one element) of sequences of an object identifier (the attribute) and a
// value of any type. Its text, by RFC 2253, has the last part first:
//
//	CN=app,OU=batch+UID=7,O=Example
//
// It must be the same as in Java to the last character, odd ones included, because
// ACLs are compared as text.

// shortNames are the attributes that RFC 2253 has a name for. All others are
// written as numbers, and their values as the bytes of their DER.
var shortNames = map[string]string{
	"2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "ST",
	"2.5.4.9": "STREET", "2.5.4.10": "O", "2.5.4.11": "OU",
	"0.9.2342.19200300.100.1.25": "DC", "0.9.2342.19200300.100.1.1": "UID",
}

// attribute is one element of a part.
type attribute struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

// attributeSET is a part; asn1 knows by the suffix that it is a set.
type attributeSET []attribute

var errTrailing = errors.New("bytes behind the name")

// formatName writes a name in DER as text.
func formatName(der []byte) (string, error) {
	var parts []attributeSET
	rest, err := asn1.Unmarshal(der, &parts)
	if err == nil && len(rest) > 0 {
		err = errTrailing
	}
	if err != nil {
		return "", fmt.Errorf("subject of a certificate: %w", err)
	}
	var b strings.Builder
	for i, part := range slices.Backward(parts) {
		for j, a := range part {
			if j > 0 {
				b.WriteByte('+')
			}
			a.write(&b)
		}
		if i > 0 {
			b.WriteByte(',')
		}
	}
	return b.String(), nil
}

func (a *attribute) write(b *strings.Builder) {
	number := a.Type.String()
	name, ok := shortNames[number]
	if !ok {
		name = number
	}
	b.WriteString(name)
	b.WriteByte('=')
	if !ok || !isText(a.Value) {
		b.WriteByte('#')
		b.WriteString(hex.EncodeToString(a.Value.FullBytes))
		return
	}
	writeValue(b, decodeText(a.Value.Bytes))
}

// isText tells whether a value is of one of the types for text; UniversalString is
// not, as in Java.
func isText(v asn1.RawValue) bool {
	if v.Class != asn1.ClassUniversal {
		return false
	}
	switch v.Tag {
	case asn1.TagPrintableString, asn1.TagUTF8String, asn1.TagT61String, asn1.TagIA5String,
		asn1.TagGeneralString, asn1.TagBMPString:
		return true
	}
	return false
}

// decodeText takes text of every type as UTF-8, as Java does.
func decodeText(b []byte) string {
	if utf8.Valid(b) {
		return string(b)
	}
	return strings.ToValidUTF8(string(b), string(utf8.RuneError))
}

// escapedAlways are characters with a meaning of their own.
const escapedAlways = ",=+<>#;\"\\"

// writeValue writes text so that it can be read back.
func writeValue(b *strings.Builder, text string) {
	lead := len(text) - len(strings.TrimLeft(text, " \r"))
	trail := len(strings.TrimRight(text, " \r"))
	for i, r := range text {
		switch {
		case r == 0:
			b.WriteString(`\00`)
			continue
		case i < lead || i >= trail || strings.ContainsRune(escapedAlways, r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
}

// keywords are all names of attributes that may stand in an ACL.
var keywords = []string{"CN", "C", "L", "S", "ST", "O", "OU", "T", "IP", "STREET", "DC",
	"DNQUALIFIER", "DNQ", "SURNAME", "GIVENNAME", "INITIALS", "GENERATION",
	"EMAIL", "EMAILADDRESS", "UID", "SERIALNUMBER"}

// validName tells whether Java could read a text as a name. It takes what RFC 2253
// and the older RFC 1779 write: commas or semicolons between parts, quotes, blanks.
// Nothing at all is a name, too.
func validName(text string) bool {
	if text == "" {
		return true
	}
	for part := range cut(text, ",;") {
		for element := range cut(part, "+") {
			if !validElement(element) {
				return false
			}
		}
	}
	return true
}

// cut splits at separators that are neither escaped nor within quotes.
func cut(text, separators string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		start, quoted := 0, false
		for i := 0; i < len(text); i++ {
			switch c := text[i]; {
			case c == '\\':
				i++
			case c == '"':
				quoted = !quoted
			case !quoted && strings.IndexByte(separators, c) >= 0:
				if !yield(text[start:i]) {
					return
				}
				start = i + 1
			}
		}
		yield(text[start:])
	}
}

func validElement(element string) bool {
	key, value, ok := strings.Cut(element, "=")
	if !ok || !validKeyword(key) {
		return false
	}
	value = strings.TrimLeft(value, " \n")
	switch {
	case value == "":
		return true
	case value[0] == '#':
		return validHex(value[1:])
	case value[0] == '"':
		return validQuoted(value[1:])
	}
	return validValue(value)
}

func validKeyword(key string) bool {
	key = strings.ToUpper(strings.TrimSpace(key))
	return slices.Contains(keywords, key) || validNumbers(strings.TrimPrefix(key, "OID."))
}

// validNumbers tells whether a text is an object identifier.
func validNumbers(text string) bool {
	arcs := strings.Split(text, ".")
	if len(arcs) < 2 {
		return false
	}
	numbers := make([]uint64, len(arcs))
	for i, arc := range arcs {
		n, err := strconv.ParseUint(arc, 10, 63)
		if err != nil {
			return false
		}
		numbers[i] = n
	}
	return numbers[0] < 2 && numbers[1] < 40 || numbers[0] == 2
}

// validHex tells whether a text is the DER of something.
func validHex(text string) bool {
	der, err := hex.DecodeString(strings.TrimRight(text, " \n"))
	if err != nil {
		return false
	}
	var v asn1.RawValue
	rest, err := asn1.Unmarshal(der, &v)
	return err == nil && len(rest) == 0
}

// The characters that may stand behind a backslash, with hexadecimal digits besides.
const (
	escapable       = ",=\n+<>#;\\\" "
	escapableQuoted = ",=\n+<>#;\\\""
)

// validQuoted looks at what follows an opening quote.
func validQuoted(text string) bool {
	for i := 0; i < len(text); i++ {
		switch text[i] {
		case '"':
			return strings.Trim(text[i+1:], " \n") == ""
		case '\\':
			n := escape(text[i+1:], escapableQuoted)
			if n == 0 {
				return false
			}
			i += n
		}
	}
	return false
}

func validValue(text string) bool {
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\':
			n := escape(text[i+1:], escapable)
			if n == 0 {
				return false
			}
			i += n
		case strings.IndexByte(",+<>;\"", c) >= 0:
			return false
		}
	}
	return true
}

// escape is how many characters behind a backslash belong to it: one that is
// special, or two hexadecimal digits. 0 is neither.
func escape(text, special string) int {
	switch {
	case text == "":
		return 0
	case strings.IndexByte(special, text[0]) >= 0:
		return 1
	case len(text) >= 2 && isHex(text[0]) && isHex(text[1]):
		return 2
	}
	return 0
}

func isHex(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f'
}
