package store

import (
	"time"

	"zoo"
)

// Retention says what a purge keeps. The newest verified snapshot and the log
// behind it stay whatever it says.
type Retention struct {
	// Snapshots is how many of the newest verified snapshots stay: those that were
	// read back or loaded. Others do not count (ZOOKEEPER-3231).
	Snapshots int
	// Age ends the life of snapshots, even of those that Snapshots would keep; 0 does
	// not.
	Age time.Duration
	// Bytes is what all snapshots and the log may take: the oldest go until they do,
	// even those that Snapshots would keep; 0 is no bound.
	Bytes int64
}

// HeldFile is a snapshot or a file of the log.
type HeldFile struct {
	Path string
	// Zxid is the history that a snapshot contains, or the first entry of the log's
	// file.
	Zxid     zoo.Zxid
	Bytes    int64
	Modified time.Time
	// Verified snapshots are known to be good.
	Verified bool
}

// Holding is what a purge decides upon: all snapshots, newest first, and the files
// of the log, oldest first.
type Holding struct {
	Now       time.Time
	Snapshots []HeldFile
	Log       []HeldFile
}

// PurgePlan is what a purge removes.
type PurgePlan struct {
	// Oldest is the oldest snapshot on which the history will rest. It is verified.
	Oldest zoo.Zxid
	// Remove are the files that go, in this order: the oldest snapshots first, then
	// the oldest of the log. What is left at any moment is whole from Oldest on.
	Remove []HeldFile
	// Bytes is what they take, Kept what is left.
	Bytes, Kept int64
}

// PlanPurge decides what a purge removes. It goes back from the newest verified
// snapshot as far as the retention allows.
func PlanPurge(h Holding, keep Retention) PurgePlan {
	cuts := h.cuts(keep.Snapshots)
	at := len(cuts) - 1
	for at > 0 && h.exceeds(cuts[at], keep) {
		at--
	}
	plan := PurgePlan{Oldest: cuts[at], Kept: h.bytesFrom(cuts[at])}
	for _, files := range [][]HeldFile{h.snapshotsBefore(plan.Oldest), h.logBefore(plan.Oldest)} {
		for _, file := range files {
			plan.Remove = append(plan.Remove, file)
			plan.Bytes += file.Bytes
		}
	}
	return plan
}

// cuts are the snapshots that the history may rest on, from the one on which it is
// shortest: up to count verified ones. Without so many nothing has to go for their
// number, and the last cut, 0, leaves all.
func (h Holding) cuts(count int) []zoo.Zxid {
	var cuts []zoo.Zxid
	for _, file := range h.Snapshots {
		again := len(cuts) > 0 && cuts[len(cuts)-1] == file.Zxid // compressed otherwise
		if file.Verified && !again && len(cuts) < max(count, 1) {
			cuts = append(cuts, file.Zxid)
		}
	}
	if len(cuts) < max(count, 1) {
		cuts = append(cuts, 0)
	}
	return cuts
}

// exceeds tells whether what stays with a cut is too old or too much.
func (h Holding) exceeds(cut zoo.Zxid, keep Retention) bool {
	if keep.Bytes > 0 && h.bytesFrom(cut) > keep.Bytes {
		return true
	}
	if keep.Age <= 0 {
		return false
	}
	for _, file := range h.Snapshots {
		if file.Zxid >= cut && h.Now.Sub(file.Modified) > keep.Age {
			return true
		}
	}
	return false
}

// snapshotsBefore are the snapshots that go with a cut, oldest first.
func (h Holding) snapshotsBefore(cut zoo.Zxid) []HeldFile {
	var doomed []HeldFile
	for i := len(h.Snapshots) - 1; i >= 0 && h.Snapshots[i].Zxid < cut; i-- {
		doomed = append(doomed, h.Snapshots[i])
	}
	return doomed
}

// logBefore are the files of the log that go with a cut: as in Java all before the
// newest one that begins at or before the snapshot.
func (h Holding) logBefore(cut zoo.Zxid) []HeldFile {
	n := 0
	for n+1 < len(h.Log) && h.Log[n+1].Zxid <= cut {
		n++
	}
	return h.Log[:n]
}

func (h Holding) bytesFrom(cut zoo.Zxid) int64 {
	sum := int64(0)
	for _, file := range h.Snapshots[:len(h.Snapshots)-len(h.snapshotsBefore(cut))] {
		sum += file.Bytes
	}
	for _, file := range h.Log[len(h.logBefore(cut)):] {
		sum += file.Bytes
	}
	return sum
}
