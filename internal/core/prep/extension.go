package prep

import (
	"zoo"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// The extensions become multis of ZooKeeper's own operations, which any server can
// apply. What changes nothing becomes a check, which applies to nothing either; so
// every one of them leaves at least one part, and the last part has the path of the
// request. See docs/format/extensions.md.

// partBytes is what a part has more than its record, and that of a deletion more
// than its path.
const partBytes = 8 + countBytes

// expand prepares an extension that stands alone.
func (p *Preparer) expand() zoo.Code {
	op := expansions[p.request.Op]
	p.header.Type = wire.OpMulti
	p.out = txn.AppendHeader(p.out[:0], p.header)
	p.beginParts()
	code := op(p)
	p.endParts()
	return code
}

// nothing appends the part of what changes nothing.
func (p *Preparer) nothing(path string) zoo.Code {
	start := p.openPart(wire.OpCheck)
	record := txn.CheckVersionTxn{Path: path}
	p.out = record.AppendTo(p.out)
	p.closePart(start)
	return zoo.CodeOK
}

// checkNotExists fails where there is a znode, or one of the version if the request
// names one. Who may not read the znode does not learn its version.
func (p *Preparer) checkNotExists() zoo.Code {
	var r wire.CheckNotExistsRequest
	r.DecodeFrom(&p.body)
	if p.body.Err() != nil {
		return zoo.CodeMarshallingError
	}
	node, code := p.target(r.Path, zoo.PermRead)
	if code == zoo.CodeNoNode {
		return p.nothing(r.Path)
	}
	if code != zoo.CodeOK {
		return code
	}
	if _, same := compareVersion(node.stat.Version, r.Version); same {
		return zoo.CodeNodeExists
	}
	return p.nothing(r.Path)
}

// createIfNotExists is a create that is content with what is there. It checks all
// that create checks, up to there. A sequential znode never exists before, and the
// transaction of a plain create has no place for a container.
func (p *Preparer) createIfNotExists() zoo.Code {
	c := creation{ttl: ttlNone}
	c.DecodeFrom(&p.body)
	if p.body.Err() == nil && (c.Flags.IsSequential() || c.Flags == zoo.Container) {
		return zoo.CodeBadArguments
	}
	if c.Flags.IsEphemeral() {
		c.owner = p.request.Session
	}
	path, at := c.Path, len(p.out)
	start := p.openPart(wire.OpCreate)
	code := p.addPlain(&c)
	if code != zoo.CodeNodeExists {
		p.closePart(start)
		return code
	}
	p.out = p.out[:at]
	p.count--
	return p.nothing(path)
}

// tryRemove is a delete that is content to leave alone what is not there, has
// children or another version.
func (p *Preparer) tryRemove() zoo.Code {
	var r wire.TryRemoveRequest
	r.DecodeFrom(&p.body)
	if p.body.Err() != nil {
		return zoo.CodeMarshallingError
	}
	node, code := p.removable(r.Path)
	if code != zoo.CodeOK {
		return code
	}
	if node == nil || node.children > 0 {
		return p.nothing(r.Path)
	}
	if _, same := compareVersion(node.stat.Version, r.Version); !same {
		return p.nothing(r.Path)
	}
	p.removePart(r.Path)
	return zoo.CodeOK
}

// removable does the checks of a deletion that come before the znode's own, and
// gives the znode, nil if there is none.
func (p *Preparer) removable(path string) (*change, zoo.Code) {
	if code := p.checkSession(); code != zoo.CodeOK {
		return nil, code
	}
	above, ok := deletable(path)
	if !ok {
		return nil, zoo.CodeBadArguments
	}
	parent := p.look(above, &p.parent)
	switch {
	case parent == nil:
		return nil, zoo.CodeOK
	case !p.allows(parent, zoo.PermDelete):
		return nil, zoo.CodeNoAuth
	}
	return p.look(path, &p.node), zoo.CodeOK
}

func (p *Preparer) removePart(path string) {
	start := p.openPart(wire.OpDelete)
	p.remove(path)
	p.closePart(start)
}
