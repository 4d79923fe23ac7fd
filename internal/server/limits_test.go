package server

import (
	"math"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/core/tree"
	"zoo/internal/disk/vfs"
	"zoo/internal/wire"
)

// Java reads jute.maxbuffer and the extra size, which is 1024 at least.
func TestATransactionIsNoLargerThanAJavaServerReads(t *testing.T) {
	for _, row := range []struct{ frame, extra, want int }{
		{0xfffff, 0xfffff, 2 * 0xfffff},
		{4096, 0, 4096 + 1024},
		{math.MaxInt32, math.MaxInt32, math.MaxInt32},
	} {
		if got := entryBytesMax(row.frame, row.extra); got != row.want {
			t.Errorf("%d and %d: %d", row.frame, row.extra, got)
		}
	}
}

// The plot: a server that was told to read nothing large gets a request that grows
// when its transaction is made, and says so; smaller ones go on.
func TestWhatWouldBeTooLargeToReadBackIsRefused(t *testing.T) {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	cfg.EntryBytesMax = 4096
	c := start(t, disk, cfg).connect()
	c.call(1, wire.OpCreate, create("/large", strings.Repeat("x", 4096)),
		zoo.CodeMarshallingError)
	c.call(2, wire.OpExists, &wire.ExistsRequest{Path: "/large"}, zoo.CodeNoNode)
	c.call(3, wire.OpCreate, create("/large", strings.Repeat("x", 2048)), zoo.CodeOK)
	set := &wire.SetDataRequest{Path: "/large", Data: make([]byte, 2048), Version: -1}
	c.call(4, wire.OpMulti, multi{{wire.OpSetData, set}, {wire.OpSetData, set}},
		zoo.CodeMarshallingError)
}

func TestTTLZnodesAndQuotasAreASettingOfTheServer(t *testing.T) {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	cfg.Types, cfg.EnforceQuota = tree.Types{Extended: true}, true
	c := start(t, disk, cfg).connect()
	ttl := &wire.CreateTTLRequest{
		Path: "/t", ACL: zoo.OpenACL(), Flags: zoo.PersistentTTL, TTL: 1 << 30,
	}
	m := c.call(1, wire.OpCreateTTL, ttl, zoo.CodeOK)
	var made wire.Create2Response
	if made.DecodeFrom(&m.body); made.Path != "/t" || made.Stat.EphemeralOwner != 0 {
		t.Errorf("got %+v", made)
	}
	c.create("/zookeeper/quota/t", "")
	c.create("/zookeeper/quota/t/zookeeper_limits", "count=-1,bytes=-1=;countHardLimit=1")
	c.create("/zookeeper/quota/t/zookeeper_stats", "count=0,bytes=0")
	c.call(2, wire.OpCreate, create("/t/child", ""), zoo.CodeQuotaExceeded)
}
