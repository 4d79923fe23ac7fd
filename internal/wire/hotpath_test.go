package wire_test

import (
	"bufio"
	"bytes"
	"slices"
	"testing"

	"zoo"
	"zoo/internal/check/alloc"
	"zoo/internal/jute"
	"zoo/internal/wire"
)

func TestTheCodecOfHotRecordsAllocatesNothing(t *testing.T) { alloc.Guard(t, hotPaths(t)) }

func BenchmarkCodec(b *testing.B) { alloc.Measure(b, hotPaths(b)) }

// hotPaths are the requests as a server decodes them, behind their header, the replies as it
// encodes them into a frame, and the packets between servers.
func hotPaths(tb testing.TB) []alloc.Path {
	return slices.Concat(hotRequests(tb), hotReplies(), hotPackets(tb))
}

const hotPath = "/services/web/instance-17"

func hotRequests(tb testing.TB) []alloc.Path {
	data := make([]byte, 1024)
	return []alloc.Path{
		request(tb, "setData", &wire.SetDataRequest{Path: hotPath, Data: data},
			&wire.SetDataRequest{}),
		creation(tb, &wire.CreateRequest{Path: hotPath, Data: data, ACL: zoo.OpenACL()}),
		request(tb, "delete", &wire.DeleteRequest{Path: hotPath}, &wire.DeleteRequest{}),
		request(tb, "getData", &wire.GetDataRequest{Path: hotPath}, &wire.GetDataRequest{}),
		request(tb, "exists", &wire.ExistsRequest{Path: hotPath}, &wire.ExistsRequest{}),
		request(tb, "getChildren", &wire.GetChildrenRequest{Path: hotPath},
			&wire.GetChildrenRequest{}),
	}
}

func hotReplies() []alloc.Path {
	return []alloc.Path{
		reply("setData", &wire.SetDataResponse{}),
		reply("create", &wire.CreateResponse{Path: hotPath}),
		reply("create2", &wire.Create2Response{Path: hotPath}),
		reply("getData", &wire.GetDataResponse{Data: make([]byte, 1024)}),
		reply("exists", &wire.ExistsResponse{}),
		reply("event", &wire.WatcherEvent{Path: hotPath}),
	}
}

func hotPackets(tb testing.TB) []alloc.Path {
	data := make([]byte, 1024)
	forwarded := wire.ForwardedRequest{Session: 1, Cxid: 2, Op: wire.OpSetData, Body: data}
	var paths []alloc.Path
	for _, p := range []wire.QuorumPacket{
		{Type: wire.PacketProposal, Zxid: 5, Data: data},
		{Type: wire.PacketCommit, Zxid: 5},
		{Type: wire.PacketAck, Zxid: 5},
		{Type: wire.PacketRequest, Zxid: -1, Data: forwarded.AppendTo(nil)},
	} {
		paths = append(paths, packetSent(p), packetTaken(tb, p))
	}
	var f wire.ForwardedRequest
	return append(paths, decoding("REQUEST's own", forwarded.AppendTo(nil), f.DecodeFrom))
}

// creation is the request of a create, whose ACL a server decodes into memory of its own.
func creation(tb testing.TB, record *wire.CreateRequest) alloc.Path {
	var create wire.CreateRequest
	return decoding("request create", record.AppendTo(aHeader()), func(d *jute.Decoder) {
		var header wire.RequestHeader
		header.DecodeFrom(d)
		create.Path, create.Data = d.String(), d.Buffer()
		create.ACL = wire.DecodeACLInto(create.ACL, d)
		if create.Flags = zoo.CreateMode(d.Int()); d.Err() != nil {
			tb.Fatal(d.Err())
		}
	})
}

// aHeader is the header of a request.
func aHeader() []byte {
	header := wire.RequestHeader{Xid: 1000, Type: wire.OpCreate}
	return header.AppendTo(nil)
}

// request decodes a header, and a record into into.
func request(tb testing.TB, name string, record, into jute.Record) alloc.Path {
	return decoding("request "+name, record.AppendTo(aHeader()), func(d *jute.Decoder) {
		var header wire.RequestHeader
		header.DecodeFrom(d)
		if into.DecodeFrom(d); d.Err() != nil {
			tb.Fatal(d.Err())
		}
	})
}

func decoding(title string, b []byte, decode func(*jute.Decoder)) alloc.Path {
	d := new(jute.Decoder) // It lives as long as the connection does.
	return alloc.Path{Title: title, Bytes: int64(len(b)), Step: func() {
		*d = jute.NewAliasDecoder(b)
		decode(d)
	}}
}

// reply encodes a frame of a header and a record.
func reply(name string, record jute.Record) alloc.Path {
	var b []byte
	step := func() {
		var mark int
		b, mark = wire.BeginFrame(b[:0])
		header := wire.ReplyHeader{Xid: 1000, Zxid: 5}
		b = wire.EndFrame(record.AppendTo(header.AppendTo(b)), mark)
	}
	step()
	return alloc.Path{Title: "reply " + name, Bytes: int64(len(b)), Step: step}
}

func packetSent(p wire.QuorumPacket) alloc.Path {
	b := p.AppendTo(nil)
	return alloc.Path{Title: p.Type.String() + " sent", Bytes: int64(len(b)), Step: func() {
		b = p.AppendTo(b[:0])
	}}
}

// packetTaken reads packets off a stream; those with data cost a block each.
func packetTaken(tb testing.TB, p wire.QuorumPacket) alloc.Path {
	b := p.AppendTo(nil)
	in := bytes.NewReader(b)
	buffered := bufio.NewReader(in)
	pr := wire.NewPacketReader(buffered, wire.FrameBytesMax)
	most := 0
	if p.Data != nil {
		most = 1
	}
	var got wire.QuorumPacket
	return alloc.Path{Title: p.Type.String() + " taken", Bytes: int64(len(b)), Most: most,
		Step: func() {
			in.Reset(b)
			buffered.Reset(in)
			if err := pr.Next(&got); err != nil {
				tb.Fatal(err)
			}
		}}
}
