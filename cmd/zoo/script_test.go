package main

import (
	"context"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// The scripts in testdata run this binary again as zoo, with what a user types.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"zoo": func() {
		m := Main{Args: os.Args[1:], Stdout: os.Stdout, Stderr: os.Stderr}
		os.Exit(m.Run(context.Background()))
	}})
}

func TestCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata"})
}
