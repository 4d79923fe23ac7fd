package main

import (
	"bytes"
	"strings"
	"testing"
)

// A command gets the number of the server behind its own words, its output is shown, and its end
// is told. Without one there is nothing to call.
func TestAnOperatorsCommandGetsTheNumber(t *testing.T) {
	var out, complaints bytes.Buffer
	m, c := &Main{Stdout: &out, Stderr: &complaints}, &paperCommand{}
	if err := c.command(m, "echo stop it:")(t.Context(), 2); err != nil {
		t.Error(err)
	}
	err := c.command(m, "false ||exit")(t.Context(), 3)
	if err == nil || !strings.Contains(err.Error(), "exit status 4") {
		t.Errorf("error %v", err)
	}
	if out.Len() > 0 || complaints.String() != "stop it: 3\n" {
		t.Errorf("%q, %q", out.String(), complaints.String())
	}
	if c.command(m, "") != nil {
		t.Error("nothing is a command")
	}
}
