package mixed

import (
	"testing"

	"zoo"
	"zoo/internal/core/acl"
	"zoo/internal/core/quorum"
	"zoo/internal/core/replica"
	"zoo/internal/core/tree"
	"zoo/internal/core/zab"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// reconfigurable is a server of an ensemble that anybody may reconfigure.
func reconfigurable(id int, view *quorum.View) replica.Config {
	return replica.Config{ID: zoo.ServerID(id), View: view, ReconfigEnabled: true,
		Rules: acl.Rules{SkipACL: true}}
}

// viewBefore is the configuration in force that Java's learner came with: its version it
// tells, and its members are those of NEWLEADER.
func viewBefore(t *testing.T, all []heard) *quorum.View {
	t.Helper()
	var info wire.LearnerInfo
	d := jute.NewDecoder(all[0].packet.Data)
	info.DecodeFrom(&d)
	view := viewIn(t, all)
	if view.Version() != info.ConfigVersion {
		return view.WithVersion(info.ConfigVersion)
	}
	return view
}

// changesIn are the configurations that were proposed in a talk.
func changesIn(t *testing.T, all []heard) []*quorum.View {
	t.Helper()
	var views []*quorum.View
	for _, h := range all {
		data := h.packet.Data
		switch h.packet.Type {
		case wire.PacketInformAndActivate:
			data = data[8:]
		case wire.PacketProposal:
		default:
			continue
		}
		e, err := txn.ParseEntry(data)
		if err != nil {
			t.Fatal(err)
		}
		if e.Op() != wire.OpReconfig {
			continue
		}
		v, err := zab.ConfigurationOf(e)
		if err != nil {
			t.Fatal(err)
		}
		views = append(views, v)
	}
	return views
}

// Our learner that hears of the changes of an ensemble of Java's says what Java's learner
// has said, has the last of the configurations in force, with every digest its own, and
// goes to whom Java's has gone; the one that was named leads by itself.
func TestOurLearnerIsReconfiguredAsJavasWas(t *testing.T) {
	past := entriesOf(load(t, "reconfig.txt").read(t))
	next := load(t, "demoted.txt").leader()
	for name, row := range map[string]struct {
		leader  int
		serving bool
	}{
		"reconfig.txt": {leader: next, serving: true},
		"joiner.txt":   {leader: load(t, "joiner.txt").leader()},
		"joined.txt":   {leader: next},
		"demoted.txt":  {leader: next, serving: true},
	} {
		t.Run(name, func(t *testing.T) {
			o := load(t, name)
			all := o.read(t)
			rec, invented := stateOf(t, all, past)
			p := play(t, reconfigurable(o.learner(), viewBefore(t, all)), rec)
			p.invented = invented
			p.learn(o, all)
			want := viewIn(t, all)
			if changes := changesIn(t, all); len(changes) > 0 {
				want = changes[len(changes)-1]
			}
			if e := p.replica.Members(); e.Current.Text() != want.Text() || e.Next != nil {
				t.Errorf("in force is %q, proposed %v, want %q", e.Current.Text(), e.Next,
					want.Text())
			}
			n, _ := p.replica.Tree().Lookup(zab.ConfigPath)
			if string(n.Data()) != want.Text() {
				t.Errorf("the tree has %q", n.Data())
			}
			s := p.replica.Status()
			if s.Leader != zoo.ServerID(row.leader) || s.Serving != row.serving ||
				s.LastApplied != lastOf(all) {
				t.Errorf("follows %d, serving %v, at %v", s.Leader, s.Serving, s.LastApplied)
			}
		})
	}
}

// Our leader that is asked for the changes that Java's leader was asked for proposes the
// same configurations, byte by byte, names the same successor, and follows it.
func TestOurLeaderReconfiguresAsJavasDid(t *testing.T) {
	o := load(t, "reconfig.txt")
	all := o.read(t)
	view := viewIn(t, all).WithVersion(0)
	p := play(t, reconfigurable(o.leader(), view), replica.Recovered{Tree: tree.New()})
	p.teach(o, all)
	p.step(replica.LinkDown{Link: theLink}) // The successor has heard of it.
	if s := p.replica.Status(); s.State != replica.Following || int(s.Leader) != o.learner() {
		t.Errorf("it is %v under %d", s.State, s.Leader)
	}
}

// Our server that begins with a file that the others do not know hears what Java's servers
// have told Java's: it takes their configuration, and finds their leader.
func TestOurJoinerFindsTheEnsembleAsJavasDid(t *testing.T) {
	notices := load(t, "joining.txt").notices(t)
	joiner := notices[0].by
	own := viewOf(t, notices[0].notification.Config)
	p := play(t, reconfigurable(joiner, own), replica.Recovered{Tree: tree.New()})
	var last wire.Notification
	for _, n := range notices {
		if n.to != joiner {
			continue
		}
		last = n.notification
		p.step(replica.ElectionUp{Peer: zoo.ServerID(n.by)})
		p.step(replica.Notified{Peer: zoo.ServerID(n.by), Notification: last})
	}
	if got := p.replica.Members().Current.Text(); got != last.Config || got == own.Text() {
		t.Errorf("in force is %q, want %q", got, last.Config)
	}
	if s := p.replica.Status(); s.Leader != last.Leader {
		t.Errorf("follows %d, want %d", s.Leader, last.Leader)
	}
}
