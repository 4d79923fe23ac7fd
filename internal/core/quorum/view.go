package quorum

import (
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
	version zoo.Zxid
}

// NewView makes a view of members with distinct ids from 1 on, one of them a voter
// at least. Zero is nobody throughout.
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
	return v, nil
}

// Voters lists the ids of the voters, ascending. The caller must not change it.
func (v *View) Voters() []zoo.ServerID { return v.voters }

// Members lists all members, ascending by id. The caller must not change it.
func (v *View) Members() []Member { return v.members }

// Version is the configuration version, zero unless reconfigured.
func (v *View) Version() zoo.Zxid { return v.version }

// IsVoter tells whether the server votes.
func (v *View) IsVoter(id zoo.ServerID) bool { return slices.Contains(v.voters, id) }

// Decides tells whether the voters for which has is true are a quorum.
func (v *View) Decides(has func(zoo.ServerID) bool) bool {
	n := 0
	for _, id := range v.voters {
		if has(id) {
			n++
		}
	}
	return n > len(v.voters)/2
}

// Agreed is the highest zxid that a quorum has reached, when reached tells each
// voter's. It allocates nothing for up to nine voters.
func (v *View) Agreed(reached func(zoo.ServerID) zoo.Zxid) zoo.Zxid {
	var space [9]zoo.Zxid
	all := space[:0]
	for _, id := range v.voters {
		all = append(all, reached(id))
	}
	slices.Sort(all)
	return all[(len(all)-1)/2]
}

// Text is the configuration as it travels in notifications and NEWLEADER and
// stands in /zookeeper/config.
func (v *View) Text() string {
	var b strings.Builder
	for _, m := range v.members {
		fmt.Fprintf(&b, "server.%d=%s\n", m.ID, m.Text)
	}
	fmt.Fprintf(&b, "version=%x", int64(v.version))
	return b.String()
}
