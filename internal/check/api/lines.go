package api

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/printer"
	"go/token"
	"go/types"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Lines are the exported API of the package in dir, sorted, each with its end. Names
// of parameters are left out, since no program depends on them.
func Lines(dir string) ([]string, error) {
	set := token.NewFileSet()
	files, err := parse(set, dir)
	if err != nil {
		return nil, err
	}
	l := &lister{set: set, defs: constants(set, files)}
	for _, f := range files {
		for _, decl := range f.Decls {
			switch decl := decl.(type) {
			case *ast.FuncDecl:
				l.function(decl)
			case *ast.GenDecl:
				l.group(decl)
			}
		}
	}
	slices.Sort(l.lines)
	return l.lines, nil
}

// parse reads the files of a package for all platforms, without its tests.
func parse(set *token.FileSet, dir string) ([]*ast.File, error) {
	entries, err := fs.ReadDir(os.DirFS(dir), ".")
	if err != nil {
		return nil, err
	}
	var files []*ast.File
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(set, filepath.Join(dir, e.Name()), nil, 0)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// nothing imports no package: what a constant owes to one stays unknown.
type nothing struct{}

// Import fails.
func (nothing) Import(path string) (*types.Package, error) {
	return nil, fmt.Errorf("%s is not looked at", path)
}

// constants finds the values of those that the package itself makes.
func constants(set *token.FileSet, files []*ast.File) map[*ast.Ident]types.Object {
	info := &types.Info{Defs: map[*ast.Ident]types.Object{}}
	cfg := types.Config{Importer: nothing{}, Error: func(error) {}}
	// What is wrong with a package that does not see its imports says nothing.
	_, _ = cfg.Check("", set, files, info)
	return info.Defs
}

type lister struct {
	set   *token.FileSet
	defs  map[*ast.Ident]types.Object
	lines []string
}

func (l *lister) add(format string, args ...any) {
	l.lines = append(l.lines, fmt.Sprintf(format, args...)+"\n")
}

// text is an expression as gofmt writes it, on one line.
func (l *lister) text(node ast.Node) string {
	var b bytes.Buffer
	if err := printer.Fprint(&b, l.set, node); err != nil {
		return err.Error()
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func (l *lister) function(decl *ast.FuncDecl) {
	if !decl.Name.IsExported() {
		return
	}
	if decl.Recv == nil {
		l.add("func %s%s%s", decl.Name.Name, l.parameters(decl.Type.TypeParams),
			l.signature(decl.Type))
		return
	}
	receiver := l.text(decl.Recv.List[0].Type)
	if ast.IsExported(strings.TrimPrefix(receiver, "*")) {
		l.add("method (%s) %s%s", receiver, decl.Name.Name, l.signature(decl.Type))
	}
}

// parameters are those of a type or a function that has some.
func (l *lister) parameters(list *ast.FieldList) string {
	if list == nil {
		return ""
	}
	var all []string
	for _, field := range list.List {
		for _, name := range field.Names {
			all = append(all, name.Name+" "+l.text(field.Type))
		}
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// signature is what goes in and what comes out.
func (l *lister) signature(f *ast.FuncType) string {
	in, out := l.tuple(f.Params), l.tuple(f.Results)
	switch {
	case f.Results == nil:
		return "(" + strings.Join(in, ", ") + ")"
	case len(out) == 1:
		return "(" + strings.Join(in, ", ") + ") " + out[0]
	}
	return "(" + strings.Join(in, ", ") + ") (" + strings.Join(out, ", ") + ")"
}

func (l *lister) tuple(list *ast.FieldList) (all []string) {
	if list == nil {
		return nil
	}
	for _, field := range list.List {
		for range max(1, len(field.Names)) {
			all = append(all, l.typeText(field.Type))
		}
	}
	return all
}

// typeText is a type, without the names of a function's parameters.
func (l *lister) typeText(expr ast.Expr) string {
	if f, ok := expr.(*ast.FuncType); ok {
		return "func" + l.signature(f)
	}
	return l.text(expr)
}

func (l *lister) group(decl *ast.GenDecl) {
	for _, spec := range decl.Specs {
		switch spec := spec.(type) {
		case *ast.TypeSpec:
			if spec.Name.IsExported() {
				l.typeSpec(spec)
			}
		case *ast.ValueSpec:
			l.values(decl.Tok, spec)
		}
	}
}

// values are constants with their values, and variables with their types if those are
// written down.
func (l *lister) values(kind token.Token, spec *ast.ValueSpec) {
	for i, name := range spec.Names {
		if !name.IsExported() {
			continue
		}
		line := kind.String() + " " + name.Name
		constant, known := l.defs[name].(*types.Const)
		switch {
		case known && constant.Val().ExactString() != "unknown":
			line += " " + constant.Type().String() + " = " + constant.Val().ExactString()
		case spec.Type != nil:
			line += " " + l.typeText(spec.Type)
		case kind == token.CONST && i < len(spec.Values):
			line += " = " + l.text(spec.Values[i])
		}
		l.add("%s", line)
	}
}

func (l *lister) typeSpec(spec *ast.TypeSpec) {
	name := spec.Name.Name + l.parameters(spec.TypeParams)
	switch t := spec.Type.(type) {
	case *ast.StructType:
		l.add("type %s struct", name)
		l.fields(name, t)
	case *ast.InterfaceType:
		l.add("type %s interface", name)
		l.methods(name, t)
	default:
		equals := ""
		if spec.Assign.IsValid() {
			equals = "= "
		}
		l.add("type %s %s%s", name, equals, l.typeText(t))
	}
}

func (l *lister) fields(name string, t *ast.StructType) {
	for _, field := range t.Fields.List {
		for _, n := range field.Names {
			if n.IsExported() {
				l.add("type %s struct, %s %s", name, n.Name, l.typeText(field.Type))
			}
		}
		if field.Names == nil {
			l.add("type %s struct, embedded %s", name, l.text(field.Type))
		}
	}
}

// methods tells of unexported ones that there are some: nobody else can have them.
func (l *lister) methods(name string, t *ast.InterfaceType) {
	for _, field := range t.Methods.List {
		f, isMethod := field.Type.(*ast.FuncType)
		switch {
		case !isMethod:
			l.add("type %s interface, embedded %s", name, l.text(field.Type))
		case !field.Names[0].IsExported():
			l.add("type %s interface, unexported methods", name)
		default:
			l.add("type %s interface, %s%s", name, field.Names[0].Name, l.signature(f))
		}
	}
}
