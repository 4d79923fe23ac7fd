package txn_test

import (
	"testing"

	"pgregory.net/rapid"

	"zoo"
	"zoo/internal/jute"
	"zoo/internal/jute/jutetest"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

// Short names keep the golden bytes below readable.
type (
	i4 = int32
	i8 = int64
)

func bytesOf(parts ...any) []byte { return jutetest.Bytes(parts...) }

var (
	data       = []byte{0xca, 0xfe}
	anACL      = []zoo.ACL{{Perms: zoo.PermAll, ID: zoo.AnyoneID}}
	anACLBytes = jutetest.Raw(bytesOf(i4(1), i4(31), "world", "anyone"))
)

func TestEveryTransactionHasTheBytesOfTheProtocol(t *testing.T) {
	jutetest.Golden(t, txn.Header{
		Session: 0x10000ab, Cxid: 3, Zxid: 0x500000002, Time: 1700000000000, Type: wire.OpCreate},
		bytesOf(i8(0x10000ab), i4(3), i8(0x500000002), i8(1700000000000), i4(1)))
	jutetest.Golden(t, txn.Digest{Version: 2, Tree: 0xfffffffffffffffe}, bytesOf(i4(2), i8(-2)))
	jutetest.Golden(t, txn.CreateTxn{
		Path: "/a", Data: data, ACL: anACL, Ephemeral: true, ParentCVersion: 7},
		bytesOf("/a", data, anACLBytes, true, i4(7)))
	jutetest.Golden(t, txn.CreateTxnV0{Path: "/a", Data: data, ACL: anACL, Ephemeral: true},
		bytesOf("/a", data, anACLBytes, true))
	jutetest.Golden(t, txn.CreateTTLTxn{
		Path: "/a", Data: data, ACL: anACL, ParentCVersion: 7, TTL: 1000},
		bytesOf("/a", data, anACLBytes, i4(7), i8(1000)))
	jutetest.Golden(t, txn.CreateContainerTxn{
		Path: "/a", Data: data, ACL: anACL, ParentCVersion: 7},
		bytesOf("/a", data, anACLBytes, i4(7)))
	jutetest.Golden(t, txn.DeleteTxn{Path: "/a"}, bytesOf("/a"))
	jutetest.Golden(t, txn.SetDataTxn{Path: "/a", Data: data, Version: 2},
		bytesOf("/a", data, i4(2)))
	jutetest.Golden(t, txn.SetDataTxn{Path: "/a", Version: 2}, bytesOf("/a", nil, i4(2)))
	jutetest.Golden(t, txn.SetACLTxn{Path: "/a", ACL: anACL, Version: 2},
		bytesOf("/a", anACLBytes, i4(2)))
	jutetest.Golden(t, txn.CheckVersionTxn{Path: "/a", Version: 2}, bytesOf("/a", i4(2)))
	jutetest.Golden(t, txn.ErrorTxn{Err: zoo.CodeNoNode}, bytesOf(i4(-101)))
	jutetest.Golden(t, txn.CreateSessionTxn{TimeOut: 30000}, bytesOf(i4(30000)))
	jutetest.Golden(t, txn.CloseSessionTxn{Paths: []string{"/a", "/b"}},
		bytesOf(i4(2), "/a", "/b"))
	jutetest.Golden(t, txn.CloseSessionTxn{}, bytesOf(i4(0)))
	jutetest.Golden(t, txn.MultiTxn{Txns: []txn.SubTxn{
		{Type: wire.OpDelete, Data: bytesOf("/a")}, {Type: wire.OpError, Data: bytesOf(i4(-2))}}},
		bytesOf(i4(2), i4(2), bytesOf("/a"), i4(-1), bytesOf(i4(-2))))
}

func TestEveryTransactionSurvivesEncodingAndDecoding(t *testing.T) {
	jutetest.RoundTrip[txn.Header](t)
	jutetest.RoundTrip[txn.Digest](t)
	jutetest.RoundTrip[txn.CreateTxn](t)
	jutetest.RoundTrip[txn.CreateTxnV0](t)
	jutetest.RoundTrip[txn.CreateTTLTxn](t)
	jutetest.RoundTrip[txn.CreateContainerTxn](t)
	jutetest.RoundTrip[txn.SetDataTxn](t)
	jutetest.RoundTrip[txn.SetACLTxn](t)
	jutetest.RoundTrip[txn.MultiTxn](t)
}

// A path is never empty, and two empty ones would read as a digest.
func TestEveryCloseSessionSurvivesEncodingAndDecoding(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := rapid.StringN(1, 20, -1)
		r := txn.CloseSessionTxn{Paths: rapid.SliceOf(path).Draw(t, "paths")}
		jutetest.Stable[txn.CloseSessionTxn](t, r.AppendTo(nil))
	})
}

func TestCutOffTransactionsAreRefused(t *testing.T) {
	jutetest.Truncated[txn.Header](t, make([]byte, txn.HeaderBytes))
	jutetest.Truncated[txn.CreateTxnV0](t, bytesOf("/a", data, anACLBytes, true))
	jutetest.Truncated[txn.CreateTxn](t, bytesOf("/a", data, anACLBytes, true))
	jutetest.Truncated[txn.SetACLTxn](t, bytesOf("/a", anACLBytes, i4(2)))
	jutetest.Truncated[txn.MultiTxn](t, bytesOf(i4(1), i4(2), bytesOf("/a")))
}

func TestACreateFromBefore34HasNoParentCVersion(t *testing.T) {
	d := jute.NewDecoder(bytesOf("/a", data, anACLBytes, true))
	var r txn.CreateTxn
	r.DecodeFrom(&d)
	if d.Err() != nil || r.ParentCVersion != -1 || r.Path != "/a" || !r.Ephemeral {
		t.Fatalf("decoded %+v, %v", r, d.Err())
	}
}

func TestACloseSessionMayHaveNoBody(t *testing.T) {
	digest := jutetest.Raw(bytesOf(i4(2), i8(0x1122334455667788)))
	for name, c := range map[string]struct {
		in    []byte
		paths int
		left  int
	}{
		"nothing":              {nil, 0, 0},
		"only a digest":        {digest, 0, 12},
		"no paths":             {bytesOf(i4(0)), 0, 0},
		"no paths, a digest":   {bytesOf(i4(0), digest), 0, 12},
		"a path of four":       {bytesOf(i4(1), "/abc"), 1, 0},
		"two paths":            {bytesOf(i4(2), "/a", "/b"), 2, 0},
		"two paths, a digest":  {bytesOf(i4(2), "/a", "/b", digest), 2, 12},
		"a path and no digest": {bytesOf(i4(1), "/abcdefgh"), 1, 0},
	} {
		d := jute.NewDecoder(c.in)
		r := txn.CloseSessionTxn{Paths: []string{"/stale"}}
		r.DecodeFrom(&d)
		if d.Err() != nil || len(r.Paths) != c.paths || d.Len() != c.left {
			t.Errorf("%s gives %q, %v, %d bytes left", name, r.Paths, d.Err(), d.Len())
		}
	}
}
