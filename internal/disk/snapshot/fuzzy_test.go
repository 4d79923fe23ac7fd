package snapshot_test

import (
	"bytes"
	"testing"

	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
)

// The plot: a tree that is ahead of its zxid is saved, as a leader of Java's has sent it. The
// file says how far it is, in the parts in which Java's files do, and what is read is as
// fuzzy again. Nobody takes its digest for that of its znodes, nor the file for damaged.
func TestAFuzzyTreeSaysInItsFileHowFarItIs(t *testing.T) {
	known := tree.Fuzzy{Until: 0x1000000ff, Digest: 0x1234, HasDigest: true}
	unknown := tree.Fuzzy{Until: 0x1000000ff}
	for _, c := range []struct {
		name   string
		mark   tree.Fuzzy
		format snapshot.Format
		want   snapshot.Info
		back   tree.Fuzzy
	}{
		{"with its digest", known, snapshot.Format{}, snapshot.Info{Digest: 0x1234,
			DigestZxid: known.Until, HasDigest: true, LastZxid: known.Until,
			HasLastZxid: true}, known},
		{"without a digest", unknown, snapshot.Format{}, snapshot.Info{HasDigest: true,
			LastZxid: known.Until, HasLastZxid: true}, unknown},
		{"as of 3.8", known, snapshot.Format{LastZxidOmitted: true}, snapshot.Info{
			Digest: 0x1234, DigestZxid: known.Until, HasDigest: true}, known},
	} {
		disk, tr := newDisk(), grow(t, 3)
		tr.SetFuzzy(c.mark)
		must(t, c.format.Write(disk, "/d", source(tr)))
		got, info, err := load(t, disk)
		must(t, err)
		c.want.Zxid = tr.Zxid()
		if c.format.LastZxidOmitted {
			c.want.LastZxid = tr.Zxid()
		}
		if info != c.want || info.Fuzzy() != c.back || info.Exact() || info.Comparable() {
			t.Errorf("%s: read %+v, want %+v", c.name, info, c.want)
		}
		if got.Fingerprint() != tr.Fingerprint() {
			t.Errorf("%s: the tree is another", c.name)
		}
		files, err := snapshot.List(disk, "/d")
		must(t, err)
		if _, err := snapshot.Check(disk, files[0]); err != nil {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// A copy for an operator says it as well.
func TestACopyOfAFuzzyTreeSaysHowFarItIs(t *testing.T) {
	tr := grow(t, 3)
	tr.SetFuzzy(tree.Fuzzy{Until: 0x1000000ff, Digest: 0x1234, HasDigest: true})
	var sent bytes.Buffer
	_, err := snapshot.NewCopy(source(tr)).WriteTo(&sent)
	must(t, err)
	_, info, err := snapshot.ReadCopy(&sent, "copy")
	must(t, err)
	if info.DigestZxid != 0x1000000ff || info.Digest != 0x1234 || info.LastZxid != 0x1000000ff {
		t.Errorf("read %+v", info)
	}
}

// A tree whose log has made it whole is of one moment, whatever it was.
func TestATreeThatWasFuzzyIsSavedAsExact(t *testing.T) {
	disk, tr := newDisk(), grow(t, 3)
	tr.SetFuzzy(tree.Fuzzy{Until: tr.Zxid(), Digest: 1, HasDigest: true})
	must(t, snapshot.Write(disk, "/d", source(tr)))
	_, info, err := load(t, disk)
	must(t, err)
	if !info.Exact() || info.Digest != tr.Digest() || info.Fuzzy() != (tree.Fuzzy{}) {
		t.Errorf("read %+v", info)
	}
}

// What the files of Java's servers say of how fuzzy they are.
func TestEitherPartOfAFileSaysHowFuzzyItIs(t *testing.T) {
	for name, c := range map[string]struct {
		info snapshot.Info
		want tree.Fuzzy
	}{
		"3.5 says nothing": {snapshot.Info{Zxid: 5, LastZxid: 5}, tree.Fuzzy{}},
		"of one moment": {snapshot.Info{Zxid: 5, Digest: 1, DigestZxid: 5, HasDigest: true,
			LastZxid: 5, HasLastZxid: true}, tree.Fuzzy{}},
		"3.8 is ahead": {snapshot.Info{Zxid: 5, Digest: 1, DigestZxid: 7, HasDigest: true,
			LastZxid: 5}, tree.Fuzzy{Until: 7, Digest: 1, HasDigest: true}},
		"more came behind the digest": {snapshot.Info{Zxid: 5, Digest: 1, DigestZxid: 7,
			HasDigest: true, LastZxid: 8, HasLastZxid: true}, tree.Fuzzy{Until: 8}},
		"a new leader's, of its epoch": {snapshot.Info{Zxid: 5, Digest: 1, DigestZxid: 4,
			HasDigest: true, LastZxid: 5, HasLastZxid: true}, tree.Fuzzy{}},
		"another version": {snapshot.Info{Zxid: 5, Digest: 1, DigestZxid: 7, LastZxid: 5},
			tree.Fuzzy{Until: 7}},
	} {
		if got := c.info.Fuzzy(); got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
	}
}
