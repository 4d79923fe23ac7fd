package tidy

import (
	"fmt"
	"go/ast"
	"go/token"
	"slices"
	"strings"
	"unicode/utf8"
)

// A rule looks at one file and reports what is wrong, as lines for people.
type rule func(f *file, report func(string))

// rules are all that look at single files, by the title of their test.
var rules = map[string]rule{
	"ImportsFollowTheArrows":      arrowsRule,
	"LibrariesAreAllowed":         librariesRule,
	"TheCoreIsPure":               purityRule,
	"PackageNamesSaySomething":    nameRule,
	"ExportedNamesAreDocumented":  docRule,
	"NoInitAndNoMutableVariables": stateRule,
	"NothingIsLeftToFix":          fixmeRule,
	"OnlyProgramsPrintAndExit":    printRule,
	"TestsDoNotSleep":             sleepRule,
}

func arrowsRule(f *file, report func(string)) {
	r, ok := roomOf(f.dir)
	if !ok {
		report(f.name + ": belongs to no room; add a row to rooms in arrows.go")
		return
	}
	if f.test() {
		return // a test may look from above at what it tests
	}
	for _, spec := range f.ast.Imports {
		if dir, own := ownDir(importPath(spec)); own && !r.allows(dir) {
			report(fmt.Sprintf("%s: %s must not import %s", f.at(spec), f.dir, dir))
		}
	}
}

// librariesRule keeps libraries to the rooms that were given them; the core has
// none, and tests may use any.
func librariesRule(f *file, report func(string)) {
	r, _ := roomOf(f.dir)
	if f.test() || within(f.dir, "test") || strings.HasSuffix(f.dir, "test") {
		return
	}
	for _, spec := range f.ast.Imports {
		path := importPath(spec)
		host, _, _ := strings.Cut(path, "/")
		if !strings.Contains(host, ".") || slices.ContainsFunc(r.libraries, func(l string) bool {
			return within(path, l)
		}) {
			continue
		}
		report(fmt.Sprintf("%s: %s is not among the libraries of %q", f.at(spec), path, r.name))
	}
}

func purityRule(f *file, report func(string)) {
	if !within(f.dir, "internal/core") || f.test() {
		return
	}
	for _, spec := range f.ast.Imports {
		if slices.Contains(impure, importPath(spec)) {
			report(f.at(spec) + ": the core must not import " + importPath(spec))
		}
	}
	f.calls(func(path, name string, at ast.Node) {
		if slices.Contains(impureCalls[path], name) {
			report(fmt.Sprintf("%s: the core must not use %s.%s", f.at(at), path, name))
		}
		if path == "math/rand/v2" && !slices.Contains(seeded, name) {
			report(f.at(at) + ": the core must not use the global rand." + name)
		}
	})
	ast.Inspect(f.ast, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt, *ast.SelectStmt, *ast.SendStmt:
			report(f.at(n) + ": the core has no goroutines and no channels")
		case *ast.ChanType:
			report(f.at(n) + ": the core has no channels")
		}
		return true
	})
}

func nameRule(f *file, report func(string)) {
	name := strings.TrimSuffix(f.ast.Name.Name, "_test")
	if slices.Contains(vague, name) {
		report(f.name + ": package " + name + " says nothing")
	}
	if strings.ToLower(name) != name || strings.Contains(name, "_") {
		report(f.name + ": package " + name + " is not one lower-case word")
	}
}

// columnsMax is the end of a line, where a tab counts as four.
const columnsMax = 99

// wideLines reports lines that are too long.
func wideLines(f *file, report func(string)) {
	if f.generated() {
		return
	}
	number := 0
	for line := range strings.Lines(f.text) {
		number++
		line = strings.ReplaceAll(strings.TrimRight(line, "\n"), "\t", "    ")
		// A struct tag cannot be broken.
		if utf8.RuneCountInString(line) > columnsMax && !strings.HasSuffix(line, "`") {
			report(fmt.Sprintf("%s:%d: %d columns", f.name, number, utf8.RuneCountInString(line)))
		}
	}
}

func docRule(f *file, report func(string)) {
	if f.test() || f.generated() {
		return
	}
	for _, decl := range f.ast.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Name.IsExported() && exportedReceiver(decl) && decl.Doc == nil {
				report(f.at(decl) + ": " + decl.Name.Name + " is not documented")
			}
		case *ast.GenDecl:
			docSpecs(f, decl, report)
		}
	}
}

// docSpecs wants a comment on each exported type, and on each exported constant or
// variable or the group it stands in.
func docSpecs(f *file, decl *ast.GenDecl, report func(string)) {
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() && decl.Doc == nil && spec.Doc == nil {
				report(f.at(spec) + ": " + spec.Name.Name + " is not documented")
			}
		case *ast.ValueSpec:
			documented := decl.Doc != nil || spec.Doc != nil || spec.Comment != nil
			if spec.Names[0].IsExported() && !documented {
				report(f.at(spec) + ": " + spec.Names[0].Name + " is not documented")
			}
		}
	}
}

// exportedReceiver is false for methods of unexported types, which nobody outside
// can see, but for those that fulfil an interface.
func exportedReceiver(decl *ast.FuncDecl) bool {
	if decl.Recv == nil {
		return true
	}
	expr := decl.Recv.List[0].Type
	if star, ok := expr.(*ast.StarExpr); ok {
		expr = star.X
	}
	if index, ok := expr.(*ast.IndexExpr); ok {
		expr = index.X
	}
	name, ok := expr.(*ast.Ident)
	return ok && name.IsExported()
}

// stateRule allows tables and errors at package level and nothing else.
func stateRule(f *file, report func(string)) {
	if f.test() || f.generated() {
		return
	}
	for _, decl := range f.ast.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			if decl.Recv == nil && decl.Name.Name == "init" {
				report(f.at(decl) + ": init")
			}
		case *ast.GenDecl:
			if decl.Tok == token.VAR && !embedded(decl) {
				stateSpecs(f, decl, report)
			}
		}
	}
}

// embedded tells whether the compiler fills a variable with files, which never change.
func embedded(decl *ast.GenDecl) bool {
	return decl.Doc != nil && slices.ContainsFunc(decl.Doc.List, func(c *ast.Comment) bool {
		return strings.HasPrefix(c.Text, "//go:embed ")
	})
}

func stateSpecs(f *file, decl *ast.GenDecl, report func(string)) {
	for _, spec := range decl.Specs {
		spec := spec.(*ast.ValueSpec)
		for i, name := range spec.Names {
			var value ast.Expr
			if i < len(spec.Values) {
				value = spec.Values[i]
			}
			linked := slices.Contains(linkerVars, f.dir+"."+name.Name)
			if name.Name != "_" && !linked && !constant(value) {
				report(f.at(name) + ": mutable package variable " + name.Name)
			}
		}
	}
}

// makers are functions whose result does not change once it is made.
var makers = []string{"errors.New", "fmt.Errorf", "regexp.MustCompile", "strings.Fields",
	"strings.NewReplacer", "crc32.MakeTable", "netip.MustParseAddr", "netip.MustParsePrefix",
	"slices.Clone", "slices.Concat", "zoo.TTLOwner"}

// constant tells whether an expression is a table, an error, a function or a plain
// value written down: nothing that anyone has a reason to assign to.
func constant(value ast.Expr) bool {
	switch value := value.(type) {
	case *ast.CompositeLit, *ast.BasicLit, *ast.FuncLit, *ast.SelectorExpr:
		return true
	case *ast.UnaryExpr:
		_, literal := value.X.(*ast.CompositeLit)
		return literal
	case *ast.CallExpr:
		switch fun := value.Fun.(type) {
		case *ast.SelectorExpr:
			pkg, _ := fun.X.(*ast.Ident)
			return pkg != nil && slices.Contains(makers, pkg.Name+"."+fun.Sel.Name)
		case *ast.ParenExpr, *ast.ArrayType, *ast.FuncLit:
			return true
		case *ast.Ident:
			return fun.Name == "append"
		}
	}
	return false
}

func fixmeRule(f *file, report func(string)) {
	for _, group := range f.ast.Comments {
		for _, c := range group.List {
			if strings.Contains(c.Text, "FIX"+"ME") {
				report(f.at(c) + ": FIX" + "ME does not merge")
			}
			if strings.Contains(c.Text, "TO"+"DO") && !strings.Contains(c.Text, "TO"+"DO(") {
				report(f.at(c) + ": whose TO" + "DO is it?")
			}
		}
	}
}

func printRule(f *file, report func(string)) {
	if f.test() || slices.ContainsFunc(mayExit, func(d string) bool { return within(f.dir, d) }) {
		return
	}
	f.calls(func(path, name string, at ast.Node) {
		switch path + "." + name {
		case "fmt.Print", "fmt.Printf", "fmt.Println", "os.Exit", "log.Fatal", "log.Fatalf":
			report(fmt.Sprintf("%s: %s.%s in a library", f.at(at), path, name))
		}
	})
}

func sleepRule(f *file, report func(string)) {
	if !f.test() && !within(f.dir, "test") || within(f.dir, "test/robust") {
		return
	}
	f.calls(func(path, name string, at ast.Node) {
		if path == "time" && name == "Sleep" {
			report(f.at(at) + ": a test sleeps")
		}
	})
}
