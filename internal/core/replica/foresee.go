package replica

import (
	"zoo/internal/core/tree"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// foresight is what is known about the next entries to apply before their turn comes, and
// of the next requests. The waits for memory of a whole batch then overlap; see tree.Expect.
type foresight struct {
	paths []string // paths is memory that is used again.
	list  []tree.Replay
	next  int // next is the first of the list that is not applied.
}

// apply applies an entry, which is the next of the history.
func (r *Replica) apply(e txn.Entry) (*tree.Result, error) {
	f := &r.foresight
	if f.next == len(f.list) || !same(f.list[f.next].Entry, e) {
		f.list, f.next = r.tree.Foresee(f.list, r.history.Upcoming(tree.ExpectMax)), 0
	}
	p := &f.list[f.next]
	f.next++
	return r.tree.ApplyForeseen(p)
}

// same tells whether two entries are one: a log that was cut goes on with others.
func same(a, b txn.Entry) bool {
	return a.Zxid == b.Zxid && len(a.Bytes) == len(b.Bytes) && &a.Bytes[0] == &b.Bytes[0]
}

// expect brings near what preparing the first of these requests will take. One alone has
// nothing to overlap with.
func (r *Replica) expect(requests []Request) {
	if r.writer == nil || len(requests) < 2 {
		return
	}
	paths := r.foresight.paths[:0]
	for i := range requests[:min(len(requests), tree.ExpectMax)] {
		paths = appendPath(paths, requests[i].Op, requests[i].Body)
	}
	r.tree.Expect(paths)
	r.foresight.paths = paths
}

// expectForwarded is expect for what the clients of a learner ask for.
func (r *Replica) expectForwarded(packets []wire.QuorumPacket) {
	if r.writer == nil || len(packets) < 2 {
		return
	}
	paths := r.foresight.paths[:0]
	for i := range packets[:min(len(packets), tree.ExpectMax)] {
		if packets[i].Type == wire.PacketRequest {
			d := jute.NewTrustedDecoder(packets[i].Data)
			var f wire.ForwardedRequest
			f.DecodeFrom(&d)
			paths = appendPath(paths, f.Op, f.Body)
		}
	}
	r.tree.Expect(paths)
	r.foresight.paths = paths
}

// appendPath adds the path of a request of one znode, which its body begins with and shares
// its memory with. What is malformed is for others to refuse.
func appendPath(paths []string, op wire.Op, body []byte) []string {
	switch op {
	case wire.OpCreate, wire.OpCreate2, wire.OpCreateContainer, wire.OpCreateTTL,
		wire.OpDelete, wire.OpDeleteContainer, wire.OpSetData, wire.OpSetACL, wire.OpCheck:
		d := jute.NewTrustedDecoder(body)
		if path := d.String(); d.Err() == nil {
			return append(paths, path)
		}
	}
	return paths
}
