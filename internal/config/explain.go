package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Line is one setting as an operator may read it: secrets are masked.
type Line struct {
	Name, Value string
	// Origin is file:line, -Dname, "command line", "embedded defaults", or
	// "default".
	Origin string
	// Meaning says what it does, or why it changes nothing here.
	Meaning string
	// NoEffect is why it changes nothing here, empty if it counts.
	NoEffect string
	// Default tells that nobody gave it; Secret that its value is not shown.
	Default, Secret bool
}

const serverMeaning = "host:quorumPort:electionPort[:role][;[host:]clientPort] of a server"

// masked stands for a value that must not be shown.
const masked = "********"

// Explain lists every setting, in the order of the tables. What Load would say
// comes along; the lines are valid beside an error as well.
func Explain(src Source) ([]Line, []Warning, error) {
	d, err := read(src)
	var lines []Line
	for _, r := range rows() {
		lines = append(lines, d.explain(r)...)
	}
	for _, key := range slices.Sorted(maps.Keys(d.set)) {
		if _, known := findRow(key); !known {
			lines = append(lines, d.set[key].describe(row{doc: serverMeaning}))
		}
	}
	return lines, d.warnings, err
}

// explain is a row's line, or those of its family.
func (d *draft) explain(r row) []Line {
	if s, given := d.set[r.name]; given {
		return []Line{s.describe(r)}
	}
	if !r.family() {
		return []Line{{Name: r.name, Value: r.value, Origin: "default", Meaning: r.meaning(),
			NoEffect: r.reason, Default: true}}
	}
	var lines []Line
	for _, key := range slices.Sorted(maps.Keys(d.set)) {
		if found, known := findRow(key); known && found.name == r.name {
			lines = append(lines, d.set[key].describe(r))
		}
	}
	return lines
}

func (s setting) describe(r row) Line {
	line := Line{Name: s.key, Value: s.value, Origin: s.origin, Meaning: r.meaning(),
		NoEffect: r.reason}
	if s.line > 0 {
		line.Origin = fmt.Sprintf("%s:%d", s.origin, s.line)
	}
	if (r.hides(s.key) || r.name == "" && namesSecret(s.key)) && s.value != "" {
		line.Value, line.Secret = masked, true
	}
	return line
}

// hides tells whether the value of a name is secret. Of a family those are that
// name a password; the file that holds one may be shown.
func (r row) hides(name string) bool {
	if !r.family() {
		return r.secret
	}
	return namesSecret(name)
}

// namesSecret tells whether the value of a name that nobody knows may be a password.
func namesSecret(name string) bool {
	name = strings.ToLower(name)
	for _, word := range []string{"pass", "secret", "token", "digest", "credential"} {
		if strings.Contains(name, word) {
			return !strings.HasSuffix(name, "path") && !strings.HasSuffix(name, "file")
		}
	}
	return false
}

func (r row) meaning() string {
	if r.reason == "" {
		return r.doc
	}
	return r.doc + "; no effect: " + r.reason
}
