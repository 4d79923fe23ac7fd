package ensemble

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// linesShown is how much of a server's log a failed test shows.
const linesShown = 40

// End closes the ensemble at the end of a test. If that has failed it shows the end of each
// server's log, and keeps the logs in the directory that the variable of the environment
// names, if it names one. The title tells more about a server.
func (e *Ensemble) End(t testing.TB, variable string, title func(*Server) string) {
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if !t.Failed() {
		return
	}
	for _, s := range e.Servers {
		t.Logf("%s, the end of its log:\n%s", title(s), s.LastLines(linesShown))
		if dir := os.Getenv(variable); dir != "" {
			if err := s.keepLog(t, dir); err != nil {
				t.Log(err)
			}
		}
	}
}

func (s *Server) keepLog(t testing.TB, dir string) error {
	text, err := os.ReadFile(s.LogFile())
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s.%d.log", strings.ReplaceAll(t.Name(), "/", "."), s.ID)
	return os.WriteFile(filepath.Join(dir, name), text, 0o600)
}
