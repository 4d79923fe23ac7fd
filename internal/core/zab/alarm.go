package zab

import (
	"slices"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// SetShort says whether this server is short of disk space.
func (l *Leader) SetShort(short bool) {
	l.short = short
	l.updateAlarm()
}

// Alarm is who is short of disk space, as far as the leader knows.
func (l *Leader) Alarm() wire.Alarm { return l.alarm }

// hearAlarm takes in a learner's ALARM.
func (l *Leader) hearAlarm(x *learner, p *wire.QuorumPacket) {
	d := jute.NewDecoder(p.Data)
	var a wire.Alarm
	a.DecodeFrom(&d)
	if d.Err() != nil {
		l.drop(x, "malformed ALARM")
		return
	}
	x.short = len(a.Short) > 0
	l.updateAlarm()
}

// updateAlarm draws the conclusions when a server has become short of disk space, or
// no longer is, or has come or gone. Writes that need space are refused when those
// voters that could go on storing them are no quorum: one full disk takes its server
// out of the ensemble, and not the ensemble with it. See docs/adr/0015-disk-space.md.
func (l *Leader) updateAlarm() {
	var a wire.Alarm
	if l.short {
		a.Short = append(a.Short, l.cfg.ID)
	}
	voterShort := l.short
	for _, x := range l.learners {
		if x.short {
			a.Short = append(a.Short, x.id)
			voterShort = voterShort || !x.observer
		}
	}
	slices.Sort(a.Short)
	a.Refuses = voterShort && !l.hasRoom()
	if a.Equal(&l.alarm) {
		return
	}
	l.alarm = a
	for _, x := range l.learners {
		if x.upToDate {
			l.tellAlarm(x)
		}
	}
}

// hasRoom tells whether those voters that are here and not short are a quorum.
func (l *Leader) hasRoom() bool {
	return l.alone() && !l.short || l.cfg.Members.Decides(func(id zoo.ServerID) bool {
		if id == l.cfg.ID {
			return !l.short
		}
		x := l.voter(id)
		return x != nil && !x.short
	})
}

func (l *Leader) tellAlarm(x *learner) {
	if x.extends {
		l.out.send(x.link, alarmPacket(&l.alarm))
	}
}

func alarmPacket(a *wire.Alarm) wire.QuorumPacket {
	return wire.QuorumPacket{Type: wire.PacketAlarm, Zxid: -1, Data: a.AppendTo(nil)}
}

// SetShort says whether this server is short of disk space. The leader is told if it
// understands.
func (l *Learner) SetShort(short bool) {
	l.short = short
	if l.Following() {
		l.tellShort()
	}
}

func (l *Learner) tellShort() {
	if !l.extends {
		return
	}
	var a wire.Alarm
	if l.short {
		a.Short = []zoo.ServerID{l.cfg.ID}
	}
	l.out.send(l.link, alarmPacket(&a))
}

// Alarm is who is short of disk space, as the leader says.
func (l *Learner) Alarm() wire.Alarm { return l.alarm }

func (l *Learner) hearAlarm(p *wire.QuorumPacket) {
	d := jute.NewDecoder(p.Data)
	var a wire.Alarm
	a.DecodeFrom(&d)
	if d.Err() != nil {
		l.Fail("malformed ALARM")
		return
	}
	l.alarm = a
}
