package docs

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// step is something that a page has its reader do.
type step struct {
	line int
	// kind is the language of the block: sh, console, go; or end, for a process that ends.
	kind string
	// mark is what the comment just before the block says.
	mark string
	text string
}

// The marks are comments, which no reader sees, on the line before a block:
//
//	run: until TEXT          the block does not end; go on when it has said so
//	run: as NAME until TEXT  the same, in a terminal that has a name
//	run: not, REASON         the block is not run, and counts in notRun
//	run: ctrl-c              ends what was begun last; no block follows
//	run: ctrl-c NAME         ends what runs in that terminal
//	run: kill NAME           its machine loses its power
//	file: NAME               the block is the content of this file
//	in: NAME                 the block stands in this file of the project, which a test runs
var marked = regexp.MustCompile(`^<!-- ((?:run|file|in): .*) -->$`)

// ends are the marks that no block follows.
var ends = regexp.MustCompile(`^run: (?:ctrl-c|kill)(?: |$)`)

const fence = "```"

// steps are what the text has its reader do.
func steps(text string) (found []step, err error) {
	var open *step
	mark := ""
	for i, line := range strings.Split(text, "\n") {
		comment := marked.FindStringSubmatch(line)
		switch {
		case open != nil && line == fence:
			found, open = append(found, *open), nil
		case open != nil:
			open.text += line + "\n"
		case comment != nil && ends.MatchString(comment[1]):
			found = append(found, step{line: i + 1, kind: "end", mark: comment[1]})
		case comment != nil:
			mark = comment[1]
		case strings.HasPrefix(line, fence):
			open = &step{line: i + 1, kind: strings.TrimPrefix(line, fence), mark: mark}
			mark = ""
		case mark != "":
			return nil, fmt.Errorf("line %d: the mark %q stands before no block", i, mark)
		}
	}
	if open != nil {
		return nil, fmt.Errorf("line %d: the block does not end", open.line)
	}
	return found, nil
}

// stepsOf are those of a page, by its name from the root on.
func stepsOf(t *testing.T, name string) []step {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, name))
	if err != nil {
		t.Fatal(err)
	}
	found, err := steps(string(text))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return found
}

// A mark belongs to the next line, and a block that nobody closes is an error: each would
// leave commands out without a word.
func TestStepsAreWhatThePageSays(t *testing.T) {
	text := "<!-- run: until ready -->\n```sh\nserve\n```\n\n" +
		"<!-- run: ctrl-c -->\n```console\n$ a\nb\n```\n"
	want := []step{
		{line: 2, kind: "sh", mark: "run: until ready", text: "serve\n"},
		{line: 6, kind: "end", mark: "run: ctrl-c"},
		{line: 7, kind: "console", text: "$ a\nb\n"},
	}
	found, err := steps(text)
	if err != nil || fmt.Sprint(found) != fmt.Sprint(want) {
		t.Errorf("steps are %v (%v), want %v", found, err, want)
	}
	for _, wrong := range []string{"<!-- run: until a -->\n\n```sh\n```", "```sh\nserve\n"} {
		if found, err := steps(wrong); err == nil {
			t.Errorf("%q gives %v", wrong, found)
		}
	}
}
