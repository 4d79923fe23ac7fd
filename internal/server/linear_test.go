package server

import (
	"fmt"
	"testing"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/disk/vfs"
	"zoo/internal/wire"
)

// follower finds a server that follows.
func (e *ensemble) follower() zoo.ServerID { return e.leader()%zoo.ServerID(len(e.ports)) + 1 }

// freshReads has a client write at the leader again and again, and another one read at a
// follower as soon as the first is told.
func (e *ensemble) freshReads(reader *client, path string) {
	e.t.Helper()
	writer := e.session(e.leader())
	for i := range 200 {
		want := fmt.Sprint(i)
		writer.call(1, wire.OpSetData,
			&wire.SetDataRequest{Path: path, Data: []byte(want), Version: -1}, zoo.CodeOK)
		m := reader.call(2, wire.OpGetData, getData(path), zoo.CodeOK)
		if got := string(m.body.Buffer()); got != want {
			e.t.Fatalf("%s was written and acknowledged, a read after that gives %s", want, got)
		}
	}
}

// The plot: one client is told that its write is done, and another one reads at a follower,
// which hears of the commit a moment later. Below a prefix that the operator has named,
// the read waits; a client that has asked for it has all its reads wait.
func TestALinearizableReadIsNeverOlderThanAWriteThatWasAcknowledged(t *testing.T) {
	e := newEnsemble(t, 3, 0)
	e.adjust = func(cfg *Config) { cfg.Linearizable = []string{"/a"} }
	for id := range e.ports {
		e.start(id)
	}
	c := e.session(1)
	c.create("/a", "")
	c.create("/a/b", "")
	c.create("/ab", "")
	reader := e.session(e.follower())
	e.freshReads(reader, "/a/b")
	reader.call(3, wire.OpGetData, getData("/keeper/linearizable_reads"), zoo.CodeOK)
	e.freshReads(reader, "/ab")
}

// The plot: a client pipelines writes, linearizable reads and others. The answers come in
// the order of the requests, one each: nobody hears of the syncs that stand between.
func TestPipelinedLinearizableReadsKeepTheirOrder(t *testing.T) {
	cfg := standaloneConfig(vfs.NewMem())
	cfg.Linearizable = []string{"/a"}
	c := start(t, vfs.NewMem(), cfg).connect()
	c.create("/a", "0")
	c.create("/b", "0")
	var requests [][]byte
	const rounds = 40
	for i := range int32(rounds) {
		set := &wire.SetDataRequest{Path: "/a", Data: fmt.Append(nil, i), Version: -1}
		requests = append(requests, request(4*i, wire.OpSetData, set),
			request(4*i+1, wire.OpGetData, getData("/a")),
			request(4*i+2, wire.OpGetChildren, &wire.GetChildrenRequest{Path: "/a"}),
			request(4*i+3, wire.OpGetData, getData("/b")))
	}
	c.pipeline(requests...)
	for i := range int32(rounds) {
		c.reply(4*i, zoo.CodeOK)
		if got := string(c.reply(4*i+1, zoo.CodeOK).body.Buffer()); got != fmt.Sprint(i) {
			t.Fatalf("round %d reads %s", i, got)
		}
		c.reply(4*i+2, zoo.CodeOK)
		c.reply(4*i+3, zoo.CodeOK)
	}
}

// The plot: a server without a quorum serves reads in read-only mode. It cannot know what
// others were told, so it refuses linearizable reads, and answers all others.
func TestAReadOnlyServerRefusesLinearizableReads(t *testing.T) {
	e := newEnsemble(t, 3, 0)
	e.adjust = func(cfg *Config) {
		cfg.Linearizable = []string{"/zookeeper/quota"}
		cfg.ReadOnly, cfg.ReadOnlyAfter = true, 1
	}
	e.start(1)
	hello := newSession()
	hello.ReadOnly = true
	c := e.servers[1].dial()
	c.handshake(hello)
	c.call(1, wire.OpGetData, getData("/zookeeper"), zoo.CodeOK)
	c.call(2, wire.OpGetData, getData("/zookeeper/quota"), zoo.CodeNotReadOnly)
	c.call(3, wire.OpGetChildren,
		&wire.GetChildrenRequest{Path: "/zookeeper/quota"}, zoo.CodeNotReadOnly)
	c.call(4, wire.OpExists, &wire.ExistsRequest{Path: "/zookeeper"}, zoo.CodeOK)
	if status, _ := e.servers[1].status(); status.State != replica.Looking {
		t.Fatalf("it is %v", status.State)
	}
}
