package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"zoo/test/ensemble"
)

// bare runs the program of test/bench/floor: what a server has at least to do.
func bare(binary string) ensemble.Program {
	return func(s *ensemble.Server) *exec.Cmd {
		args := []string{"-client", s.Address(), "-dir", s.Home(),
			"-value", strconv.Itoa(valueBytes)}
		if peers := s.Peers(); len(peers) > 1 {
			args = append(args, "-id", strconv.Itoa(s.ID), "-peers", strings.Join(peers, ","))
		}
		return exec.Command(binary, args...)
	}
}

// buildBare compiles it into dir and returns its path.
func buildBare(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "floor")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "zoo/test/bench/floor")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build floor: %w\n%s", err, out)
	}
	return binary, nil
}
