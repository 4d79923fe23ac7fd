package shell

import (
	"fmt"
	"regexp"
	"strings"
)

// words splits a line as zkCli does: at blanks, but not within quotes, which fall away
// where they stand around a word.
func words(line string) []string {
	var all []string
	for _, match := range wordPattern.FindAllStringSubmatch(line, -1) {
		word := match[1]
		if n := len(word); n > 1 && (word[0] == '"' || word[0] == '\'') && word[n-1] == word[0] {
			word = word[1 : n-1]
		}
		all = append(all, word)
	}
	return all
}

var wordPattern = regexp.MustCompile(`\s*([^"']\S*|"[^"]*"|'[^']*')\s*`)

// option is one that a command takes.
type option struct {
	name string
	// value tells that an argument follows.
	value bool
	// group names options of which only one may be given; empty means none.
	group string
}

// parsed is a command line of one command.
type parsed struct {
	// args are what is no option; the first is the command itself.
	args []string
	// values are those of the options given; those without one have "".
	values map[string]string
	// lists are all the values of options that were given, in their order.
	lists map[string][]string
	// form is how the answer is written.
	form form
}

func (p *parsed) has(name string) bool {
	_, ok := p.values[name]
	return ok
}

// optionError is what ZooKeeper's library of options says; scripts may look for the
// name in it.
func optionError(kind, format string, args ...any) error {
	return &failure{text: "org.apache.commons.cli." + kind + "Exception: " +
		fmt.Sprintf(format, args...)}
}

// parseOptions separates a command's options from the rest, wherever they stand. After
// "--" nothing is an option.
func parseOptions(line []string, options []option) (*parsed, error) {
	p := &parsed{args: line[:1], values: map[string]string{}, lists: map[string][]string{}}
	p.args = append([]string{}, p.args...)
	rest := line[1:]
	for len(rest) > 0 {
		word := rest[0]
		rest = rest[1:]
		switch {
		case word == "--":
			p.args = append(p.args, rest...)
			return p, nil
		case len(word) < 2 || word[0] != '-':
			p.args = append(p.args, word)
		default:
			used, err := p.take(word, rest, options)
			if err != nil {
				return nil, err
			}
			rest = rest[used:]
		}
	}
	return p, nil
}

// take reads one word that looks like an option, and tells how many of the words
// after it are its value.
func (p *parsed) take(word string, rest []string, options []option) (int, error) {
	found, value, attached := findOption(word[1:], options)
	if found == nil {
		if p.cluster(word[1:], options) {
			return 0, nil
		}
		return 0, optionError("UnrecognizedOption", "Unrecognized option: %s", word)
	}
	if err := p.alone(found, options); err != nil {
		return 0, err
	}
	if !found.value || attached {
		p.give(found.name, value)
		return 0, nil
	}
	if len(rest) == 0 || isOption(rest[0], options) {
		return 0, optionError("MissingArgument", "Missing argument for option: %s", found.name)
	}
	p.give(found.name, rest[0])
	return 1, nil
}

func (p *parsed) give(name, value string) {
	p.values[name] = value
	p.lists[name] = append(p.lists[name], value)
}

// alone refuses a second option of a group.
func (p *parsed) alone(o *option, options []option) error {
	for _, other := range options {
		if o.group != "" && other.group == o.group && other.name != o.name && p.has(other.name) {
			return optionError("AlreadySelected", "The option '%s' was specified but an option"+
				" from this group has already been selected: '%s'", o.name, other.name)
		}
	}
	return nil
}

// findOption knows -name, -name=value, and -nvalue for names of one letter.
func findOption(text string, options []option) (found *option, value string, attached bool) {
	name, value, equals := strings.Cut(text, "=")
	for i, o := range options {
		switch {
		case o.name == text:
			return &options[i], "", false
		case equals && o.value && o.name == name:
			return &options[i], value, true
		}
	}
	for i, o := range options {
		if o.value && len(o.name) == 1 && strings.HasPrefix(text, o.name) {
			return &options[i], text[1:], true
		}
	}
	return nil, "", false
}

// cluster reads options of one letter that stand together, such as -sw.
func (p *parsed) cluster(letters string, options []option) bool {
	given := map[string]string{}
	for _, letter := range letters {
		found, _, _ := findOption(string(letter), options)
		if found == nil || found.value {
			return false
		}
		given[found.name] = ""
	}
	for name := range given {
		p.values[name] = ""
	}
	return true
}

// isOption tells whether a word cannot be the value of the option before it.
func isOption(word string, options []option) bool {
	if len(word) < 2 || word[0] != '-' {
		return false
	}
	found, _, _ := findOption(word[1:], options)
	return found != nil
}
