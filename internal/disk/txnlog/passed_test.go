package txnlog_test

import (
	"fmt"
	"testing"

	"zoo"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
	"zoo/internal/txn"
)

// Damage to entries that a reader passes, because a snapshot has them, is judged as it is by
// one who reads them: in memory that is used again, too, and where several parts of the file
// are looked at for a verdict. Entries are larger than the first block.
func TestPassedEntriesAreJudgedLikeOthers(t *testing.T) {
	const entryBytes, last = 20 << 10, 5
	write := func() (disk *vfs.Mem, ends []int64) {
		disk = newDisk()
		w := txnlog.NewWriter(disk, dir, 0, smallConfig)
		for z := zoo.Zxid(1); z <= last; z++ {
			appendSynced(t, w, []txn.Entry{entry(z, entryBytes)})
			ends = append(ends, w.SegmentBytes())
		}
		return disk, ends
	}
	sector, verdicts := make([]byte, 512), map[string]int{}
	damages := map[string]func(disk *vfs.Mem, start, end int64){
		"lost sector":  func(d *vfs.Mem, start, _ int64) { edit(t, d, 1, start|511+1, sector) },
		"no end":       func(d *vfs.Mem, _, end int64) { edit(t, d, 1, end-2, sector[:2]) },
		"other bytes":  func(d *vfs.Mem, start, _ int64) { edit(t, d, 1, start+99, []byte("?")) },
		"short length": func(d *vfs.Mem, start, _ int64) { edit(t, d, 1, start+10, sector[:1]) },
		"long length":  func(d *vfs.Mem, start, _ int64) { edit(t, d, 1, start+8, []byte{1}) },
	}
	for name, damage := range damages {
		for i := range last {
			disk, ends := write()
			start := int64(16)
			if i > 0 {
				start = ends[i-1]
			}
			damage(disk, start, ends[i])
			_, wantEnds, want := read(disk, zoo.ZxidNone)
			_, gotEnds, got := read(disk, last)
			if fmt.Sprint(got, gotEnds) != fmt.Sprint(want, wantEnds) {
				t.Errorf("%s in entry %d: %v %v, and read from the beginning: %v %v",
					name, i+1, got, gotEnds, want, wantEnds)
			}
			verdicts[fmt.Sprint(want != nil)]++
		}
	}
	if len(verdicts) != 2 {
		t.Errorf("not both torn and corrupt: %v", verdicts)
	}
}
