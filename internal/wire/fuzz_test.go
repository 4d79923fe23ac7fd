package wire_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"os"
	"reflect"
	"regexp"
	"testing"

	"zoo/internal/check/alloc"
	"zoo/internal/jute"
	"zoo/internal/jute/jutetest"
	"zoo/internal/wire"
)

func empty[T any, R jutetest.Codec[T]]() jute.Record { return R(new(T)) }

// fromOutside are the records that a server decodes for a client, or a client
// for a server.
var fromOutside = []func() jute.Record{
	empty[wire.ConnectRequest], empty[wire.ConnectResponse], empty[wire.RequestHeader],
	empty[wire.ReplyHeader], empty[wire.WatcherEvent], empty[wire.CreateRequest],
	empty[wire.CreateTTLRequest], empty[wire.CreateResponse], empty[wire.Create2Response],
	empty[wire.DeleteRequest], empty[wire.DeleteContainerRequest], empty[wire.ExistsRequest],
	empty[wire.ExistsResponse], empty[wire.GetDataRequest], empty[wire.GetDataResponse],
	empty[wire.SetDataRequest], empty[wire.SetDataResponse], empty[wire.GetACLRequest],
	empty[wire.GetACLResponse], empty[wire.SetACLRequest], empty[wire.SetACLResponse],
	empty[wire.GetChildrenRequest], empty[wire.GetChildrenResponse],
	empty[wire.GetChildren2Request], empty[wire.GetChildren2Response],
	empty[wire.SyncRequest], empty[wire.SyncResponse], empty[wire.CheckVersionRequest],
	empty[wire.GetAllChildrenNumberRequest], empty[wire.GetAllChildrenNumberResponse],
	empty[wire.GetEphemeralsRequest], empty[wire.GetEphemeralsResponse],
	empty[wire.WhoAmIResponse], empty[wire.SetWatches], empty[wire.SetWatches2],
	empty[wire.AddWatchRequest], empty[wire.CheckWatchesRequest],
	empty[wire.RemoveWatchesRequest], empty[wire.ReconfigRequest], empty[wire.AuthPacket],
	empty[wire.GetSASLRequest], empty[wire.SetSASLResponse], empty[wire.MultiHeader],
	empty[wire.ErrorResponse], empty[wire.SessionTimeout], empty[wire.RevalidateReply],
	empty[wire.LeaderInfo], empty[wire.AckEpoch], empty[wire.DesignatedLeader],
	empty[wire.LearnerInfo], empty[wire.Alarm], empty[wire.Fuzzy],
	empty[wire.Clients], empty[wire.Surplus], empty[wire.DrainAnswer],
	empty[wire.ForwardedRequest], empty[wire.ClientInfo],
	empty[wire.CheckNotExistsRequest], empty[wire.RemoveRecursiveRequest],
	empty[wire.TryRemoveRequest], empty[wire.ListRecursiveRequest],
	empty[wire.ListRecursiveResponse], empty[wire.GetChildrenPageRequest],
	empty[wire.GetChildrenPageResponse], empty[wire.QuorumPacket],
	empty[wire.QuorumAuthPacket],
}

// The generated files are read for the names of the records that can be decoded.
func TestEveryRecordIsFuzzed(t *testing.T) {
	fuzzed := map[string]bool{}
	for _, record := range fromOutside {
		fuzzed[reflect.TypeOf(record()).Elem().Name()] = true
	}
	decoders := regexp.MustCompile(`func \(r \*(\w+)\) DecodeFrom`)
	for _, file := range []string{"client_gen.go", "quorum_gen.go"} {
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		found := decoders.FindAllStringSubmatch(string(source), -1)
		if len(found) == 0 {
			t.Errorf("%s has no decoder", file)
		}
		for _, name := range found {
			if !fuzzed[name[1]] {
				t.Errorf("%s is not in fromOutside", name[1])
			}
		}
	}
}

func FuzzClientRecords(f *testing.F) {
	f.Add(bytesOf(i4(0), i8(0), i4(30000), i8(0), password, true))
	f.Add(bytesOf("/a", data, anACLBytes, i4(0)))
	f.Add(bytesOf("/a", true))
	f.Add(bytesOf("/a\xed\xa0\xbd", aStatBytes))
	f.Add(bytesOf(data, aStatBytes))
	f.Add(bytesOf(i4(2), "a", "b", aStatBytes))
	f.Add(bytesOf(i8(9), i4(1), "d", i4(1), "e", i4(1), "c", i4(0), nil))
	f.Add(bytesOf(i4(0), "digest", []byte("u:p")))
	f.Add(bytesOf(part(wire.OpCreate, -1, "/a", data, anACLBytes, i4(0)),
		part(wire.OpDelete, -1, "/a", i4(-1)), end))
	f.Add(bytesOf(part(wire.OpSetData, 0, aStatBytes), part(wire.OpError, -2, i4(-2)), end))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, record := range fromOutside {
			jutetest.Harmless(t, record, b)
		}
		fuzzMulti(t, b)
	})
}

// The plot: a frame as long as the longest, of which each record takes one field
// that is as large, or of as many elements, as it can be, behind fields of zeros. The
// decoder refuses it, or allocates no more than a frame explains.
func TestTheLongestVectorsAndStringsAreNotWorthMoreThanTheirBytes(t *testing.T) {
	const frameBytes = 1<<20 - 1
	empties := make([]byte, frameBytes)
	strays := bytes.Repeat([]byte{0xff}, frameBytes)
	for _, record := range fromOutside {
		for zeros := 0; zeros <= 28; zeros += 4 {
			for _, elementBytes := range []int{4, 8, 12} {
				count := (frameBytes - zeros - 4) / elementBytes
				binary.BigEndian.PutUint32(empties[zeros:], uint32(count))
				jutetest.Frugal(t, record, empties)
				clear(empties[:zeros+4])
			}
			clear(strays[:zeros])
			binary.BigEndian.PutUint32(strays[zeros:], uint32(frameBytes-zeros-4))
			jutetest.Frugal(t, record, strays)
			binary.BigEndian.PutUint32(strays[zeros:], 1<<32-1)
		}
		copy(strays, bytes.Repeat([]byte{0xff}, 64))
	}
}

// fuzzMulti checks that a multi's parts are disjoint pieces of the input.
func fuzzMulti(t *testing.T, b []byte) {
	var rebuilt []byte
	m := wire.NewMultiReader(b)
	for p, ok := m.Next(); ok; p, ok = m.Next() {
		rebuilt = append(wire.AppendMultiRequest(rebuilt, p.Op), p.Body...)
	}
	if m.Err() == nil && len(wire.AppendMultiEnd(rebuilt)) > len(b) {
		t.Fatalf("%d bytes of parts in %d bytes of multi", len(rebuilt), len(b))
	}
	results := wire.NewMultiResultReader(b)
	for ok := true; ok; {
		_, ok = results.Next()
	}
}

func FuzzQuorumPacket(f *testing.F) {
	f.Add(bytesOf(i4(3), i8(0x200000001), nil, nil))
	f.Add(bytesOf(i4(1), i8(-1), data, i4(1), "ip", "::1"))
	f.Add(bytesOf(i4(11), i8(0), bytesOf(i8(3), i4(0x10000), i8(5)), i4(0)))
	f.Add(bytesOf(i4(1), i8(-1), data, i4(1<<30), "ip", "\xff\xed\xa0\xbd"))
	f.Fuzz(func(t *testing.T, b []byte) {
		jutetest.Harmless(t, empty[wire.QuorumPacket], b)
		var whole, streamed wire.QuorumPacket
		d := decoder(b)
		whole.DecodeFrom(&d)
		in := bufio.NewReaderSize(bytes.NewReader(b), 16)
		var err error
		alloc.Bounded(t, len(b), func() {
			in.Reset(bytes.NewReader(b))
			err = wire.NewPacketReader(in, len(b)).Next(&streamed)
		})
		if (err == nil) != (d.Err() == nil) {
			t.Fatalf("the slice gives %v, the stream %v", d.Err(), err)
		}
		if err == nil && !reflect.DeepEqual(whole, streamed) {
			t.Fatalf("the slice gives %+v, the stream %+v", whole, streamed)
		}
	})
}

func FuzzNotification(f *testing.F) {
	vote := jutetest.Raw(bytesOf(i4(2), i8(3), i8(0x700000002), i8(5)))
	f.Add([]byte(vote))
	f.Add(bytesOf(vote, i8(8), i4(1)))
	f.Add(bytesOf(vote, i8(8), i4(2), configText))
	f.Add(bytesOf(vote, i8(8), i4(2), i4(-1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		jutetest.Harmless(t, empty[wire.Notification], b)
	})
}

func FuzzElectionHandshake(f *testing.F) {
	f.Add(bytesOf(i8(3)))
	f.Add(bytesOf(i8(-65536), i8(3), "[::1]:3888"))
	f.Add(bytesOf(i8(-65535), i8(3), "a:1|b:2"))
	f.Add(bytesOf(i8(-65535), i8(3), i4(2049)))
	f.Fuzz(func(t *testing.T, b []byte) {
		var first wire.ElectionHandshake
		var err error
		alloc.Bounded(t, len(b), func() {
			first, err = wire.ReadElectionHandshake(bytes.NewReader(b))
		})
		if err != nil {
			return
		}
		again, err := wire.ReadElectionHandshake(bytes.NewReader(first.AppendTo(nil)))
		if len(first.AppendTo(nil)) <= len(b) && (err != nil || !reflect.DeepEqual(first, again)) {
			t.Fatalf("%+v became %+v, %v", first, again, err)
		}
	})
}

// The stream and the slice agree on every packet, and no length is believed.
func FuzzQuorumAuth(f *testing.F) {
	magic := i8(wire.QuorumAuthMagic)
	f.Add(bytesOf(magic, i4(0), data))
	f.Add(bytesOf(magic, i4(1), nil))
	f.Add(bytesOf(magic, i4(-1), ""))
	f.Add(bytesOf(magic, i4(0), i4(1<<30)))
	f.Add(bytesOf(i8(0), i4(7), data))
	f.Fuzz(func(t *testing.T, b []byte) {
		var whole, streamed wire.QuorumAuthPacket
		d := decoder(b)
		whole.DecodeFrom(&d)
		in := bufio.NewReaderSize(nil, 16)
		var err error
		alloc.Bounded(t, len(b), func() {
			in.Reset(bytes.NewReader(b))
			streamed, err = wire.ReadQuorumAuth(in, 1<<16)
		})
		known := d.Err() == nil && whole.Magic == wire.QuorumAuthMagic &&
			whole.Status >= wire.AuthError && whole.Status <= wire.AuthSuccess
		if known != (err == nil) && len(b) < 1<<16 {
			t.Fatalf("the slice gives %+v, %v, the stream %v", whole, d.Err(), err)
		}
		if err == nil && !reflect.DeepEqual(whole, streamed) {
			t.Fatalf("the slice gives %+v, the stream %+v", whole, streamed)
		}
	})
}
