package prep

import (
	"slices"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/wire"
)

// RemovalVisitsMax is the number of znodes that the removals of one transaction may
// look at, those included that are gone by then, and so the most that they delete.
// It bounds how long one request holds up the leader: some milliseconds.
const RemovalVisitsMax = 10_000

// removeRecursive deletes a znode and all below it, the children first, in one
// transaction. That is refused as a whole with CodeNotEmpty where it would be more
// znodes than the request allows, takes more than RemovalVisitsMax looks together
// with the removals before it, or is more than one transaction holds.
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
		due:   1,
		limit: min(int64(uint32(r.Limit)), int64(RemovalVisitsMax-p.visits)),
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
	open  []string // open are those of the paths that have children.
	due   int64    // due is the number of znodes known to go, found or not.
	limit int64    // limit is the most that due may be.
	room  int      // room is the bytes that the transaction has left.
}

// add takes in a znode, unless that or the number of its children is beyond a bound:
// a znode that has too many is refused before any of them is looked at.
func (h *harvest) add(path string, children int32) zoo.Code {
	h.due += int64(children)
	h.room -= partBytes + len(path)
	if h.due > h.limit || h.room < 0 {
		return zoo.CodeNotEmpty
	}
	h.paths = append(h.paths, path)
	if children > 0 {
		h.open = append(h.open, path)
	}
	return zoo.CodeOK
}

// gather finds the znodes that will be at and below a path, level by level.
func (p *Preparer) gather(h *harvest, top string) zoo.Code {
	code := p.gatherOne(h, top)
	for i := 0; i < len(h.open) && code == zoo.CodeOK; i++ {
		code = p.gatherChildren(h, h.open[i])
	}
	return code
}

// gatherChildren takes in the children that the tree has and will keep, and those
// that are to come. Of a znode that is deleted and made again the tree has only
// children that are deleted, so it is not asked.
func (p *Preparer) gatherChildren(h *harvest, parent string) (code zoo.Code) {
	node := p.look(parent, &p.node)
	number, czxid := node.newest, node.stat.Czxid
	old, kept := p.tree.Lookup(parent)
	if kept = kept && old.Persisted().Czxid == czxid; kept {
		old.EachChild(func(name string, _ tree.Node) bool {
			code = p.gatherOne(h, parent+"/"+name)
			return code == zoo.CodeOK
		})
	}
	for code == zoo.CodeOK {
		c, ok := p.changes.newcomer(number)
		if !ok {
			break
		}
		code = p.gatherNewcomer(h, number, kept)
		number = c.older
	}
	return code
}

// gatherNewcomer takes in a child that is to come, unless it has been found: in the
// tree, where that was asked, or because it came again later.
func (p *Preparer) gatherNewcomer(h *harvest, number uint64, asked bool) zoo.Code {
	c, _ := p.changes.newcomer(number)
	found := c.record.number != number
	if !found && asked {
		_, found = p.tree.Lookup(c.record.path)
	}
	if found {
		return p.visit()
	}
	return p.gatherOne(h, c.record.path)
}

// gatherOne takes in a znode if it will be there. Whoever deletes its children
// needs its permission.
func (p *Preparer) gatherOne(h *harvest, path string) zoo.Code {
	if code := p.visit(); code != zoo.CodeOK {
		return code
	}
	node := p.look(path, &p.node)
	switch {
	case node == nil:
		return zoo.CodeOK
	case node.children > 0 && !p.allows(node, zoo.PermDelete):
		return zoo.CodeNoAuth
	}
	return h.add(path, node.children)
}

// visit counts a look at a znode, and refuses the one that is too many.
func (p *Preparer) visit() zoo.Code {
	if p.visits == RemovalVisitsMax {
		return zoo.CodeNotEmpty
	}
	p.visits++
	return zoo.CodeOK
}
