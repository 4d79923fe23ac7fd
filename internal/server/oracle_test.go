package server

import (
	"testing"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/disk/vfs"
)

const oracleFile = "/shared/oracle"

func speak(t *testing.T, disk *vfs.Mem, text string) {
	t.Helper()
	if err := disk.MkdirAll("/shared"); err != nil {
		t.Fatal(err)
	}
	f, err := disk.Create(oracleFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
}

// The plot: one of two voters goes. The other serves as soon as the file of its oracle
// begins with a 1, and no longer when it does not.
func TestAnOracleLetsOneOfTwoServe(t *testing.T) {
	e := newEnsemble(t, 2, 0)
	e.adjust = func(cfg *Config) { cfg.Oracle, cfg.OraclePath = true, oracleFile }
	for id := range e.ports {
		speak(t, e.disks[id], "0\n")
		e.start(id)
	}
	e.session(1).create("/a", "x")
	leader := e.leader()
	other := zoo.ServerID(3 - leader)
	if err := e.servers[leader].stop(); err != nil {
		t.Fatal(err)
	}
	delete(e.servers, leader)
	until(t, func() bool {
		status, ok := e.servers[other].status()
		return ok && status.State == replica.Looking
	})
	speak(t, e.disks[other], "1\n")
	c := e.session(other)
	e.expect(c, "/a", "x")
	c.create("/b", "y")
	speak(t, e.disks[other], "")
	c.ended()
	if status, _ := e.servers[other].status(); status.State != replica.Looking {
		t.Errorf("server %d is a %v without a grant", other, status.State)
	}
}
