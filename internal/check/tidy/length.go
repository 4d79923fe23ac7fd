package tidy

import (
	"fmt"
	"go/ast"
	"slices"
	"strconv"
	"strings"
)

// The lengths of functions, in lines from func to the closing brace.
const (
	lengthMedianMax = 10
	lengthLong      = 40
	lengthMax       = 70
)

// function is one function's length.
type function struct {
	name  string // dir.Receiver.Name
	at    string
	lines int
	test  bool
}

// functions measures all functions that people wrote.
func functions(files []*file) []function {
	var found []function
	for _, f := range files {
		if f.generated() {
			continue
		}
		for _, decl := range f.ast.Decls {
			if decl, ok := decl.(*ast.FuncDecl); ok && decl.Body != nil {
				from, to := f.set.Position(decl.Pos()), f.set.Position(decl.End())
				found = append(found, function{name: f.dir + "." + qualified(decl), at: f.at(decl),
					lines: to.Line - from.Line + 1, test: f.test()})
			}
		}
	}
	return found
}

func qualified(decl *ast.FuncDecl) string {
	if decl.Recv == nil {
		return decl.Name.Name
	}
	expr := decl.Recv.List[0].Type
	if star, ok := expr.(*ast.StarExpr); ok {
		expr = star.X
	}
	if name, ok := expr.(*ast.Ident); ok {
		return name.Name + "." + decl.Name.Name
	}
	return decl.Name.Name
}

// median is that of product functions; tests tell stories, which are longer.
func median(all []function) int {
	var lengths []int
	for _, f := range all {
		if !f.test {
			lengths = append(lengths, f.lines)
		}
	}
	if len(lengths) == 0 {
		return 0
	}
	slices.Sort(lengths)
	return lengths[len(lengths)/2]
}

// ratchet is what was over the limits when it was last tightened: "long" counts
// the functions above 40 lines, "wide" the lines that are too wide, and the others
// name a function above 70 lines with its length.
type ratchet struct {
	long, wide int
	above      map[string]int
}

func parseRatchet(text string) (ratchet, error) {
	r := ratchet{above: map[string]int{}}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		name, number, _ := strings.Cut(line, " ")
		n, err := strconv.Atoi(number)
		if err != nil {
			return r, fmt.Errorf("ratchet line %q: %w", line, err)
		}
		switch name {
		case "long":
			r.long = n
		case "wide":
			r.wide = n
		default:
			r.above[name] = n
		}
	}
	return r, nil
}

// measure is the ratchet that the functions and wide lines would need.
func measure(all []function, wide []string) ratchet {
	r := ratchet{above: map[string]int{}, wide: len(wide)}
	for _, f := range all {
		if f.lines > lengthLong {
			r.long++
		}
		if f.lines > lengthMax {
			r.above[f.name] = f.lines
		}
	}
	return r
}

func (r ratchet) String() string {
	var lines []string
	for name, n := range r.above {
		lines = append(lines, fmt.Sprintf("%s %d\n", name, n))
	}
	slices.Sort(lines)
	return "# How many functions are over 40 lines and how many lines are wide, and the\n" +
		"# functions over 70 lines by name. These numbers only shrink:\n" +
		"# go test ./internal/check/tidy -tighten\n" +
		fmt.Sprintf("long %d\nwide %d\n", r.long, r.wide) + strings.Join(lines, "")
}

// overgrown reports what is more than the ratchet lets it be.
func (r ratchet) overgrown(all []function, wide []string) []string {
	var found []string
	now := measure(all, wide)
	if now.wide > r.wide {
		found = append(found, fmt.Sprintf("%d lines are over %d columns, %d were",
			now.wide, columnsMax, r.wide))
		found = append(found, wide...)
	}
	if now.long > r.long {
		found = append(found, fmt.Sprintf("%d functions are over %d lines, %d were",
			now.long, lengthLong, r.long))
	}
	for _, f := range all {
		switch {
		case f.lines > lengthMax && f.lines > r.above[f.name]:
			found = append(found, fmt.Sprintf("%s: %s has %d lines, the end is %d",
				f.at, f.name, f.lines, max(lengthMax, r.above[f.name])))
		case f.lines > lengthLong && now.long > r.long:
			found = append(found, fmt.Sprintf("%s: %s has %d lines", f.at, f.name, f.lines))
		}
	}
	return found
}
