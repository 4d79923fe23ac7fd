package server

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"zoo/internal/config"
)

// configured is a server of a zoo.cfg with one voter, which is its own ensemble.
func configured(t *testing.T, dataDir string, lines ...string) *Server {
	t.Helper()
	text := "initLimit=5\nsyncLimit=5\nstandaloneEnabled=false\ndataDir=" + dataDir + "\n"
	for _, line := range lines {
		text += line + "\n"
	}
	file := filepath.Join(t.TempDir(), "zoo.cfg")
	for name, text := range map[string]string{file: text, filepath.Join(dataDir, "myid"): "1"} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cfg, _, err := config.Load(config.Source{Args: []string{file}})
	if err != nil {
		t.Fatal(err)
	}
	return New(cfg, testLog(t), BuildInfo{Version: "test"})
}

func exitCode(err error) int {
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return 1
}

// Supervisors tell by the exit code whether it helps to start again.
func TestWhatKeepsAServerFromStartingHasItsExitCode(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	self := fmt.Sprintf("server.1=127.0.0.1:1:%d", port)
	s := configured(t, t.TempDir(), self, "electionPortBindRetry=1")
	if err := s.Run(t.Context()); exitCode(err) != 14 || !errors.Is(err, syscall.EADDRINUSE) {
		t.Errorf("the election port is taken: code %d, %v", exitCode(err), err)
	}
	s = configured(t, t.TempDir(), self, "datadir.autocreate=false")
	if err := s.Run(t.Context()); exitCode(err) != 3 || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is no data directory: code %d, %v", exitCode(err), err)
	}
}
