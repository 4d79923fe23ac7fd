package cluster

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/moby/buildkit/frontend/dockerfile/instructions"
	"github.com/moby/buildkit/frontend/dockerfile/linter"
	"github.com/moby/buildkit/frontend/dockerfile/parser"
)

// stages reads the Dockerfile as BuildKit does, and wants its linter to have nothing to say.
func stages(t *testing.T) []instructions.Stage {
	t.Helper()
	f, err := os.Open(filepath.Join(root, "dist", "docker", "Dockerfile"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tree, err := parser.Parse(f)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range tree.Warnings {
		t.Error(w.Short)
	}
	lint := linter.New(&linter.Config{Warn: func(rule, description, _, text string,
		at []parser.Range) {
		t.Errorf("%s: %s: %s (%v)", rule, description, text, at)
	}})
	all, _, err := instructions.Parse(tree.AST, lint)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// find gives the last command of a kind in a stage.
func find[C instructions.Command](t *testing.T, stage *instructions.Stage) C {
	t.Helper()
	var found C
	ok := false
	for _, c := range stage.Commands {
		if is, same := c.(C); same {
			found, ok = is, true
		}
	}
	if !ok {
		t.Fatalf("stage %s has no %T", stage.Name, found)
	}
	return found
}

// The image has nothing but the server, which is nobody of importance in it.
func TestTheImageHasAServerAndNothingElse(t *testing.T) {
	all := stages(t)
	image := &all[len(all)-1]
	if image.BaseName != "scratch" {
		t.Errorf("made from %s", image.BaseName)
	}
	if user := find[*instructions.UserCommand](t, image).User; user != "65532:65532" {
		t.Errorf("runs as %s; Kubernetes can only tell by a number that it is not root", user)
	}
	for _, c := range image.Commands {
		if run, runs := c.(*instructions.RunCommand); runs {
			t.Errorf("runs %v, without a shell", run.CmdLine)
		}
		if copied, copies := c.(*instructions.CopyCommand); copies && copied.From != "build" {
			t.Errorf("copies %v from %q", copied.SourcePaths, copied.From)
		}
	}
	if signal := find[*instructions.StopSignalCommand](t, image).Signal; signal != "SIGTERM" {
		t.Errorf("ends by %s", signal)
	}
	health := find[*instructions.HealthCheckCommand](t, image).Health.Test
	if want := []string{"CMD", "zoo", "status", "--ready", "127.0.0.1:2181"}; !slices.Equal(
		health, want) {
		t.Errorf("health: %v, want %v", health, want)
	}
	var ports []string
	for _, c := range image.Commands {
		if expose, exposes := c.(*instructions.ExposeCommand); exposes {
			ports = append(ports, expose.Ports...)
		}
	}
	if slices.Contains(ports, "8080") || !slices.Contains(ports, "2181") {
		t.Errorf("exposes %v", ports)
	}
}

// What is built is what the Makefile builds: static, without paths of the machine.
func TestTheImagesServerIsStatic(t *testing.T) {
	all := stages(t)
	run := find[*instructions.RunCommand](t, &all[0])
	text := strings.Join(run.CmdLine, " ")
	for _, want := range []string{"CGO_ENABLED=0", "-trimpath", "-X main.version=$VERSION"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if _, err := os.Stat(filepath.Join(root, "dist", "docker", "zoo.cfg")); err != nil {
		t.Error(err) // It is copied.
	}
}
