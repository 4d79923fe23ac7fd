package ensemble

import (
	"errors"
	"fmt"
	"testing"
)

// listener is a test that only remembers how it ended.
type listener struct {
	testing.TB
	end string
}

func (l *listener) Helper() {}

func (l *listener) Name() string { return "a story" }

func (l *listener) Fatalf(format string, args ...any) {
	l.end = "failed"
	panic(fmt.Sprintf(format, args...))
}

func (l *listener) Skipf(string, ...any) { l.end = "skipped" }

// The plot: Java is missing on somebody's machine, and then in CI, which has promised it.
func TestWhatIsMissingFailsOnlyWhereItIsDemanded(t *testing.T) {
	for demand, want := range map[string]string{"": "skipped", "1": "failed"} {
		t.Setenv(envRequireJava, demand)
		l := &listener{TB: t}
		func() {
			defer func() { _ = recover() }() // Fatalf does not return.
			LeaveOut(l, "Java", errors.New("not here"))
		}()
		if l.end != want {
			t.Errorf("%s=%s: %q, want %q", envRequireJava, demand, l.end, want)
		}
	}
	l := &listener{TB: t}
	if LeaveOut(l, "Java", nil); l.end != "" {
		t.Errorf("nothing is missing: %s", l.end)
	}
}
