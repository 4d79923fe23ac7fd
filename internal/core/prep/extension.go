package prep

import (
	"slices"
	"strings"

	"zoo"
	"zoo/internal/core/tree"
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
// that create checks, up to there. A sequential znode never exists before.
func (p *Preparer) createIfNotExists() zoo.Code {
	c := creation{ttl: ttlNone}
	c.DecodeFrom(&p.body)
	if p.body.Err() == nil && c.Flags.Valid() && c.Flags.IsSequential() {
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

// removeRecursive deletes a znode and all below it, the children first, in one
// transaction. That is refused as a whole with CodeNotEmpty where it would be more
// znodes than the request allows, or more than one transaction holds.
func (p *Preparer) removeRecursive() zoo.Code {
	var r wire.RemoveRecursiveRequest
	r.DecodeFrom(&p.body)
	if p.body.Err() != nil {
		return zoo.CodeMarshallingError
	}
	node, code := p.removable(r.Path)
	if code != zoo.CodeOK {
		return code
	}
	if node == nil {
		return p.nothing(r.Path)
	}
	h := harvest{
		limit: uint64(uint32(r.Limit)),
		room:  p.config.EntryBytesMax - digestBytes - len(p.out),
	}
	if code := p.gather(&h, r.Path); code != zoo.CodeOK {
		return code
	}
	// A path is the beginning of those below it, so it comes behind them.
	slices.Sort(h.paths)
	for _, path := range slices.Backward(h.paths) {
		p.removePart(path)
	}
	return zoo.CodeOK
}

// harvest is the paths to be deleted, and what bounds them.
type harvest struct {
	paths []string
	limit uint64 // limit is the number of paths that the request allows.
	room  int    // room is the bytes that the transaction has left.
}

// add takes in a path, unless that is beyond a bound.
func (h *harvest) add(path string) zoo.Code {
	h.room -= partBytes + len(path)
	if uint64(len(h.paths)) >= h.limit || h.room < 0 {
		return zoo.CodeNotEmpty
	}
	h.paths = append(h.paths, strings.Clone(path))
	return zoo.CodeOK
}

// gather finds the znodes at and below a path: those of the tree that are to stay,
// and those that are to come.
func (p *Preparer) gather(h *harvest, path string) (code zoo.Code) {
	take := func(at string, _ tree.Node) bool {
		code = p.gatherOne(h, at)
		return code == zoo.CodeOK
	}
	if top, ok := p.tree.Lookup(path); ok {
		top.EachBelow(take)
	}
	for _, at := range p.unborn(path) {
		if code != zoo.CodeOK {
			return code
		}
		code = p.gatherOne(h, at)
	}
	return code
}

// unborn gives the paths at and below a path that the tree does not have yet, in
// their order: that of a map must not decide anything.
func (p *Preparer) unborn(path string) []string {
	var paths []string
	for at := range p.changes.records {
		if _, old := p.tree.Lookup(at); !old && isAtOrBelow(at, path) {
			paths = append(paths, at)
		}
	}
	slices.Sort(paths)
	return paths
}

// gatherOne takes in a znode if it will be there. Whoever deletes its children
// needs its permission.
func (p *Preparer) gatherOne(h *harvest, path string) zoo.Code {
	node := p.look(path, &p.node)
	switch {
	case node == nil:
		return zoo.CodeOK
	case node.children > 0 && !p.allows(node, zoo.PermDelete):
		return zoo.CodeNoAuth
	}
	return h.add(path)
}

func isAtOrBelow(path, top string) bool {
	below, ok := strings.CutPrefix(path, top)
	return ok && (below == "" || below[0] == '/')
}
