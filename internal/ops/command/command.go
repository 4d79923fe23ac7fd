package command

import (
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"zoo/internal/ops/metrics"
)

// WordBytes is the length of every word.
const WordBytes = 4

// The answers that stand for all others.
const (
	notServing = "This ZooKeeper instance is not currently serving requests\n"
	notAllowed = "%s is not executed because it is not in the whitelist.\n"
)

// Answerer answers words about one server. It is immutable but for the trace mask.
type Answerer struct {
	Build  Build
	Source Source
	// Metrics are the rest of mntr; nil for none.
	Metrics *metrics.Set
	// Settings are the lines of conf.
	Settings []Setting
	// Lines are what zoo.cfg says, Properties what was given besides and where; secrets are
	// masked.
	Lines, Properties []Setting
	// Membership gives the text of the ensemble's configuration in force; nil when
	// standalone.
	Membership func() string
	// Allowed is the whitelist; an asterisk allows every word. Those of
	// Command.Ever need not be in it.
	Allowed []string

	// mask is the trace mask, as its difference from traceMaskDefault.
	mask atomic.Int64
}

// telnetClose are the bytes that a telnet client sends to end a session.
const telnetClose = "\xff\xf4\xff\xfd"

// Known tells whether four bytes are a word rather than the length of a frame.
func Known(b []byte) bool { return string(b) == telnetClose || find(string(b)) != nil }

// ArgumentBytes is how many bytes that follow a known word belong to it. A word
// that is refused is refused at once.
func (a *Answerer) ArgumentBytes(name string) int {
	if w := find(name); w != nil && a.allows(name) {
		return w.argumentBytes
	}
	return 0
}

// Answer is the text for a known word with its argument.
func (a *Answerer) Answer(name string, argument []byte) string {
	if name == telnetClose {
		return ""
	}
	w := find(name)
	if w == nil || !a.allows(name) {
		return fmt.Sprintf(notAllowed, name)
	}
	if w.always != nil {
		return w.always(a, argument)
	}
	o, serving := a.Source.Overview()
	if !serving {
		return notServing
	}
	return w.serving(a, &o)
}

func (a *Answerer) allows(name string) bool {
	w := find(name)
	return w != nil && w.Ever ||
		slices.ContainsFunc(a.Allowed, func(allowed string) bool {
			allowed = strings.TrimSpace(allowed)
			return allowed == "*" || allowed == name
		})
}
