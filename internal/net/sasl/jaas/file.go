package jaas

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"
)

// fileBytesMax bounds a login configuration.
const fileBytesMax = 1 << 20

// File is a login configuration. It is immutable.
type File struct {
	// Name is the path it was read from.
	Name     string
	sections map[string][]Module
}

// Module is one login module of a section.
type Module struct {
	Class   string
	Flag    string // Flag is required, requisite, sufficient or optional.
	Options map[string]string
	// Line is where the class stands.
	Line int
}

// Is tells whether the module's class has the name, in whatever package.
func (m Module) Is(class string) bool {
	return m.Class == class || strings.HasSuffix(m.Class, "."+class)
}

// String names the options and keeps their values, which may be secret.
func (m Module) String() string {
	names := slices.Sorted(maps.Keys(m.Options))
	return fmt.Sprintf("%s %s %v", m.Class, m.Flag, names)
}

// GoString is String, so that no verb of fmt prints a secret.
func (m Module) GoString() string { return m.String() }

// Section gives the modules of a section, in their order; false where there is none.
func (f *File) Section(name string) ([]Module, bool) {
	modules, ok := f.sections[name]
	return modules, ok
}

// Error is what is wrong with a login configuration.
type Error struct {
	File   string
	Line   int
	Reason string
}

// Error tells where and what, and never a value.
func (e *Error) Error() string {
	return fmt.Sprintf("login configuration %s:%d: %s", e.File, e.Line, e.Reason)
}

// Read reads the file that the property java.security.auth.login.config names, as a
// path or a file: URL. Property gives the values of ${name}.
func Read(path string, property func(name string) (string, bool)) (*File, error) {
	path = strings.TrimPrefix(path, "=") // which tells Java to read no other file
	if rest, url := strings.CutPrefix(path, "file:"); url {
		path = "/" + strings.TrimLeft(rest, "/")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("login configuration: %w; see java.security.auth.login.config", err)
	}
	text, err := io.ReadAll(io.LimitReader(f, fileBytesMax+1))
	if err = errors.Join(err, f.Close()); err != nil {
		return nil, fmt.Errorf("login configuration: %w", err)
	}
	return Parse(path, text, property)
}
