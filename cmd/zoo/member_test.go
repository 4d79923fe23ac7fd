package main

import (
	"strings"
	"testing"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/dev/status"
)

// A step is refused if those who answer would be no quorum, and names who is missing.
func TestStepThatLosesTheQuorumIsRefused(t *testing.T) {
	view, err := quorum.ParseView("server.1=a:1:2\nserver.2=b:1:2\nserver.3=c:1:2\n" +
		"server.4=d:1:2:observer\nversion=5")
	if err != nil {
		t.Fatal(err)
	}
	alive := func(id zoo.ServerID) bool { return id != 3 }
	if err := holds(view, alive); err != nil {
		t.Errorf("two of three: %v", err)
	}
	next, err := view.Change("", "1", 6)
	if err != nil {
		t.Fatal(err)
	}
	if err := holds(next, alive); err == nil || !strings.Contains(err.Error(), "servers 3 do") {
		t.Errorf("one of two: %v", err)
	}
}

// Two joiners that are told to be voters could agree with each other: one that leads is
// not taken.
func TestJoinerThatLeadsItsOwnEnsembleIsRefused(t *testing.T) {
	for _, s := range []status.Server{
		{Role: "leader"}, {Role: "standalone"}, {Error: "connection refused"},
	} {
		if err := joins(s, 4); err == nil || !strings.Contains(err.Error(), "as observer") {
			t.Errorf("%+v: %v", s, err)
		}
	}
	for _, role := range []string{"follower", "observer"} {
		if err := joins(status.Server{Role: role}, 4); err != nil {
			t.Errorf("%s: %v", role, err)
		}
	}
}
