package tidy

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// module is the import path of the root package.
const module = "zoo"

// file is one parsed Go file.
type file struct {
	name string // relative to the root, with slashes
	dir  string // its directory, "" for the root
	ast  *ast.File
	text string
	set  *token.FileSet
}

func (f *file) test() bool { return strings.HasSuffix(f.name, "_test.go") }

func (f *file) generated() bool {
	return ast.IsGenerated(f.ast) || strings.HasSuffix(f.name, "_gen.go")
}

// at is where a node stands, as name:line.
func (f *file) at(node ast.Node) string {
	return fmt.Sprintf("%s:%d", f.name, f.set.Position(node.Pos()).Line)
}

// load parses every Go file below root, apart from hidden and testdata directories.
func load(root string) ([]*file, error) {
	var files []*file
	set := token.NewFileSet()
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		base := entry.Name()
		if entry.IsDir() {
			if path != root && (base[0] == '.' || base == "testdata" || base == "bin") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(base, ".go") {
			return nil
		}
		f, err := parse(set, root, path)
		files = append(files, f)
		return err
	})
	return files, err
}

func parse(set *token.FileSet, root, path string) (*file, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	name, err := filepath.Rel(root, path)
	if err != nil {
		return nil, err
	}
	return parseText(set, filepath.ToSlash(name), string(text))
}

func parseText(set *token.FileSet, name, text string) (*file, error) {
	syntax, err := parser.ParseFile(set, name, text, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	dir := ""
	if i := strings.LastIndexByte(name, '/'); i >= 0 {
		dir = name[:i]
	}
	return &file{name: name, dir: dir, ast: syntax, text: text, set: set}, nil
}

// importPath is the path in an import, without quotes.
func importPath(spec *ast.ImportSpec) string { return strings.Trim(spec.Path.Value, `"`) }

// ownDir is the directory of an import of the project.
func ownDir(path string) (string, bool) {
	if path == module {
		return "", true
	}
	return strings.CutPrefix(path, module+"/")
}

// imported maps the names a file uses for its imports to their paths.
func (f *file) imported() map[string]string {
	names := map[string]string{}
	for _, spec := range f.ast.Imports {
		path := importPath(spec)
		name := path[strings.LastIndexByte(path, '/')+1:]
		if name == "v2" {
			name = "rand" // math/rand/v2 is the only such package of the library
		}
		if spec.Name != nil {
			name = spec.Name.Name
		}
		names[name] = path
	}
	return names
}

// calls reports every use of a function of an imported package.
func (f *file) calls(report func(path, name string, at ast.Node)) {
	names := f.imported()
	ast.Inspect(f.ast, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if pkg, ok := sel.X.(*ast.Ident); ok && names[pkg.Name] != "" {
				report(names[pkg.Name], sel.Sel.Name, sel)
			}
		}
		return true
	})
}
