package tidy

import (
	"flag"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var tighten = flag.Bool("tighten", false, "write testdata/ratchet.txt as the code is now")

const root = "../../.."

func loadAll(t *testing.T) []*file {
	t.Helper()
	files, err := load(root)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestSourceFollowsTheStyleGuide(t *testing.T) {
	files := loadAll(t)
	for title, check := range rules {
		t.Run(title, func(t *testing.T) {
			for _, f := range files {
				check(f, func(line string) { t.Error(line) })
			}
		})
	}
}

// A package's comment starts with its name and stands in exactly one file.
func TestEveryPackageSaysWhatItIs(t *testing.T) {
	comments := map[string]int{}
	names := map[string]string{}
	for _, f := range loadAll(t) {
		if f.test() {
			continue
		}
		names[f.dir] = f.ast.Name.Name
		if f.ast.Doc == nil {
			continue
		}
		comments[f.dir]++
		if !strings.HasPrefix(f.ast.Doc.Text(), "Package "+f.ast.Name.Name+" ") {
			t.Errorf("%s: the comment does not start with Package %s", f.name, f.ast.Name.Name)
		}
	}
	for dir, name := range names {
		if comments[dir] != 1 {
			t.Errorf("%s: package %s has %d package comments", dir, name, comments[dir])
		}
	}
}

func TestFunctionsAndLinesDoNotGrow(t *testing.T) {
	files := loadAll(t)
	all := functions(files)
	var wide []string
	for _, f := range files {
		wideLines(f, func(line string) { wide = append(wide, line) })
	}
	name := filepath.Join("testdata", "ratchet.txt")
	if *tighten {
		if err := os.WriteFile(name, []byte(measure(all, wide).String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	limit, err := parseRatchet(string(text))
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range limit.overgrown(all, wide) {
		t.Error(line)
	}
	if m := median(all); m > lengthMedianMax {
		t.Errorf("the median function has %d lines, want at most %d", m, lengthMedianMax)
	}
}

// What the README promises is what CI runs, and every library outside the tests
// has a decision record.
func TestTheReadmesTestCommandIsWhatCIRuns(t *testing.T) {
	for name, want := range map[string]string{
		"README.md": "make test", ".ci/run": "make test", "Makefile": "\ntest:"} {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s does not say %q (%v)", name, want, err)
		}
	}
}

func TestLibrariesHaveADecisionRecord(t *testing.T) {
	records, err := filepath.Glob(filepath.Join(root, "docs", "adr", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	var decided strings.Builder
	for _, name := range records {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		decided.Write(text)
	}
	for _, r := range rooms {
		for _, library := range r.libraries {
			if !strings.Contains(decided.String(), library) {
				t.Errorf("%s, used by %s, has no record in docs/adr", library, r.name)
			}
		}
	}
}

func TestEveryDecisionRecordIsInTheIndex(t *testing.T) {
	dir := filepath.Join(root, "docs", "adr")
	index, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	records, err := filepath.Glob(filepath.Join(dir, "0*.md"))
	if err != nil || len(records) == 0 {
		t.Fatalf("%d records: %v", len(records), err)
	}
	for _, name := range records {
		if base := filepath.Base(name); !strings.Contains(string(index), "]("+base+")") {
			t.Errorf("docs/adr/README.md does not name %s", base)
		}
	}
}

// examples are, for each rule, a text that breaks it and one that does not.
var examples = []struct{ title, name, bad, good string }{
	{"ImportsFollowTheArrows", "internal/core/tree/x.go",
		`import "zoo/internal/core/zab"`, `import "zoo/internal/txn"`},
	{"ImportsFollowTheArrows", "internal/load/x.go",
		`import "zoo/internal/dev"`, `import "zoo"`},
	{"ImportsFollowTheArrows", "internal/check/sim/x.go",
		`import "zoo/internal/server"`, `import "zoo/internal/disk/vfs"`},
	{"ImportsFollowTheArrows", "internal/nowhere/x.go", ``, ``},
	{"LibrariesAreAllowed", "internal/core/zab/x.go",
		`import "golang.org/x/sys/unix"`, `import "strings"`},
	{"TheCoreIsPure", "internal/core/zab/x.go", `import "sync"`, `import "net/netip"`},
	{"TheCoreIsPure", "internal/core/zab/x.go",
		"import \"time\"\nvar a = time.Now()", "import \"time\"\nvar a = time.Second"},
	{"TheCoreIsPure", "internal/core/zab/x.go", `func f() { go f() }`, `func f() { f() }`},
	{"TheCoreIsPure", "internal/core/zab/x.go", `type t chan int`, `type t []int`},
	{"PackageNamesSaySomething", "internal/disk/x.go", "package util", "package disk"},
	{"TheCoreIsPure", "internal/core/zab/x.go",
		"import \"math/rand/v2\"\nvar a = rand.IntN(3)",
		"import \"math/rand/v2\"\nvar a *rand.Rand"},
	{"ExportedNamesAreDocumented", "x.go", `func F() {}`, "// F does.\nfunc F() {}"},
	{"ExportedNamesAreDocumented", "x.go", `type T int`, `type t int`},
	{"NoInitAndNoMutableVariables", "x.go", `func init() {}`, `type t struct{}`},
	{"NoInitAndNoMutableVariables", "x.go", `var count int`, `var table = map[int]int{}`},
	{"NoInitAndNoMutableVariables", "x.go", `var a = f()`, `var errX = errors.New("x")`},
	{"NoInitAndNoMutableVariables", "x.go", `var files embed.FS`,
		"//go:embed static\nvar files embed.FS"},
	{"NothingIsLeftToFix", "x.go",
		"// FIX" + "ME later", "// TO" + "DO(ann): when the sun sets"},
	{"OnlyProgramsPrintAndExit", "internal/disk/x.go",
		"import \"os\"\nfunc f() { os.Exit(1) }",
		"import \"os\"\nfunc f() { os.Remove(``) }"},
	{"TestsDoNotSleep", "internal/disk/x_test.go",
		"import \"time\"\nfunc f() { time.Sleep(1) }",
		"import \"time\"\nvar a = time.Second"},
}

// Each rule finds its own example and lets the good one pass: a rule that never
// fires would look like a tidy house.
func TestRulesFindWhatTheyAreFor(t *testing.T) {
	for _, c := range examples {
		if found := apply(t, c.title, c.name, c.bad); len(found) == 0 {
			t.Errorf("%s does not find %q", c.title, c.bad)
		}
		if found := apply(t, c.title, c.name, c.good); len(found) > 0 && c.good != "" {
			t.Errorf("%s finds %q in %q", c.title, found, c.good)
		}
	}
}

func apply(t *testing.T, title, name, text string) (found []string) {
	t.Helper()
	if !strings.HasPrefix(text, "package ") {
		text = "package p\n" + text + "\n"
	}
	f, err := parseText(token.NewFileSet(), name, text)
	if err != nil {
		t.Fatal(err)
	}
	rules[title](f, func(line string) { found = append(found, line) })
	return found
}

func TestRatchetOnlyTurnsOneWay(t *testing.T) {
	text := "package p\nfunc long() {\n" + strings.Repeat("\tlong()\n", 80) +
		"\t// " + strings.Repeat("x", columnsMax) + "\n}\n"
	f, err := parseText(token.NewFileSet(), "x.go", text)
	if err != nil {
		t.Fatal(err)
	}
	all := functions([]*file{f})
	var wide []string
	wideLines(f, func(line string) { wide = append(wide, line) })
	if found := (ratchet{}).overgrown(all, wide); len(found) != 4 {
		t.Fatalf("an empty ratchet finds %q", found)
	}
	limit, err := parseRatchet(measure(all, wide).String())
	if found := limit.overgrown(all, wide); err != nil || len(found) != 0 {
		t.Fatalf("its own measure finds %q (%v)", found, err)
	}
	all[0].lines++
	if found := limit.overgrown(all, wide); len(found) != 1 {
		t.Fatalf("one line more finds %q", found)
	}
}
