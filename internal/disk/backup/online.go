package backup

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"zoo"
	"zoo/internal/core/tree"
)

// Znode is what of a znode can be put into a running ensemble.
type Znode struct {
	Path      string
	Data      []byte
	ACL       []zoo.ACL
	Mode      zoo.CreateMode
	TTLMillis int64
}

// Ensemble is where a subtree goes. Errors match the codes of package zoo.
type Ensemble interface {
	// Create makes all of these or none, parents before children.
	Create(ctx context.Context, nodes []Znode) error
	// Replace gives a znode that exists the data and the ACL.
	Replace(ctx context.Context, n Znode) error
}

// Existing says what becomes of znodes that a running ensemble has already.
type Existing string

const (
	// Refuse does nothing if the top of the subtree exists.
	Refuse Existing = "refuse"
	// Keep leaves those as they are that exist, and makes those that are missing.
	Keep Existing = "keep"
	// Replace gives those that exist the data and the ACL of the backup.
	Replace Existing = "replace"
)

// Graft is a subtree to be put into a running ensemble.
type Graft struct {
	// Subtree is its top in the backup, Into what that is called in the ensemble; ""
	// means the same. The znode above Into must exist, or be in the backup.
	Subtree, Into string
	Existing      Existing
}

// Grafted is what was done.
type Grafted struct {
	Created  int `json:"created"`
	Replaced int `json:"replaced"`
	Kept     int `json:"kept"`
	// Ephemeral is how many znodes were left out because they are a session's.
	Ephemeral int `json:"ephemeral"`
}

// ErrExists means that the ensemble has what would be restored.
var ErrExists = errors.New("the znode exists")

// Batches bound a transaction.
const (
	batchNodes = 256
	batchBytes = 256 << 10
)

// Graft puts a subtree of t into a running ensemble. Versions, times and sessions are
// the ensemble's own, so ephemerals are left out.
func (g Graft) Graft(ctx context.Context, t *tree.Tree, to Ensemble) (Grafted, error) {
	p := grafting{Graft: g, to: to, tree: t}
	root := Choice{Subtree: g.Subtree}.root()
	if p.Into = strings.TrimSuffix(p.Into, "/"); p.Into == "" {
		p.Into = root
	}
	top, found := t.Lookup(root)
	if !found || root == "" || within(root, systemPath) {
		return p.done, fmt.Errorf("%q: %w, or one that cannot be restored into an ensemble",
			g.Subtree, ErrNoSubtree)
	}
	if err := p.above(ctx, root); err != nil {
		return p.done, err
	}
	p.node(ctx, root, top)
	p.walk(ctx, root, top)
	p.flush(ctx)
	return p.done, p.err
}

// grafting is a graft on its way. After the first error it does nothing more.
type grafting struct {
	Graft
	to    Ensemble
	tree  *tree.Tree
	batch []Znode
	bytes int
	done  Grafted
	err   error
}

// above makes the znodes above the top as they are in the backup, where they are
// missing, if the subtree goes where it was.
func (p *grafting) above(ctx context.Context, root string) error {
	if p.Into != root {
		return nil
	}
	for i, b := range []byte(root) {
		if b != '/' || i == 0 {
			continue
		}
		n, _ := p.tree.Lookup(root[:i])
		err := p.to.Create(ctx, []Znode{p.znode(root[:i], n)})
		if err != nil && !errors.Is(err, zoo.CodeNodeExists) {
			return fmt.Errorf("create %s: %w", root[:i], err)
		}
	}
	return nil
}

func (p *grafting) walk(ctx context.Context, path string, n tree.Node) {
	n.EachChild(func(name string, child tree.Node) bool {
		below := path + "/" + name
		if p.node(ctx, below, child) {
			p.walk(ctx, below, child)
		}
		return p.err == nil
	})
}

// node adds a znode to the batch; false if it is left out.
func (p *grafting) node(ctx context.Context, path string, n tree.Node) bool {
	owner := n.Persisted().EphemeralOwner
	if (&selection{open: sessionsOf(p.tree, owner)}).ephemeral(owner) {
		p.done.Ephemeral++
		return false
	}
	root := Choice{Subtree: p.Subtree}.root()
	z := p.znode(p.Into+path[len(root):], n)
	if len(p.batch) >= batchNodes || p.bytes+len(z.Data) > batchBytes {
		p.flush(ctx)
	}
	p.batch = append(p.batch, z)
	p.bytes += len(z.Path) + len(z.Data)
	if path == root {
		p.top(ctx)
	}
	return true
}

// sessionsOf is the one session that matters.
func sessionsOf(t *tree.Tree, owner zoo.SessionID) map[zoo.SessionID]bool {
	_, known := t.SessionTimeout(owner)
	return map[zoo.SessionID]bool{owner: known}
}

func (p *grafting) znode(path string, n tree.Node) Znode {
	z := Znode{Path: path, Data: append([]byte{}, n.Data()...), ACL: n.ACL()}
	owner := n.Persisted().EphemeralOwner
	switch (tree.Types{Extended: true}).Of(owner) {
	case tree.OwnerContainer:
		z.Mode = zoo.Container
	case tree.OwnerTTL:
		z.Mode, z.TTLMillis = zoo.PersistentTTL, int64(owner)&zoo.TTLMax
	}
	return z
}

// top makes the top alone: if it must not exist, then nothing else may be done.
func (p *grafting) top(ctx context.Context) {
	if p.Existing != Refuse {
		return
	}
	p.flush(ctx)
	if errors.Is(p.err, zoo.CodeNodeExists) {
		p.err = fmt.Errorf("%s: %w: give --existing=keep or replace, or another place with --into",
			p.Into, ErrExists)
	}
}

func (p *grafting) flush(ctx context.Context) {
	if p.err != nil || len(p.batch) == 0 {
		return
	}
	err := p.to.Create(ctx, p.batch)
	switch {
	case err == nil:
		p.done.Created += len(p.batch)
	case errors.Is(err, zoo.CodeNodeExists) && p.Existing != Refuse:
		p.each(ctx)
	case errors.Is(err, zoo.CodeNoNode) && p.batch[0].Path == p.Into:
		parent, _ := zoo.SplitPath(p.Into)
		p.err = fmt.Errorf("%s is to go below %s, which the ensemble does not have: create it "+
			"first: %w", p.Into, parent, err)
	default:
		p.err = fmt.Errorf("create %s and %d more: %w", p.batch[0].Path, len(p.batch)-1, err)
	}
	p.batch, p.bytes = p.batch[:0], 0
}

// each is for a batch of which something exists.
func (p *grafting) each(ctx context.Context) {
	for _, n := range p.batch {
		err := p.to.Create(ctx, []Znode{n})
		switch {
		case err == nil:
			p.done.Created++
			continue
		case errors.Is(err, zoo.CodeNodeExists) && p.Existing == Keep:
			p.done.Kept++
			continue
		case errors.Is(err, zoo.CodeNodeExists):
			p.done.Replaced++
			err = p.to.Replace(ctx, n)
		}
		if err != nil {
			p.err = fmt.Errorf("restore %s: %w", n.Path, err)
			return
		}
	}
}
