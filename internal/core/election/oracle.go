package election

import (
	"zoo"
	"zoo/internal/wire"
)

// SetGranted takes in the word of the oracle: whether this server may lead alone while
// the other of the two voters is not there. See docs/adr/0029-oracle.md.
func (m *Machine) SetGranted(granted bool) { m.granted = granted }

// hasOracle tells whether there is an oracle to go by.
func (m *Machine) hasOracle() bool { return m.cfg.Oracle && m.members.IsOneOfTwo(m.cfg.ID) }

// leadsAlone tells whether this server settles without the other one: the oracle grants
// it, and the other has had the time of one notification to say something.
func (m *Machine) leadsAlone() bool {
	return m.hasOracle() && m.granted && m.current.Leader == m.cfg.ID &&
		m.own.Zxid != zoo.ZxidNone && len(m.votes) == 0
}

// mustFollow tells whether the other one leads alone, by the grant that we do not have.
// Without us there is no quorum that could say so.
func (m *Machine) mustFollow(from zoo.ServerID, b ballot) bool {
	return m.hasOracle() && !m.granted && b.state == wire.Leading && b.vote.Leader == from
}
