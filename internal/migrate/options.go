package migrate

import (
	"slices"
	"strings"
)

// ParseJVMOptions finds in a file such as java.env what a JVM is given: properties as
// name=value, without their -D, and the other options, such as -Xmx1g. The file is shell,
// of which it understands words and quotes; what the shell would put in for $NAME it does
// not know, and the words that have such a part are told apart.
func ParseJVMOptions(text string) (properties, others, unclear []string) {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), "#") {
			continue
		}
		for _, word := range optionWords(line) {
			name, isProperty := strings.CutPrefix(word, "-D")
			switch {
			case strings.ContainsAny(word, "$`"):
				unclear = append(unclear, word)
			case !isProperty:
				others = append(others, word)
			case strings.Contains(name, "="):
				properties = append(properties, name)
			default:
				properties = append(properties, name+"=")
			}
		}
	}
	return properties, others, unclear
}

// optionWords are the words of a line that a JVM would take for options.
func optionWords(line string) []string {
	_, value, ok := strings.Cut(line, "=")
	if ok && !strings.HasPrefix(strings.TrimSpace(line), "-") {
		line = value
	}
	words := strings.FieldsFunc(line, func(r rune) bool {
		return strings.ContainsRune(" \t\r\n\"';", r)
	})
	return slices.DeleteFunc(words, func(word string) bool {
		return !strings.HasPrefix(word, "-") || len(word) < 3
	})
}
