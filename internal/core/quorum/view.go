package quorum

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"zoo"
)

// Member is one server of an ensemble.
type Member struct {
	ID       zoo.ServerID
	Observer bool
	// Text is the value of the member's server line, such as
	// host:2888:3888:participant;0.0.0.0:2181.
	Text string
}

// View is an ensemble as one configuration describes it. It is immutable.
type View struct {
	members []Member
	voters  []zoo.ServerID
	scale   scale
	// hierarchy is nil where the majority decides.
	hierarchy *Hierarchy
	version   zoo.Zxid
}

// NewView makes a view of members with distinct ids from 1 on, one of them a voter
// at least. Zero is nobody throughout. The majority of the voters decides.
func NewView(members []Member, version zoo.Zxid) (*View, error) {
	v := &View{members: slices.Clone(members), version: version}
	slices.SortFunc(v.members, func(a, b Member) int { return int(a.ID - b.ID) })
	for i, m := range v.members {
		if m.ID < 1 {
			return nil, fmt.Errorf("server id %d: ids begin at 1", m.ID)
		}
		if i > 0 && v.members[i-1].ID == m.ID {
			return nil, fmt.Errorf("server id %d is there twice", m.ID)
		}
		if !m.Observer {
			v.voters = append(v.voters, m.ID)
		}
	}
	if len(v.voters) == 0 {
		return nil, errors.New("an ensemble needs a voter, and there are only observers")
	}
	v.scale = majority(v.voters)
	return v, nil
}

// NewHierarchicalView makes a view in which groups and weights decide. Every voter is
// in one group, and at least one set of voters decides.
func NewHierarchicalView(members []Member, h Hierarchy, version zoo.Zxid) (*View, error) {
	v, err := NewView(members, version)
	if err != nil {
		return nil, err
	}
	if v.hierarchy, err = h.complete(v.voters); err != nil {
		return nil, err
	}
	v.scale, err = v.hierarchy.scale(v.IsVoter)
	return v, err
}

// Voters lists the ids of the voters, ascending. The caller must not change it.
func (v *View) Voters() []zoo.ServerID { return v.voters }

// Members lists all members, ascending by id. The caller must not change it.
func (v *View) Members() []Member { return v.members }

// Version is the configuration version, zero unless reconfigured.
func (v *View) Version() zoo.Zxid { return v.version }

// IsVoter tells whether the server votes.
func (v *View) IsVoter(id zoo.ServerID) bool { return slices.Contains(v.voters, id) }

// Hierarchy is the groups and weights, with those that were left out; nil where the
// majority decides. The caller must not change it.
func (v *View) Hierarchy() *Hierarchy { return v.hierarchy }

// Weighs tells whether the server's vote has any weight. One without never leads, and
// nobody waits for it.
func (v *View) Weighs(id zoo.ServerID) bool {
	return slices.ContainsFunc(v.scale.voters, func(w weighed) bool { return w.id == id })
}

// IsOneOfTwo tells whether the server is one of two voters that decide by majority: the
// ensembles for which an oracle may speak.
func (v *View) IsOneOfTwo(id zoo.ServerID) bool {
	return v.hierarchy == nil && len(v.voters) == 2 && v.IsVoter(id)
}

// Decides tells whether the voters for which has is true are a quorum. Whose vote has
// no weight is not asked for.
func (v *View) Decides(has func(zoo.ServerID) bool) bool {
	var space [groupsInline]int64
	t := v.scale.tally(&space)
	for _, w := range v.scale.voters {
		if has(w.id) && t.add(w) {
			return true
		}
	}
	return false
}

// reach is how far one voter has come.
type reach struct {
	zxid  zoo.Zxid
	voter weighed
}

// Agreed is the highest zxid that a quorum has reached, when reached tells each
// voter's. It allocates nothing for up to nine voters: those who have come furthest are
// counted first, until they decide.
func (v *View) Agreed(reached func(zoo.ServerID) zoo.Zxid) zoo.Zxid {
	var all [9]reach
	order := all[:0]
	for _, w := range v.scale.voters {
		order = append(order, reach{reached(w.id), w})
	}
	slices.SortFunc(order, func(a, b reach) int { return cmp.Compare(b.zxid, a.zxid) })
	var space [groupsInline]int64
	t := v.scale.tally(&space)
	for _, r := range order {
		if t.add(r.voter) {
			return r.zxid
		}
	}
	return 0 // Not reached: all voters of a view decide.
}

// Text is the configuration as it travels in notifications and NEWLEADER and
// stands in /zookeeper/config.
func (v *View) Text() string {
	var b strings.Builder
	for _, m := range v.members {
		fmt.Fprintf(&b, "server.%d=%s\n", m.ID, m.Text)
	}
	if v.hierarchy != nil {
		v.hierarchy.text(&b)
	}
	fmt.Fprintf(&b, "version=%x", int64(v.version))
	return b.String()
}
