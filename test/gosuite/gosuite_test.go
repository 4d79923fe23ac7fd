package gosuite

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zoo/test/ensemble"
)

const (
	module = "github.com/go-zookeeper/zk"
	// suiteLimit bounds the suite; it takes 65 seconds, 15 of them for one test that
	// waits until a session has expired, the rest mostly for its own polling.
	suiteLimit = 8 * time.Minute
	// testsCount is how many tests and subtests must have passed: all that there are.
	testsCount = 79
	// version is what the suite takes us for: without one it leaves reconfigurations out.
	version = "ZK_VERSION=3.9.5"
)

var errPorts = errors.New("unshare is not permitted; the suite's ports may be taken")

// The plot: the suite is copied, since the module cache is read-only, and finds our
// scripts where it looks for Java's. Whatever it says must be that it passed.
func TestTheGoClientsOwnSuitePasses(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), suiteLimit)
	defer cancel()
	binary, err := ensemble.Build(ctx, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	scripts, err := filepath.Abs("../../dist/bin")
	if err != nil {
		t.Fatal(err)
	}
	s := suite{dir: unpack(ctx, t), env: append(slices.DeleteFunc(os.Environ(),
		func(variable string) bool { return strings.HasPrefix(variable, "ZK_VERSION=") }),
		version, "ZOOKEEPER_BIN_PATH="+scripts, "ZOO_BINARY="+binary, "GOFLAGS=", "GOWORK=off")}
	v := s.run(ctx, t)
	for range racyTries {
		if slices.Equal(v.failed, []string{racy}) {
			again := s.run(ctx, t, "-run=^"+racy+"$")
			v.failed, v.passed = again.failed, v.passed+again.passed
		}
	}
	if len(v.failed) > 0 {
		t.Errorf("failed: %v", v.failed)
	}
	if len(v.skipped) > 0 {
		t.Errorf("skipped are %v", v.skipped)
	}
	if v.passed != testsCount {
		t.Errorf("%d tests passed, want %d", v.passed, testsCount)
	}
	t.Logf("%d passed", v.passed)
}

// racy is a test that kills a server and sends a request at once, which the client loses if
// it has not noticed the end of its connection: the suite waits with Java for as long as that
// takes to start again. It may lose that race racyTries times.
const (
	racy      = "TestIntegration_DNSHostProviderReconnect"
	racyTries = 3
)

// suite is a copy of the module's tests with the environment to run them in.
type suite struct {
	dir string
	env []string
}

// run runs the suite, or what the arguments choose of it.
func (s suite) run(ctx context.Context, t *testing.T, args ...string) verdict {
	t.Helper()
	args = append([]string{"go", "test", "-json", "-count=1", "-timeout=470s"}, args...)
	cmd := isolated(ctx, t, append(args, "./...")...)
	cmd.Dir, cmd.Env = s.dir, s.env
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	stdout, err := cmd.Output()
	v := judge(t, stdout)
	if err != nil && len(v.failed) == 0 {
		t.Errorf("go test: %v\n%s", err, stderr.String())
	}
	return v
}

// unpack copies the module to where it may be written.
func unpack(ctx context.Context, t *testing.T) string {
	t.Helper()
	source, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		t.Fatal(err)
	}
	target := t.TempDir()
	if err := os.CopyFS(target, os.DirFS(strings.TrimSpace(string(source)))); err != nil {
		t.Fatal(err)
	}
	return target
}

// isolated makes a command with a network of its own where that is permitted: the
// suite takes its ports at random, without asking whether they are free.
func isolated(ctx context.Context, t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	const up = `ip link set lo up && exec "$@"`
	for _, flags := range [][]string{{"-n"}, {"-r", "-n"}} {
		inside := append(flags, "sh", "-c", up, "sh")
		if exec.CommandContext(ctx, "unshare", append(inside, "true")...).Run() == nil {
			return exec.CommandContext(ctx, "unshare", append(inside, args...)...)
		}
	}
	ensemble.Missed(t, "a network of its own", errPorts)
	return exec.CommandContext(ctx, args[0], args[1:]...)
}

// verdict is what the suite said.
type verdict struct {
	passed          int
	failed, skipped []string
}

// judge reads the events of go test -json and shows the output of what failed.
func judge(t *testing.T, events []byte) verdict {
	t.Helper()
	var v verdict
	output := map[string]string{}
	for decoder := json.NewDecoder(bytes.NewReader(events)); decoder.More(); {
		var e struct{ Action, Test, Output string }
		if err := decoder.Decode(&e); err != nil {
			t.Fatalf("output of go test: %v", err)
		}
		switch {
		case e.Action == "output":
			output[e.Test] += e.Output
		case e.Test == "" && e.Action == "fail":
			t.Logf("%s", output[e.Test])
		case e.Test == "":
		case e.Action == "pass":
			v.passed++
		case e.Action == "skip":
			v.skipped = append(v.skipped, e.Test)
		case e.Action == "fail":
			v.failed = append(v.failed, e.Test)
			t.Logf("%s failed:\n%s", e.Test, output[e.Test])
		}
	}
	return v
}
