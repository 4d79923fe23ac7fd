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
	// Membership gives the text of the ensemble's configuration in force; nil when
	// standalone.
	Membership func() string
	// Allowed is the whitelist; an asterisk allows every word. The words of
	// alwaysAllowed need not be in it.
	Allowed []string

	// mask is the trace mask, as its difference from traceMaskDefault.
	mask atomic.Int64
}

// SafeWords are the words that are allowed unless the operator says otherwise:
// they are cheap and tell nothing about clients' data.
func SafeWords() []string {
	return []string{"ruok", "srvr", "mntr", "stat", "isro", "conf", "envi", "wchs", "strt"}
}

// alwaysAllowed are srvr, as in ZooKeeper, and strt, which tells start-up times
// and nothing else.
var alwaysAllowed = []string{"srvr", "strt"}

// word is one row of the table of words: one of the two ways to answer it.
type word struct {
	name string
	// always answers whether or not the server serves.
	always func(a *Answerer, argument []byte) string
	// serving answers from the state of a server that serves.
	serving func(a *Answerer, o *Overview) string
	// argumentBytes is what follows the word.
	argumentBytes int
}

// words is the one table of words. A word that is missing here is no word at
// all, and its four bytes are the length of a frame.
var words = [...]word{
	{name: "ruok", always: (*Answerer).alive},
	{name: "isro", always: (*Answerer).readOnly},
	{name: "envi", always: (*Answerer).environment},
	{name: "gtmk", always: (*Answerer).traceMask},
	{name: "stmk", always: (*Answerer).setTraceMask, argumentBytes: maskBytes},
	{name: "strt", always: (*Answerer).startup},

	{name: "srvr", serving: (*Answerer).server},
	{name: "stat", serving: (*Answerer).statistics},
	{name: "srst", serving: (*Answerer).resetServer},
	{name: "mntr", serving: (*Answerer).monitor},
	{name: "conf", serving: (*Answerer).configuration},
	{name: "dirs", serving: (*Answerer).directories},
	{name: "hash", serving: (*Answerer).digests},
	{name: "cons", serving: (*Answerer).connections},
	{name: "crst", serving: (*Answerer).resetConnections},
	{name: "dump", serving: (*Answerer).dump},
	{name: "wchs", serving: (*Answerer).watches},
	{name: "wchc", serving: (*Answerer).watchesByClient},
	{name: "wchp", serving: (*Answerer).watchesByPath},
	{name: "topm", serving: (*Answerer).memory},
}

// telnetClose are the bytes that a telnet client sends to end a session.
const telnetClose = "\xff\xf4\xff\xfd"

// Known tells whether four bytes are a word rather than the length of a frame.
func Known(b []byte) bool { return string(b) == telnetClose || find(string(b)) != nil }

func find(name string) *word {
	i := slices.IndexFunc(words[:], func(w word) bool { return w.name == name })
	if i < 0 {
		return nil
	}
	return &words[i]
}

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
	return slices.Contains(alwaysAllowed, name) ||
		slices.ContainsFunc(a.Allowed, func(allowed string) bool {
			allowed = strings.TrimSpace(allowed)
			return allowed == "*" || allowed == name
		})
}
