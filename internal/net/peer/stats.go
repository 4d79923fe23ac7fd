package peer

import (
	"net"
	"time"

	"zoo"
	"zoo/internal/wire"
)

// LinkStats is what has passed over a link since it was up, or since ForgetStats.
type LinkStats struct {
	// Remote is nil for a link that is not up.
	Remote net.Addr
	Since  time.Time
	// Received and Sent count packets, Requests those of them that clients' requests came in.
	Received, Sent, Requests uint64
	// Queued counts the packets that are not written yet, QueuedBytes their bytes.
	Queued, QueuedBytes int
	// Last is the zxid of the last packet to the other end that had one.
	Last zoo.Zxid
}

// count takes note of packets that came.
func (l *link) count(packets []wire.QuorumPacket) {
	requests := 0
	for i := range packets {
		if packets[i].Type == wire.PacketRequest {
			requests++
		}
	}
	l.received.Add(uint64(len(packets)))
	if requests > 0 {
		l.requests.Add(uint64(requests))
	}
}

// LinkStats tells what has passed over a link; nothing of one that is down.
func (q *Quorum) LinkStats(id LinkID) LinkStats {
	l := q.link(id)
	if l == nil {
		return LinkStats{}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	now := l.statsLocked()
	now.Received -= l.before.Received
	now.Sent -= l.before.Sent
	now.Requests -= l.before.Requests
	if now.Last == l.before.Last {
		now.Last = zoo.ZxidNone
	}
	return now
}

func (l *link) statsLocked() LinkStats {
	s := LinkStats{Since: l.up, Received: l.received.Load(), Requests: l.requests.Load(),
		Sent: l.done, Queued: int(l.queue.packets - l.done), QueuedBytes: l.queue.bytes,
		Last: l.queue.zxid}
	if l.conn != nil {
		s.Remote = l.conn.RemoteAddr()
	}
	return s
}

// ForgetStats begins the counts of a link anew.
func (q *Quorum) ForgetStats(id LinkID) {
	if l := q.link(id); l != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.before = l.statsLocked()
	}
}
