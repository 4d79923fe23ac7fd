package server

import (
	"strings"

	"zoo"
	"zoo/internal/core/replica"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// Linearizable reads: what a client reads is no older than what anybody was told of
// before it asked. Such a read has a sync before it that nobody but the server knows of,
// and waits for it in the connection's queue as for any other. See
// docs/adr/0046-linearizable-reads.md.
//
// All that one receive has brought was there before the first sync of that turn went out,
// so one sync is enough for all of them.

// syncRoot is the record of a hidden sync, a wire.SyncRequest for "/".
const syncRoot = "\x00\x00\x00\x01/"

// linearizable tells whether a read has to be; the caller holds the connection.
func (t *turn) linearizable(row *operation, op wire.Op, body []byte) bool {
	if !row.reads {
		return false
	}
	prefixes := t.conn.server.cfg.Linearizable
	if t.conn.linear || len(prefixes) == 0 {
		return t.conn.linear
	}
	// Whoever reads many paths at once means all of them to be of one moment.
	return op == wire.OpMultiRead || isBelow(pathOf(body), prefixes)
}

// pathOf is the path that a read's record begins with. It shares the record's memory.
func pathOf(body []byte) string {
	d := jute.NewAliasDecoder(body)
	return d.String()
}

// isBelow tells whether one of the prefixes is the path, or is above it.
func isBelow(path string, prefixes []string) bool {
	for _, prefix := range prefixes {
		rest, ok := strings.CutPrefix(path, prefix)
		if ok && (rest == "" || rest[0] == '/' || prefix == "/") {
			return true
		}
	}
	return false
}

// syncFirst puts a sync before a read, unless this turn has one.
func (t *turn) syncFirst(xid int32) {
	if t.synced {
		return
	}
	t.synced = true
	c := t.conn
	c.queue.push(queued{xid: xid, op: wire.OpSync, since: t.now, hidden: true})
	c.inflight.Add(1)
	t.batch = append(t.batch, replica.Request{
		Conn: c.id, Session: c.session, Xid: xid, Op: wire.OpSync,
		Body: []byte(syncRoot), IDs: c.ids,
	})
}

// unsynced answers a linearizable read whose sync was refused, as it is by a read-only
// server.
var unsynced = operation{route: routeLocal, answer: (*exec).refuseUnsynced}

func (x *exec) refuseUnsynced(*jute.Decoder) zoo.Code { return x.conn.syncCode }

// asksLinearizable answers getData or exists of the announcement of linearizable reads:
// from then on those of this connection are.
func (x *exec) asksLinearizable(path string) {
	if path[len(announcedBelow):] == announcedLinearizable {
		x.conn.linear = true
	}
}

// announcedLinearizable is the znode that says whether reads can be linearizable.
const announcedLinearizable = "linearizable_reads"
