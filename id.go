package zoo

import "fmt"

// Zxid names one transaction of an ensemble's history: the epoch of the leader
// that proposed it in the high 32 bits, a counter in the low 32. The counter 0
// names the start of an epoch and never a transaction.
type Zxid int64

// ZxidNone is what a server without a usable database reports; it cannot be
// elected with it.
const ZxidNone Zxid = -1

// CounterMax is the last counter of an epoch; a leader that reaches it must
// make room with a new epoch.
const CounterMax uint32 = 0xffffffff

// MakeZxid joins an epoch and a counter.
func MakeZxid(epoch Epoch, counter uint32) Zxid {
	return Zxid(uint64(epoch)<<32 | uint64(counter))
}

// Epoch is the high half: which leadership made the transaction.
func (z Zxid) Epoch() Epoch { return Epoch(uint64(z) >> 32) }

// Counter is the low half: the place within the epoch.
func (z Zxid) Counter() uint32 { return uint32(z) }

// Next is the zxid after z in the same epoch. It panics after CounterMax,
// because a carry into the epoch would forge a leadership.
func (z Zxid) Next() Zxid {
	if z.Counter() == CounterMax {
		panic("zoo: zxid counter exhausted in epoch")
	}
	return z + 1
}

// Follows tells whether z may come right after before in a history: the next
// counter of the same epoch, or the first of a later one. A history with a gap is
// what ZOOKEEPER-4925 lost data by.
func (z Zxid) Follows(before Zxid) bool {
	if z.Epoch() == before.Epoch() {
		return before.Counter() != CounterMax && z == before+1
	}
	return z.Epoch() > before.Epoch() && z.Counter() == 1
}

// String writes the zxid as operators know it, in hexadecimal with 0x.
func (z Zxid) String() string { return fmt.Sprintf("0x%x", uint64(z)) }

// Epoch numbers leaderships. It is 64 bits wide because election notifications
// carry it so; an epoch that has led never exceeds 32.
type Epoch int64

// Start is the zxid that NEWLEADER of this epoch carries.
func (e Epoch) Start() Zxid { return MakeZxid(e, 0) }

// ServerID is the number in a server's myid file.
type ServerID int64

// SessionID names a client session; the high byte is the server that made it.
type SessionID int64

// String writes the session id as ZooKeeper's logs and tools do.
func (s SessionID) String() string { return fmt.Sprintf("0x%x", uint64(s)) }
