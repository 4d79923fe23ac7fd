package zab

import (
	"time"

	"zoo/internal/core/balance"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// After a rolling restart the server that came back last has hardly any clients. Each learner
// tells the leader how many it has (CLIENTS, behind the answer to a heartbeat, when the
// number has changed), the leader compares them once in a while, and tells a server how many
// it is to send away (SURPLUS). One server decides, for all and by one rule: two that each
// think that they have too many could send clients to each other. See
// docs/adr/0061-balance.md.

// balanceTicks lie between two rounds: what the last one has moved is counted again by then.
const balanceTicks = 5

func (c *Config) clients() int {
	if c.Attendance == nil {
		return 0
	}
	return c.Attendance.Clients
}

// balance looks whether a server has too many clients, while all servers are ours.
func (l *Leader) balance(now time.Duration) {
	if l.cfg.Balance.TolerancePercent == 0 || !l.extended() ||
		now-l.balancedAt < balanceTicks*l.cfg.TickTime {
		return
	}
	l.balancedAt = now
	for _, s := range l.cfg.Balance.Surplus(l.counted()) {
		l.out.note(Note{Stage: "balance", Peer: s.ID})
		if s.ID == l.cfg.ID {
			l.surplus = s.Clients
			continue
		}
		for _, x := range l.learners {
			if x.id == s.ID && x.upToDate {
				record := wire.Surplus{Clients: int32(s.Clients)}
				l.out.send(x.link, wire.QuorumPacket{
					Type: wire.PacketSurplus, Zxid: -1, Data: record.AppendTo(nil)})
			}
		}
	}
}

// counted lists the servers that take clients, and are in sync.
func (l *Leader) counted() []balance.Server {
	var servers []balance.Server
	if !l.cfg.LeaderAlone && l.cfg.drain() != wire.DrainDone {
		servers = append(servers, balance.Server{ID: l.cfg.ID, Clients: l.cfg.clients()})
	}
	for _, x := range l.learners {
		if x.takesClients() {
			servers = append(servers, balance.Server{ID: x.id, Clients: x.clients})
		}
	}
	return servers
}

// TakeSurplus gives how many clients of this server are to go to others, and forgets it.
func (l *Leader) TakeSurplus() int {
	n := l.surplus
	l.surplus = 0
	return n
}

// TakeSurplus is as the leader's.
func (l *Learner) TakeSurplus() int {
	n := l.surplus
	l.surplus = 0
	return n
}

// tellCount tells the leader how many clients there are, if that has changed. An observer
// master does not count.
func (l *Learner) tellCount() {
	if l.extends && l.master == 0 && l.clientsTold != l.cfg.clients() {
		l.tellClients()
	}
}

func (l *Learner) hearSurplus(p *wire.QuorumPacket) {
	d := jute.NewDecoder(p.Data)
	var s wire.Surplus
	s.DecodeFrom(&d)
	if d.Err() != nil || s.Clients < 0 || l.phase != following {
		l.Fail("malformed or unexpected SURPLUS")
		return
	}
	l.surplus = int(s.Clients)
}
