package quorum

import (
	"slices"

	"zoo"
)

// Ensemble is the configuration in force and, while a reconfiguration is under way or
// may be, the one that is proposed. As long as there are two whatever is decided takes a
// quorum of each: a server that knows only the old one and a server that knows only the
// new one can then never decide apart (Shraer et al., USENIX ATC 2012).
//
// Who may be in the middle of what is known from the history: a configuration is proposed
// by a transaction, and no server has one in force whose transaction is not committed.
type Ensemble struct {
	// Current is in force; never nil in an ensemble.
	Current *View
	// Next is proposed and has a higher version than Current; nil for none.
	Next *View
}

// Latest is the newest configuration that is known, whether it is in force or not.
func (e Ensemble) Latest() *View {
	if e.Next != nil {
		return e.Next
	}
	return e.Current
}

// Propose is the ensemble once a configuration was proposed. One that is not newer than
// that in force changes nothing.
func (e Ensemble) Propose(v *View) Ensemble {
	if v.Version() > e.Current.Version() {
		e.Next = v
	}
	return e
}

// Succeed is the ensemble once a configuration was proposed behind the one that is proposed
// so far, in the same history. Nobody proposes one before that in front of it is in force, so
// that one was, whoever has heard of its commit.
func (e Ensemble) Succeed(v *View) Ensemble {
	if e.Next != nil && e.Next.Version() < v.Version() {
		e = e.Activate(e.Next)
	}
	return e.Propose(v)
}

// Activate is the ensemble once a configuration is in force. A proposal remains if it is
// newer. An older configuration than that in force changes nothing.
func (e Ensemble) Activate(v *View) Ensemble {
	if v.Version() <= e.Current.Version() {
		return e
	}
	e.Current = v
	if e.Next != nil && e.Next.Version() <= v.Version() {
		e.Next = nil
	}
	return e
}

// Decides tells whether the servers for which has is true decide.
func (e Ensemble) Decides(has func(zoo.ServerID) bool) bool {
	return e.Current.Decides(has) && (e.Next == nil || e.Next.Decides(has))
}

// Agreed is the highest zxid that is committed when reached tells how far each voter has
// come. What lies before the transaction that proposes the next configuration takes a
// quorum of the present one only; the version of a configuration is its zxid.
func (e Ensemble) Agreed(reached func(zoo.ServerID) zoo.Zxid) zoo.Zxid {
	now := e.Current.Agreed(reached)
	if e.Next == nil {
		return now
	}
	both := min(now, e.Next.Agreed(reached))
	return max(both, min(now, e.Next.Version()-1))
}

// IsOneOfTwo tells whether the server is one of two voters that decide by majority, while
// nothing else is proposed: the ensembles for which an oracle may speak.
func (e Ensemble) IsOneOfTwo(id zoo.ServerID) bool {
	return e.Next == nil && e.Current.IsOneOfTwo(id)
}

// IsVoter tells whether the server votes in either configuration.
func (e Ensemble) IsVoter(id zoo.ServerID) bool {
	return e.Current.IsVoter(id) || e.Next != nil && e.Next.IsVoter(id)
}

// Weighs tells whether the server's vote has weight. For a voter of the configuration in
// force that one says it: whoever does not know of a proposed one yet judges a candidate by
// it, and they have to agree on one.
func (e Ensemble) Weighs(id zoo.ServerID) bool {
	if e.Current.IsVoter(id) {
		return e.Current.Weighs(id)
	}
	return e.Next != nil && e.Next.Weighs(id)
}

// Voters lists the ids of the voters of both configurations, ascending. The caller must
// not change it.
func (e Ensemble) Voters() []zoo.ServerID {
	if e.Next == nil {
		return e.Current.Voters()
	}
	all := slices.Concat(e.Current.Voters(), e.Next.Voters())
	slices.Sort(all)
	return slices.Compact(all)
}

// Members lists the members of both configurations, as the next one has them, ascending.
func (e Ensemble) Members() []Member {
	if e.Next == nil {
		return e.Current.Members()
	}
	all := slices.Clone(e.Next.Members())
	for _, m := range e.Current.Members() {
		if _, ok := e.Next.Member(m.ID); !ok {
			all = append(all, m)
		}
	}
	slices.SortFunc(all, func(a, b Member) int { return int(a.ID - b.ID) })
	return all
}
