package packaging

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"zoo/test/ensemble"
)

// exposureMax is how much of the system the service may reach, in tenths of what
// systemd-analyze calls the exposure level; 100 is a service without any restriction.
const exposureMax = "15"

// unit puts the units into a directory as systemd has them, with a server that is there.
func unit(t *testing.T) string {
	t.Helper()
	_, err := exec.LookPath("systemd-analyze")
	ensemble.LeaveOut(t, "systemd-analyze", err)
	dir := t.TempDir()
	server := filepath.Join(dir, "zoo")
	if err := os.WriteFile(server, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "zoo.service.d"), 0o755); err != nil {
		t.Fatal(err)
	}
	for source, target := range map[string]string{
		"zoo.service": "zoo.service", "drain.conf": "zoo.service.d/drain.conf",
	} {
		text, err := os.ReadFile(filepath.Join(root, "dist", "systemd", source))
		if err != nil {
			t.Fatal(err)
		}
		here := strings.ReplaceAll(string(text), "/usr/bin/zoo ", server+" ")
		if here == string(text) {
			t.Errorf("%s does not run /usr/bin/zoo", source)
		}
		if err := os.WriteFile(filepath.Join(dir, target), []byte(here), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return filepath.Join(dir, "zoo.service")
}

// systemd ignores a line that it does not know, and starts the service without it.
func TestSystemdUnderstandsEveryLineOfTheUnit(t *testing.T) {
	out, err := exec.Command("systemd-analyze", "verify", "--recursive-errors=no", unit(t)).
		CombinedOutput()
	if err != nil || len(out) > 0 {
		t.Errorf("%v\n%s", err, out)
	}
}

// The service reaches its data, the network, and little else.
func TestTheServiceMayDoLittle(t *testing.T) {
	out, err := exec.Command("systemd-analyze", "security", "--no-pager", "--offline=yes",
		"--threshold="+exposureMax, unit(t)).CombinedOutput()
	if err != nil {
		t.Errorf("%v\n%s", err, out)
	}
}
