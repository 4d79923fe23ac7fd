package main

import (
	"fmt"
	"runtime"
)

// version, revision and built (RFC 3339) are set by the linker; see the Makefile.
var (
	version  = "development"
	revision = ""
	built    = ""
)

type versionCommand struct{}

// Run prints one line.
func (versionCommand) Run(m *Main) error {
	line := "zoo " + version
	if revision != "" {
		line += " (" + revision + ")"
	}
	if built != "" {
		line += " built " + built
	}
	_, err := fmt.Fprintf(m.Stdout, "%s %s %s/%s\n",
		line, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
