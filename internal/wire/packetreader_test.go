package wire_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"pgregory.net/rapid"

	"zoo/internal/jute"
	"zoo/internal/wire"
)

func packets(b []byte, dataBytesMax int) *wire.PacketReader {
	return wire.NewPacketReader(bufio.NewReader(bytes.NewReader(b)), dataBytesMax)
}

func TestPacketsAreReadOffAStreamAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sent := rapid.SliceOfN(rapid.Make[wire.QuorumPacket](), 1, 4).Draw(t, "packets")
		var stream []byte
		for i := range sent {
			stream = sent[i].AppendTo(stream)
		}
		pr := wire.NewPacketReader(bufio.NewReaderSize(
			iotest.HalfReader(bytes.NewReader(stream)), 16), wire.FrameBytesMax)
		for i := range sent {
			var got wire.QuorumPacket
			if err := pr.Next(&got); err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.AppendTo(nil), sent[i].AppendTo(nil)) {
				t.Fatalf("read %+v, want %+v", got, sent[i])
			}
		}
		if err := pr.Next(new(wire.QuorumPacket)); err != io.EOF {
			t.Fatalf("the end of the stream gives %v", err)
		}
	})
}

func TestLargeDataArrivesInChunks(t *testing.T) {
	for _, size := range []int{0, 1, 64 << 10, 64<<10 + 1, 300_000} {
		sent := wire.QuorumPacket{Type: wire.PacketProposal, Data: bytes.Repeat([]byte{7}, size)}
		var got wire.QuorumPacket
		if err := packets(sent.AppendTo(nil), size).Next(&got); err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(got, sent) || cap(got.Data) != size {
			t.Errorf("%d bytes became %d of %d", size, len(got.Data), cap(got.Data))
		}
	}
}

// A SNAP packet is followed by a snapshot that is no packet at all.
func TestWhatFollowsAPacketStaysInTheStream(t *testing.T) {
	snap := wire.QuorumPacket{Type: wire.PacketSnap, Zxid: 5}
	pr := packets(append(snap.AppendTo(nil), "snapshot"...), 100)
	if err := pr.Next(new(wire.QuorumPacket)); err != nil {
		t.Fatal(err)
	}
	if rest, _ := io.ReadAll(pr.Reader()); string(rest) != "snapshot" {
		t.Fatalf("the stream has %q", rest)
	}
}

func TestPacketsThatCannotBeAreRefused(t *testing.T) {
	long := strings.Repeat("x", 11)
	for name, c := range map[string]struct {
		in   []byte
		want error
	}{
		"cut header":      {bytesOf(i4(3), i4(0)), io.ErrUnexpectedEOF},
		"no data":         {bytesOf(i4(3), i8(1)), io.ErrUnexpectedEOF},
		"cut data":        {bytesOf(i4(3), i8(1), i4(9), true), io.ErrUnexpectedEOF},
		"no identities":   {bytesOf(i4(3), i8(1), nil), io.ErrUnexpectedEOF},
		"cut identity":    {bytesOf(i4(3), i8(1), nil, i4(1), "ip"), io.ErrUnexpectedEOF},
		"cut string":      {bytesOf(i4(3), i8(1), nil, i4(1), i4(3), true), io.ErrUnexpectedEOF},
		"negative data":   {bytesOf(i4(3), i8(1), i4(-2), nil), jute.ErrLength},
		"too much data":   {bytesOf(i4(3), i8(1), long, nil), jute.ErrLength},
		"long identity":   {bytesOf(i4(3), i8(1), nil, i4(1), long, long), jute.ErrLength},
		"many identities": {bytesOf(i4(3), i8(1), nil, i4(9), "", "", "", "", ""), jute.ErrLength},
	} {
		err := packets(c.in, 10).Next(new(wire.QuorumPacket))
		if !errors.Is(err, c.want) {
			t.Errorf("%s gives %v, want %v", name, err, c.want)
		}
	}
}

func TestErrorsOfTheConnectionReachTheCaller(t *testing.T) {
	in := iotest.TimeoutReader(iotest.OneByteReader(strings.NewReader("abc")))
	err := wire.NewPacketReader(bufio.NewReader(in), 10).Next(new(wire.QuorumPacket))
	if !errors.Is(err, iotest.ErrTimeout) {
		t.Fatalf("got %v", err)
	}
}

func TestALyingPacketLengthAllocatesLittle(t *testing.T) {
	lie := bytesOf(i4(2), i8(1), i4(1<<30), i8(0))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	err := packets(lie, 1<<31-1).Next(new(wire.QuorumPacket))
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 || err == nil {
		t.Fatalf("allocated %d bytes, error %v", n, err)
	}
}

func TestPacketsWithoutDataAllocateNothing(t *testing.T) {
	ack := wire.QuorumPacket{Type: wire.PacketAck, Zxid: 5}
	in := bytes.NewReader(bytes.Repeat(ack.AppendTo(nil), 200))
	pr := wire.NewPacketReader(bufio.NewReader(in), 10)
	n := testing.AllocsPerRun(100, func() {
		if err := pr.Next(&ack); err != nil {
			t.Fatal(err)
		}
	})
	if n != 0 {
		t.Fatalf("%v allocations", n)
	}
}
