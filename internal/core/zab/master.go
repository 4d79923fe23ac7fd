package zab

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// Master is what a follower does for observers that attach to it rather than to the
// leader (observerMasterPort): it brings them to what is committed here, informs them
// of each commit, and passes on what they ask of the leader. It never counts for
// anything, and ends with the role of its learner.
type Master struct {
	cfg     Config
	history *History
	learner *Learner
	out     *Output

	// observers are in the order of their links.
	observers []*learner
	// informed is the last commit that the observers were told of.
	informed zoo.Zxid
	pingAt   time.Duration
	alarm    wire.Alarm
}

// NewMaster begins to serve observers, beside a learner that follows.
func NewMaster(now time.Duration, l *Learner) *Master {
	return &Master{
		cfg: l.cfg, history: l.history, learner: l, out: l.out,
		informed: l.history.Committed(), pingAt: now + l.cfg.TickTime/2, alarm: l.alarm,
	}
}

// Connected takes in a link that an observer opened.
func (m *Master) Connected(now time.Duration, link LinkID) {
	m.observers = append(m.observers, &learner{
		link: link, observer: true, heard: now, since: now,
	})
}

// Disconnected forgets an observer.
func (m *Master) Disconnected(link LinkID) {
	m.observers = slices.DeleteFunc(m.observers,
		func(x *learner) bool { return x.link == link })
}

// Moved says that bytes to the observer have gone out.
func (m *Master) Moved(now time.Duration, link LinkID) {
	if x := m.find(link); x != nil && x.stage == syncing {
		x.heard = now
	}
}

// Receive takes in one packet of an observer. It reports what the owner must do for it:
// Ping is to take note of the sessions in it, which the next Pong tells the leader.
func (m *Master) Receive(now time.Duration, link LinkID, p *wire.QuorumPacket) Upcall {
	x := m.find(link)
	if x == nil {
		return Nothing
	}
	x.heard = now
	switch p.Type {
	case wire.PacketAck:
		m.acknowledge(now, x, p.Zxid)
	case wire.PacketRequest, wire.PacketRevalidate:
		if x.upToDate {
			m.learner.relay(link, p)
		}
	case wire.PacketPing:
		return Ping
	case wire.PacketAlarm:
		// The leader counts the room of voters. One packet of ours stands for this
		// server, so that of an observer has no way up.
	case wire.PacketClients:
		m.answerClients(x, p)
	case wire.PacketObserverInfo:
		m.register(now, x, p)
	case wire.PacketAckEpoch:
		m.acceptAckEpoch(now, x, p)
	default:
		m.drop(x, fmt.Sprintf("unexpected %v to an observer master", p.Type))
	}
	return Nothing
}

func (m *Master) find(link LinkID) *learner {
	for _, x := range m.observers {
		if x.link == link {
			return x
		}
	}
	return nil
}

func (m *Master) drop(x *learner, why string) {
	m.out.note(Note{Stage: "observer dropped", Peer: x.id, Detail: why})
	m.out.Hangup = append(m.out.Hangup, x.link)
	m.Disconnected(x.link)
}

// register takes in OBSERVERINFO and offers the epoch, which a quorum has long entered.
func (m *Master) register(now time.Duration, x *learner, p *wire.QuorumPacket) {
	info, refusal := x.introduction(p, m.cfg.Members.Latest().Version())
	if refusal != "" {
		m.drop(x, refusal)
		return
	}
	if over := outlived(m.observers, x, info.ServerID); over != nil {
		m.drop(over, connectedAgain)
		if over == x {
			return
		}
	}
	x.enrol(now, p, info.ServerID)
	x.entered = m.learner.epoch
	m.out.note(Note{Stage: "observer registered", Peer: x.id, Epoch: x.accepted})
	offer := wire.LeaderInfo{ProtocolVersion: wire.LearnerProtocolVersion}
	data := offer.AppendTo(nil)
	if m.learner.extends {
		// Whoever leads has to understand what comes through us.
		data = wire.AppendExtensionMark(data)
	}
	m.out.send(x.link, wire.QuorumPacket{
		Type: wire.PacketLeaderInfo, Zxid: m.learner.epoch.Start(), Data: data,
	})
}

// acceptAckEpoch takes in ACKEPOCH: what the observer has.
func (m *Master) acceptAckEpoch(now time.Duration, x *learner, p *wire.QuorumPacket) {
	d := jute.NewDecoder(p.Data)
	var ack wire.AckEpoch
	ack.DecodeFrom(&d)
	if d.Err() != nil || x.stage != registered {
		m.drop(x, "malformed or unexpected ACKEPOCH")
		return
	}
	x.last, x.wantsTree = p.Zxid, wire.WantsTree(p.Data)
	x.stage, x.since = acknowledged, now
	m.synchronise(now, x)
}

// synchronise sends an observer what it lacks of what is committed here. One that has
// more of this epoch than that has it from the leader or a faster follower: it is not
// cut back, but waits until we have got as far. One from a later epoch knows a leader
// that we have not heard of.
func (m *Master) synchronise(now time.Duration, x *learner) {
	h, epoch := m.history, m.learner.epoch
	switch {
	case x.last.Epoch() > epoch:
		m.drop(x, fmt.Sprintf("it has %v, and our epoch is %d", x.last, epoch))
		return
	case m.owesOld():
		return
	case x.last.Epoch() == epoch && x.last > max(h.Committed(), epoch.Start()):
		return
	}
	settled := h.committed
	p, ready := planSync(h, settled, max(h.Committed(), epoch.Start()), x.last), true
	if x.wantsTree {
		p, ready = planTree(h, settled, x.last)
	}
	if !ready {
		return
	}
	m.out.note(Note{
		Stage: "observer sync", Peer: x.id, Zxid: p.zxid, Epoch: epoch, Detail: p.kind.String(),
	})
	m.out.send(x.link, wire.QuorumPacket{Type: p.kind, Zxid: p.zxid})
	for _, e := range p.pending(h, settled) {
		m.out.send(x.link, proposal(wire.PacketProposal, e))
		m.out.send(x.link, wire.QuorumPacket{Type: wire.PacketCommit, Zxid: e.Zxid})
	}
	x.stage, x.since = syncing, now
	m.out.send(x.link, wire.QuorumPacket{
		Type: wire.PacketNewLeader, Zxid: epoch.Start(),
		Data: []byte(m.cfg.Members.Latest().Text()),
	})
}

// acknowledge takes in the ACK of NEWLEADER; nobody else has to agree.
func (m *Master) acknowledge(now time.Duration, x *learner, z zoo.Zxid) {
	if x.stage != syncing || z != x.entered.Start() {
		return
	}
	x.stage, x.upToDate, x.since, x.heard = synced, true, now, now
	m.out.note(Note{Stage: "observer synced", Peer: x.id, Zxid: z, Epoch: m.learner.epoch})
	m.out.send(x.link, wire.QuorumPacket{Type: wire.PacketUpToDate, Zxid: -1})
	if m.alarm.Short != nil {
		m.tellAlarm(x)
	}
}

// Inform tells the observers what has been committed here, and what the leader says of
// the disks. The owner calls it after each packet of the leader: a SYNC that follows must
// not overtake a commit.
func (m *Master) Inform() {
	m.dropLate()
	h := m.history
	for _, e := range h.entries[h.count(m.informed):h.committed] {
		for _, x := range slices.Clone(m.observers) {
			if x.stage >= syncing {
				m.inform(x, e)
			}
		}
	}
	m.informed = max(m.informed, h.Committed())
	if m.alarm.Equal(&m.learner.alarm) {
		return
	}
	m.alarm = m.learner.alarm
	for _, x := range m.observers {
		if x.upToDate {
			m.tellAlarm(x)
		}
	}
}

// inform tells an observer what is committed, and before that the epoch that it is of. One
// that cannot be told, as Java's, begins anew: it would not start again on entries of an
// epoch that it has not entered.
func (m *Master) inform(x *learner, e txn.Entry) {
	if epoch := e.Zxid.Epoch(); x.entered < epoch {
		if !x.extends {
			m.drop(x, "it does not know how to enter the next epoch")
			return
		}
		x.entered = epoch
		m.out.send(x.link, wire.QuorumPacket{
			Type: wire.PacketEnterEpoch, Zxid: epoch.Start()})
	}
	p := proposal(wire.PacketInform, e)
	if e.Op() == wire.OpReconfig {
		p.Type = wire.PacketInformAndActivate
		designated := binary.BigEndian.AppendUint64(nil, uint64(m.learner.designated))
		p.Data = append(designated, e.Bytes...)
	}
	m.out.send(x.link, p)
}

// dropLate hangs up on those who were offered an epoch that has ended while they were
// brought up to date; see turning.
func (m *Master) dropLate() {
	for _, x := range slices.Clone(m.observers) {
		if x.stage >= registered && !x.upToDate && x.entered != m.learner.epoch {
			m.drop(x, "the epoch changed while it was brought up to date")
		}
	}
}

// owesOld tells whether something of an older epoch is not committed yet; see
// Leader.owesOld.
func (m *Master) owesOld() bool {
	tail := m.history.Tail()
	return len(tail) > 0 && tail[0].Zxid.Epoch() < m.learner.epoch
}

func (m *Master) tellAlarm(x *learner) {
	if x.extends && m.learner.extends {
		m.out.send(x.link, alarmPacket(&m.alarm))
	}
}

// Deadline is the next instant at which Tick does something.
func (m *Master) Deadline() time.Duration { return m.pingAt }

// Tick sends heartbeats and drops silent observers.
func (m *Master) Tick(now time.Duration) {
	if now < m.pingAt {
		return
	}
	m.pingAt = now + m.cfg.TickTime/2
	for _, x := range slices.Clone(m.observers) {
		switch {
		case x.upToDate && now-x.heard > m.cfg.syncTime():
			m.drop(x, "it was silent for longer than syncLimit")
		case !x.upToDate && now-max(x.since, x.heard) > m.cfg.initTime()+m.cfg.syncTime():
			m.drop(x, "it did not come into sync within initLimit and syncLimit")
		case x.stage == acknowledged:
			m.synchronise(now, x)
		case x.upToDate:
			m.out.send(x.link, wire.QuorumPacket{
				Type: wire.PacketPing, Zxid: m.history.Committed(),
			})
		}
	}
}

// Observers describes the observers for operators.
func (m *Master) Observers() []LearnerStatus {
	var all []LearnerStatus
	for _, x := range m.observers {
		if x.stage != connected {
			all = append(all, LearnerStatus{
				ID: x.id, Link: x.link, Observer: true, Synced: x.upToDate, LastHeard: x.heard,
			})
		}
	}
	return all
}

// Links lists the links of all observers, in order.
func (m *Master) Links() []LinkID {
	links := make([]LinkID, len(m.observers))
	for i, x := range m.observers {
		links[i] = x.link
	}
	return links
}
