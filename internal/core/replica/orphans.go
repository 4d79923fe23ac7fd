package replica

import (
	"fmt"

	"zoo/internal/wire"
)

// endOrphans ends the sessions that own ephemerals and do not exist. Files that were
// written by Java may hold such: its snapshots list the sessions first and the znodes
// some time after. Java's server deletes the ephemerals from its own tree when it
// begins to lead, and its followers keep them; here they end with a transaction, so
// that all servers do the same.
//
// What may be a znode with a time to live is kept: while extendedTypesEnabled is off,
// its owner looks like a session that nobody knows. Java deletes these.
func (r *Replica) endOrphans() {
	for _, id := range r.tree.Orphans() {
		if id.IsTTLOwner() {
			r.trace(Trace{Stage: "znodes with a time to live are kept for ever",
				Detail: fmt.Sprintf("owner %v; set extendedTypesEnabled=true", id)})
			continue
		}
		r.trace(Trace{Stage: "ephemerals without a session are deleted", Detail: id.String()})
		r.propose(Request{Session: id, Op: wire.OpCloseSession}, ownerSelf)
	}
}
