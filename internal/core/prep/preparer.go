package prep

import (
	"zoo"
	"zoo/internal/check/invariant"
	"zoo/internal/core/tree"
	"zoo/internal/jute"
	"zoo/internal/txn"
)

const (
	digestBytes = 12
	// slackBytes is what the record of a single operation may have more than its
	// request: a sequence number and a parent's cversion.
	slackBytes = 16
	errorBytes = txn.HeaderBytes + 4 + digestBytes
)

// Preparer prepares the requests of one leadership. It belongs to the loop of its
// server. The tree may change between calls by Apply only.
type Preparer struct {
	config Config
	tree   *tree.Tree
	open   []zoo.ACL
	acls   []zoo.ACL // acls is memory for one list, see decodeACL.

	changes  changes
	digest   uint64 // digest is the tree's once everything prepared is applied.
	digester tree.Digester
	last     zoo.Zxid // last is the newest transaction prepared.

	// The transaction in the making.
	request Request
	header  txn.Header
	body    jute.Decoder // body is what is left of the request, or of one part.
	out     []byte       // out is the entry so far.
	room    jute.Room    // room is where it lies.
	count   int          // count is the number of parts in out, of a multi.
	visits  int          // visits is the number of znodes that its removals looked at.
	// digestBefore is what rollback restores.
	digestBefore uint64
	// excess is the last write beyond a quota, excesses counts them.
	excess   Excess
	excesses int
	// parent and node hold what look found in the tree.
	parent, node change
}

// New makes a preparer of requests against a tree that holds all history so far.
func New(t *tree.Tree, cfg Config) *Preparer {
	if cfg.EntryBytesMax == 0 {
		cfg.EntryBytesMax = EntryBytesMaxDefault
	}
	p := &Preparer{config: cfg, open: zoo.OpenACL()}
	p.Reset(t)
	return p
}

// Reset forgets everything that was prepared, and goes on with another tree.
func (p *Preparer) Reset(t *tree.Tree) {
	p.tree, p.digest, p.last = t, t.Digest(), t.Zxid()
	p.changes = newChanges()
}

// Prepare gives the entry for a request. A request that cannot be done gives an
// error entry.
func (p *Preparer) Prepare(zxid zoo.Zxid, timeMillis int64, r Request) txn.Entry {
	p.advance(zxid)
	p.header = txn.Header{
		Session: r.Session, Cxid: r.Cxid, Zxid: zxid, Time: timeMillis, Type: r.Op,
	}
	p.request, p.digestBefore, p.visits = r, p.digest, 0
	p.changes.begin(zxid)
	if code := p.perform(); code != zoo.CodeOK {
		p.rollback()
		p.refuse(code)
	}
	return p.finish()
}

// advance checks the order of the transactions. The comparison stands outside so
// that only a failure allocates the arguments.
func (p *Preparer) advance(zxid zoo.Zxid) {
	if zxid <= p.last {
		invariant.Holds(false, "prepare %v after %v", zxid, p.last)
	}
	p.last = zxid
}

func (p *Preparer) perform() zoo.Code {
	if p.request.Refused != zoo.CodeOK {
		return p.request.Refused
	}
	op, ok := find(p.request.Op)
	if !ok {
		return zoo.CodeUnimplemented
	}
	p.body = jute.NewAliasDecoder(p.request.Body)
	p.out = p.room.Begin(txn.HeaderBytes + len(p.request.Body) + slackBytes + digestBytes)
	p.out = txn.AppendHeader(p.out, p.header)
	if code := op(p); code != zoo.CodeOK {
		return code
	}
	if len(p.out)+digestBytes > p.config.EntryBytesMax {
		return zoo.CodeMarshallingError
	}
	return zoo.CodeOK
}

// rollback takes back what the transaction in the making was to change.
func (p *Preparer) rollback() {
	p.changes.rollback()
	p.digest = p.digestBefore
}

// refuse makes an error of the transaction.
func (p *Preparer) refuse(code zoo.Code) {
	p.header.Type = opError
	record := txn.ErrorTxn{Err: code}
	p.out = txn.AppendHeader(p.room.Begin(errorBytes), p.header)
	p.out = record.AppendTo(p.out)
}

// finish completes the entry, and lets go of the request.
func (p *Preparer) finish() txn.Entry {
	if p.config.Digest {
		p.out = txn.AppendDigest(p.out, p.digest)
	}
	entry := txn.Entry{Zxid: p.header.Zxid, Bytes: p.room.End(p.out)}
	p.changes.commit()
	p.request, p.body, p.out = Request{}, jute.Decoder{}, nil
	return entry
}

// Applied says that the tree holds all transactions up to and including zxid.
func (p *Preparer) Applied(zxid zoo.Zxid) { p.changes.forget(zxid) }

// Outstanding is the number of znodes that will change by what is not yet applied.
func (p *Preparer) Outstanding() int { return len(p.changes.records) }

// checkSession tells whether the request may write for its session.
func (p *Preparer) checkSession() zoo.Code {
	code := p.config.Sessions.CheckOwner(p.request.Session, p.request.Owner)
	if code == zoo.CodeUnknownSession && p.config.Quorum {
		return zoo.CodeSessionExpired
	}
	return code
}

// allows tells whether a znode grants a permission to the request.
func (p *Preparer) allows(c *change, perm zoo.Perms) bool {
	return p.config.ACL.Check(c.acl, perm, p.request.IDs)
}
