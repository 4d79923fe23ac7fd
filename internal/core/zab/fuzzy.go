package zab

import (
	"slices"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// A leader of Java's changes its tree while it sends that, so that the tree holds parts of
// what comes behind its zxid. How far is known at NEWLEADER:
//
//  1. A of Java's leads, and sends B, one of ours, its tree as of z. Meanwhile z+1 to z+5
//     are committed, and the znodes that are sent last have them already.
//  2. Of each A queues the COMMIT for B before it applies it, and NEWLEADER behind the tree:
//     what the tree may hold is what B was told to commit before NEWLEADER. The digest in
//     the last of them, z+5, is the tree's from there on.
//  3. B stores the tree as of z, with that digest of z+5: its file says how far it is fuzzy.
//     It restarts, applies what its log has behind z, and compares digests from z+5 on.
//
// So the tree waits for NEWLEADER with its way to the disk, and what came behind it, too. If
// the leader is lost before, they go there without that knowledge. Nobody waits for longer:
// what is queued behind a tree comes at once, and B answers nothing before NEWLEADER.

// unbounded is a tree that may hold parts of whatever its leader has proposed.
func unbounded(e zoo.Epoch) tree.Fuzzy {
	return tree.Fuzzy{Until: zoo.MakeZxid(e, zoo.CounterMax)}
}

// bounded is what is known at NEWLEADER. Transactions of refused writes change nothing, and
// Java's have no digest.
func (l *Learner) bounded() tree.Fuzzy {
	h := l.history
	for _, e := range slices.Backward(h.entries[:h.count(l.committed)]) {
		if e.Op() == wire.OpError {
			continue
		}
		f := tree.Fuzzy{Until: e.Zxid}
		_, _, digest, err := e.Decode()
		if err == nil && digest != nil && digest.Version == txn.DigestVersion {
			f.Digest, f.HasDigest = digest.Tree, true
		}
		return f
	}
	return tree.Fuzzy{}
}

// fuzziness is the data of a leader's SNAP. Its own tree may be one that Java has written, and
// it sends that as it is before a quorum lets it apply what comes behind.
func (l *Leader) fuzziness(p plan) []byte {
	f := wire.Fuzzy(l.cfg.Fuzzy)
	if p.kind != wire.PacketSnap || p.zxid >= f.Until {
		return nil
	}
	return f.AppendTo(nil)
}

// expect takes in a SNAP packet, whose tree comes next.
func (l *Learner) expect(p *wire.QuorumPacket) {
	l.snapshot, l.phase = p.Zxid, loading
	if !l.extends || len(p.Data) == 0 {
		return
	}
	var f wire.Fuzzy
	d := jute.NewDecoder(p.Data)
	f.DecodeFrom(&d)
	if d.Err() != nil {
		l.Fail("malformed SNAP")
		return
	}
	l.sent = tree.Fuzzy(f)
}

// Withholds tells whether a tree was received that is not on its way to the disk yet.
func (l *Learner) Withholds() bool { return l.fuzzy != nil }

// withhold keeps a tree from the journal until NEWLEADER.
func (l *Learner) withhold(t *tree.Tree) {
	t.SetFuzzy(unbounded(l.epoch))
	l.fuzzy = t
}

// release lets the withheld tree go to the journal, and what came behind it.
func (l *Learner) release() {
	if l.fuzzy == nil {
		return
	}
	l.install(l.fuzzy)
	l.fuzzy = nil
	for _, e := range l.behind {
		l.journal.Append(e)
	}
	l.behind = nil
}

func (l *Learner) install(t *tree.Tree) {
	if l.cfg.Planted != Bug3642 {
		l.journal.Install(t, l.snapshot)
	}
}

// store gives an entry to the journal, behind a tree that is withheld.
func (l *Learner) store(e txn.Entry) {
	if l.fuzzy != nil {
		l.behind = append(l.behind, e)
		return
	}
	l.journal.Append(e)
}
