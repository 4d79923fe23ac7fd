package jaas

import (
	"fmt"
	"strconv"
	"strings"
)

// tokenKind is the kind of a token.
type tokenKind uint8

const (
	tokenEnd tokenKind = iota
	tokenWord
	tokenQuoted
	// tokenMark is one of { } ; =
	tokenMark
)

// token is the smallest part of a file.
type token struct {
	kind tokenKind
	text string
	line int
}

// describe names a token without telling what may be a secret.
func (t token) describe() string {
	switch t.kind {
	case tokenEnd:
		return "the end of the file"
	case tokenMark:
		return t.text
	case tokenQuoted:
		return "a quoted text"
	}
	return "a word"
}

const (
	marks  = "{};="
	blanks = " \t\r\n\f\v\x00"
)

// scanner cuts a text into tokens.
type scanner struct {
	file string
	text string // what is left
	line int
}

// scan cuts the next token off.
func (s *scanner) scan() (token, error) {
	if err := s.skip(); err != nil {
		return token{line: s.line}, err
	}
	t := token{line: s.line}
	switch {
	case s.text == "":
		return t, nil
	case strings.IndexByte(marks, s.text[0]) >= 0:
		t.kind, t.text = tokenMark, s.text[:1]
		s.text = s.text[1:]
		return t, nil
	case s.text[0] == '"':
		t.kind = tokenQuoted
		var err error
		t.text, err = s.quoted()
		return t, err
	case s.text[0] == '\'':
		return t, s.fail("single quotes do not quote; use double ones")
	}
	t.kind = tokenWord
	t.text = s.text[:s.wordEnd()]
	s.text = s.text[len(t.text):]
	return t, nil
}

func (s *scanner) fail(format string, args ...any) error {
	return &Error{File: s.file, Line: s.line, Reason: fmt.Sprintf(format, args...)}
}

// skip passes blanks and comments.
func (s *scanner) skip() error {
	for {
		s.pass(len(s.text) - len(strings.TrimLeft(s.text, blanks)))
		switch {
		case strings.HasPrefix(s.text, "//"), strings.HasPrefix(s.text, "#"):
			end := strings.IndexByte(s.text, '\n')
			if end < 0 {
				end = len(s.text)
			}
			s.pass(end)
		case strings.HasPrefix(s.text, "/*"):
			end := strings.Index(s.text[2:], "*/")
			if end < 0 {
				return s.fail("the comment has no end; write */ behind it")
			}
			s.pass(end + 4)
		default:
			return nil
		}
	}
}

// pass drops n bytes and counts the lines in them.
func (s *scanner) pass(n int) {
	s.line += strings.Count(s.text[:n], "\n")
	s.text = s.text[n:]
}

// wordEnd is where the word at the beginning ends; a comment ends it, too.
func (s *scanner) wordEnd() int {
	end := strings.IndexAny(s.text, marks+blanks+`"'#`)
	if end < 0 {
		end = len(s.text)
	}
	for _, comment := range []string{"//", "/*"} {
		if i := strings.Index(s.text[:end], comment); i > 0 {
			end = i
		}
	}
	return max(end, 1)
}

// letters are the escapes of a quoted text that do not stand for themselves.
var letters = map[byte]byte{'a': '\a', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t',
	'v': '\v'}

// quoted cuts a quoted text off.
func (s *scanner) quoted() (string, error) {
	var b strings.Builder
	for i := 1; i < len(s.text); i++ {
		switch c := s.text[i]; c {
		case '"':
			s.text = s.text[i+1:]
			return b.String(), nil
		case '\n', '\r':
			return "", s.fail("the quoted text does not end on its line")
		case '\\':
			i++
			i += s.escape(&b, s.text[i:])
		default:
			b.WriteByte(c)
		}
	}
	return "", s.fail("the quoted text has no end")
}

// escape adds what an escape stands for. It gives how many bytes behind its first
// one belong to it.
func (s *scanner) escape(b *strings.Builder, rest string) int {
	if rest == "" {
		return 0
	}
	digits := 0
	for digits < min(3, len(rest)) && rest[digits] >= '0' && rest[digits] <= '7' {
		digits++
	}
	if digits == 3 && rest[0] > '3' {
		digits = 2
	}
	if digits > 0 {
		n, _ := strconv.ParseUint(rest[:digits], 8, 8)
		b.WriteRune(rune(n))
		return digits - 1
	}
	if c, ok := letters[rest[0]]; ok {
		b.WriteByte(c)
	} else {
		b.WriteByte(rest[0])
	}
	return 0
}
