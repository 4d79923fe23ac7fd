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

// Two quotas in one namespace are summed up, a limit that is not set counting -1; what
// a hard limit refused is counted until the figures are reset.
func TestQuotasAreMeasuredByNamespace(t *testing.T) {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	cfg.EnforceQuota, cfg.Words = true, []string{"*"}
	s := start(t, disk, cfg)
	c := s.connect()
	for _, path := range []string{"/app", "/zookeeper/quota/app"} {
		c.create(path, "")
		for _, quota := range []string{"/a", "/b"} {
			c.create(path+quota, "12345")
		}
	}
	for quota, limits := range map[string]string{
		"/a": "count=-1,bytes=100", "/b": "count=7,bytes=-1=;byteHardLimit=-1;countHardLimit=1",
	} {
		c.create("/zookeeper/quota/app"+quota+"/zookeeper_limits", limits)
		c.create("/zookeeper/quota/app"+quota+"/zookeeper_stats", "count=0,bytes=0")
	}
	c.call(1, wire.OpCreate, create("/app/b/child", ""), zoo.CodeQuotaExceeded)
	text := s.ask("mntr")
	for _, line := range []string{
		"zk_app_quota_count_limit_per_namespace\t0", "zk_app_quota_bytes_limit_per_namespace\t99",
		"zk_app_quota_count_usage_per_namespace\t2", "zk_app_quota_bytes_usage_per_namespace\t10",
		"zk_app_quota_exceeded_error_per_namespace\t1",
	} {
		if !strings.Contains(text, line+"\n") {
			t.Errorf("%q is not in\n%s", line, text)
		}
	}
	s.ask("srst")
	if text := s.ask("mntr"); strings.Contains(text, "quota_exceeded_error") {
		t.Errorf("srst has not reset the refusals:\n%s", text)
	}
}
