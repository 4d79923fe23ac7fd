package server

import (
	"errors"
	"net/http"
	"path"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/ops/admin"
)

// The plot: an observer has kept a log, and comes back with syncEnabled=false. It serves
// reads and writes, and its log and snapshots stay as they were, byte for byte, also when
// it is started once more. An operator who wants a snapshot or the log from it hears why
// there is none, and gets one as a stream.
func TestAnObserverKeepsItsHistoryInMemory(t *testing.T) {
	const observer = zoo.ServerID(4)
	e := newEnsemble(t, 3, 1)
	for id := range e.ports {
		e.start(id)
	}
	e.session(observer).create("/logged", "x")
	if err := e.servers[observer].stop(); err != nil {
		t.Fatal(err)
	}
	before := e.history(observer)
	e.adjust = func(cfg *Config) { cfg.ObserverUnlogged = true }
	for _, name := range []string{"/first", "/second"} {
		s := e.start(observer)
		c := e.session(observer)
		e.expect(c, "/logged", "x")
		c.create(name, "y")
		e.expect(c, "/first", "y")
		if status, _ := s.status(); !status.Unlogged || status.State != replica.Observing {
			t.Errorf("it is %+v", status)
		}
		e.refusesHistory(s)
		if err := s.stop(); err != nil {
			t.Fatal(err)
		}
		if after := e.history(observer); after != before {
			t.Fatalf("the disk held\n%s\nand holds\n%s", before, after)
		}
	}
}

// refusesHistory asks for what is on the disk of other servers, and takes a stream.
func (e *ensemble) refusesHistory(s *running) {
	e.t.Helper()
	var refusal *admin.Refusal
	_, err := operator{s.Server}.TakeSnapshot(e.t.Context())
	if !errors.As(err, &refusal) || refusal.Status != http.StatusConflict {
		e.t.Errorf("a snapshot: %v", err)
	}
	_, err = operator{s.Server}.Log(e.t.Context(), 0)
	if !errors.As(err, &refusal) || refusal.Status != http.StatusConflict {
		e.t.Errorf("the log: %v", err)
	}
	stream, err := operator{s.Server}.Copy(e.t.Context())
	if err != nil {
		e.t.Fatal(err)
	}
	if err := stream.Close(); err != nil {
		e.t.Error(err)
	}
}

// history is what a stopped server's disk holds of the log, the snapshots and the epoch
// that they are of.
func (e *ensemble) history(id zoo.ServerID) string {
	e.t.Helper()
	const dir = "/data/version-2"
	names, err := e.disks[id].List(dir)
	if err != nil {
		e.t.Fatal(err)
	}
	var all strings.Builder
	for _, name := range names {
		if name == "acceptedEpoch" {
			continue // Promises are kept.
		}
		f, err := e.disks[id].Open(path.Join(dir, name))
		if err != nil {
			e.t.Fatal(err)
		}
		content := make([]byte, 1<<20)
		n, _ := f.ReadAt(content, 0)
		all.WriteString(name + " " + strings.TrimRight(string(content[:n]), "\x00") + "\n")
		if err := f.Close(); err != nil {
			e.t.Fatal(err)
		}
	}
	return all.String()
}
