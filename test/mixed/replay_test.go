package mixed

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/jute"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// overheard is what testdata holds of one talk, or of several: who said what to whom.
type overheard struct {
	talk   [][2]int
	pieces [][]byte
}

func load(t *testing.T, name string) *overheard {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	o := &overheard{}
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		var by, to int
		var digits string
		if _, err := fmt.Sscanf(line, "%d %d %s", &by, &to, &digits); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		piece, err := hex.DecodeString(digits)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		o.talk, o.pieces = append(o.talk, [2]int{by, to}), append(o.pieces, piece)
	}
	return o
}

// learner and leader are the ends of a talk on a quorum port: the learner begins.
func (o *overheard) learner() int { return o.talk[0][0] }
func (o *overheard) leader() int  { return o.talk[0][1] }

// by is all that one said to another.
func (o *overheard) by(who, whom int) []byte {
	var all []byte
	for i, piece := range o.pieces {
		if o.talk[i] == [2]int{who, whom} {
			all = append(all, piece...)
		}
	}
	return all
}

// heard is one packet, with the tree that follows a SNAP.
type heard struct {
	by     int
	packet wire.QuorumPacket
	znodes *tree.Tree
}

// dataBytesMax is more than any packet here has.
const dataBytesMax = 1 << 20

// stream reads the packets of one end off what it has said, as far as that goes.
type stream struct {
	by      int
	all     []byte
	source  *bytes.Reader
	packets *wire.PacketReader
}

func newStream(by int, all []byte) *stream {
	source := bytes.NewReader(all)
	return &stream{by, all, source,
		wire.NewPacketReader(bufio.NewReader(source), dataBytesMax)}
}

// at is how much of the stream was read.
func (s *stream) at() int {
	return len(s.all) - s.source.Len() - s.packets.Reader().Buffered()
}

func (s *stream) next(t *testing.T) heard {
	t.Helper()
	h := heard{by: s.by}
	if err := s.packets.Next(&h.packet); err != nil {
		t.Fatal(err)
	}
	if h.packet.Type != wire.PacketSnap {
		return h
	}
	r := s.packets.Reader()
	var err error
	if h.znodes, err = snapshot.ReadStream(r, h.packet.Zxid); err != nil {
		t.Fatal(err)
	}
	end := jute.AppendString(nil, wire.SnapshotSignature)
	got, err := r.Peek(len(end))
	if err != nil || !bytes.Equal(got, end) {
		t.Fatalf("the tree is followed by %q (%v)", got, err)
	}
	_, _ = r.Discard(len(end))
	return h
}

// read gives the packets of both ends in the order in which they came by.
func (o *overheard) read(t *testing.T) []heard {
	t.Helper()
	streams := map[int]*stream{}
	for _, ends := range [][2]int{{o.learner(), o.leader()}, {o.leader(), o.learner()}} {
		streams[ends[0]] = newStream(ends[0], o.by(ends[0], ends[1]))
	}
	come := map[int]int{}
	var all []heard
	for i, piece := range o.pieces {
		by := o.talk[i][0]
		come[by] += len(piece)
		// A tree and its packet may come by in pieces; the packet counts as heard with
		// the first.
		for streams[by].at() < come[by] {
			all = append(all, streams[by].next(t))
		}
	}
	return all
}

// quorumTalks are those on quorum ports.
var quorumTalks = []string{"work.txt", "diff.txt", "trunc.txt", "snap.txt"}

// reconfigTalks are those on quorum ports in which the configuration changes.
var reconfigTalks = []string{"reconfig.txt", "joiner.txt", "joined.txt", "demoted.txt"}

// What is read from Java's servers and written again is what they have said, packet by
// packet and record by record.
func TestJavasPacketsAreWrittenAsTheyWereRead(t *testing.T) {
	for _, name := range slices.Concat(quorumTalks, reconfigTalks) {
		o := load(t, name)
		for _, ends := range [][2]int{{o.learner(), o.leader()}, {o.leader(), o.learner()}} {
			s := newStream(ends[0], o.by(ends[0], ends[1]))
			for s.at() < len(s.all) {
				start := s.at()
				h := s.next(t)
				again := h.packet.AppendTo(nil)
				if !bytes.HasPrefix(s.all[start:], again) ||
					h.znodes == nil && start+len(again) != s.at() {
					t.Errorf("%s: %v at %d is written as %x", name, h.packet.Type, start, again)
				}
				record(t, &h.packet, ends[0] == o.leader())
			}
		}
	}
}

// record reads and writes the record in a packet.
func record(t *testing.T, p *wire.QuorumPacket, fromLeader bool) {
	t.Helper()
	var again []byte
	d := jute.NewDecoder(p.Data)
	switch {
	case p.Type == wire.PacketFollowerInfo, p.Type == wire.PacketObserverInfo:
		again = twice(&d, &wire.LearnerInfo{})
	case p.Type == wire.PacketLeaderInfo:
		again = twice(&d, &wire.LeaderInfo{})
	case p.Type == wire.PacketAckEpoch:
		again = twice(&d, &wire.AckEpoch{})
	case p.Type == wire.PacketRequest:
		again = twice(&d, &wire.ForwardedRequest{})
	case p.Type == wire.PacketRevalidate && fromLeader:
		again = twice(&d, &wire.RevalidateReply{})
	case p.Type == wire.PacketRevalidate, p.Type == wire.PacketPing:
		for d.Len() > 0 && d.Err() == nil {
			again = append(again, twice(&d, &wire.SessionTimeout{})...)
		}
	case p.Type == wire.PacketProposal, p.Type == wire.PacketInform:
		again = proposed(t, p.Data)
	case p.Type == wire.PacketInformAndActivate:
		leads := d.Long()
		again = append(jute.AppendLong(nil, leads), proposed(t, p.Data[len(p.Data)-d.Len():])...)
	default:
		return
	}
	if d.Err() != nil || !bytes.Equal(again, p.Data) {
		t.Errorf("%v with %x is written as %x (%v)", p.Type, p.Data, again, d.Err())
	}
}

// twice reads a record and writes it.
func twice(d *jute.Decoder, r interface {
	DecodeFrom(*jute.Decoder)
	AppendTo([]byte) []byte
}) []byte {
	r.DecodeFrom(d)
	return r.AppendTo(nil)
}

func proposed(t *testing.T, data []byte) []byte {
	t.Helper()
	e, err := txn.ParseEntry(data)
	if err != nil {
		t.Fatal(err)
	}
	h, r, digest, err := e.Decode()
	if err != nil {
		t.Fatal(err)
	}
	return txn.AppendEntry(nil, h, r, digest)
}
