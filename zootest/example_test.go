package zootest_test

import (
	"testing"

	"zoo/client"
	"zoo/zootest"
)

// A test of a program that keeps a znode in an ensemble, and must survive the death of any
// server.
func ExampleNewEnsemble() {
	_ = func(t *testing.T) {
		e := zootest.NewEnsemble(t, 3)
		c := e.Client(t)
		if _, err := c.Create(t.Context(), "/app", nil, client.CreateOptions{}); err != nil {
			t.Fatal(err)
		}
		e.Kill(e.Leader())
		e.WaitServing()
		if _, _, err := e.Client(t).Get(t.Context(), "/app", nil); err != nil {
			t.Error(err)
		}
	}
}

// A test of what a program does when its session has expired.
func ExampleEnsemble_ExpireSession() {
	_ = func(t *testing.T) {
		s := zootest.NewServer(t)
		c := s.Client(t)
		s.ExpireSession(c.SessionID())
		// …
	}
}
