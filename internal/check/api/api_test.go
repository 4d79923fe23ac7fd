package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const source = `package p

import "time"

const (
	First Kind = iota + 1
	Second
	hidden
)

const Pause = 3 * time.Second

var ErrA, errB = f(), f()

type Kind int

type Options[T any] struct {
	A, B string
	Hook func(name string) (err error)
	inner int
}

type Doer interface {
	Do(a, b int) (c string, err error)
	private()
}

type Alias = Kind

func (o *Options[T]) Set(a, b string, more ...T) {}
func (k kind) Set() {}
func New[T any](x T) *Options[T] { return nil }
func small() {}
`

const want = `const First Kind = 1
const Pause = 3 * time.Second
const Second Kind = 2
func New[T any](T) *Options[T]
method (*Options[T]) Set(string, string, ...T)
type Alias = Kind
type Doer interface
type Doer interface, Do(int, int) (string, error)
type Doer interface, unexported methods
type Kind int
type Options[T any] struct
type Options[T any] struct, A string
type Options[T any] struct, B string
type Options[T any] struct, Hook func(string) error
var ErrA
`

// The plot: a package has one of each kind of declaration. The moral: what others can
// write down is in the lines, and nothing else is.
func TestLinesHoldWhatOthersCanWriteDown(t *testing.T) {
	dir := t.TempDir()
	const tests = "package p\nfunc X() {}\n"
	for name, text := range map[string]string{"p.go": source, "p_test.go": tests} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lines, err := Lines(dir)
	if got := strings.Join(lines, ""); err != nil || got != want {
		t.Fatalf("%v\n%s", err, got)
	}
}

func TestADifferenceNamesWhatOnlyOneSideHas(t *testing.T) {
	before, after := []string{"a\n", "b\n"}, []string{"b\n", "c\n"}
	if got := difference(before, after); got != "-a\n+c\n" {
		t.Fatalf("got %q", got)
	}
	if got := difference(before, before); got != "" {
		t.Fatalf("got %q", got)
	}
}

// The file is found from the package's directory, wherever the module lies.
func TestTheFileIsNamedAfterThePackage(t *testing.T) {
	for dir, name := range map[string]string{
		".": "internal-check-api.txt", "../../..": "zoo.txt"} {
		golden, err := goldenFile(dir)
		if err != nil || filepath.Base(golden) != name ||
			filepath.Base(filepath.Dir(golden)) != "api" {
			t.Fatal(golden, err)
		}
	}
	if golden, err := goldenFile(t.TempDir()); err == nil {
		t.Fatal(golden)
	}
}
