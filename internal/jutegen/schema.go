package main

import (
	"fmt"
	"strings"
)

// schema is a parsed file.
type schema struct {
	pkg     string
	records []*record
}

// record is one record of a schema.
type record struct {
	name       string
	doc        []string
	fields     []field
	encodeOnly bool
}

// field is one field of a record.
type field struct {
	kind    string // kind is the jute type without vector<>.
	vector  bool
	null    bool // null keeps a null vector apart from an empty one.
	goName  string
	goType  string // goType is "" for the default.
	comment string
}

// parser holds what is known between two lines.
type parser struct {
	schema  schema
	doc     []string
	current *record
}

// parse reads a schema.
func parse(source string) (schema, error) {
	var p parser
	for number, text := range strings.Split(source, "\n") {
		if err := p.line(strings.TrimSpace(text)); err != nil {
			return schema{}, fmt.Errorf("line %d: %w", number+1, err)
		}
	}
	if p.schema.pkg == "" || p.current != nil {
		return schema{}, fmt.Errorf("incomplete schema")
	}
	return p.schema, nil
}

// line reads one line.
func (p *parser) line(text string) error {
	words := strings.Fields(text)
	switch {
	case strings.HasPrefix(text, "#"):
		p.doc = append(p.doc, strings.TrimSpace(text[1:]))
		return nil
	case text == "":
	case words[0] == "package" && len(words) == 2 && p.current == nil:
		p.schema.pkg = words[1]
	case words[0] == "record" && p.current == nil:
		return p.open(words)
	case text == "}" && p.current != nil:
		p.current = nil
	case p.current != nil:
		return p.field(text)
	default:
		return fmt.Errorf("cannot read %q", text)
	}
	p.doc = nil
	return nil
}

// open starts a record.
func (p *parser) open(words []string) error {
	encodeOnly := len(words) == 4 && words[2] == "encode"
	if len(words) != 3 && !encodeOnly || words[len(words)-1] != "{" {
		return fmt.Errorf("want: record Name [encode] {")
	}
	p.current = &record{name: words[1], doc: p.doc, encodeOnly: encodeOnly}
	p.schema.records = append(p.schema.records, p.current)
	p.doc = nil
	return nil
}

// field reads "type name [GoType [GoName]] [# comment]".
func (p *parser) field(text string) error {
	text, comment, _ := strings.Cut(text, "#")
	words := strings.Fields(text)
	if len(words) < 2 || len(words) > 4 {
		return fmt.Errorf("want: type name [GoType [GoName]]")
	}
	f := field{kind: words[0], goName: goName(words[1]), comment: strings.TrimSpace(comment)}
	if inner, ok := strings.CutPrefix(f.kind, "vector<"); ok {
		inner, f.null = strings.CutSuffix(inner, "?")
		f.kind, f.vector = strings.TrimSuffix(inner, ">"), true
	}
	if len(words) > 2 && words[2] != "-" {
		f.goType = words[2]
	}
	if len(words) > 3 {
		f.goName = words[3]
	}
	p.current.fields = append(p.current.fields, f)
	return nil
}

// goName turns a name of the protocol into Go's camel case.
func goName(name string) string {
	switch name {
	case "acl", "id", "ttl":
		return strings.ToUpper(name)
	}
	name = strings.ToUpper(name[:1]) + name[1:]
	if stem, ok := strings.CutSuffix(name, "Id"); ok {
		return stem + "ID"
	}
	return name
}
