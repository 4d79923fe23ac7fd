package mixed

import (
	"bytes"
	order "encoding/binary"
	"testing"

	"zoo"
	"zoo/internal/core/election"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// notice is a notification of one server to another.
type notice struct {
	by, to       int
	notification wire.Notification
}

// notices reads the connections of an election: the one with the higher id has dialed.
func (o *overheard) notices(t *testing.T) []notice {
	t.Helper()
	var all []notice
	streams := map[[2]int]*bytes.Buffer{}
	for i, piece := range o.pieces {
		ends := o.talk[i]
		if streams[ends] == nil {
			streams[ends] = &bytes.Buffer{}
		}
		b := streams[ends]
		b.Write(piece)
		if begins := b.Len() == len(piece) && len(piece) >= 8; begins && ends[0] > ends[1] &&
			int64(order.BigEndian.Uint64(piece)) < 0 {
			handshake(t, b, ends[0])
		}
		for b.Len() >= 4 && b.Len() >= 4+int(order.BigEndian.Uint32(b.Bytes())) {
			frame := b.Next(4 + int(order.BigEndian.Uint32(b.Bytes())))
			all = append(all, notice{ends[0], ends[1], notification(t, frame[4:])})
		}
	}
	return all
}

// handshake reads what the dialer says first, and writes it again.
func handshake(t *testing.T, b *bytes.Buffer, dialer int) {
	t.Helper()
	said := bytes.Clone(b.Bytes())
	h, err := wire.ReadElectionHandshake(b)
	if err != nil {
		t.Fatal(err)
	}
	again := h.AppendTo(nil)
	if !bytes.HasPrefix(said, again) || h.ServerID != zoo.ServerID(dialer) {
		t.Errorf("the handshake %x of %d is written as %x", said, h.ServerID, again)
	}
}

func notification(t *testing.T, frame []byte) wire.Notification {
	t.Helper()
	var n wire.Notification
	d := jute.NewDecoder(frame)
	n.DecodeFrom(&d)
	if again := n.AppendTo(nil); d.Err() != nil || !bytes.Equal(again, frame) {
		t.Errorf("the notification %x is written as %x (%v)", frame, again, d.Err())
	}
	return n
}

// Each of our servers that hears what Java's have said elects whom they have elected.
func TestOurServersElectWhomJavasHave(t *testing.T) {
	notices := load(t, "election.txt").notices(t)
	view := viewOf(t, notices[0].notification.Config)
	for _, id := range view.Voters() {
		m := election.New(election.Config{ID: id, View: view})
		m.Look(0, 0, 0)
		for _, n := range notices {
			if n.to == int(id) {
				m.LinkUp(zoo.ServerID(n.by))
				m.Receive(0, zoo.ServerID(n.by), n.notification)
			}
		}
		if at, waits := m.Deadline(); waits {
			m.Tick(at)
		}
		if vote, decided := m.Outcome(); !decided || vote.Leader != 3 {
			t.Errorf("server %d elects %v, decided %v", id, vote.Leader, decided)
		}
	}
}
