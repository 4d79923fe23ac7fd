package config

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A .properties file, by Java's rules:
//
//	# comment, ! comment (only at the start of a line)
//	key = value      key:value      key value
//	key = first part \
//	      second part        (leading blanks of the second line are dropped)
//	escapes: \t \n \r \f \uXXXX, and \x is x for every other x
//
// Bytes are taken as UTF-8. Trailing blanks of a value are cut, as ZooKeeper
// does. A later line overrides an earlier one of the same key.

// setting is one key with its value and the place it came from. The origin is a
// file name, or "command line" with line 0.
type setting struct {
	key, value string
	origin     string
	line       int
}

// fileBytesMax bounds a configuration file.
const fileBytesMax = 1 << 20

// parseProperties splits a file into its settings, in order.
func parseProperties(origin, text string) ([]setting, error) {
	var settings []setting
	lines := naturalLines(text)
	for i := 0; i < len(lines); {
		first := i
		logical := strings.TrimLeft(lines[i], " \t\f")
		i++
		if logical == "" || logical[0] == '#' || logical[0] == '!' {
			continue
		}
		for continues(logical) {
			logical = logical[:len(logical)-1]
			if i == len(lines) {
				break
			}
			logical += strings.TrimLeft(lines[i], " \t\f")
			i++
		}
		s, err := parseLine(logical)
		if err != nil {
			return nil, &Error{File: origin, Line: first + 1, Reason: err.Error()}
		}
		s.origin, s.line = origin, first+1
		settings = append(settings, s)
	}
	return settings, nil
}

// naturalLines splits at \n, \r and \r\n.
func naturalLines(text string) []string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.ReplaceAll(text, "\r", "\n")
	return strings.Split(text, "\n")
}

// continues tells whether a line ends in an odd number of backslashes.
func continues(line string) bool {
	return (len(line)-len(strings.TrimRight(line, `\`)))%2 == 1
}

func parseLine(line string) (setting, error) {
	end := keyEnd(line)
	rest := strings.TrimLeft(line[end:], " \t\f")
	if rest != "" && (rest[0] == '=' || rest[0] == ':') {
		rest = strings.TrimLeft(rest[1:], " \t\f")
	}
	key, err := unescape(line[:end])
	if err != nil {
		return setting{}, err
	}
	value, err := unescape(rest)
	if err != nil {
		return setting{}, err
	}
	return setting{key: strings.TrimSpace(key), value: strings.TrimSpace(value)}, nil
}

// keyEnd is the index of the first separator that is not escaped.
func keyEnd(line string) int {
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '\\':
			i++
		case '=', ':', ' ', '\t', '\f':
			return i
		}
	}
	return len(line)
}

var escapes = map[byte]byte{'t': '\t', 'n': '\n', 'r': '\r', 'f': '\f'}

func unescape(text string) (string, error) {
	if !strings.Contains(text, `\`) {
		return text, nil
	}
	var b []byte
	for i := 0; i < len(text); i++ {
		if text[i] != '\\' || i+1 == len(text) {
			b = append(b, text[i])
			continue
		}
		i++
		if text[i] == 'u' {
			r, err := parseUnicode(text[i+1:])
			if err != nil {
				return "", err
			}
			b = utf8.AppendRune(b, r)
			i += 4
			continue
		}
		if c, ok := escapes[text[i]]; ok {
			b = append(b, c)
		} else {
			b = append(b, text[i])
		}
	}
	return string(b), nil
}

func parseUnicode(digits string) (rune, error) {
	if len(digits) >= 4 {
		if n, err := strconv.ParseUint(digits[:4], 16, 16); err == nil {
			return rune(n), nil
		}
	}
	return 0, fmt.Errorf(`\u must be followed by four hexadecimal digits`)
}
