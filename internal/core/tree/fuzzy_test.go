package tree

import (
	"testing"

	"zoo"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// foretelling is an entry that changes nothing and says that the digest is this.
func foretelling(z zoo.Zxid, digest uint64) txn.Entry {
	return txn.NewEntry(txn.Header{Zxid: z, Type: wire.OpError}, &txn.ErrorTxn{},
		&txn.Digest{Version: txn.DigestVersion, Tree: digest})
}

// A fuzzy tree is compared with no digest before it is whole, and from there on with each.
// Its frozen views and copies are fuzzy as long as it is.
func TestADigestIsComparedFromWhereATreeIsWhole(t *testing.T) {
	tree, mark := New(), Fuzzy{Until: 3, Digest: 7, HasDigest: true}
	tree.SetFuzzy(mark)
	wrong := tree.Digest() + 1
	for z := zoo.Zxid(1); z <= 4; z++ {
		frozen := tree.Freeze()
		cloner := NewCloner(frozen)
		for cloner.Step(1) {
		}
		clone, err := cloner.Finish(nil)
		if err != nil {
			t.Fatal(err)
		}
		want := mark
		if z > 3 {
			want = Fuzzy{}
		}
		if frozen.Fuzzy() != want || clone.Fuzzy() != want || tree.Fuzzy() != want {
			t.Errorf("before %v: %+v, frozen %+v, copied %+v",
				z, tree.Fuzzy(), frozen.Fuzzy(), clone.Fuzzy())
		}
		frozen.Close()
		r, err := tree.Apply(foretelling(z, wrong))
		if err != nil || r.DigestDiffers != (z >= 3) || r.Foretold != wrong {
			t.Errorf("after %v: differs %v from %#x (%v)", z, r.DigestDiffers, r.Foretold, err)
		}
	}
}
