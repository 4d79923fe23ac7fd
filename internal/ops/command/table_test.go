package command

import (
	"slices"
	"strings"
	"testing"

	"zoo/internal/config"
)

// Whoever adds a row may not take a name from another, and says what it is for.
func TestTheTableOfCommandsIsWhole(t *testing.T) {
	seen := map[string]string{}
	for _, c := range Table() {
		title := c.Name + "/" + c.Word
		names := c.Aliases
		if c.Name != "" {
			names = c.Names()
		}
		if c.Word != "" && !slices.Contains(names, c.Word) {
			names = append(names, c.Word)
		}
		for _, name := range names {
			if other, taken := seen[name]; taken {
				t.Errorf("%s and %s are both called %s", title, other, name)
			}
			seen[name] = title
		}
		if c.Word != "" && (len(c.Word) != WordBytes || (c.always == nil) == (c.serving == nil)) {
			t.Errorf("%s: the word has %d letters, and must have one answer", title, len(c.Word))
		}
		if (c.Name == "") != (c.Method == "") || !strings.HasSuffix(c.Help, ".") {
			t.Errorf("%s: method %q, help %q", title, c.Method, c.Help)
		}
	}
	sorted := slices.IsSortedFunc(Served(), func(a, b Command) int {
		return strings.Compare(a.Name, b.Name)
	})
	if !sorted {
		t.Error("the rows are not in the order of their names")
	}
}

// What is answered without being asked for stands in the settings as well.
func TestTheSafeWordsAreThoseOfTheSettings(t *testing.T) {
	lines, _, _ := config.Explain(config.Source{}) // there is no directory
	i := slices.IndexFunc(lines, func(l config.Line) bool {
		return l.Name == "4lw.commands.whitelist"
	})
	allowed := strings.Split(strings.ReplaceAll(lines[i].Value, " ", ""), ",")
	for _, c := range Table() {
		if c.Word != "" && !c.Ever && c.Safe != slices.Contains(allowed, c.Word) {
			t.Errorf("%s: the table says %v, the settings allow %q", c.Word, c.Safe, allowed)
		}
		if c.Word != "" && (&config.Config{}).Allows(c.Word) != c.Ever {
			t.Errorf("%s: the settings and the table differ on whether it need be allowed", c.Word)
		}
	}
}
