package jaas

import (
	"fmt"
	"slices"
	"strings"
)

// flags are what may stand behind a class.
var flags = []string{"required", "requisite", "sufficient", "optional"}

// parser reads one file. The first error ends it.
type parser struct {
	scanner
	property func(name string) (string, bool)
	// next is the token that comes.
	next token
}

// Parse reads the text of the file called name.
func Parse(name string, text []byte, property func(name string) (string, bool)) (*File, error) {
	p := &parser{scanner: scanner{file: name, text: string(text), line: 1}, property: property}
	if len(text) > fileBytesMax {
		return nil, p.fail("is larger than %d bytes", fileBytesMax)
	}
	f := &File{Name: name, sections: make(map[string][]Module)}
	if err := p.advance(); err != nil {
		return nil, err
	}
	for p.next.kind != tokenEnd {
		section, modules, err := p.section()
		if err != nil {
			return nil, err
		}
		if _, twice := f.sections[section]; twice {
			return nil, p.fail("a second section is called %s; remove one of them", section)
		}
		f.sections[section] = modules
	}
	return f, nil
}

// advance reads the next token.
func (p *parser) advance() (err error) {
	p.next, err = p.scan()
	return err
}

// section is name "{" modules "}" ";".
func (p *parser) section() (string, []Module, error) {
	name, err := p.word("the name of a section")
	if err == nil {
		err = p.mark("{", "behind the name of a section")
	}
	var modules []Module
	for err == nil && !p.at("}") {
		var m Module
		m, err = p.module()
		modules = append(modules, m)
	}
	if err == nil {
		err = p.mark("}", "at the end of a section")
	}
	if err == nil {
		err = p.mark(";", "behind the } of a section")
	}
	return name, modules, err
}

// module is class flag options ";".
func (p *parser) module() (Module, error) {
	m := Module{Line: p.next.line, Options: make(map[string]string)}
	var err error
	if m.Class, err = p.word("the class of a login module"); err != nil {
		return m, err
	}
	flag, err := p.word("one of " + strings.Join(flags, ", "))
	if err != nil {
		return m, err
	}
	m.Flag = strings.ToLower(flag)
	if !slices.Contains(flags, m.Flag) {
		return m, p.fail("behind %s must stand one of %s", m.Class, strings.Join(flags, ", "))
	}
	for !p.at(";") {
		if err := p.option(m.Options); err != nil {
			return m, err
		}
	}
	return m, p.advance()
}

// option is key "=" value. As in Java the last value of a key counts.
func (p *parser) option(options map[string]string) error {
	key, err := p.word("an option, or ; at the end of the module")
	if err != nil {
		return err
	}
	if err := p.mark("=", "behind the option "+key); err != nil {
		return err
	}
	if p.next.kind != tokenWord && p.next.kind != tokenQuoted {
		return p.fail("the option %s has no value; quote what is not a plain word", key)
	}
	if options[key], err = p.expand(key, p.next.text); err != nil {
		return err
	}
	return p.advance()
}

// word takes a word.
func (p *parser) word(what string) (string, error) {
	if p.next.kind != tokenWord && p.next.kind != tokenQuoted {
		return "", p.fail("want %s, got %s", what, p.next.describe())
	}
	text := p.next.text
	return text, p.advance()
}

func (p *parser) at(mark string) bool { return p.next.kind == tokenMark && p.next.text == mark }

// mark takes one of the marks.
func (p *parser) mark(mark, where string) error {
	if !p.at(mark) {
		return p.fail("want %s %s, got %s", mark, where, p.next.describe())
	}
	return p.advance()
}

// fail is an error at the token that comes.
func (p *parser) fail(format string, args ...any) error {
	return &Error{File: p.file, Line: max(p.next.line, 1), Reason: fmt.Sprintf(format, args...)}
}

// expand replaces ${name} by properties, and ${/} by a slash.
func (p *parser) expand(key, value string) (string, error) {
	var b strings.Builder
	for {
		before, rest, found := strings.Cut(value, "${")
		b.WriteString(before)
		if !found {
			return b.String(), nil
		}
		name, after, closed := strings.Cut(rest, "}")
		if !closed {
			return "", p.fail("the option %s has a ${ without }", key)
		}
		text, known := p.property(name)
		if name == "/" {
			text, known = "/", true
		}
		if !known {
			return "", p.fail("the option %s needs the property %s; set it with -D", key, name)
		}
		b.WriteString(text)
		value = after
	}
}
