package prep

import (
	"slices"
	"strconv"

	"zoo"
	"zoo/internal/core/acl"
	"zoo/internal/core/tree"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// creation is what the requests of all kinds of create come down to.
type creation struct {
	wire.CreateRequest
	ttl int64
	// owner is what the created znode gets.
	owner zoo.SessionID
}

// ttlNone is the ttl of what is not to have one.
const ttlNone = -1

func (p *Preparer) create() zoo.Code {
	c := creation{ttl: ttlNone}
	p.decode(&c)
	if c.Flags.IsEphemeral() {
		c.owner = p.request.Session
	}
	return p.addPlain(&c)
}

// decode reads what all kinds of create begin with. The ACL lies in memory that the next one
// takes: what becomes of the znode's is read from the entry.
func (p *Preparer) decode(c *creation) {
	c.Path, c.Data = p.body.String(), p.body.Buffer()
	c.ACL = p.decodeACL(&p.body)
	c.Flags = zoo.CreateMode(p.body.Int())
}

// aclsKept is how many entries of an ACL the memory that is used again may have.
const aclsKept = 64

// decodeACL reads an ACL that is good until the next one.
func (p *Preparer) decodeACL(d *jute.Decoder) []zoo.ACL {
	acls := wire.DecodeACLInto(p.acls, d)
	if n := len(acls); 0 < n && n <= aclsKept {
		p.acls = acls[:0]
	}
	return acls
}

// addPlain creates a znode by the transaction of create.
func (p *Preparer) addPlain(c *creation) zoo.Code {
	return p.add(c, func(parentCVersion int32) {
		record := txn.CreateTxn{
			Path: c.Path, Data: c.Data, ACL: c.ACL,
			Ephemeral: c.Flags.IsEphemeral(), ParentCVersion: parentCVersion,
		}
		p.out = record.AppendTo(p.out)
	})
}

// createContainer makes a container whatever the flags say; of them only those of
// a sequence matter.
func (p *Preparer) createContainer() zoo.Code {
	c := creation{ttl: ttlNone, owner: zoo.ContainerOwner}
	p.decode(&c)
	return p.add(&c, func(parentCVersion int32) {
		record := txn.CreateContainerTxn{
			Path: c.Path, Data: c.Data, ACL: c.ACL, ParentCVersion: parentCVersion,
		}
		p.out = record.AppendTo(p.out)
	})
}

// createTTL needs the flags of a time to live. Java takes others with a negative
// ttl, and then cannot apply what it has logged.
func (p *Preparer) createTTL() zoo.Code {
	var c creation
	p.decode(&c)
	c.ttl = p.body.Long()
	c.owner = zoo.TTLOwner(c.ttl)
	if p.body.Err() == nil && c.Flags.Valid() && !c.Flags.IsTTL() {
		return zoo.CodeBadArguments
	}
	return p.add(&c, func(parentCVersion int32) {
		record := txn.CreateTTLTxn{
			Path: c.Path, Data: c.Data, ACL: c.ACL,
			ParentCVersion: parentCVersion, TTL: c.ttl,
		}
		p.out = record.AppendTo(p.out)
	})
}

// add creates a znode, whose record write appends: the path and the ACL in c are
// those to store by then.
func (p *Preparer) add(c *creation, write func(parentCVersion int32)) zoo.Code {
	if p.body.Err() != nil {
		return zoo.CodeMarshallingError
	}
	parent, code := p.admit(c)
	if code != zoo.CodeOK {
		return code
	}
	at := len(p.out)
	cversion := parent.stat.Cversion + 1
	write(cversion)
	p.enact(at, parent, cversion, c.owner)
	return zoo.CodeOK
}

// admit does all the checks of a create, in Java's order. It completes the path and
// the ACL, and gives the parent.
func (p *Preparer) admit(c *creation) (*change, zoo.Code) {
	if code := p.checkMode(c); code != zoo.CodeOK {
		return nil, code
	}
	above, ok := parentOf(c.Path)
	if !ok {
		return nil, zoo.CodeBadArguments
	}
	var code zoo.Code
	if c.ACL, code = p.config.ACL.Fix(c.ACL, p.request.IDs); code != zoo.CodeOK {
		return nil, code
	}
	parent := p.look(above, &p.parent)
	switch {
	case parent == nil:
		return nil, zoo.CodeNoNode
	case !p.allows(parent, zoo.PermCreate):
		return nil, zoo.CodeNoAuth
	}
	if c.Flags.IsSequential() {
		c.Path = numbered(c.Path, parent.stat.Cversion)
	}
	switch {
	case zoo.ValidatePath(c.Path) != nil:
		return nil, zoo.CodeBadArguments
	case p.look(c.Path, &p.node) != nil:
		return nil, zoo.CodeNodeExists
	case p.isEphemeral(parent):
		return nil, zoo.CodeNoChildrenForEphemerals
	case !tree.ValidQuotaWrite(c.Path, c.Data):
		return nil, zoo.CodeBadArguments
	}
	return parent, p.checkQuota(c.Path, 1, int64(len(c.Data)))
}

// numbered appends a sequence number as "%010d" does, which would allocate.
func numbered(path string, number int32) string {
	var space [sequenceWidth + 1]byte
	digits := strconv.AppendInt(space[:0], int64(number), 10)
	sign := digits[:0]
	if number < 0 {
		sign, digits = digits[:1], digits[1:]
	}
	zeros := max(sequenceWidth-len(sign)-len(digits), 0)
	return path + string(sign) + sequenceZeros[:zeros] + string(digits)
}

// The width of a sequence number, and what fills it.
const (
	sequenceWidth = 10
	sequenceZeros = "0000000000"
)

// checkMode checks the flags, the ttl, and the session.
func (p *Preparer) checkMode(c *creation) zoo.Code {
	switch {
	case !c.Flags.Valid():
		return zoo.CodeBadArguments
	case c.Flags.IsTTL() && !p.tree.Types().Extended:
		return zoo.CodeUnimplemented
	case c.Flags.IsTTL() && (c.ttl < 1 || c.ttl > zoo.TTLMax):
		return zoo.CodeBadArguments
	}
	if !c.Flags.IsEphemeral() {
		return p.checkSession()
	}
	code := p.config.Sessions.CheckGlobal(p.request.Session, p.request.Owner)
	if code == zoo.CodeUnknownSession {
		return zoo.CodeSessionExpired
	}
	return code
}

// isEphemeral tells whether a znode may not have children.
func (p *Preparer) isEphemeral(c *change) bool {
	return p.tree.Types().Of(c.stat.EphemeralOwner) == tree.OwnerSession
}

// enact records the changes of the create whose record is in p.out from at on.
func (p *Preparer) enact(at int, parent *change, cversion int32, owner zoo.SessionID) {
	d := jute.NewTrustedDecoder(p.out[at:])
	path, data, acls := d.String(), d.Buffer(), p.storedACL(&d)
	above, _ := zoo.SplitPath(path)
	parent = p.changes.touch(above, parent)
	parent.children++
	// Applying moves the counter forward only, so one that wraps stays.
	if cversion > parent.stat.Cversion {
		parent.stat.Cversion, parent.stat.Pzxid = cversion, p.header.Zxid
		p.recount(parent)
	}
	node := p.fresh(path)
	node.stat = zoo.StatPersisted{
		Czxid: p.header.Zxid, Mzxid: p.header.Zxid, Pzxid: p.header.Zxid,
		Ctime: p.header.Time, Mtime: p.header.Time, EphemeralOwner: owner,
	}
	node.acl, node.data = acls, data
	node.deleted, node.dataInTree, node.children = false, false, 0
	p.changes.arrive(parent, node)
	p.recount(node)
	if p.isEphemeral(node) {
		p.changes.own(owner, path)
	}
}

// storedACL reads an ACL from the entry, so that it lives as long as the entry.
func (p *Preparer) storedACL(d *jute.Decoder) []zoo.ACL {
	acls := p.decodeACL(d)
	if acl.IsOpen(acls) {
		return p.open
	}
	return slices.Clone(acls)
}
