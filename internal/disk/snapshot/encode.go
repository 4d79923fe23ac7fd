package snapshot

import (
	"fmt"
	"io"

	"zoo/internal/core/tree"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// flushBytes is when what was pulled is written out; it bounds the memory of a
// snapshot in progress (but for one batch of large znodes).
const flushBytes = 256 << 10

// pullNodes is how many znodes are asked for at once, between looks at the size.
const pullNodes = 4

// holdBytes is what is copied under one lock, but for pullNodes of large znodes.
const holdBytes = 64 << 10

// streamNodes is how many znodes WriteStream pulls under one lock.
const streamNodes = 256

// encoder turns a frozen tree into the body of a snapshot, piece by piece.
type encoder struct {
	Source
	begun bool
	buf   []byte
	// waiting is Frozen.Waiting at the last pull.
	waiting int64
	// count and digest are of the znodes that were pulled: how many, and the sum of what
	// the tree held as their digests.
	count  int
	digest uint64
}

// pull appends up to limit znodes to buf, under the lock, and tells whether there
// are more. The tree's memory is copied; nothing of it is used after the lock.
func (e *encoder) pull(limit int) (more bool) {
	e.begin()
	e.Lock.Lock()
	defer e.Lock.Unlock()
	more = true
	full := min(len(e.buf)+holdBytes, flushBytes)
	for n := 0; more && n < limit && len(e.buf) < full; n += pullNodes {
		more = e.Frozen.Next(min(pullNodes, limit-n), e.node)
	}
	e.waiting = e.Frozen.Waiting()
	if !more {
		e.buf = jute.AppendString(e.buf, endPath)
	}
	return more
}

// begin appends what comes before the znodes, once.
func (e *encoder) begin() {
	if !e.begun {
		e.begun = true
		e.tables()
	}
}

// tables appends what belongs to the Frozen alone, so that no lock is needed: to sort a
// hundred thousand sessions takes a while.
func (e *encoder) tables() {
	sessions := e.Frozen.Sessions()
	e.buf = jute.AppendCount(e.buf, len(sessions))
	for _, s := range sessions {
		e.buf = jute.AppendLong(e.buf, int64(s.ID))
		e.buf = jute.AppendInt(e.buf, s.TimeoutMillis)
	}
	lists := e.Frozen.ACLs()
	e.buf = jute.AppendCount(e.buf, len(lists))
	for _, l := range lists {
		e.buf = jute.AppendLong(e.buf, l.Index)
		e.buf = wire.AppendACL(e.buf, l.ACL)
	}
}

func (e *encoder) node(n tree.FrozenNode) {
	e.count++
	e.digest += uint64(n.Digest)
	e.buf = jute.AppendString(e.buf, n.Path)
	e.buf = jute.AppendBuffer(e.buf, n.Data)
	e.buf = jute.AppendLong(e.buf, n.ACLIndex)
	e.buf = wire.AppendStatPersisted(e.buf, &n.Stat)
}

// appendDigest appends the digest and the zxid that it is of. Of a tree that is fuzzy that
// is where it ends to be, as in the files of Java's server: a server of either kind compares
// nothing before. An unknown digest is written as Java writes one, as that of the zxid 0.
func appendDigest(b []byte, of *tree.Frozen) []byte {
	zxid, digest := of.Zxid(), of.Digest()
	if f := of.Fuzzy(); f.HasDigest {
		zxid, digest = f.Until, f.Digest
	} else if f.Until != 0 {
		zxid, digest = 0, 0
	}
	b = jute.AppendInt(jute.AppendLong(b, int64(zxid)), digestVersion)
	return jute.AppendLong(b, int64(digest))
}

// appendLast appends the history that the file contains at most.
func appendLast(b []byte, of *tree.Frozen) []byte {
	return jute.AppendLong(b, int64(max(of.Zxid(), of.Fuzzy().Until)))
}

// WriteStream sends the body of a snapshot, as it follows a SNAP packet.
func WriteStream(w io.Writer, from Source) error {
	e := &encoder{Source: from}
	for more := true; more; {
		more = e.pull(streamNodes)
		if _, err := w.Write(e.buf); err != nil {
			return fmt.Errorf("send snapshot %v: %w", from.Frozen.Zxid(), err)
		}
		e.buf = e.buf[:0]
	}
	return nil
}

// NoLock is for a tree that nobody else uses.
type NoLock struct{}

// Lock does nothing.
func (NoLock) Lock() {}

// Unlock does nothing.
func (NoLock) Unlock() {}
