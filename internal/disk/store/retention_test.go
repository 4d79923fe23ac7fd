package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"zoo"
	"zoo/internal/disk/store"
)

// now is when the purges of these tests happen; ages are in hours before it.
var now = time.Unix(1_700_000_000, 0)

// held makes a holding of snapshots as "zxid[?][@age]", of 10 bytes each, where the
// question mark means that nobody has verified it, and of log files as "zxid", of 1.
func held(snapshots, log string) store.Holding {
	h := store.Holding{Now: now}
	for word := range strings.FieldsSeq(snapshots) {
		name, age, _ := strings.Cut(word, "@")
		f := store.HeldFile{Path: "s" + name, Bytes: 10, Verified: !strings.HasSuffix(name, "?")}
		var hours int
		fmt.Sscan(strings.TrimSuffix(name, "?"), &f.Zxid)
		fmt.Sscan(age, &hours)
		f.Modified = now.Add(-time.Duration(hours) * time.Hour)
		h.Snapshots = append(h.Snapshots, f)
	}
	for word := range strings.FieldsSeq(log) {
		f := store.HeldFile{Path: "l" + word, Bytes: 1}
		fmt.Sscan(word, &f.Zxid)
		h.Log = append(h.Log, f)
	}
	return h
}

// retentionRow is a directory, what a purge may keep of it, and what it removes.
type retentionRow struct {
	name           string
	snapshots, log string
	keep           store.Retention
	want           string
}

var retentionRows = []retentionRow{
	{"the newest three stay, with their log", "50 40 30 20 10", "1 11 21 31 41 51",
		store.Retention{Snapshots: 3}, "s10 s20 l1 l11"},
	{"a log file that begins before the snapshot may hold what follows it", "50 40 30",
		"1 25 45", store.Retention{Snapshots: 2}, "s30 l1"},
	{"one that begins at the snapshot ends the earlier ones", "50 40 30", "1 40 45",
		store.Retention{Snapshots: 2}, "s30 l1"},
	{"fewer than three: nothing goes", "50 40", "1 41", store.Retention{Snapshots: 3}, ""},
	{"what is not verified does not count", "50? 40 30? 20 10", "1 11 21 31 41 51",
		store.Retention{Snapshots: 2}, "s10 l1"},
	{"without a verified one nothing goes", "50? 40? 30? 20?", "1 21",
		store.Retention{Snapshots: 1, Age: time.Hour, Bytes: 1}, ""},
	{"age ends what the number would keep", "50@1 40@5 30@9", "1 31 41",
		store.Retention{Snapshots: 3, Age: 6 * time.Hour}, "s30 l1"},
	{"the newest verified one has no age", "50?@8 40@8 30@9", "1 31 41",
		store.Retention{Snapshots: 3, Age: time.Hour}, "s30 l1"},
	{"age ends even what was never verified", "50@1 40@2 30?@9", "1 31 41",
		store.Retention{Snapshots: 3, Age: 6 * time.Hour}, "s30? l1"},
	{"size ends what the number would keep", "50 40 30 20", "1 31 41 51",
		store.Retention{Snapshots: 3, Bytes: 25}, "s20 s30 l1"},
	{"size never takes the newest verified one", "50? 40 30", "1 31 41",
		store.Retention{Snapshots: 3, Bytes: 1}, "s30 l1"},
	{"no number is one", "50 40", "1", store.Retention{}, "s40"},
	{"nothing there", "", "", store.Retention{Snapshots: 3, Bytes: 1}, ""},
	{"compressed otherwise it is the same snapshot", "50 50 40 30", "1",
		store.Retention{Snapshots: 2}, "s30"},
}

func TestAPurgeTakesTheOldestThatTheRetentionAllows(t *testing.T) {
	for _, c := range retentionRows {
		t.Run(c.name, func(t *testing.T) {
			h := held(c.snapshots, c.log)
			p := store.PlanPurge(h, c.keep)
			var got []string
			sum := int64(0)
			for _, f := range p.Remove {
				got = append(got, f.Path)
				sum += f.Bytes
			}
			if text := strings.Join(got, " "); text != c.want {
				t.Errorf("removes %q, want %q", text, c.want)
			}
			all := int64(10*len(h.Snapshots) + len(h.Log))
			if p.Bytes != sum || p.Kept != all-sum {
				t.Errorf("frees %d and keeps %d of %d", p.Bytes, p.Kept, all)
			}
		})
	}
}

// Whatever the directory and the retention, what stays has a verified snapshot and
// the whole log behind it, or nothing went.
func TestAPurgeLeavesAVerifiedSnapshotAndItsLog(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := randomHolding(t)
		keep := store.Retention{
			Snapshots: rapid.IntRange(0, 5).Draw(t, "count"),
			Age:       time.Duration(rapid.IntRange(0, 90).Draw(t, "age")) * time.Hour,
			Bytes:     int64(rapid.IntRange(0, 90).Draw(t, "bytes")),
		}
		p := store.PlanPurge(h, keep)
		if len(p.Remove) == 0 {
			return
		}
		gone := func(f store.HeldFile) bool {
			return slices.ContainsFunc(p.Remove, func(r store.HeldFile) bool { return r == f })
		}
		rests := slices.ContainsFunc(h.Snapshots, func(f store.HeldFile) bool {
			return f.Zxid == p.Oldest && f.Verified && !gone(f)
		})
		for i, f := range h.Log {
			last := zoo.Zxid(1 << 40)
			if i+1 < len(h.Log) {
				last = h.Log[i+1].Zxid - 1
			}
			if gone(f) && last > p.Oldest {
				t.Fatalf("rests on %v without %v", p.Oldest, f.Path)
			}
		}
		if !rests {
			t.Fatalf("rests on %v, which is not there or not verified: %+v", p.Oldest, p)
		}
	})
}

var ages = []time.Duration{0, time.Hour, 40 * time.Hour, 80 * time.Hour, 1000 * time.Hour}

func randomHolding(t *rapid.T) store.Holding {
	h := store.Holding{Now: now}
	for z := zoo.Zxid(100); z > 0; z-- {
		if rapid.IntRange(0, 15).Draw(t, "snapshot") == 0 {
			h.Snapshots = append(h.Snapshots, store.HeldFile{
				Path: fmt.Sprint("s", z), Zxid: z, Bytes: 10,
				Verified: rapid.Bool().Draw(t, "verified"),
				Modified: now.Add(-rapid.SampledFrom(ages).Draw(t, "age")),
			})
		}
		if rapid.IntRange(0, 10).Draw(t, "log") == 0 {
			h.Log = slices.Insert(h.Log, 0, store.HeldFile{
				Path: fmt.Sprint("l", z), Zxid: z, Bytes: 3})
		}
	}
	return h
}
