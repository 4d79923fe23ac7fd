package prep

import (
	"slices"
	"testing"

	"zoo"
	"zoo/internal/wire"
)

// newQuotaPlay is a leader that enforces the quota of /q, as the tool sets it.
func newQuotaPlay(t *testing.T, limits string) *play {
	p := newPlay(t, func(c *Config) { c.EnforceQuota = true })
	for _, path := range []string{"/q", "/zookeeper/quota/q"} {
		p.do(wire.OpCreate, bare(path))
	}
	p.put("/zookeeper/quota/q/zookeeper_limits", limits)
	p.put("/zookeeper/quota/q/zookeeper_stats", "count=-1,bytes=-1")
	return p
}

// bare creates a znode without data.
func bare(path string) *wire.CreateRequest {
	return &wire.CreateRequest{Path: path, ACL: zoo.OpenACL()}
}

func (p *play) put(path, data string) {
	r := create(path, 0)
	r.Data = []byte(data)
	p.do(wire.OpCreate, r)
}

const quotaLimits = "/zookeeper/quota/q/zookeeper_limits"

// The plot: a quota znode with two children gets a third one, and then ten bytes.
func TestAHardQuotaIsKeptAndASoftOneIsTold(t *testing.T) {
	for _, row := range []struct {
		limits       string
		count, bytes zoo.Code
		told         []Excess
	}{
		{limits: "count=-1,bytes=-1=;countHardLimit=3", count: zoo.CodeQuotaExceeded,
			told: []Excess{{"/q", "/q/c", "count", 4, 3, true}}},
		{limits: "count=1,bytes=-1=;countHardLimit=4"},
		{limits: "count=3,bytes=-1", told: []Excess{{"/q", "/q/c", "count", 4, 3, false}}},
		{limits: "count=-1,bytes=2=;byteHardLimit=9", bytes: zoo.CodeQuotaExceeded,
			told: []Excess{{"/q", "/q/a", "bytes", 10, 9, true}}},
		{limits: "count=-1,bytes=9", told: []Excess{{"/q", "/q/a", "bytes", 10, 9, false}}},
		{limits: "bytes=10;;,count=4"},
		{limits: ""},
	} {
		p := newQuotaPlay(t, row.limits)
		p.do(wire.OpCreate, bare("/q/a"))
		p.do(wire.OpCreate, bare("/q/b"))
		p.prep.TakeExcess()
		var told []Excess
		hear := func() {
			if e, n := p.prep.TakeExcess(); n > 0 {
				told = append(told, e)
			}
		}
		p.expect(row.limits, row.count, wire.OpCreate, bare("/q/c"))
		hear()
		p.expect(row.limits, row.bytes, wire.OpSetData, set("/q/a", "1234567890", -1))
		hear()
		p.expect("less is always fine", 0, wire.OpSetData, set("/q/a", "", -1))
		p.expect("elsewhere", 0, wire.OpCreate, create("/elsewhere", 0))
		hear()
		if !slices.Equal(told, row.told) {
			t.Errorf("%q: told %+v", row.limits, told)
		}
	}
}

func TestAQuotaMeansNothingUnlessItIsEnforced(t *testing.T) {
	p := newQuotaPlay(t, "count=0,bytes=0=;byteHardLimit=0;countHardLimit=0")
	p.expect("enforced", zoo.CodeQuotaExceeded, wire.OpCreate, bare("/q/a"))
	p.prep.config.EnforceQuota = false
	p.expect("not enforced", 0, wire.OpCreate, bare("/q/a"))
}

// In a multi every part is compared with the usage before all of them.
func TestAMultiMayExceedAQuotaByWhatIsUnderWay(t *testing.T) {
	p := newQuotaPlay(t, "count=-1,bytes=-1=;countHardLimit=2")
	result := p.do(wire.OpMulti, multi{{wire.OpCreate, bare("/q/a")},
		{wire.OpCreate, bare("/q/b")}})
	if result.Code != 0 {
		t.Fatal(result.Code)
	}
	p.expect("now it counts", zoo.CodeQuotaExceeded, wire.OpCreate, bare("/q/c"))
}

// Servers written in Java end over the texts and paths that are refused here.
func TestQuotasThatNobodyCouldReadAreRefused(t *testing.T) {
	p := newQuotaPlay(t, "count=1,bytes=1")
	p.do(wire.OpCreate, create("/zookeeperish", 0))
	for _, text := range []string{"nonsense", "count", "count=", "count=x", ",count=1", "=",
		"count=99999999999999999999"} {
		p.expect(text, zoo.CodeBadArguments, wire.OpSetData, set(quotaLimits, text, -1))
	}
	for _, text := range []string{"", "count==1", "count=1,", "bytes=3=;byteHardLimit=4", "x=1"} {
		p.expect(text, 0, wire.OpSetData, set(quotaLimits, text, -1))
	}
	for _, path := range []string{"/zookeeper/quota/zookeeper_limits",
		"/zookeeper/quota/zookeeper_stats", "/zookeeper/zookeeper_limits",
		"/zookeeperish/zookeeper_limits"} {
		p.expect(path, zoo.CodeBadArguments, wire.OpCreate, create(path, 0))
	}
	p.expect("elsewhere it is a name", 0, wire.OpCreate, create("/zookeeper_limits", 0))
}
