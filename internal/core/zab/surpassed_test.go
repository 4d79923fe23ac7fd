package zab

import (
	"slices"
	"testing"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/wire"
)

// completing makes server 1 lead with a history of two entries, in the configuration 1, 2, 3
// and with another one proposed. The followers have registered, each on the link of its number.
func completing(t *testing.T, oracle bool, next, followers []zoo.ServerID) (*member, *Leader) {
	t.Helper()
	var members []quorum.Member
	for _, id := range next {
		members = append(members, quorum.Member{ID: id})
	}
	view, err := quorum.NewView(members, zoo.Epoch(1).Start()+1)
	if err != nil {
		t.Fatal(err)
	}
	m := newMember(t, 1, 3)
	m.cfg.Members.Next, m.cfg.Oracle = view, oracle
	m.epochs = Epochs{Accepted: 1, Current: 1}
	m.history = NewHistory(0, logged(zoo.Epoch(1).Start()+1, zoo.Epoch(1).Start()+2))
	l := NewLeader(0, m.cfg, m.history, m.journal, &m.epochs, &m.out)
	for _, id := range followers {
		info := wire.LearnerInfo{ServerID: id, ProtocolVersion: wire.LearnerProtocolVersion}
		l.Connected(0, LinkID(id))
		l.Receive(0, LinkID(id), packet(wire.PacketFollowerInfo, zoo.Epoch(1).Start(),
			info.AppendTo(nil)))
	}
	m.disk()
	l.Persisted(0)
	m.told(0)
	return m, l
}

const behind, ahead = zoo.Zxid(0x100000001), zoo.Zxid(0x100000003)

// said is the end of a follower's history, as its ACKEPOCH says.
type said struct {
	id   zoo.ServerID
	last zoo.Zxid
}

var surpassing = map[string]struct {
	oracle          bool
	next, followers []zoo.ServerID
	says            []said
	dropped         []LinkID
	enters          bool
}{
	"2 does not have it": {next: []zoo.ServerID{2, 4}, followers: []zoo.ServerID{2, 4},
		says: []said{{4, ahead}, {2, behind}}, enters: true},
	"2 has not said so yet": {next: []zoo.ServerID{2, 4}, followers: []zoo.ServerID{2, 3, 4},
		says: []said{{4, ahead}, {3, behind}}},
	"2 is away": {next: []zoo.ServerID{2, 4}, followers: []zoo.ServerID{3, 4},
		says: []said{{4, ahead}}, dropped: []LinkID{4}},
	"5 has it as well": {next: []zoo.ServerID{1, 4, 5}, followers: []zoo.ServerID{2, 4, 5},
		says: []said{{2, behind}, {4, ahead}, {5, ahead}}, dropped: []LinkID{4, 5}},
	"5 does not have it": {next: []zoo.ServerID{1, 4, 5}, followers: []zoo.ServerID{2, 4, 5},
		says: []said{{2, behind}, {4, ahead}, {5, behind}}, enters: true},
	"4 may have decided alone": {oracle: true, next: []zoo.ServerID{2, 4},
		followers: []zoo.ServerID{2, 4}, says: []said{{2, behind}, {4, ahead}},
		dropped: []LinkID{4}},
	"3 can be elected": {next: []zoo.ServerID{2, 3}, followers: []zoo.ServerID{2, 3},
		says: []said{{2, behind}, {3, ahead}}, dropped: []LinkID{3}},
}

// Somebody who votes in the proposed configuration only has logged more than the new leader,
// and no election would choose it. As long as others may still say that they do not have that,
// so that no quorum does, it stays; then it promises like all, and its log is cut back. If a
// quorum may have it, it goes.
func TestWhoIsAheadAndCannotBeElectedIsCutBackIfNoQuorumHasThat(t *testing.T) {
	for name, c := range surpassing {
		m, l := completing(t, c.oracle, c.next, c.followers)
		for _, s := range c.says {
			ack := wire.AckEpoch{CurrentEpoch: 1}
			l.Receive(0, LinkID(s.id), packet(wire.PacketAckEpoch, s.last, ack.AppendTo(nil)))
		}
		if !slices.Equal(m.out.Hangup, c.dropped) {
			t.Errorf("%s: hung up on %v, not %v", name, m.out.Hangup, c.dropped)
		}
		if l.phase == entering != c.enters {
			t.Errorf("%s: phase %v", name, l.phase)
		}
		m.disk()
		l.Persisted(0)
		if told := m.told(4); c.enters && told[len(told)-2].Type != wire.PacketTrunc {
			t.Errorf("%s: 4 is told %v", name, kinds(told))
		}
	}
}
