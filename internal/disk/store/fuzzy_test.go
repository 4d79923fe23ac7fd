package store_test

import (
	"testing"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/vfs"
	"zoo/internal/txn"
)

// digested are creates that say what the digest then is; that of the one at odd is wrong.
func digested(t *testing.T, end, odd zoo.Zxid) []txn.Entry {
	t.Helper()
	tr, list := tree.New(), creates(1, end, "a")
	for i, e := range list {
		_, err := tr.Apply(e)
		must(t, err)
		digest := txn.Digest{Version: txn.DigestVersion, Tree: tr.Digest()}
		if e.Zxid == odd {
			digest.Tree++
		}
		h, r, _, err := e.Decode()
		must(t, err)
		list[i] = txn.NewEntry(h, r, &digest)
	}
	return list
}

// The plot: the tree that was installed as of 3 holds 4 and 5 already, and its log goes on
// to 8. It is recovered as fuzzy until 5: what its log has up to there makes it whole and is
// not compared, though the entry 4 would be wrong. Behind it each digest counts.
func TestAFuzzyTreeIsRecoveredAsThat(t *testing.T) {
	const base, until, end = 3, 5, 8
	for odd, want := range map[zoo.Zxid]int{0: 0, 4: 0, 7: 1} {
		history := digested(t, end, odd)
		d := treeOf(t, history[:until])
		mark := tree.Fuzzy{Until: until, Digest: d.Digest(), HasDigest: true}
		d.SetZxid(base)
		d.SetFuzzy(mark)
		disk := vfs.NewMem()
		s, _, err := config(disk).Open()
		must(t, err)
		must(t, s.InstallSnapshot(frozen(d)))
		must(t, s.Append(history[base:]))
		must(t, s.Sync())
		must(t, s.Close())
		_, r, err := config(disk.CrashLosingAll()).Open()
		must(t, err)
		if r.Tree.Zxid() != base || r.Tree.Fuzzy() != mark || len(r.Notes) > 0 {
			t.Fatalf("recovered %v, fuzzy %+v: %q", r.Tree.Zxid(), r.Tree.Fuzzy(), r.Notes)
		}
		found := 0
		for _, e := range r.Tail {
			res, err := r.Tree.Apply(e)
			must(t, err)
			if res.DigestDiffers {
				found++
			}
		}
		if found != want || r.Tree.Fingerprint() != treeOf(t, history).Fingerprint() {
			t.Errorf("%d digests differ, want %d", found, want)
		}
	}
}
