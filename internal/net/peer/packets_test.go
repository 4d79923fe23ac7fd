package peer

import (
	"bufio"
	"bytes"
	"io"
	"math/rand/v2"
	"reflect"
	"testing"
	"testing/iotest"

	"zoo"
	"zoo/internal/check/alloc"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

// anyPacket draws a packet; some are larger than the reader's buffer.
func anyPacket(random *rand.Rand) wire.QuorumPacket {
	p := wire.QuorumPacket{
		Type: wire.PacketType(1 + random.IntN(14)), // without SNAP
		Zxid: zoo.Zxid(random.Int64()),
	}
	switch random.IntN(10) {
	case 0:
	case 1:
		p.Data = []byte{}
	case 2:
		p.Data = make([]byte, random.IntN(3*readBytes))
	default:
		p.Data = make([]byte, 1+random.IntN(2000))
	}
	for i := range p.Data {
		p.Data[i] = byte(random.Uint32())
	}
	if random.IntN(4) == 0 {
		p.AuthInfo = []zoo.ID{{Scheme: "ip", ID: "127.0.0.1"}, {Scheme: "digest", ID: "ä:b"}}
	}
	return p
}

// pieces gives a stream in reads of random sizes, as a network does.
type pieces struct {
	stream *bytes.Reader
	random *rand.Rand
}

func (p *pieces) Read(to []byte) (int, error) {
	return p.stream.Read(to[:min(len(to), 1+p.random.IntN(40000))])
}

func streamOf(from io.Reader, dataMax int) *packetStream {
	return newPacketStream(bufio.NewReaderSize(from, readBytes), dataMax)
}

// readAllPackets reads until an error, checking that no batch is empty.
func readAllPackets(
	t *testing.T, from io.Reader,
) (got []wire.QuorumPacket, batches int, err error) {
	t.Helper()
	stream := streamOf(from, dataBytesMax)
	for {
		batch, err := stream.next()
		if err != nil {
			return got, batches, err
		}
		if len(batch) == 0 {
			t.Fatal("an empty batch")
		}
		got, batches = append(got, batch...), batches+1
	}
}

func TestStreamIsCutIntoThePacketsThatWereSent(t *testing.T) {
	for seed := range uint64(10) {
		random := rand.New(rand.NewPCG(seed, 0))
		var sent []wire.QuorumPacket
		var stream []byte
		for range 100 {
			p := anyPacket(random)
			sent, stream = append(sent, p), p.AppendTo(stream)
		}
		got, _, err := readAllPackets(t, &pieces{bytes.NewReader(stream), random})
		if err != io.EOF {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if !reflect.DeepEqual(got, sent) {
			t.Fatalf("seed %d: received something else than was sent", seed)
		}
	}
}

func TestPacketsArriveByteByByte(t *testing.T) {
	p := proposal(5, 100)
	stream := bytes.NewReader(p.AppendTo(p.AppendTo(nil)))
	got, _, err := readAllPackets(t, iotest.OneByteReader(stream))
	if err != io.EOF || len(got) != 2 || !bytes.Equal(got[1].Data, p.Data) {
		t.Fatalf("%d packets, then %v", len(got), err)
	}
}

func TestWhatArrivedTogetherIsOneBatch(t *testing.T) {
	var stream []byte
	for zxid := range zoo.Zxid(500) {
		p := proposal(zxid, 100)
		stream = p.AppendTo(stream)
	}
	got, batches, _ := readAllPackets(t, bytes.NewReader(stream))
	if len(got) != 500 || batches != 1 {
		t.Fatalf("%d packets in %d batches", len(got), batches)
	}
}

func TestPacketsBeforeGarbageAreDelivered(t *testing.T) {
	p := proposal(5, 100)
	stream := append(p.AppendTo(nil), bytes.Repeat([]byte{0x88}, 100)...)
	got, _, err := readAllPackets(t, bytes.NewReader(stream))
	if len(got) != 1 || err == nil || err == io.EOF {
		t.Fatalf("%d packets, then %v", len(got), err)
	}
}

func TestStreamThatEndsInsideAPacketIsNoOrdinaryEnd(t *testing.T) {
	p := proposal(5, 100)
	stream := p.AppendTo(nil)
	for n := 1; n < len(stream); n++ {
		_, _, err := readAllPackets(t, bytes.NewReader(stream[:n]))
		if err == nil || err == io.EOF {
			t.Fatalf("after %d bytes: %v", n, err)
		}
	}
}

func TestDataBeyondTheBoundIsRefusedHoweverItArrives(t *testing.T) {
	p := proposal(5, 1001)
	for _, from := range []io.Reader{
		bytes.NewReader(p.AppendTo(nil)),
		iotest.OneByteReader(bytes.NewReader(p.AppendTo(nil))),
	} {
		if _, err := streamOf(from, 1000).next(); err == nil {
			t.Fatal("accepted")
		}
	}
}

func TestNothingBehindSnapIsTakenForAPacket(t *testing.T) {
	before, snap := packet(wire.PacketDiff, 1), packet(wire.PacketSnap, 2)
	raw := jute.AppendString(nil, "raw")
	sent := append(snap.AppendTo(before.AppendTo(nil)), raw...)
	stream := streamOf(bytes.NewReader(sent), 1000)
	batch, err := stream.next()
	if err != nil || len(batch) != 2 {
		t.Fatalf("%d packets, %v", len(batch), err)
	}
	if rest, _ := io.ReadAll(stream.reader); !bytes.Equal(rest, raw) {
		t.Fatalf("the snapshot begins with %q", rest)
	}
}

// FuzzBatchesAgreeWithSinglePackets compares the fast way through the buffer with
// the slow one, for any bytes.
func FuzzBatchesAgreeWithSinglePackets(f *testing.F) {
	two, nothing := proposal(5, 3), packet(wire.PacketAck, 6)
	two.AuthInfo = []zoo.ID{{Scheme: "ip", ID: "::1"}}
	f.Add(nothing.AppendTo(two.AppendTo(nil)))
	f.Fuzz(func(t *testing.T, stream []byte) {
		var batch []wire.QuorumPacket
		alloc.Bounded(t, len(stream), func() {
			batch = streamOf(bytes.NewReader(stream), 1000).bufferedAfterPeek()
		})
		single := streamOf(bytes.NewReader(stream), 1000).single
		for i := range batch {
			var want wire.QuorumPacket
			if err := single.Next(&want); err != nil {
				t.Fatalf("packet %d: %v", i, err)
			}
			if !reflect.DeepEqual(batch[i], want) {
				t.Fatalf("packet %d is %v, want %v", i, batch[i], want)
			}
		}
	})
}

// bufferedAfterPeek is the fast way once bytes have arrived.
func (s *packetStream) bufferedAfterPeek() []wire.QuorumPacket {
	_, _ = s.reader.Peek(1)
	return s.buffered()
}
