package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// leftOut is how the mark of a block begins that is not run.
const leftOut = "run: not, "

// notRun counts the blocks that are not run, by page; each has its reason in its mark, and
// the test's log lists all.
var notRun = map[string]int{
	"README.md":                        1,
	"docs/operate/backup.md":           6,
	"docs/operate/members.md":          1,
	"docs/operate/memory.md":           1,
	"docs/operate/migrate.md":          8,
	"docs/operate/runbooks/deploy.md":  1,
	"docs/operate/runbooks/migrate.md": 5,
	"docs/operate/runbooks/monitor.md": 1,
	"docs/operate/runbooks/size.md":    1,
	"docs/reference/client.md":         2,
	"docs/reference/embed.md":          2,
}

// typed are the languages of what a reader types. What is in any other is shown only: an
// answer, a file's format, what a command can be told.
var typed = []string{"sh", "console", "go"}

// prompt tells whether a block shows somebody typing, whatever its language.
func (s step) prompt() bool {
	return strings.HasPrefix(s.text, "$ ") || strings.Contains(s.text, "\n$ ")
}

// Every block of commands or code in README.md and below docs is run by a test here, stands in
// a file that another test runs, or says why it is not run. None is left out silently.
func TestEveryBlockIsRunOrSaysWhyNot(t *testing.T) {
	run := slices.Clone(followed)
	for _, name := range runbooks {
		run = append(run, runbook(name))
	}
	left := map[string]int{}
	for _, name := range pages(t) {
		page, err := filepath.Rel(root, name)
		if err != nil {
			t.Fatal(err)
		}
		page = filepath.ToSlash(page)
		if page != "README.md" && !strings.HasPrefix(page, "docs/") {
			continue
		}
		if n := indented(t, name); n > 0 {
			t.Logf("shown, and not typed: %d indented blocks of %s", n, page)
		}
		for _, s := range stepsOf(t, page) {
			reason, not := strings.CutPrefix(s.mark, leftOut)
			file, in := strings.CutPrefix(s.mark, "in: ")
			switch {
			case not:
				left[page]++
				first, _, _ := strings.Cut(s.text, "\n")
				t.Logf("not run: %s:%d: %s (%s)", page, s.line, first, reason)
			case in:
				if err := standsIn(file, s.text); err != nil {
					t.Errorf("%s:%d: %v", page, s.line, err)
				}
			case !slices.Contains(run, page) && (slices.Contains(typed, s.kind) || s.prompt()):
				t.Errorf("%s:%d: a block that nobody runs; mark it", page, s.line)
			}
		}
	}
	if fmt.Sprint(left) != fmt.Sprint(notRun) {
		t.Errorf("so many are not run: %v; expected: %v", left, notRun)
	}
}

// indented counts the blocks of a page that are no fenced ones.
func indented(t *testing.T, name string) (blocks int) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	open, blank := false, true
	for _, line := range prose(string(text)) {
		deep := strings.HasPrefix(line, "    ")
		if deep && !open && blank {
			blocks++
		}
		blank = line == ""
		open = deep || open && blank
	}
	return blocks
}

// standsIn tells what is wrong if a text is not part of a file, indented or not.
func standsIn(file, text string) error {
	whole, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
	if err != nil {
		return err
	}
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	for indent := 0; indent < 5; indent++ {
		var moved strings.Builder
		for _, line := range lines {
			if line != "" {
				line = strings.Repeat("\t", indent) + line
			}
			moved.WriteString(line + "\n")
		}
		if strings.Contains(string(whole), "\n"+moved.String()) {
			return nil
		}
	}
	return fmt.Errorf("it does not stand in %s", file)
}

// A block may be indented otherwise than in its file, and must have all its lines there.
func TestABlockStandsInAFileAsAWhole(t *testing.T) {
	const file = "test/docs/blocks_test.go"
	for text, want := range map[string]bool{
		"left := map[string]int{}\n": true,
		"reason, not := strings.CutPrefix(s.mark, leftOut)\nfile, in := " +
			"strings.CutPrefix(s.mark, \"in: \")\n": true,
		"left := map[string]bool{}\n": false,
		"left := map\n":               false,
	} {
		if err := standsIn(file, text); (err == nil) != want {
			t.Errorf("%q: %v", text, err)
		}
	}
}
