package docs

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// shown is how docs/pains.md names the test that shows something.
var shown = regexp.MustCompile("`([\\w/]+) (Test\\w+)`")

// pains are the rows of docs/pains.md.
const pains = 40

// What the page says is shown by a test is: the test is there.
func TestThePageOfPainsNamesTestsThatAre(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "pains.md"))
	if err != nil {
		t.Fatal(err)
	}
	if rows := len(regexp.MustCompile(`(?m)^\| \d+ \|`).FindAll(page, -1)); rows != pains {
		t.Errorf("%d rows, want %d", rows, pains)
	}
	for _, match := range shown.FindAllStringSubmatch(string(page), -1) {
		files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(match[1]), "*_test.go"))
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			found = found || strings.Contains(string(text), "func "+match[2]+"(")
		}
		if !found {
			t.Errorf("%s has no %s", match[1], match[2])
		}
	}
}
