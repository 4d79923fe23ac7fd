package wire_test

import (
	"testing"

	"zoo"
	"zoo/internal/jute/jutetest"
	"zoo/internal/wire"
)

// Short names keep the golden bytes below readable.
type (
	i4 = int32
	i8 = int64
)

func bytesOf(parts ...any) []byte { return jutetest.Bytes(parts...) }

// aStat and its bytes have a different number in each field.
var (
	aStat = zoo.Stat{
		Czxid: 0x100000001, Mzxid: 2, Ctime: 3, Mtime: 4, Version: 5, Cversion: 6, Aversion: 7,
		EphemeralOwner: 8, DataLength: 9, NumChildren: 10, Pzxid: 11,
	}
	aStatBytes = jutetest.Raw(bytesOf(i8(0x100000001), i8(2), i8(3), i8(4),
		i4(5), i4(6), i4(7), i8(8), i4(9), i4(10), i8(11)))
	anACL = []zoo.ACL{
		{Perms: zoo.PermAll, ID: zoo.AnyoneID},
		{Perms: zoo.PermRead, ID: zoo.ID{Scheme: "digest", ID: "u:h"}},
	}
	anACLBytes = jutetest.Raw(bytesOf(i4(2), i4(31), "world", "anyone", i4(1), "digest", "u:h"))
	data       = []byte{0xca, 0xfe}
)

func TestEveryClientRecordHasTheBytesOfTheProtocol(t *testing.T) {
	jutetest.Golden(t, wire.RequestHeader{Xid: 7, Type: wire.OpGetData}, bytesOf(i4(7), i4(4)))
	jutetest.Golden(t, wire.ReplyHeader{Xid: -1, Zxid: -1, Err: zoo.CodeNoNode},
		bytesOf(i4(-1), i8(-1), i4(-101)))
	jutetest.Golden(t, wire.WatcherEvent{Type: zoo.EventNodeDeleted, State: 3, Path: "/a"},
		bytesOf(i4(2), i4(3), "/a"))
	jutetest.Golden(t, wire.AuthPacket{Type: 0, Scheme: "digest", Auth: []byte("u:p")},
		bytesOf(i4(0), "digest", []byte("u:p")))
	jutetest.Golden(t, wire.GetSASLRequest{Token: data}, bytesOf(data))
	jutetest.Golden(t, wire.SetSASLResponse{}, bytesOf(nil))
	jutetest.Golden(t, wire.MultiHeader{Type: wire.OpError, Done: true, Err: -1},
		bytesOf(i4(-1), true, i4(-1)))
	jutetest.Golden(t, wire.ErrorResponse{Err: zoo.CodeBadVersion}, bytesOf(i4(-103)))
	jutetest.Golden(t, wire.ReconfigRequest{
		JoiningServers: "j", LeavingServers: "l", NewMembers: "n", CurConfigID: -1},
		bytesOf("j", "l", "n", i8(-1)))
	jutetest.Golden(t, wire.ClientInfo{AuthScheme: "ip", User: "::1"}, bytesOf("ip", "::1"))
	jutetest.Golden(t, wire.WhoAmIResponse{
		ClientInfo: []wire.ClientInfo{{"ip", "::1"}, {"x", ""}}},
		bytesOf(i4(2), "ip", "::1", "x", ""))
}

func TestEveryWritingRecordHasTheBytesOfTheProtocol(t *testing.T) {
	jutetest.Golden(t, wire.CreateRequest{
		Path: "/a", Data: data, ACL: anACL, Flags: zoo.Ephemeral},
		bytesOf("/a", data, anACLBytes, i4(1)))
	jutetest.Golden(t, wire.CreateRequest{Path: "/a"}, bytesOf("/a", nil, i4(0), i4(0)))
	jutetest.Golden(t, wire.CreateTTLRequest{
		Path: "/a", Data: data, ACL: anACL, Flags: zoo.PersistentTTL, TTL: 1000},
		bytesOf("/a", data, anACLBytes, i4(5), i8(1000)))
	jutetest.Golden(t, wire.CreateResponse{Path: "/a"}, bytesOf("/a"))
	jutetest.Golden(t, wire.Create2Response{Path: "/a", Stat: aStat}, bytesOf("/a", aStatBytes))
	jutetest.Golden(t, wire.DeleteRequest{Path: "/a", Version: -1}, bytesOf("/a", i4(-1)))
	jutetest.Golden(t, wire.DeleteContainerRequest{Path: "/a"}, bytesOf([]byte("/a")))
	jutetest.Golden(t, wire.SetDataRequest{Path: "/a", Data: []byte{}, Version: 3},
		bytesOf("/a", []byte{}, i4(3)))
	jutetest.Golden(t, wire.SetDataResponse{Stat: aStat}, aStatBytes)
	jutetest.Golden(t, wire.SetACLRequest{Path: "/a", ACL: anACL, Version: 3},
		bytesOf("/a", anACLBytes, i4(3)))
	jutetest.Golden(t, wire.SetACLResponse{Stat: aStat}, aStatBytes)
	jutetest.Golden(t, wire.SyncRequest{Path: "/a"}, bytesOf("/a"))
	jutetest.Golden(t, wire.SyncResponse{Path: "/a"}, bytesOf("/a"))
	jutetest.Golden(t, wire.CheckVersionRequest{Path: "/a", Version: 3}, bytesOf("/a", i4(3)))
}

func TestEveryReadingRecordHasTheBytesOfTheProtocol(t *testing.T) {
	names := []string{"a", "b"}
	jutetest.Golden(t, wire.ExistsRequest{Path: "/a", Watch: true}, bytesOf("/a", true))
	jutetest.Golden(t, wire.ExistsResponse{Stat: aStat}, aStatBytes)
	jutetest.Golden(t, wire.GetDataRequest{Path: "/a", Watch: true}, bytesOf("/a", true))
	jutetest.Golden(t, wire.GetDataResponse{Data: data, Stat: aStat}, bytesOf(data, aStatBytes))
	jutetest.Golden(t, wire.GetACLRequest{Path: "/a"}, bytesOf("/a"))
	jutetest.Golden(t, wire.GetACLResponse{ACL: anACL, Stat: aStat},
		bytesOf(anACLBytes, aStatBytes))
	jutetest.Golden(t, wire.GetChildrenRequest{Path: "/a"}, bytesOf("/a", false))
	jutetest.Golden(t, wire.GetChildrenResponse{Children: names}, bytesOf(i4(2), "a", "b"))
	jutetest.Golden(t, wire.GetChildrenResponse{}, bytesOf(i4(0)))
	jutetest.Golden(t, wire.GetChildren2Request{Path: "/a"}, bytesOf("/a", false))
	jutetest.Golden(t, wire.GetChildren2Response{Children: names, Stat: aStat},
		bytesOf(i4(2), "a", "b", aStatBytes))
	jutetest.Golden(t, wire.GetAllChildrenNumberRequest{Path: "/a"}, bytesOf("/a"))
	jutetest.Golden(t, wire.GetAllChildrenNumberResponse{TotalNumber: 4}, bytesOf(i4(4)))
	jutetest.Golden(t, wire.GetEphemeralsRequest{PrefixPath: "/a"}, bytesOf("/a"))
	jutetest.Golden(t, wire.GetEphemeralsResponse{Ephemerals: names}, bytesOf(i4(2), "a", "b"))
}

// The bytes of the extensions, but for the page, are what ClickHouse's client sends
// and expects.
func TestEveryExtensionHasTheBytesOfTheProtocol(t *testing.T) {
	jutetest.Golden(t, wire.CheckNotExistsRequest{Path: "/a", Version: -1}, bytesOf("/a", i4(-1)))
	jutetest.Golden(t, wire.RemoveRecursiveRequest{Path: "/a", Limit: 9}, bytesOf("/a", i4(9)))
	jutetest.Golden(t, wire.TryRemoveRequest{Path: "/a", Version: 2}, bytesOf("/a", i4(2)))
	jutetest.Golden(t, wire.ListRecursiveRequest{Path: "/a", Limit: -1}, bytesOf("/a", i4(-1)))
	jutetest.Golden(t, wire.ListRecursiveResponse{Children: []string{"/a/b", "/a/b/c"}},
		bytesOf(i4(2), "/a/b", "/a/b/c"))
	jutetest.Golden(t, wire.GetChildrenPageRequest{Path: "/a", Watch: true, After: "m", Limit: 3},
		bytesOf("/a", true, "m", i4(3)))
	page := wire.GetChildrenPageResponse{Children: []string{"n"}, Stat: aStat, More: true}
	jutetest.Golden(t, page, bytesOf(i4(1), "n", aStatBytes, true))
}

func TestEveryWatchRecordHasTheBytesOfTheProtocol(t *testing.T) {
	one := func(s string) []string { return []string{s} }
	jutetest.Golden(t, wire.SetWatches{
		RelativeZxid: 9, DataWatches: one("d"), ExistWatches: one("e"), ChildWatches: one("c")},
		bytesOf(i8(9), i4(1), "d", i4(1), "e", i4(1), "c"))
	jutetest.Golden(t, wire.SetWatches2{
		RelativeZxid: 9, DataWatches: one("d"), ExistWatches: one("e"), ChildWatches: one("c"),
		PersistentWatches: one("p"), PersistentRecursiveWatches: one("r")},
		bytesOf(i8(9), i4(1), "d", i4(1), "e", i4(1), "c", i4(1), "p", i4(1), "r"))
	jutetest.Golden(t, wire.AddWatchRequest{Path: "/a", Mode: zoo.WatchPersistentRecursive},
		bytesOf("/a", i4(1)))
	jutetest.Golden(t, wire.CheckWatchesRequest{Path: "/a", Type: zoo.WatcherAny},
		bytesOf("/a", i4(3)))
	jutetest.Golden(t, wire.RemoveWatchesRequest{Path: "/a", Type: zoo.WatcherPersistent},
		bytesOf("/a", i4(4)))
}

func TestEveryQuorumRecordHasTheBytesOfTheProtocol(t *testing.T) {
	jutetest.Golden(t, wire.QuorumPacket{Type: wire.PacketAck, Zxid: 0x200000001},
		bytesOf(i4(3), i8(0x200000001), nil, nil))
	jutetest.Golden(t, wire.QuorumPacket{
		Type: wire.PacketRequest, Zxid: -1, Data: data,
		AuthInfo: []zoo.ID{{Scheme: "ip", ID: "::1"}}},
		bytesOf(i4(1), i8(-1), data, i4(1), "ip", "::1"))
	jutetest.Golden(t, wire.QuorumPacket{
		Type: wire.PacketPing, Data: []byte{}, AuthInfo: []zoo.ID{}},
		bytesOf(i4(5), i8(0), []byte{}, i4(0)))
	jutetest.Golden(t, wire.LearnerInfo{ServerID: 3, ProtocolVersion: 0x10000, ConfigVersion: 5},
		bytesOf(i8(3), i4(0x10000), i8(5)))
	jutetest.Golden(t, wire.Fuzzy{Until: 0x100000008, Digest: 7, HasDigest: true},
		bytesOf(i8(0x100000008), true, i8(7)))
	jutetest.Golden(t, wire.Alarm{Refuses: true, Short: []zoo.ServerID{2, 3}},
		bytesOf(true, i4(2), i8(2), i8(3)))
	jutetest.Golden(t, wire.ForwardedRequest{
		Session: 5, Cxid: 6, Op: wire.OpDelete, Body: bytesOf("/a", i4(-1))},
		bytesOf(i8(5), i4(6), i4(2), "/a", i4(-1)))
	jutetest.Golden(t, wire.SessionTimeout{SessionID: 5, TimeOut: 30000},
		bytesOf(i8(5), i4(30000)))
	jutetest.Golden(t, wire.RevalidateReply{SessionID: 5, Valid: true}, bytesOf(i8(5), true))
	jutetest.Golden(t, wire.LeaderInfo{ProtocolVersion: wire.LearnerProtocolVersion},
		bytesOf(i4(0x10000)))
	jutetest.Golden(t, wire.AckEpoch{CurrentEpoch: -1}, bytesOf(i4(-1)))
	jutetest.Golden(t, wire.DesignatedLeader{ServerID: 2}, bytesOf(i8(2)))
	jutetest.Golden(t, wire.NewQuorumAuth(wire.AuthError, []byte("t")),
		bytesOf(i8(0x5f2435013501edcc), i4(-1), []byte("t")))
}

func TestAPersistedStatLeavesOutWhatTheTreeKnows(t *testing.T) {
	stat := zoo.StatPersisted{
		Czxid: 1, Mzxid: 2, Ctime: 3, Mtime: 4, Version: 5, Cversion: 6, Aversion: 7,
		EphemeralOwner: zoo.ContainerOwner, Pzxid: 11,
	}
	got := wire.AppendStatPersisted(nil, &stat)
	want := bytesOf(i8(1), i8(2), i8(3), i8(4), i4(5), i4(6), i4(7), i8(-1<<63), i8(11))
	if string(got) != string(want) || len(got) != wire.StatPersistedBytes {
		t.Fatalf("encoded %x, want %x", got, want)
	}
	d := decoder(want)
	if back := wire.DecodeStatPersisted(&d); back != stat || d.Err() != nil {
		t.Fatalf("decoded %+v, %v", back, d.Err())
	}
	if len(aStatBytes) != wire.StatBytes {
		t.Fatalf("a Stat has %d bytes", len(aStatBytes))
	}
}

func TestAFrameIsItsLengthAndItsPayload(t *testing.T) {
	header := wire.ReplyHeader{Xid: wire.XidPing, Zxid: 5}
	b, mark := wire.BeginFrame([]byte("before"))
	b = wire.EndFrame(header.AppendTo(b), mark)
	want := "before" + string(bytesOf(i4(16), i4(-2), i8(5), i4(0)))
	if string(b) != want {
		t.Fatalf("frame is %x, want %x", b, want)
	}
}
