package replica

import (
	"testing"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/wire"
)

// owned makes a tree with an ephemeral of each owner, and sessions for some.
func owned(t *testing.T, owners, sessions []zoo.SessionID) *tree.Tree {
	t.Helper()
	l := tree.NewLoader()
	for _, id := range sessions {
		l.Session(id, 1000)
	}
	if err := l.Node("", nil, -1, new(zoo.StatPersisted)); err != nil {
		t.Fatal(err)
	}
	for _, id := range owners {
		st := zoo.StatPersisted{EphemeralOwner: id}
		if err := l.Node("/"+id.String(), nil, -1, &st); err != nil {
			t.Fatal(err)
		}
	}
	tr, err := l.Finish(5)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// The plot: a snapshot of Java's server has ephemerals of a session that it does not
// have. They end with a transaction when the server begins to lead; those of a session
// that exists stay, and so does what only looks like an ephemeral while extended types
// are off.
func TestEphemeralsWithoutASessionEndWithATransaction(t *testing.T) {
	const dead, alive = 0x77, 0x88
	ttl := zoo.TTLOwner(60_000)
	tr := owned(t, []zoo.SessionID{dead, alive, ttl, zoo.ContainerOwner}, []zoo.SessionID{alive})
	r := New(Config{}, Recovered{Tree: tr})
	for _, more := r.ApplyNext(); more; _, more = r.ApplyNext() {
	}
	eff := r.Drain()
	var ends []zoo.SessionID
	for _, op := range eff.Disk {
		for _, e := range op.Entries {
			header, _ := e.Open()
			if header.Type != wire.OpCloseSession {
				t.Fatalf("a transaction of type %v", header.Type)
			}
			ends = append(ends, header.Session)
		}
		r.Step(Now{}, DiskDone{op.Seq})
	}
	if len(ends) != 1 || ends[0] != dead {
		t.Fatalf("sessions %v end", ends)
	}
	for _, more := r.ApplyNext(); more; _, more = r.ApplyNext() {
	}
	for id, stays := range map[zoo.SessionID]bool{
		dead: false, alive: true, ttl: true, zoo.ContainerOwner: true,
	} {
		if _, found := r.Tree().Lookup("/" + id.String()); found != stays {
			t.Errorf("the znode of %v is there: %v", id, found)
		}
	}
	if len(r.Tree().Orphans()) != 1 {
		t.Errorf("orphans of %v", r.Tree().Orphans())
	}
}
