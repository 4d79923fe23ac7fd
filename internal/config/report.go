package config

import (
	"errors"
	"strconv"
	"strings"
)

// ErrConfig is what every error of this package wraps: the operator must change
// the configuration, trying again is of no use.
var ErrConfig = errors.New("bad configuration")

// Error is one thing that is wrong with the configuration.
type Error struct {
	File   string
	Line   int // 0 when the file as a whole is meant
	Key    string
	Reason string
}

// Error writes file:line: key: reason.
func (e *Error) Error() string { return place(e.File, e.Line, e.Key) + e.Reason }

// Unwrap makes errors.Is(err, ErrConfig) true.
func (e *Error) Unwrap() error { return ErrConfig }

// Warning is something the operator should know and the server can live with.
type Warning struct {
	File string
	Line int
	Key  string
	Text string
}

// String writes file:line: key: text.
func (w Warning) String() string { return place(w.File, w.Line, w.Key) + w.Text }

func place(file string, line int, key string) string {
	var b strings.Builder
	if file != "" {
		b.WriteString(file)
		if line > 0 {
			b.WriteByte(':')
			b.WriteString(strconv.Itoa(line))
		}
		b.WriteString(": ")
	}
	if key != "" {
		b.WriteString(key)
		b.WriteString(": ")
	}
	return b.String()
}

func (s setting) fail(reason string) *Error {
	return &Error{File: s.origin, Line: s.line, Key: s.key, Reason: reason}
}

func (s setting) warn(text string) Warning {
	return Warning{File: s.origin, Line: s.line, Key: s.key, Text: text}
}
