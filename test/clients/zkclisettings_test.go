package clients

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The plot: zkCli.sh is started through a link, with settings in both variables. Those
// in JVMFLAGS count more, as they stand behind the others on Java's command line.
func TestZkCliScriptTakesSettingsFromBothVariables(t *testing.T) {
	if againstJava() {
		t.Skip("the script is zoo's")
	}
	script, err := filepath.Abs("../../dist/bin/zkCli.sh")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	for link, target := range map[string]string{"first": script, "second": "first"} {
		if err := os.Symlink(target, filepath.Join(dir, link)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct{ client, all, says string }{
		{"-Xmx64m -Djute.maxbuffer=a", "", `jute.maxbuffer: "a"`},
		{"", "-Djute.maxbuffer=b", `jute.maxbuffer: "b"`},
		{"-Djute.maxbuffer=a", "-Djute.maxbuffer=b -ea", `jute.maxbuffer: "b"`},
		{"-Dzookeeper.client.secure=TRUE", "-Dzookeeper.ssl.trustStore.location=/no.jks",
			"/no.jks"},
	} {
		cmd := exec.CommandContext(t.Context(), filepath.Join(dir, "second"), "ls", "/")
		cmd.Env = append(os.Environ(), "ZOO_BINARY="+binary, "CLIENT_JVMFLAGS="+c.client,
			"JVMFLAGS="+c.all)
		var errs bytes.Buffer
		cmd.Stderr = &errs
		if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 1 ||
			!strings.Contains(errs.String(), c.says) {
			t.Errorf("%+v: %v, %q", c, err, errs.String())
		}
	}
}
