package store_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"zoo"
	"zoo/internal/disk/vfs"
)

// all is more parts than any prepared segment has.
const all = 1000

// scenario touches everything that the store does.
func scenario(w *world) {
	w.setAccepted(1)
	w.append(creates(0x100000001, 0x100000003, "a")...)
	w.sync()
	w.setCurrent(1)
	w.append(create(0x100000004, "a"))
	w.append(create(0x100000005, "a"))
	w.sync()
	w.prepare(all)
	w.snapshot()
	w.roll()
	w.append(creates(0x100000006, 0x100000009, "a")...)
	w.prepare(0)
	w.sync()
	w.snapshot()
	w.roll()
	w.append(creates(0x10000000a, 0x10000000c, "a")...)
	w.truncate(0x10000000b)
	w.append(create(0x10000000c, "b"))
	w.sync()
	w.truncate(0x100000007) // below the newest snapshot
	w.setAccepted(2)
	w.append(creates(0x200000001, 0x200000002, "b")...)
	w.sync()
	w.prepare(all)
	w.setCurrent(2)
	w.setAccepted(4)
	newer := creates(0x100000001, 0x100000006, "c")
	newer = append(newer, creates(0x300000001, 0x300000004, "c")...)
	w.install(newer)
	w.setCurrent(4)
	w.append(creates(0x300000005, 0x300000006, "c")...)
	w.sync()
	w.install(newer[:9]) // an older snapshot than what is there
	w.append(create(0x300000004, "d"))
	w.sync()
	purgeScenario(w)
	replaceScenario(w)
}

func purgeScenario(w *world) {
	for range 3 {
		w.snapshot()
		w.roll()
		w.append(create(w.last()+1, "d"))
		w.sync()
	}
	w.purge(2)
	w.append(create(w.last()+1, "d"))
	w.truncateUnderPurge(w.last()-1, 0)
	w.append(create(w.last()+1, "e"))
	w.sync()
	for range 2 { // and to what only rests on a snapshot that the purge takes
		w.snapshot()
		w.roll()
		w.append(creates(w.last()+1, w.last()+3, "e")...)
		w.sync()
	}
	w.truncateUnderPurge(w.last()-5, 1)
	w.append(create(w.last()+1, "f"))
	w.sync()
}

// crashed is what the hook panics with.
type crashed struct{ op vfs.Op }

// crashAt makes a disk on which the power goes at mutating operation n.
func crashAt(disk vfs.FS, n int) *vfs.Faulty {
	seen := 0
	return vfs.NewFaulty(disk, func(_ int, op vfs.Op) error {
		if !op.Mutates() {
			return nil
		}
		seen++
		if seen > n {
			panic(crashed{op})
		}
		return nil
	})
}

// survive runs play and tells whether the power went meanwhile.
func survive(play func()) (op vfs.Op, lost bool) {
	defer func() {
		if r := recover(); r != nil {
			c, ok := r.(crashed)
			if !ok {
				panic(r)
			}
			op, lost = c.op, true
		}
	}()
	play()
	return vfs.Op{}, false
}

// outcomes are the ways in which a disk may come back, the same disk among them:
// then only the process has died.
func outcomes(disk *vfs.Mem) map[string]*vfs.Mem {
	all := map[string]*vfs.Mem{
		"process dies": disk.Clone(), "nothing lost": disk.CrashLosingNothing(),
		"all lost": disk.CrashLosingAll(),
	}
	for seed := range uint64(6) {
		all[fmt.Sprint("seed ", seed)] = disk.Crash(seed)
	}
	return all
}

// checking is a fataler that says which crash it was.
type checking struct {
	*testing.T
	where string
}

func (c checking) Fatal(args ...any) { c.Helper(); c.T.Fatal(append([]any{c.where}, args...)...) }
func (c checking) Fatalf(format string, args ...any) {
	c.Helper()
	c.T.Fatalf(c.where+": "+format, args...)
}

func TestACrashAtAnyFileOperationLosesNothingAcknowledged(t *testing.T) {
	for n := 0; ; n++ {
		disk := vfs.NewMem()
		w := &world{t: t}
		op, lost := survive(func() {
			w.open(crashAt(disk, n))
			scenario(w)
		})
		for how, after := range outcomes(disk) {
			found := *w
			found.t = checking{t, fmt.Sprintf("crash before operation %d (%v), %s", n, op, how)}
			found.recoverAndGoOn(after)
		}
		if !lost {
			t.Logf("%d operations", n)
			return
		}
	}
}

// recoverAndGoOn opens a crashed disk, crashes it once more at once, losing all
// that recovery has not made durable, and then uses it.
func (w *world) recoverAndGoOn(disk *vfs.Mem) {
	w.open(disk)
	w.open(disk.CrashLosingAll())
	w.append(create(max(w.last(), w.last().Epoch().Start())+1, "z"))
	w.sync()
	w.snapshot()
}

func TestACrashDuringRecoveryChangesNothing(t *testing.T) {
	for n := 0; ; n += 3 {
		disk := vfs.NewMem()
		w := &world{t: t}
		op, lost := survive(func() {
			w.open(crashAt(disk, n))
			scenario(w)
		})
		for seed := range uint64(2) {
			after := disk.Crash(seed)
			where := fmt.Sprintf("crash before operation %d (%v), seed %d", n, op, seed)
			crashInRecovery(checking{t, where}, *w, after, seed)
		}
		if !lost {
			return
		}
	}
}

func crashInRecovery(t checking, w world, disk *vfs.Mem, seed uint64) {
	for n := 0; ; n++ {
		again := disk.Clone()
		found := w
		found.t = checking{t.T, fmt.Sprintf("%s, then before operation %d", t.where, n)}
		_, lost := survive(func() { found.open(crashAt(again, n)) })
		if !lost {
			return
		}
		found.open(again.Crash(seed))
	}
}

func TestRandomHistoriesSurviveRandomCrashes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		disk := vfs.NewMem()
		w := &world{t: rt}
		for life := range rapid.IntRange(1, 4).Draw(rt, "lives") {
			n := rapid.IntRange(0, 120).Draw(rt, "power lasts")
			survive(func() {
				w.open(crashAt(disk, n))
				for range 30 {
					randomStep(rt, w, fmt.Sprint("v", life))
				}
			})
			disk = disk.Crash(rapid.Uint64().Draw(rt, "seed"))
		}
		w.recoverAndGoOn(disk)
	})
}

func randomStep(t *rapid.T, w *world, variant string) {
	switch rapid.IntRange(0, 12).Draw(t, "step") {
	case 0, 1, 2:
		z := w.last() + 1
		w.append(creates(z, z+zoo.Zxid(rapid.IntRange(0, 20).Draw(t, "more")), variant)...)
	case 3, 4:
		w.sync()
	case 5:
		w.roll()
	case 12:
		w.prepare(rapid.IntRange(0, 2).Draw(t, "parts"))
	case 6:
		w.sync()
		w.snapshot()
	case 7:
		randomEpoch(t, w, variant)
	case 8:
		if n := len(w.now.history); n > 0 {
			w.truncate(w.now.history[rapid.IntRange(0, n-1).Draw(t, "keep")].Zxid)
		}
	case 11:
		if n := len(w.now.history); n > 0 {
			w.sync()
			keep := w.now.history[rapid.IntRange(0, n-1).Draw(t, "keep")].Zxid
			w.truncateUnderPurge(keep, rapid.IntRange(0, 3).Draw(t, "purged"))
		}
	case 10:
		w.sync()
		w.purge(rapid.IntRange(1, 3).Draw(t, "kept"))
	case 9:
		e := w.last().Epoch()
		from := e.Start() + 1
		n := zoo.Zxid(rapid.IntRange(0, 30).Draw(t, "installed"))
		w.install(creates(from, from+n, variant))
	}
}

// randomEpoch is a new leader: its epoch, and its first entry.
func randomEpoch(t *rapid.T, w *world, variant string) {
	e := w.accepted + zoo.Epoch(rapid.IntRange(1, 3).Draw(t, "epochs"))
	w.setAccepted(e)
	w.append(create(e.Start()+1, variant))
	w.sync()
	w.setCurrent(e)
}
