package election

import (
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/wire"
)

// notificationVersion is the layout of notifications that we send.
const notificationVersion = 2

// idle is the state before the first Look; it is never sent.
const idle wire.PeerState = -1

// Config describes the server that elects. The zero durations take Java's
// defaults, but for ResendMax.
type Config struct {
	ID zoo.ServerID
	// View is the configuration in force at the start; see SetMembers.
	View *quorum.View
	// FinalizeWait is how long a decided vote waits for a better one that a
	// voter not yet heard could bring: 200 ms.
	FinalizeWait time.Duration
	// ResendMin and ResendMax bound the time after which an unanswered vote is
	// sent again: 200 ms, doubling to 1 s (Java: 60 s; a lost message should
	// not cost a minute).
	ResendMin, ResendMax time.Duration
	// ShunMax is how long an election may last before who is shunned counts like others:
	// two seconds.
	ShunMax time.Duration
	// WholeVotes puts a known bug back (ZOOKEEPER-1732): votes that have settled must
	// be the same in all; tests of the simulator only.
	WholeVotes bool
	// Oracle says that an oracle decides for one of two voters; see SetGranted.
	Oracle bool
}

// Outgoing is a notification to one peer.
type Outgoing struct {
	To           zoo.ServerID
	Notification wire.Notification
}

// Machine is one server's election. It is driven by its owner only.
type Machine struct {
	cfg Config
	// members is who counts: both configurations, while one is proposed. Who is
	// proposed only is heard, and does not vote for itself.
	members quorum.Ensemble
	// text is the configuration that travels in every notification: that in force.
	text string

	state   wire.PeerState
	round   int64
	own     Vote // what this server brings itself
	current Vote // what it supports now

	// votes holds the ballots of this round, settled those of servers that
	// follow or lead already, of any round.
	votes, settled map[zoo.ServerID]ballot
	linked         map[zoo.ServerID]bool
	// silent are those that seem linked and have said nothing for too long.
	silent map[zoo.ServerID]bool

	resendAt, resendAfter time.Duration
	// finalizeAt is when the decided vote becomes the outcome; zero while
	// nothing is decided.
	finalizeAt time.Duration

	granted bool // the oracle's word

	shunning shunning

	outcome *Vote
	out     []Outgoing
}

// New makes a machine that is not looking yet.
func New(cfg Config) *Machine {
	orDefault(&cfg.FinalizeWait, 200*time.Millisecond)
	orDefault(&cfg.ResendMin, 200*time.Millisecond)
	orDefault(&cfg.ResendMax, time.Second)
	orDefault(&cfg.ShunMax, 2*time.Second)
	return &Machine{
		cfg: cfg, members: quorum.Ensemble{Current: cfg.View}, text: cfg.View.Text(),
		state:   idle,
		votes:   map[zoo.ServerID]ballot{},
		settled: map[zoo.ServerID]ballot{},
		linked:  map[zoo.ServerID]bool{},
		silent:  map[zoo.ServerID]bool{},

		shunning: shunning{until: map[zoo.ServerID]time.Duration{}},
	}
}

func orDefault(d *time.Duration, value time.Duration) {
	if *d == 0 {
		*d = value
	}
}

// Look starts a new round. The vote of a voter is for itself with the end of
// its log and its current epoch.
func (m *Machine) Look(now time.Duration, last zoo.Zxid, epoch zoo.Epoch) {
	m.state = wire.Looking
	m.round++
	m.own = observerVote
	if m.isVoter() {
		m.own = Vote{Leader: m.cfg.ID, Zxid: last, Epoch: epoch}
	}
	m.current = m.own
	m.outcome, m.finalizeAt = nil, 0
	clear(m.votes)
	clear(m.settled)
	m.resendAfter = m.cfg.ResendMin
	m.beginShunning(now)
	m.broadcast(now)
	m.decide(now)
}

// SetMembers says who counts from now on. What was decided stays so: the owner looks
// anew if it must not.
func (m *Machine) SetMembers(e quorum.Ensemble) {
	if e.Current != m.members.Current {
		m.text = e.Current.Text()
	}
	m.members = e
}

// Config is the configuration that travels in notifications.
func (m *Machine) Config() string { return m.text }

// isVoter tells whether this server votes.
func (m *Machine) isVoter() bool { return m.members.Current.IsVoter(m.cfg.ID) }

// Appoint settles on a leader without an election, as the commit of a reconfiguration
// tells: it has named the best one.
func (m *Machine) Appoint(v Vote) {
	m.current = v
	m.settle()
}

// Withdraw keeps this server out of elections until the next Look: it neither votes
// nor answers.
func (m *Machine) Withdraw() {
	m.state, m.outcome, m.finalizeAt = idle, nil, 0
	m.out = nil
}

// Abstain is Withdraw for a server that was elected and led nobody. It says so: who waits for it
// to lead looks for another leader. What it says is no vote, for it has no zxid, which nobody who
// looks takes note of, be it written in Java or here.
func (m *Machine) Abstain() {
	m.Withdraw()
	m.round++
	m.state, m.current = wire.Looking, Vote{Leader: m.cfg.ID, Zxid: zoo.ZxidNone}
	for _, id := range m.members.Voters() {
		m.send(id)
	}
	m.state = idle
}

// Established tells the machine the epoch that the settled leadership made, so
// that all members of it answer late joiners with the same vote.
func (m *Machine) Established(epoch zoo.Epoch) { m.current.Epoch = epoch }

// Outcome is the settled vote, once. The owner takes the role that it implies.
func (m *Machine) Outcome() (Vote, bool) {
	if m.outcome == nil {
		return Vote{}, false
	}
	v := *m.outcome
	m.outcome = nil
	return v, true
}

// Linked tells whether the peer can be reached.
func (m *Machine) Linked(peer zoo.ServerID) bool { return m.linked[peer] }

// Responsive tells whether the peer can be reached and was not given up for its silence.
func (m *Machine) Responsive(peer zoo.ServerID) bool {
	return m.linked[peer] && !m.silent[peer]
}

// Elected tells whether a peer was among those whose votes have made this server lead.
func (m *Machine) Elected(peer zoo.ServerID) bool {
	b, heard := m.votes[peer]
	return m.state == wire.Leading && heard && b.vote.Leader == m.cfg.ID
}

// Round is the current round of this server.
func (m *Machine) Round() int64 { return m.round }

// Drain gives the notifications to send and forgets them.
func (m *Machine) Drain() []Outgoing {
	out := m.out
	m.out = nil
	return out
}

// Deadline is the next instant at which Tick does something; the second result
// is false while there is none.
func (m *Machine) Deadline() (time.Duration, bool) {
	if m.state != wire.Looking {
		return 0, false
	}
	if m.finalizeAt != 0 {
		return min(m.finalizeAt, m.resendAt), true
	}
	if end := m.shunning.endsAt; end != 0 {
		return min(end, m.resendAt), true
	}
	return m.resendAt, true
}

// Tick finalizes a decided vote or repeats an unanswered one.
func (m *Machine) Tick(now time.Duration) {
	if m.state != wire.Looking {
		return
	}
	if m.finalizeAt != 0 && now >= m.finalizeAt {
		m.settle()
		return
	}
	if now >= m.resendAt && m.leadsAlone() {
		m.settle()
		return
	}
	if end := m.shunning.endsAt; end != 0 && now >= end && m.finalizeAt == 0 {
		if m.endShunning(now); m.state != wire.Looking {
			return
		}
	}
	if now >= m.resendAt {
		m.resendAfter = min(2*m.resendAfter, m.cfg.ResendMax)
		m.broadcast(now)
	}
}

// LinkUp says that the peer can be reached; it is told our vote, which it may
// have missed.
func (m *Machine) LinkUp(peer zoo.ServerID) {
	m.linked[peer] = true
	delete(m.silent, peer)
	if m.state == wire.Looking && m.members.IsVoter(peer) {
		m.send(peer)
	}
}

// LinkDown says that the peer cannot be reached, so that a decision need not
// wait for it.
func (m *Machine) LinkDown(now time.Duration, peer zoo.ServerID) {
	delete(m.linked, peer)
	switch {
	case m.state != wire.Looking:
	case m.shunning.endsAt != 0:
		m.reconsider(now) // perhaps it has left no quorum of others
	default:
		m.decide(now)
	}
}

// Silent says that the peer was our leader and has said nothing for too long. Its links
// may stand, as those of a process that hangs do, but a decision need not wait for it
// until it is heard.
func (m *Machine) Silent(peer zoo.ServerID) { m.silent[peer] = true }

// TurnsAway tells whether a notification, which was not received yet, says that its sender
// looks for another leader than the one that was found: in a later round, or in this one with
// a vote that beats it, for votes only get better. The latter says so where this server leads,
// on votes of so few that they could turn to whom it has not heard. There it says as much when
// its sender has found another one.
func (m *Machine) TurnsAway(n wire.Notification) bool {
	switch {
	case n.Round < m.round:
		return false
	case n.State == wire.Following || n.State == wire.Leading:
		return m.state == wire.Leading && n.Leader != m.cfg.ID
	case n.State != wire.Looking:
		return false
	}
	return n.Round > m.round || m.state == wire.Leading &&
		m.beats(Vote{n.Leader, n.Zxid, n.PeerEpoch}, m.current)
}

// Receive takes in a notification.
func (m *Machine) Receive(now time.Duration, from zoo.ServerID, n wire.Notification) {
	delete(m.silent, from)
	if m.state != wire.Looking || !m.members.IsVoter(from) {
		m.answer(from, n)
		return
	}
	b := ballot{Vote{n.Leader, n.Zxid, n.PeerEpoch}, n.Round, n.State}
	switch n.State {
	case wire.Looking:
		m.receiveLooking(now, from, b)
	case wire.Following, wire.Leading:
		m.receiveSettled(now, from, b)
	}
}

// answer tells our vote to whoever looks for a leader. A server without a vote does not
// answer while it looks itself: two that answer each other never end. Once it has found
// a leader it does, since the asker may not know the newest configuration.
func (m *Machine) answer(to zoo.ServerID, n wire.Notification) {
	if n.State == wire.Looking && m.state != idle && (m.isVoter() || m.state != wire.Looking) {
		m.send(to)
	}
}

func (m *Machine) receiveLooking(now time.Duration, from zoo.ServerID, b ballot) {
	if m.own.Zxid == zoo.ZxidNone || b.vote.Zxid == zoo.ZxidNone {
		return
	}
	_, heard := m.votes[from]
	switch {
	case b.round < m.round:
		m.send(from)
		return
	case b.round > m.round:
		m.join(now, b)
	case m.prefers(b.vote, m.current):
		m.adopt(now, b.vote)
	case (m.beats(m.current, b.vote) || !heard) && m.isVoter():
		// The peer may have begun to look after we told it our vote, and
		// would wait for the next repetition, even if its vote is ours by now:
		// then it is the first that we hear of it, as the one before was
		// overtaken.
		m.send(from)
	}
	if m.members.IsVoter(b.vote.Leader) {
		m.votes[from] = b
	}
	if m.yield(now, b.vote); m.state == wire.Looking {
		m.decide(now)
	}
}

// beats is the order of candidates in this ensemble. One without weight never wins, and
// gives way to any that has some. Of two with the same history the one that weighs in the
// configuration in force comes first: whoever has not heard of the proposed one would vote
// for no other, and may be needed.
func (m *Machine) beats(v, other Vote) bool {
	switch {
	case !m.members.Weighs(v.Leader):
		return false
	case !m.members.Weighs(other.Leader):
		return true
	case v.Epoch == other.Epoch && v.Zxid == other.Zxid:
		weighs := m.members.Current.Weighs(v.Leader)
		if weighs != m.members.Current.Weighs(other.Leader) {
			return weighs
		}
	}
	return v.beats(other)
}

// join enters the later round of a peer, with the better of its vote and our
// own first one: what we heard in the earlier round may no longer exist.
func (m *Machine) join(now time.Duration, b ballot) {
	m.round = b.round
	clear(m.votes)
	m.finalizeAt = 0
	m.current = m.own
	if m.prefers(b.vote, m.own) {
		m.current = b.vote
	}
	m.broadcast(now)
}

func (m *Machine) adopt(now time.Duration, v Vote) {
	m.current = v
	m.finalizeAt = 0
	m.broadcast(now)
}

// receiveSettled decides whether the votes of peers that already have a leader
// are enough to join them. Three servers, 1 leads, 3 arrives late:
//
//  1. 3 starts round 1 and hears 1: "LEADING, round 5".
//  2. Round 5 is not 3's round, so the ballot must not count for round 1 …
//  3. … but a quorum {1,2} agrees on 1, and 1 itself says that it leads, so 3
//     adopts round 5 instead of disturbing it.
//
// Without the "1 itself says so" half a server could follow a leader that has
// just died. Scenario: testdata/late_joiner.txt.
//
// In our own round such a ballot is a voter's word like any other: it may have settled so
// soon that its answer has overtaken its vote, and nobody must wait for that one.
func (m *Machine) receiveSettled(now time.Duration, from zoo.ServerID, b ballot) {
	if !m.members.IsVoter(b.vote.Leader) {
		return
	}
	if b.round == m.round {
		m.votes[from] = b
		if m.followers(m.votes, b) && m.leads(b, m.votes) {
			m.current = b.vote
			m.settle()
			return
		}
		if m.decide(now); m.state != wire.Looking {
			return
		}
	}
	m.settled[from] = b
	if m.mustFollow(from, b) {
		m.round, m.current = b.round, b.vote
		m.settle()
		return
	}
	if m.followers(m.settled, b) && m.leads(b, m.settled) {
		m.round = b.round
		m.current = b.vote
		m.settle()
	}
}

// leads tells whether the leader's own word supports its leadership. A server
// believes it of itself only of the vote that it has brought to this round: rounds begin
// anew with a process, and the last word of others on the one before may come late.
// Scenario: testdata/restarted_leader.txt.
func (m *Machine) leads(b ballot, ballots map[zoo.ServerID]ballot) bool {
	if b.vote.Leader == m.cfg.ID {
		return b.round == m.round && b.vote == m.own
	}
	leader, heard := ballots[b.vote.Leader]
	return heard && leader.state == wire.Leading
}

func (m *Machine) hasQuorum(ballots map[zoo.ServerID]ballot, b ballot) bool {
	return m.members.Decides(m.supports(ballots, b))
}

// followers tells whether a leader has a quorum already. The configuration in force is
// enough for that: one that only this server takes for proposed, since it was lost
// before the others heard of it, must not keep it away from their leader.
func (m *Machine) followers(ballots map[zoo.ServerID]ballot, b ballot) bool {
	return m.members.Current.Decides(m.supports(ballots, b))
}

func (m *Machine) supports(
	ballots map[zoo.ServerID]ballot, b ballot,
) func(zoo.ServerID) bool {
	return func(id zoo.ServerID) bool {
		if id == m.cfg.ID && b.round == m.round && m.current == b.vote {
			return true
		}
		other, heard := ballots[id]
		return heard && other.agrees(b.vote, b.round, b.state) &&
			(!m.cfg.WholeVotes || other.vote == b.vote && other.round == b.round)
	}
}

// decide looks whether a quorum supports our vote. It settles at once when no
// voter that we can reach is still unheard: nobody is left who could change the
// outcome. Otherwise it waits FinalizeWait for them, as Java always does.
func (m *Machine) decide(now time.Duration) {
	if m.own.Zxid == zoo.ZxidNone || m.current == observerVote {
		return
	}
	own := ballot{m.current, m.round, wire.Looking}
	if !m.hasQuorum(m.votes, own) {
		m.finalizeAt = 0
		return
	}
	if !m.awaitsAnyone() {
		m.settle()
		return
	}
	if m.finalizeAt == 0 {
		m.finalizeAt = now + m.cfg.FinalizeWait
	}
}

func (m *Machine) awaitsAnyone() bool {
	if m.disputed() {
		return true
	}
	for _, id := range m.members.Voters() {
		_, heard := m.votes[id]
		if !heard && id != m.cfg.ID && m.Responsive(id) && m.members.Weighs(id) {
			return true
		}
	}
	return false
}

func (m *Machine) settle() {
	m.finalizeAt = 0
	switch {
	case m.current.Leader == m.cfg.ID:
		m.state = wire.Leading
	case m.members.Current.IsObserver(m.cfg.ID):
		m.state = wire.Observing
	default:
		m.state = wire.Following
	}
	v := m.current
	m.outcome = &v
	m.tellObservers()
}

// tellObservers tells the outcome to those who may have asked before there was
// one. Voters hear each other's votes; observers hear only answers.
func (m *Machine) tellObservers() {
	if m.state == wire.Observing {
		return
	}
	for _, member := range m.members.Members() {
		if member.Observer && m.linked[member.ID] {
			m.send(member.ID)
		}
	}
}

func (m *Machine) broadcast(now time.Duration) {
	m.resendAt = now + m.resendAfter
	for _, id := range m.members.Voters() {
		m.send(id)
	}
}

func (m *Machine) send(to zoo.ServerID) {
	if to == m.cfg.ID {
		return
	}
	m.out = append(m.out, Outgoing{to, wire.Notification{
		State: m.state, Leader: m.current.Leader, Zxid: m.current.Zxid,
		Round: m.round, PeerEpoch: m.current.Epoch,
		Version: notificationVersion, Config: m.text,
	}})
}
