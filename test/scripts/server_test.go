package scripts

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"zoo/internal/dev/status"
	"zoo/test/ensemble"
)

// binary is the zoo that the scripts run. TestMain sets it.
var binary string

func TestMain(m *testing.M) {
	os.Exit(run(m))
}

func run(m *testing.M) int {
	dir, err := os.MkdirTemp("", "zoo-scripts-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	if binary, err = ensemble.Build(context.Background(), dir); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

// home is an installation: scripts that link to ours, a configuration, a port.
type home struct {
	*testing.T
	dir, script, config string
	port                int
	env                 []string
}

// install makes a home with one standalone server that nobody has started.
func install(t *testing.T) *home {
	t.Helper()
	port, err := ensemble.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	h := &home{T: t, dir: t.TempDir(), port: port}
	h.config = filepath.Join(h.dir, "conf")
	h.script = filepath.Join(h.dir, "zkServer.sh")
	ours, err := filepath.Abs("../../dist/bin/zkServer.sh")
	if err != nil {
		t.Fatal(err)
	}
	h.must(os.Symlink(ours, h.script))
	h.must(os.Mkdir(h.config, 0o755))
	h.write("zoo.cfg", fmt.Sprintf(
		"dataDir : %s/data\nclientPort = %d\nclientPortAddress=127.0.0.1\n", h.dir, port))
	h.env = append(os.Environ(), "ZOO_BINARY="+binary,
		"ZOO_LOG_DIR="+filepath.Join(h.dir, "logs"), "JVMFLAGS=", "SERVER_JVMFLAGS=",
		"ZOOPIDFILE=", "ZOOCFGDIR=", "ZOOCFG=", "ZOO_DATADIR_AUTOCREATE_DISABLE=")
	t.Cleanup(func() { h.sh("--config", h.config, "stop") })
	return h
}

func (h *home) must(err error) {
	h.Helper()
	if err != nil {
		h.Fatal(err)
	}
}

func (h *home) write(name, text string) {
	h.Helper()
	h.must(os.WriteFile(filepath.Join(h.config, name), []byte(text), 0o600))
}

// sh runs the script and returns what it printed and its exit code.
func (h *home) sh(args ...string) (stdout, stderr string, code int) {
	h.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, h.script, args...)
	cmd.Env = h.env
	var out, err strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &err
	failure := cmd.Run()
	var exited *exec.ExitError
	if failure != nil && !errors.As(failure, &exited) {
		h.Error(failure)
	}
	return out.String(), err.String(), cmd.ProcessState.ExitCode()
}

// expect runs the script and wants an exit code and a text in its standard output.
func (h *home) expect(code int, text string, args ...string) {
	h.Helper()
	stdout, stderr, got := h.sh(append([]string{"--config", h.config}, args...)...)
	if got != code || !strings.Contains(stdout, text) {
		h.Fatalf("%v: code %d, want %d and %q\n%s\n%s", args, got, code, text, stdout, stderr)
	}
}

// serving waits until the server answers.
func (h *home) serving() {
	h.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	h.must(ensemble.Until(ctx, "the server answers", func(ctx context.Context) error {
		_, err := status.Ask(ctx, h.address(), "srvr")
		return err
	}))
}

func (h *home) address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(h.port)) }

func (h *home) pid() int {
	h.Helper()
	text, err := os.ReadFile(h.pidFile())
	h.must(err)
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	h.must(err)
	return pid
}

// An operator's day: nothing runs, it is started, started again by mistake, asked,
// restarted, and stopped; twice, to be sure.
func TestServerIsStartedAskedAndStopped(t *testing.T) {
	h := install(t)
	h.expect(1, "Error contacting service. It is probably not running.", "status")
	h.expect(0, "Starting zookeeper ... STARTED", "start")
	h.serving()
	h.expect(0, "Mode: standalone", "status")
	first := h.pid()
	h.expect(1, fmt.Sprintf("already running as process %d.", first), "start")
	h.expect(0, "STARTED", "restart")
	if h.pid() == first {
		t.Fatal("the server that was restarted is the old one")
	}
	h.expect(0, "Stopping zookeeper ... STOPPED", "stop")
	h.expect(0, "no zookeeper to stop (could not find file", "stop")
}

func TestServerThatCannotStartSaysSo(t *testing.T) {
	h := install(t)
	h.write("broken.cfg", "dataDir="+h.dir+"/data\nclientPort=none\n")
	stdout, stderr, code := h.sh("--config", h.config, "start", "broken.cfg")
	if code != 1 || !strings.Contains(stdout, "FAILED TO START") ||
		!strings.Contains(stderr, "is not a whole number") {
		t.Fatalf("code %d\n%s\n%s", code, stdout, stderr)
	}
	h.noFile()
	if _, stderr, code := h.sh("dance"); code != 1 || !strings.HasPrefix(stderr, "Usage: ") {
		t.Fatalf("code %d, %s", code, stderr)
	}
}

// bystander is a process that has nothing to do with zoo, and lives until the end of
// the test.
func (h *home) bystander() *exec.Cmd {
	h.Helper()
	cmd := exec.Command("sleep", "600")
	h.must(cmd.Start())
	h.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	return cmd
}

// note writes the pid file.
func (h *home) note(text string) {
	h.Helper()
	h.must(os.MkdirAll(filepath.Join(h.dir, "data"), 0o755))
	h.must(os.WriteFile(h.pidFile(), []byte(text), 0o600))
}

func (h *home) pidFile() string { return filepath.Join(h.dir, "data", "zookeeper_server.pid") }

// noFile wants the pid file to be gone.
func (h *home) noFile() {
	h.Helper()
	if _, err := os.Stat(h.pidFile()); !errors.Is(err, os.ErrNotExist) {
		h.Fatalf("the pid file is still there: %v", err)
	}
}

// The plot: the machine was cut off and started again, and the number in the pid file is
// somebody else's by now. That one is neither stopped nor taken for the server.
func TestAPidFileThatNamesAStrangerHarmsNobody(t *testing.T) {
	h := install(t)
	stranger := h.bystander()
	h.note(strconv.Itoa(stranger.Process.Pid))
	h.expect(0, "no zookeeper to stop", "stop")
	h.noFile()
	h.note(strconv.Itoa(stranger.Process.Pid) + "\n")
	h.expect(0, "STARTED", "start")
	h.serving()
	h.expect(0, "STOPPED", "stop", filepath.Join(h.config, "..", "conf", "zoo.cfg"))
	// Whoever was stopped before says now that it was by another signal.
	h.must(stranger.Process.Signal(syscall.SIGINT))
	if err := stranger.Wait(); err == nil || err.Error() != "signal: interrupt" {
		t.Fatalf("the stranger ended before: %v", err)
	}
}

func TestAPidFileWithNoProcessInItIsTakenAway(t *testing.T) {
	h := install(t)
	for _, text := range []string{"", "0", "1", "-1", "007", "12 13", "$(id)"} {
		h.note(text)
		h.expect(0, "no zookeeper to stop", "stop")
		h.noFile()
	}
}

// The plot: the server is another user's, and the system refuses the signal; here the
// shell does it in its place. Nothing is claimed to be stopped, and the file that the
// right user needs is still there.
func TestAServerThatMayNotBeStoppedIsNotSaidToBe(t *testing.T) {
	h := install(t)
	h.expect(0, "STARTED", "start")
	h.serving()
	h.write("zookeeper-env.sh", "kill() { return 1; }\n")
	pid := h.pid()
	h.expect(1, "FAILED TO STOP", "stop")
	h.expect(1, "already running", "start")
	if h.pid() != pid {
		t.Fatalf("the pid file names %d, not %d", h.pid(), pid)
	}
	h.must(os.Remove(filepath.Join(h.config, "zookeeper-env.sh")))
	h.expect(0, "STOPPED", "stop")
	h.noFile()
}

// What Java would be told in the environment reaches the server: the files that are
// sourced, -D options among flags for a JVM, the place of the pid file.
func TestEnvironmentCounts(t *testing.T) {
	h := install(t)
	h.write("java.env", `export JVMFLAGS="-Xmx1g $JVMFLAGS -Dzookeeper.snapCount=77"`+"\n")
	h.write("zookeeper-env.sh", "ZOO_DATADIR_AUTOCREATE_DISABLE=yes\n")
	h.env = append(h.env, "SERVER_JVMFLAGS=-Dcom.sun.management.jmxremote -XX:+UseG1GC",
		"ZK_SERVER_HEAP=500", "ZOOPIDFILE="+filepath.Join(h.dir, "own.pid"))
	stdout, stderr, code := h.sh("--config", h.config, "print-cmd")
	for _, want := range []string{" -Dzookeeper.snapCount=77 ", " -Dcom.sun.management.jmxremote ",
		" -Dzookeeper.datadir.autocreate=false ",
		`"` + h.config + `/zoo.cfg" > "` + h.dir + "/logs/"} {
		if !strings.Contains(stdout, want) {
			t.Errorf("%q is not in %s", want, stdout)
		}
	}
	if code != 0 || strings.Contains(stdout, "-X") ||
		!strings.Contains(stderr, "there is no JVM: -XX:+UseG1GC -Xmx1g\n") {
		t.Errorf("code %d\n%s\n%s", code, stdout, stderr)
	}
}

// Whoever supervises start-foreground knows one process: killing it must kill the
// server, or the next one finds its ports taken.
func TestKillingTheForegroundScriptKillsTheServer(t *testing.T) {
	h := install(t)
	cmd := exec.Command(h.script, "start-foreground", filepath.Join(h.config, "zoo.cfg"))
	cmd.Env = h.env
	h.must(cmd.Start())
	h.serving()
	h.must(cmd.Process.Signal(syscall.SIGKILL))
	_ = cmd.Wait()
	if _, err := net.Dial("tcp", h.address()); err == nil {
		t.Fatal("the server still listens")
	}
}

func TestNewServerIsInitialized(t *testing.T) {
	h := install(t)
	ours, err := filepath.Abs("../../dist/bin/zkServer-initialize.sh")
	h.must(err)
	h.script = ours
	configFile := "--configfile=" + filepath.Join(h.config, "zoo.cfg")
	if _, stderr, code := h.sh(configFile, "--myid=3"); code != 0 {
		t.Fatalf("code %d: %s", code, stderr)
	}
	data := filepath.Join(h.dir, "data")
	if id, err := os.ReadFile(filepath.Join(data, "myid")); err != nil || string(id) != "3\n" {
		t.Fatalf("myid is %q (%v)", id, err)
	}
	for _, name := range []string{"initialize", "version-2"} {
		if _, err := os.Stat(filepath.Join(data, name)); err != nil {
			t.Error(err)
		}
	}
	if _, stderr, code := h.sh(configFile); code != 1 || !strings.Contains(stderr, "--force") {
		t.Fatalf("code %d: %s", code, stderr)
	}
	if _, _, code := h.sh(configFile, "--force"); code != 0 {
		t.Fatalf("code %d", code)
	}
	h.script = filepath.Join(h.dir, "zkServer.sh")
}
