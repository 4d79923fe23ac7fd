package command

import "slices"

// Command is something that operators may ask for or have done: a row of the one table from
// which four-letter words, the admin server, `zoo admin`, the console and the reference page
// have what there is. A way of asking adds how it answers, and nothing else.
type Command struct {
	// Name is what it is called over HTTP, Aliases are its other names there. A row without
	// a name is a word only.
	Name    string   `json:"name"`
	Aliases []string `json:"aliases"`
	// Word is the four-letter word on the client port, empty for none.
	Word string `json:"word"`
	// Safe words are answered unless the operator says otherwise: they are cheap and tell
	// nothing about clients' data. Those of Ever need not even be allowed.
	Safe, Ever bool `json:"-"`
	// Method is the one that HTTP wants: GET or POST.
	Method string `json:"method"`
	// Anytime says that it is answered over HTTP while the server does not serve, too.
	Anytime bool `json:"anytime"`
	// Guarded says that whoever asks over HTTP must have all permissions at the root, or an
	// operator's key.
	Guarded bool `json:"guarded"`
	// Stream says that the answer is bytes rather than JSON, unless it is an error.
	Stream bool `json:"stream"`
	// Own says that ZooKeeper's servers have no such command.
	Own bool `json:"own"`
	// Parameters are those of the query.
	Parameters []Parameter `json:"parameters"`
	// Help says in a sentence what it does.
	Help string `json:"help"`

	// always answers the word whether or not the server serves, serving from the state of a
	// server that serves. A word has one of the two.
	always  func(a *Answerer, argument []byte) string
	serving func(a *Answerer, o *Overview) string
	// argumentBytes is what follows the word.
	argumentBytes int
}

// Parameter is one of a command's query.
type Parameter struct {
	Name string `json:"name"`
	Help string `json:"help"`
}

// The methods.
const (
	get  = "GET"
	post = "POST"
)

// The parameters that several commands have.
var (
	paramLimit  = Parameter{"limit", "how many lines a page has, 1 to 1000 (100)"}
	paramAfter  = Parameter{"after", "next_after of the page before"}
	paramOffset = Parameter{"offset", "next_offset of the page before"}
	paramBelow  = Parameter{"below", "a path: only what is there or below it"}
	paramOwner  = Parameter{"session", "only this session, such as 0x10000a1b2c30000"}
)

// Table is the one table of commands, by name. A word that is missing here is no word at
// all, and its four bytes are the length of a frame.
func Table() []Command { return slices.Clone(table) }

// Served are the rows that have a name, and so are answered over HTTP. None of their lists
// is nil, so that JSON shows them as lists.
func Served() (served []Command) {
	for _, c := range table {
		if c.Name == "" {
			continue
		}
		c.Aliases = append([]string{}, c.Aliases...)
		c.Parameters = append([]Parameter{}, c.Parameters...)
		served = append(served, c)
	}
	return served
}

// Find gives the row of a name or an alias, nil if there is none.
func Find(name string) *Command {
	i := slices.IndexFunc(table, func(c Command) bool {
		return c.Name != "" && c.Name == name || slices.Contains(c.Aliases, name)
	})
	if i < 0 {
		return nil
	}
	return &table[i]
}

// find gives the row of a word, nil if there is none.
func find(word string) *Command {
	i := slices.IndexFunc(table, func(c Command) bool { return c.Word != "" && c.Word == word })
	if i < 0 {
		return nil
	}
	return &table[i]
}

// Names are all that a command is called over HTTP, the first one being its own.
func (c *Command) Names() []string { return append([]string{c.Name}, c.Aliases...) }

// SafeWords are the words that are allowed unless the operator says otherwise.
func SafeWords() (words []string) {
	for _, c := range table {
		if c.Safe {
			words = append(words, c.Word)
		}
	}
	return words
}
