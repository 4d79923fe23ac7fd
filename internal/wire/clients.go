package wire

import "zoo/internal/jute"

// PacketClients tells the leader what clients a learner has, and whether it takes more,
// PacketDrain what the leader says to that, and PacketSurplus how many of them are to go to
// other servers. All are between servers of ours, as PacketAlarm.
const (
	PacketClients PacketType = 104
	PacketDrain   PacketType = 105
	PacketSurplus PacketType = 106
)

// Drain is whether a server takes clients.
type Drain uint8

// The states of a server. There are no others.
const (
	// DrainNone takes clients.
	DrainNone Drain = iota
	// DrainAsked takes clients, and asks whether it may stop.
	DrainAsked
	// DrainDone takes no new clients, and parts with those that it has.
	DrainDone
)

// Clients is the data of CLIENTS: what a learner says about its clients.
//
//	offset  size
//	     0     4  whether it takes any, a Drain
//	     4     4  how many connections with a session it has
type Clients struct {
	Drain Drain
	Count int32
}

// AppendTo appends the encoded record to b.
func (c *Clients) AppendTo(b []byte) []byte {
	return jute.AppendInt(jute.AppendInt(b, int32(c.Drain)), c.Count)
}

// DecodeFrom overwrites the record. A state that does not exist reads as DrainNone.
func (c *Clients) DecodeFrom(d *jute.Decoder) {
	*c = Clients{}
	if state := d.Int(); state >= 0 && state <= int32(DrainDone) {
		c.Drain = Drain(state)
	}
	c.Count = d.Int()
}

// DrainAnswer is the data of DRAIN: the answer to DrainAsked, or unasked with Refusal the
// end of DrainDone.
//
//	offset  size
//	     0     4  n, -1 for none
//	     4     n  why the learner has to take clients; empty if it need not
type DrainAnswer struct{ Refusal string }

// AppendTo appends the encoded record to b.
func (a *DrainAnswer) AppendTo(b []byte) []byte { return jute.AppendString(b, a.Refusal) }

// DecodeFrom overwrites the record.
func (a *DrainAnswer) DecodeFrom(d *jute.Decoder) { *a = DrainAnswer{Refusal: d.String()} }

// Surplus is the data of SURPLUS: how many clients are to go to other servers, 4 bytes.
type Surplus struct{ Clients int32 }

// AppendTo appends the encoded record to b.
func (s *Surplus) AppendTo(b []byte) []byte { return jute.AppendInt(b, s.Clients) }

// DecodeFrom overwrites the record.
func (s *Surplus) DecodeFrom(d *jute.Decoder) { *s = Surplus{Clients: d.Int()} }
