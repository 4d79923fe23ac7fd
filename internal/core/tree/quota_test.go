package tree

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"zoo"
	"zoo/internal/txn"
	"zoo/internal/wire"
)

func TestQuotasAreListedWithLimitsAndUsage(t *testing.T) {
	h := newHistory(t)
	for _, path := range []string{"/b", "/a", "/a/x", "/zookeeper/quota/b", "/zookeeper/quota/a",
		"/zookeeper/quota/half"} {
		h.create(path, "12345", zoo.OpenACL())
	}
	const limits = "count=7,bytes=8=;byteHardLimit=9;countHardLimit=10"
	h.create("/zookeeper/quota/b/zookeeper_limits", "count=2,bytes=-1", zoo.OpenACL())
	h.create("/zookeeper/quota/b/zookeeper_stats", "", zoo.OpenACL())
	h.create("/zookeeper/quota/a/zookeeper_limits", limits, zoo.OpenACL())
	h.create("/zookeeper/quota/a/zookeeper_stats", "", zoo.OpenACL())
	h.create("/zookeeper/quota/half/zookeeper_limits", limits, zoo.OpenACL())
	var got []Quota
	h.tree.WalkQuotas(func(q Quota, complete bool) bool {
		if complete {
			got = append(got, q)
		}
		return true
	})
	slices.SortFunc(got, func(a, b Quota) int { return strings.Compare(a.Path, b.Path) })
	if want := []Quota{
		{"/a", 2, 10, 7, 8, 10, 9}, {"/b", 1, 5, 2, -1, -1, -1},
	}; !slices.Equal(got, want) {
		t.Errorf("got %+v", got)
	}
	if q, ok := h.tree.Quota("/a/x/y"); !ok || q != got[0] {
		t.Errorf("%+v is not the longest quota above", q)
	}
}

// The plot: a client writes a text of limits where the server counts. The answer
// tells of what was written; the count that takes its place keeps the hard limits.
func TestUsageKeepsTheHardLimitsThatWereWrittenThere(t *testing.T) {
	h := newHistory(t)
	const stats, text = "/zookeeper/quota/a/zookeeper_stats",
		"count=9,bytes=9=;byteHardLimit=7;countHardLimit=-1"
	for _, path := range []string{"/a", "/zookeeper/quota/a",
		"/zookeeper/quota/a/zookeeper_limits"} {
		h.create(path, "", zoo.OpenACL())
	}
	if r := h.create(stats, text, zoo.OpenACL()); int(r.Stat.DataLength) != len(text) {
		t.Errorf("the answer to create tells of %d bytes", r.Stat.DataLength)
	}
	if got := h.text(stats); got != "count=1,bytes=0" {
		t.Errorf("counted anew: %q", got)
	}
	h.do(0, wire.OpSetData, &txn.SetDataTxn{Path: stats, Data: []byte(text), Version: 1})
	h.create("/a/x", "123", zoo.OpenACL())
	if got := h.text(stats); got != "count=10,bytes=12=;byteHardLimit=7;countHardLimit=-1" {
		t.Errorf("counted on: %q", got)
	}
}

// FuzzQuotaText compares what is admitted with what a parser does that splits as
// Java's does.
func FuzzQuotaText(f *testing.F) {
	for _, text := range []string{"", "count=1,bytes=2", "count=1,bytes=2=;byteHardLimit=3",
		",", "a==1", "=", "=1", ";x=1", "count=", "x", "count=+1", "a=1,,;b=2;"} {
		f.Add(text)
	}
	separators := regexp.MustCompile("[,;]+")
	f.Fuzz(func(t *testing.T, text string) {
		want := true
		for _, pair := range javaSplit(separators.Split(text, -1)) {
			kv := javaSplit(strings.Split(pair, "="))
			want = want && len(kv) > 1 && (kv[1] == "" || isLong(kv[1]))
		}
		if got := text == "" || validQuotaText(text); got != (text == "" || want) {
			t.Fatalf("%q: admitted %v, readable %v", text, got, want)
		}
		for _, key := range []string{"count=", "bytes=", "byteHardLimit="} {
			quotaFigure(text, key)
		}
	})
}

// javaSplit drops the empty strings at the end.
func javaSplit(parts []string) []string {
	for len(parts) > 0 && parts[len(parts)-1] == "" {
		parts = parts[:len(parts)-1]
	}
	return parts
}
