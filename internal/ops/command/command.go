package command

import (
	"fmt"
	"slices"
	"strings"

	"zoo/internal/ops/metrics"
)

// WordBytes is the length of every word.
const WordBytes = 4

// The answers that stand for all others.
const (
	notServing = "This ZooKeeper instance is not currently serving requests\n"
	notAllowed = "%s is not executed because it is not in the whitelist.\n"
)

// Answerer answers words about one server. It is immutable.
type Answerer struct {
	Build  Build
	Source Source
	// Metrics are the rest of mntr; nil for none.
	Metrics *metrics.Set
	// Settings are the lines of conf.
	Settings []Setting
	// Membership is the text of the ensemble's configuration; empty when
	// standalone.
	Membership string
	// Allowed is the whitelist; an asterisk allows every word. The words of
	// alwaysAllowed need not be in it.
	Allowed []string
}

// SafeWords are the words that are allowed unless the operator says otherwise:
// they are cheap and tell nothing about clients' data.
func SafeWords() []string {
	return []string{"ruok", "srvr", "mntr", "stat", "isro", "conf", "envi", "wchs", "strt"}
}

// alwaysAllowed are srvr, as in ZooKeeper, and strt, which tells start-up times
// and nothing else.
var alwaysAllowed = []string{"srvr", "strt"}

// word is one row of the table of words.
type word struct {
	name string
	// answer is nil for a word of ZooKeeper's that is refused here whatever
	// the whitelist says.
	answer func(a *Answerer) string
}

// words is the one table of words. A word that is missing here is no word at
// all, and its four bytes are the length of a frame.
var words = [...]word{
	{"ruok", (*Answerer).alive},
	{"srvr", (*Answerer).server},
	{"stat", (*Answerer).statistics},
	{"mntr", (*Answerer).monitor},
	{"isro", (*Answerer).readOnly},
	{"conf", (*Answerer).configuration},
	{"envi", (*Answerer).environment},
	{"wchs", (*Answerer).watches},
	{"strt", (*Answerer).startup},
	{"cons", nil}, {"crst", nil}, {"dirs", nil}, {"dump", nil}, {"gtmk", nil}, {"stmk", nil},
	{"srst", nil}, {"wchc", nil}, {"wchp", nil}, {"hash", nil},
}

// telnetClose are the bytes that a telnet client sends to end a session.
const telnetClose = "\xff\xf4\xff\xfd"

// Known tells whether four bytes are a word rather than the length of a frame.
func Known(b []byte) bool {
	if string(b) == telnetClose {
		return true
	}
	for i := range words {
		if words[i].name == string(b) {
			return true
		}
	}
	return false
}

// Answer is the text for a known word.
func (a *Answerer) Answer(name string) string {
	if name == telnetClose {
		return ""
	}
	i := slices.IndexFunc(words[:], func(w word) bool { return w.name == name })
	if i < 0 || words[i].answer == nil || !a.allows(name) {
		return fmt.Sprintf(notAllowed, name)
	}
	return words[i].answer(a)
}

func (a *Answerer) allows(name string) bool {
	return slices.Contains(alwaysAllowed, name) ||
		slices.ContainsFunc(a.Allowed, func(allowed string) bool {
			allowed = strings.TrimSpace(allowed)
			return allowed == "*" || allowed == name
		})
}
