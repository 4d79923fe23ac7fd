package tree

import "zoo"

// Fuzzy says how far a tree is ahead of its zxid in parts, because it was written while it
// changed, as Java's server does: applying what comes behind its zxid makes it whole. The
// zero value is of a tree that is of one moment.
type Fuzzy struct {
	// Until is the last transaction that the tree may hold a part of: from there on its
	// digest is what entries say.
	Until zoo.Zxid
	// Digest is what the tree's will be at Until; HasDigest tells whether that is known.
	Digest    uint64
	HasDigest bool
}

// SetFuzzy says that the tree holds parts of what follows its zxid. It changes the tree.
func (t *Tree) SetFuzzy(f Fuzzy) { t.fuzzy = f }

// BoundFuzzy says that the tree holds nothing of what comes behind z. It changes the tree.
func (t *Tree) BoundFuzzy(z zoo.Zxid) {
	if t.fuzzy.Until > z {
		t.fuzzy = Fuzzy{Until: z}
	}
}

// Fuzzy is how far the tree is ahead of its zxid; zero once all up to there is applied.
func (t *Tree) Fuzzy() Fuzzy {
	if t.zxid >= t.fuzzy.Until {
		return Fuzzy{}
	}
	return t.fuzzy
}

// Fuzzy is what the tree's was.
func (f *Frozen) Fuzzy() Fuzzy { return f.fuzzy }
