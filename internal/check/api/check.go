package api

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Check compares the API of the package in the working directory, which is that of
// the package under test, with its file below api at the root of the module:
// client is api/client.txt, client/recipe is api/client-recipe.txt and the root
// package api/zoo.txt. With write it writes the file.
func Check(t testing.TB, write bool) {
	t.Helper()
	golden, err := goldenFile(".")
	if err != nil {
		t.Fatal(err)
	}
	lines, err := Lines(".")
	if err != nil {
		t.Fatal(err)
	}
	if write {
		if err := os.WriteFile(golden, []byte(strings.Join(lines, "")), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	text, err := os.ReadFile(golden)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	if changed := difference(slices.Collect(strings.Lines(string(text))), lines); changed != "" {
		t.Errorf("the exported API is not that of %s; if it is meant to change run this test "+
			"with -api:\n%s", golden, changed)
	}
}

// difference names the lines that only one of two lists has.
func difference(before, after []string) string {
	var text strings.Builder
	for _, line := range before {
		if !slices.Contains(after, line) {
			text.WriteString("-" + line)
		}
	}
	for _, line := range after {
		if !slices.Contains(before, line) {
			text.WriteString("+" + line)
		}
	}
	return text.String()
}

// goldenFile is where the API of the package in dir is written down.
func goldenFile(dir string) (string, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", err
	}
	for root := dir; ; root = filepath.Dir(root) {
		if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
			name, err := filepath.Rel(root, dir)
			if name == "." {
				name = "zoo"
			}
			name = strings.ReplaceAll(filepath.ToSlash(name), "/", "-")
			return filepath.Join(root, "api", name+".txt"), err
		}
		if root == filepath.Dir(root) {
			return "", fmt.Errorf("%s lies in no module", dir)
		}
	}
}
