package docs

import (
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

var (
	link    = regexp.MustCompile(`\]\(([^()\s]+)\)`)
	code    = regexp.MustCompile("`[^`]*`")
	heading = regexp.MustCompile(`^#{1,6} +(.*?)[ #]*$`)
	label   = regexp.MustCompile(`!?\[([^\]]*)\]\([^)]*\)`)
)

// notPages are directories whose Markdown is not read where it lies: testdata is made into
// pages elsewhere, or belongs to the tests of other programs.
var notPages = []string{".git", "bin", "testdata", "node_modules"}

// prose is the text without its blocks of code.
func prose(text string) (lines []string) {
	inside := false
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, fence) {
			inside = !inside
			continue
		}
		if !inside {
			lines = append(lines, strings.TrimRight(line, "\n"))
		}
	}
	return lines
}

// anchors are the names of a page's headings, as GitHub gives them.
func anchors(text string) (names []string) {
	times := map[string]int{}
	for _, line := range prose(text) {
		match := heading.FindStringSubmatch(line)
		if match == nil {
			continue
		}
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, label.ReplaceAllString(match[1], "$1"))
		if n := times[name]; n > 0 {
			names = append(names, fmt.Sprintf("%s-%d", name, n))
		} else {
			names = append(names, name)
		}
		times[name]++
	}
	return names
}

// links are where a page leads, to other pages of the project.
func links(text string) (targets []string) {
	for _, line := range prose(text) {
		for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(line, "``"), -1) {
			if u, err := url.Parse(match[1]); err != nil || u.Scheme == "" {
				targets = append(targets, match[1])
			}
		}
	}
	return targets
}

// pages are the project's Markdown files, from the root on.
func pages(t *testing.T) (names []string) {
	t.Helper()
	err := filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && slices.Contains(notPages, entry.Name()):
			return filepath.SkipDir
		case strings.HasSuffix(name, ".md"):
			names = append(names, name)
		}
		return nil
	})
	if err != nil || len(names) < 10 {
		t.Fatalf("%d pages: %v", len(names), err)
	}
	return names
}

// follow tells what is wrong with a link of a page.
func follow(page, target string) error {
	name, anchor, _ := strings.Cut(target, "#")
	path := page
	if name != "" {
		path = filepath.Join(filepath.Dir(page), filepath.FromSlash(name))
	}
	if _, err := os.Stat(path); err != nil {
		return errors.New("there is no such file")
	}
	if anchor == "" || !strings.HasSuffix(path, ".md") {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !slices.Contains(anchors(string(text)), anchor) {
		return errors.New("the page has no such heading")
	}
	return nil
}

// Every link to a file of the project leads to one, and every anchor to a heading. Links to
// other places are not followed: the test needs no network.
func TestLinksLeadSomewhere(t *testing.T) {
	for _, page := range pages(t) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, target := range links(string(text)) {
			if err := follow(page, target); err != nil {
				t.Errorf("%s: (%s): %v", page, target, err)
			}
		}
	}
}

// What is a link, and what only looks like one; what GitHub calls a heading.
func TestLinksAndHeadingsAreRead(t *testing.T) {
	text := "# A `b` of C's\n## A b of C's\n" +
		"[x](y.md#z) `[no](no)` [w](https://a.b/c)\n```\n# no\n[no](no)\n```\n"
	if found := anchors(text); !slices.Equal(found, []string{"a-b-of-cs", "a-b-of-cs-1"}) {
		t.Errorf("headings are %q", found)
	}
	if found := links(text); !slices.Equal(found, []string{"y.md#z"}) {
		t.Errorf("links are %q", found)
	}
	for target, good := range map[string]bool{"STYLE.md#names": true, "STYLE.md#nothing": false,
		"docs": true, "nowhere.md": false} {
		if err := follow(filepath.Join(root, "README.md"), target); (err == nil) != good {
			t.Errorf("(%s): %v", target, err)
		}
	}
}

// indexed are the directories whose pages docs/README.md names one by one. The records have
// an index of their own.
var indexed = []string{"docs", "docs/operate", "docs/operate/runbooks", "docs/reference",
	"docs/format"}

// A page that the index does not name is found by nobody.
func TestTheIndexNamesEveryPage(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	named := links(string(text))
	for _, dir := range indexed {
		found, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(dir), "*.md"))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s has %d pages: %v", dir, len(found), err)
		}
		for _, page := range found {
			name, err := filepath.Rel(filepath.Join(root, "docs"), page)
			if err != nil {
				t.Fatal(err)
			}
			name = filepath.ToSlash(name)
			if name != "README.md" && !slices.Contains(named, name) {
				t.Errorf("docs/README.md does not name %s", name)
			}
		}
	}
}

// screenLinesMax is what README.md may have: it is for whoever sees the project for the first
// time. What is longer has a page below docs.
const screenLinesMax = 60

func TestTheReadmeStaysAScreen(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(text), "\n"); lines > screenLinesMax {
		t.Errorf("README.md has %d lines, want at most %d", lines, screenLinesMax)
	}
	if !slices.Contains(links(string(text)), "docs/README.md") {
		t.Error("README.md does not lead to docs/README.md")
	}
}
