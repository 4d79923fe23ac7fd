package ensemble

import (
	"fmt"
	"os"
	"testing"
)

// envRequireJava is set to 1 where everything is installed that the tests compare zoo
// with, as in CI: what is missing is then a failure.
const envRequireJava = "ZOO_REQUIRE_JAVA"

// Missed tells, loudly, what a test has to do without. It is the end of the test where
// nothing may be missing.
func Missed(t testing.TB, what string, err error) {
	t.Helper()
	if os.Getenv(envRequireJava) == "1" {
		t.Fatalf("%s is missing, and %s=1 demands it: %v", what, envRequireJava, err)
	}
	fmt.Fprintf(os.Stderr, "\n** LEFT OUT: %s: %s: %v\n\n", t.Name(), what, err)
}

// LeaveOut skips a test if there is an error, which tells that something foreign is not
// installed. It is a failure where nothing may be missing.
func LeaveOut(t testing.TB, what string, err error) {
	t.Helper()
	if err != nil {
		Missed(t, what, err)
		t.Skipf("%s is missing: %v; scripts/install-test-deps installs it", what, err)
	}
}
