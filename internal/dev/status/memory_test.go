package status

import (
	"slices"
	"testing"
)

// A path may have blanks, and a server that has very many directories says what may be
// missing.
func TestMemoryReadsWhatTopmAnswers(t *testing.T) {
	use, err := Memory(t.Context(), answer(t, map[string]string{
		"topm": "1300\t5\t100\t/\n500\t2\t90\t/a b\nomitted\t7\n"}))
	if err != nil {
		t.Fatal(err)
	}
	want := []Subtree{
		{Path: "/", Znodes: 5, DataBytes: 100, MemoryBytes: 1300},
		{Path: "/a b", Znodes: 2, DataBytes: 90, MemoryBytes: 500},
	}
	if !slices.Equal(use.Subtrees, want) || use.OmittedBytes != 7 {
		t.Errorf("got %+v", use)
	}
}

// Java's server knows no such word: it says nothing at all.
func TestAServerThatDoesNotTellItsMemoryIsAnError(t *testing.T) {
	if use, err := Memory(t.Context(), answer(t, nil)); err == nil {
		t.Errorf("got %+v", use)
	}
}
