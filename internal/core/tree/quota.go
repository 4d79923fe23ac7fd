package tree

import (
	"strconv"
	"strings"
)

// The names of the znodes that hold the limits and the usage of a quota. Those of
// the path P are below /zookeeper/quota P.
const (
	quotaLimitsName = "zookeeper_limits"
	quotaStatsName  = "zookeeper_stats"
)

// Each server counts the usage of quotas for itself, without transactions: only
// the data of the stats znodes changes, no version and no zxid. The usage counts
// the quota's znode, everything below it, and their data.

// quotaParent gives the path that a znode below /zookeeper/quota is about.
func quotaParent(path, name string) (about string, ok bool) {
	if !strings.HasPrefix(path, quotaPath+"/") {
		return "", false
	}
	about = path[len(quotaPath) : len(path)-len(name)-1]
	return about, about != ""
}

// quotaCreated follows the creation of a znode.
func (t *Tree) quotaCreated(path, name string, bytes int) {
	if about, ok := quotaParent(path, name); ok {
		switch name {
		case quotaLimitsName:
			t.quotas[strings.Clone(about)] = struct{}{}
		case quotaStatsName:
			t.measure(about)
		}
	}
	t.charge(path, 1, int64(bytes))
}

// quotaDeleted follows the deletion of a znode.
func (t *Tree) quotaDeleted(path, name string, bytes int) {
	if about, ok := quotaParent(path, name); ok && name == quotaLimitsName {
		delete(t.quotas, about)
	}
	t.charge(path, -1, -int64(bytes))
}

// charge adds to the usage of the longest quota that path falls under.
func (t *Tree) charge(path string, count, bytes int64) {
	about, ok := t.QuotaPath(path)
	if !ok {
		return
	}
	s, exists := t.quotaStats(about)
	if !exists {
		return
	}
	usage := stringOf(t.data(t.nodes.at(s)))
	b := appendUsage(t.scratch[:0], quotaFigure(usage, "count=")+count,
		quotaFigure(usage, "bytes=")+bytes)
	t.writeUsage(s, appendHardLimits(b, usage))
}

// measure counts the usage of a quota anew.
func (t *Tree) measure(about string) {
	s, exists := t.quotaStats(about)
	if !exists {
		return
	}
	var count, bytes int64
	if top, ok := t.find(about); ok {
		count, bytes = 1, int64(t.nodes.at(top).dataBytes())
		for below := t.following(top, top); below != noSlot; below = t.following(below, top) {
			count, bytes = count+1, bytes+int64(t.nodes.at(below).dataBytes())
		}
	}
	t.writeUsage(s, appendUsage(t.scratch[:0], count, bytes))
}

func (t *Tree) quotaStats(about string) (slot, bool) {
	t.scratch = append(append(t.scratch[:0], quotaPath...), about...)
	t.scratch = append(append(t.scratch, '/'), quotaStatsName...)
	return t.find(stringOf(t.scratch))
}

func (t *Tree) writeUsage(s slot, text []byte) {
	t.scratch = text
	t.touch(s)
	t.replaceData(t.nodes.at(s), systemPrefix, text)
}

func appendUsage(b []byte, count, bytes int64) []byte {
	b = strconv.AppendInt(append(b, "count="...), count, 10)
	return strconv.AppendInt(append(b, ",bytes="...), bytes, 10)
}

// appendHardLimits keeps the hard limits that a client has put into a text of usage,
// where they mean nothing: Java keeps all that it has read there.
func appendHardLimits(b []byte, usage string) []byte {
	separator := "=;"
	for _, key := range [...]string{"byteHardLimit=", "countHardLimit="} {
		if figure, given := quotaValue(usage, key); given {
			b = append(append(b, separator...), key...)
			b = strconv.AppendInt(b, figure, 10)
			separator = ";"
		}
	}
	return b
}

// quotaFigure reads one figure of a text of limits or usage; -1 if it is missing.
// The text with hard limits has an equals sign too much behind the bytes, to which
// parsers from before 3.7 stop reading:
//
//	count=N,bytes=N=;byteHardLimit=N;countHardLimit=N
func quotaFigure(usage, key string) int64 {
	figure, _ := quotaValue(usage, key)
	return figure
}

// quotaValue is quotaFigure that tells -1 from none. Of several the last one counts.
func quotaValue(usage, key string) (figure int64, given bool) {
	figure = -1
	for part := range strings.FieldsFuncSeq(usage, isQuotaSeparator) {
		if text, found := strings.CutPrefix(part, key); found {
			text, _, _ = strings.Cut(text, "=")
			figure, given = -1, true
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				figure = n
			}
		}
	}
	return figure, given
}

// Quota is the limits and the usage of one quota. Figures that are not set are -1.
type Quota struct {
	// Path is the znode whose subtree is counted.
	Path string
	// Count is the number of znodes, the quota's own included, Bytes their data.
	Count, Bytes int64
	// CountLimit and BytesLimit are soft: who exceeds them is only told of.
	CountLimit, BytesLimit int64
	// CountHardLimit and BytesHardLimit take the place of the soft ones.
	CountHardLimit, BytesHardLimit int64
}

// Quota gives the quota that a path falls under, the longest where several do;
// false where none does, or where one of its znodes is missing.
func (t *Tree) Quota(path string) (Quota, bool) {
	about, ok := t.QuotaPath(path)
	if !ok {
		return Quota{}, false
	}
	return t.quota(about)
}

// WalkQuotas visits the quotas, in no order, until visit returns false; those that are
// not complete have no figures. Like Lookup, and unlike Quota, it may run beside others
// that read. The tree may change during a visit, as for WalkEphemerals.
func (t *Tree) WalkQuotas(visit func(q Quota, complete bool) bool) {
	for about := range t.quotas {
		q, complete := Quota{}, false
		if stats, counted := t.find(quotaPath + about + "/" + quotaStatsName); counted {
			q, complete = t.quotaOf(about, stats)
		}
		if !visit(q, complete) {
			return
		}
	}
}

func (t *Tree) quota(about string) (Quota, bool) {
	stats, counted := t.quotaStats(about)
	if !counted {
		return Quota{}, false
	}
	return t.quotaOf(about, stats)
}

// quotaOf reads a quota whose usage is at a known place. It leaves scratch alone.
func (t *Tree) quotaOf(about string, stats slot) (Quota, bool) {
	limits, found := t.find(quotaPath + about + "/" + quotaLimitsName)
	if !found {
		return Quota{}, false
	}
	usage := stringOf(t.data(t.nodes.at(stats)))
	text := stringOf(t.data(t.nodes.at(limits)))
	return Quota{
		Path:  about,
		Count: quotaFigure(usage, "count="), Bytes: quotaFigure(usage, "bytes="),
		CountLimit: quotaFigure(text, "count="), BytesLimit: quotaFigure(text, "bytes="),
		CountHardLimit: quotaFigure(text, "countHardLimit="),
		BytesHardLimit: quotaFigure(text, "byteHardLimit="),
	}, true
}

// ValidQuotaWrite tells whether a znode may be written with this data. The znodes
// of quotas are read when transactions are applied, by Java too, whose servers end
// over a text that they cannot read and over a quota of no path.
func ValidQuotaWrite(path string, data []byte) bool {
	i := strings.LastIndexByte(path, '/')
	parent, name := path[:max(i, 0)], path[i+1:]
	switch {
	case name != quotaLimitsName && name != quotaStatsName:
		return true
	case strings.HasPrefix(parent, quotaPath+"/"):
		return data != nil && validQuotaText(string(data))
	case name == quotaLimitsName && strings.HasPrefix(parent, systemPath):
		// Deleting it makes Java cut quotaPath off a path that is no longer.
		return len(parent) > len(quotaPath)
	}
	return parent != quotaPath
}

// validQuotaText tells whether Java can read a text of limits or usage.
func validQuotaText(text string) bool {
	text = strings.TrimRightFunc(text, isQuotaSeparator)
	if text == "" {
		return true
	}
	if isQuotaSeparator(rune(text[0])) {
		return false
	}
	for pair := range strings.FieldsFuncSeq(text, isQuotaSeparator) {
		_, value, found := strings.Cut(strings.TrimRight(pair, "="), "=")
		value, _, _ = strings.Cut(value, "=")
		if !found || value != "" && !isLong(value) {
			return false
		}
	}
	return true
}

func isLong(text string) bool {
	_, err := strconv.ParseInt(text, 10, 64)
	return err == nil
}

func isQuotaSeparator(r rune) bool { return r == ',' || r == ';' }

// findQuotas learns the quotas of a loaded tree and counts their usage.
func (t *Tree) findQuotas() {
	top, exists := t.find(quotaPath)
	if !exists {
		return
	}
	for s := t.following(top, top); s != noSlot; s = t.following(s, top) {
		n := t.nodes.at(s)
		if t.nodes.firstChild(n) != noSlot || t.name(n) != quotaLimitsName {
			continue
		}
		if about, ok := quotaParent(t.path(s), quotaLimitsName); ok {
			t.quotas[about] = struct{}{}
			t.measure(about)
		}
	}
}

// isQuotaUsage tells whether a znode's data is this server's own count.
func isQuotaUsage(path string) bool {
	return strings.HasPrefix(path, quotaPath+"/") &&
		strings.HasSuffix(path, "/"+quotaStatsName)
}

// QuotaPath is the longest path at or above the given one that has a quota, and
// whether there is any.
func (t *Tree) QuotaPath(path string) (about string, ok bool) {
	if len(t.quotas) == 0 {
		return "", false
	}
	for about = path; about != "" && about != "/"; {
		if _, ok := t.quotas[about]; ok {
			return about, true
		}
		about = about[:max(strings.LastIndexByte(about, '/'), 0)]
	}
	return "", false
}
