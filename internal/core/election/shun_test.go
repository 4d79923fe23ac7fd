package election

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"zoo"
	"zoo/internal/core/quorum"
	"zoo/internal/wire"
)

// Servers with any histories shun each other as they like. Nobody ever votes for one that has
// less than itself, messages end, and once all who wait in vain have looked again some server
// leads a quorum: within a few times ShunMax.
func TestServersThatShunEachOtherFindALeader(t *testing.T) {
	for seed := range uint64(3000) {
		p := newParty(t, rand.New(rand.NewPCG(seed, 0)))
		p.look()
		for p.leads() == 0 {
			if p.now > 20*time.Second {
				t.Fatalf("seed %d: no leader: %s", seed, p.describe())
			}
			p.wait()
		}
	}
}

// party is some servers that elect, all of them linked.
type party struct {
	t        *testing.T
	rng      *rand.Rand
	now      time.Duration
	view     *quorum.View
	machines []*Machine
	// settled are the leaders that they follow, patient when they began to.
	settled map[zoo.ServerID]zoo.ServerID
	patient map[zoo.ServerID]time.Duration
	ways    map[[2]zoo.ServerID][]wire.Notification
}

func newParty(t *testing.T, rng *rand.Rand) *party {
	p := &party{t: t, rng: rng, settled: map[zoo.ServerID]zoo.ServerID{},
		patient: map[zoo.ServerID]time.Duration{},
		ways:    map[[2]zoo.ServerID][]wire.Notification{}}
	n := zoo.ServerID(2 + rng.IntN(4))
	var members []quorum.Member
	for id := zoo.ServerID(1); id <= n; id++ {
		members = append(members, quorum.Member{ID: id})
	}
	var err error
	if p.view, err = quorum.NewView(members, 0); err != nil {
		t.Fatal(err)
	}
	for id := zoo.ServerID(1); id <= n; id++ {
		m := New(Config{ID: id, View: p.view})
		for peer := zoo.ServerID(1); peer <= n; peer++ {
			if peer == id {
				continue
			}
			m.LinkUp(peer)
			if rng.IntN(3) == 0 {
				m.Shun(peer, time.Hour)
			}
		}
		p.machines = append(p.machines, m)
	}
	return p
}

func (p *party) look() {
	for _, m := range p.machines {
		m.Look(p.now, zoo.Zxid(p.rng.IntN(3)), zoo.Epoch(p.rng.IntN(2)))
		p.deliver()
	}
}

// deliver lets all messages arrive, in any order but that of each way.
func (p *party) deliver() {
	for n := 0; ; n++ {
		if n > 1000 {
			p.t.Fatalf("messages without end: %s", p.describe())
		}
		var busy [][2]zoo.ServerID
		for _, m := range p.machines {
			for _, o := range m.Drain() {
				way := [2]zoo.ServerID{m.cfg.ID, o.To}
				p.ways[way] = append(p.ways[way], o.Notification)
			}
			for _, to := range p.machines {
				if way := [2]zoo.ServerID{m.cfg.ID, to.cfg.ID}; len(p.ways[way]) > 0 {
					busy = append(busy, way)
				}
			}
		}
		if len(busy) == 0 {
			return
		}
		way := busy[p.rng.IntN(len(busy))]
		next := p.ways[way][0]
		p.ways[way] = p.ways[way][1:]
		m := p.machines[way[1]-1]
		m.Receive(p.now, way[0], next)
		p.judge(m)
	}
}

// judge looks at what a server votes and has found.
func (p *party) judge(m *Machine) {
	if m.state == wire.Looking && (m.own.Epoch > m.current.Epoch ||
		m.own.Epoch == m.current.Epoch && m.own.Zxid > m.current.Zxid) {
		p.t.Fatalf("%d votes for less than it has: %s", m.cfg.ID, p.describe())
	}
	if v, found := m.Outcome(); found {
		p.settled[m.cfg.ID], p.patient[m.cfg.ID] = v.Leader, p.now
	}
}

// wait lets some time pass. Who has found a leader that follows or looks itself, or leads
// nobody for a second, looks again.
func (p *party) wait() {
	p.now += 100 * time.Millisecond
	for _, m := range p.machines {
		m.Tick(p.now)
		p.judge(m)
		leader, found := p.settled[m.cfg.ID]
		waited := p.now - p.patient[m.cfg.ID]
		if found && waited >= time.Second && p.followers(leader) < p.majority() {
			delete(p.settled, m.cfg.ID)
			m.Look(p.now, m.own.Zxid, m.own.Epoch)
		}
		p.deliver()
	}
}

func (p *party) majority() int { return len(p.machines)/2 + 1 }

// followers counts those of a server that says that it leads.
func (p *party) followers(leader zoo.ServerID) (n int) {
	if p.settled[leader] != leader {
		return 0
	}
	for _, found := range p.settled {
		if found == leader {
			n++
		}
	}
	return n
}

// leads is who leads a quorum, zero if nobody does.
func (p *party) leads() zoo.ServerID {
	for _, m := range p.machines {
		if p.followers(m.cfg.ID) >= p.majority() {
			return m.cfg.ID
		}
	}
	return 0
}

func (p *party) describe() (text string) {
	for _, m := range p.machines {
		text += fmt.Sprintf("%d: state %v round %d own %v votes %v shuns %v; ", m.cfg.ID, m.state,
			m.round, m.own, m.current, m.shunning.until)
	}
	return text
}
