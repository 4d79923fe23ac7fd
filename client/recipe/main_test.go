package recipe_test

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
)

// TestMain has all sessions end with their tests, and then no goroutine of a recipe may be
// left.
func TestMain(m *testing.M) {
	code := m.Run()
	left := leftovers()
	for end := time.Now().Add(patience); len(left) > 0 && time.Now().Before(end); {
		runtime.Gosched()
		left = leftovers()
	}
	if len(left) > 0 && code == 0 {
		fmt.Fprintf(os.Stderr, "goroutines are left:\n%s\n", strings.Join(left, "\n\n"))
		code = 1
	}
	os.Exit(code)
}

// leftovers are the goroutines that are in this project's clients or recipes.
func leftovers() (left []string) {
	buf := make([]byte, 1<<20)
	for stack := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if strings.Contains(stack, "zoo/client/recipe.(") ||
			strings.Contains(stack, "zoo/client/recipe.place.") ||
			strings.Contains(stack, "zoo/client.(") {
			left = append(left, stack)
		}
	}
	return left
}
