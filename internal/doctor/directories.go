package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// What a data directory should be like.
const (
	// reserveShare and reserveMost are the room that ours keeps free: disk.reserve.
	reserveShare, reserveMost = 20, 512 << 20
	// fillingShare of the disk should be free.
	fillingShare = 10
	// snapshotsMany are more than a purge would leave, with some to spare.
	snapshotsMany = 12
	// snapshotRate is how many bytes of a snapshot a learner takes in a second, disk and
	// network being shared.
	snapshotRate = 50 << 20
	// syncSlow is a slow sync of a few KiB.
	syncSlow = 20 * time.Millisecond
	// clockSlack is how far in the future a file may seem to be.
	clockSlack = time.Minute
	// leftoversShown is how many are named.
	leftoversShown = 3
)

// inMemory and overNetwork are types of file systems.
var (
	inMemory    = []string{"tmpfs", "ramfs"}
	overNetwork = []string{"nfs", "cifs", "smb2", "9p", "ceph", "afs", "fuse"}
)

// directoryChecks are about what is on this machine's disks.
var directoryChecks = []Check{
	{"data-in-memory", SeverityError, "A data directory is in memory (tmpfs).",
		"After a reboot the server has forgotten what it acknowledged. If that happens to a " +
			"quorum, writes are lost, and the ensemble may go on without noticing.",
		"Move dataDir and dataLogDir to a disk.",
		onFileSystem(inMemory)},
	{"data-on-network", SeverityWarning, "A data directory is on a network file system.",
		"Each write waits for the log to be durable: the latency of the network is added to " +
			"it, and a hanging mount stops the server. Some do not make durable what they say.",
		"Put dataLogDir on a local disk, or on a block device with a latency that was measured " +
			"(zoo doctor --measure-sync).",
		onFileSystem(overNetwork)},
	{"data-in-container", SeverityWarning, "A data directory is in the layer of a container.",
		"It goes with the container: the next one begins empty, and a quorum of those has lost " +
			"the data.",
		"Mount a volume at dataDir and dataLogDir.",
		onFileSystem([]string{"overlay"})},
	{"log-shares-disk", SeverityNote, "The log and the snapshots are on the same disk.",
		"While a snapshot is written, writes to the log wait behind it. On a fast disk that " +
			"nothing else uses it does not matter.",
		"If syncs of the log are slow (fsync-slow, fsync-stalls), give the log a disk of its " +
			"own with dataLogDir.",
		eachDirectory(func(c *Config, d *Directory, _ *Facts, tell teller) {
			switch {
			case d.Data.Path == d.Log.Path:
				tell(c.at("dataLogDir"), "%s holds both", d.Data.Path)
			case d.SameDisk:
				tell(c.at("dataLogDir"), "%s and %s are on one disk", d.Data.Path, d.Log.Path)
			}
		})},
	{"disk-low", SeverityError, "A disk is nearly full.",
		"Below disk.reserve ours refuses writes that need room; Java's stops with an error " +
			"when nothing is left, and may not start again.",
		"Remove what does not belong there or enlarge the disk; see docs/operate/disk.md. Never " +
			"remove log.* or snapshot.* by hand: zkCleanup.sh and autopurge keep what is needed.",
		room(func(p *Place) bool { return p.Free < reserve(p) })},
	{"disk-filling", SeverityWarning, "Less than a tenth of a disk is free, or no room for a " +
		"snapshot more.",
		"Snapshots and logs come in bursts: after a load of writes it is full.",
		"Purge more often (autopurge.*), or enlarge the disk.",
		eachDirectory(func(_ *Config, d *Directory, _ *Facts, tell teller) {
			for _, p := range d.places() {
				if p.Total == 0 || p.Free < reserve(p) {
					continue
				}
				switch {
				case p.Free < p.Total/fillingShare:
					tell(p.Path, "%s of %s are free", size(p.Free), size(p.Total))
				case p.Path == d.Data.Path && p.Free < d.SnapshotBytesMax:
					tell(p.Path, "%s are free, and a snapshot takes %s", size(p.Free),
						size(d.SnapshotBytesMax))
				}
			}
		})},
	{"snapshots-piling", SeverityWarning, "There are many old snapshots.",
		"Nobody purges them, and they fill the disk.",
		"Set autopurge.purgeInterval=1, or run zkCleanup.sh -n 3.",
		eachDirectory(func(_ *Config, d *Directory, _ *Facts, tell teller) {
			if d.Snapshots > snapshotsMany {
				tell(d.Data.Path, "there are %d snapshots and %d files of the log", d.Snapshots,
					d.Logs)
			}
		})},
	{"snapshot-outlasts-limit", SeverityWarning, "A learner may not get the snapshot within " +
		"initLimit.",
		"A server that comes back fetches the whole tree, is thrown out before it has it, and " +
			"begins again, without an end (ZOOKEEPER-2678).",
		"Raise initLimit so that initLimit times tickTime is twice what the snapshot takes, " +
			"or make the tree smaller.",
		snapshotOutlasts},
	{"leftovers", SeverityNote, "Files in version-2 that are no part of the history.",
		"They take room, and nobody knows whether they are needed.",
		"`zoo dir check` says of each what it is. Copies that somebody put there belong " +
			"elsewhere.",
		eachDirectory(func(_ *Config, d *Directory, _ *Facts, tell teller) {
			if n := len(d.Leftovers); n > 0 {
				shown := d.Leftovers[:min(n, leftoversShown)]
				text := strings.Join(shown, ", ")
				if n > len(shown) {
					text += fmt.Sprintf(" and %d more", n-len(shown))
				}
				tell(d.Data.Path, "%s", text)
			}
		})},
	{"files-from-future", SeverityWarning, "Files were changed later than now.",
		"The clock of this machine has been set back, or is wrong: times in logs, ages of " +
			"purges, and certificates are judged by it.",
		"Let chrony or ntpd keep the clock, and see what set it.",
		eachDirectory(func(_ *Config, d *Directory, f *Facts, tell teller) {
			if ahead := d.Newest.Sub(f.Now); ahead > clockSlack {
				tell(d.Data.Path, "a file is from %v in the future", ahead.Round(time.Second))
			}
		})},
	{"fsync-slow", SeverityWarning, "The disk of the log is slow to make writes durable.",
		"Each write of the ensemble waits for a quorum's disks; a slow one among three makes " +
			"the leader wait for the other one alone, and a slow leader makes all wait.",
		"Use a disk with power-loss protection for dataLogDir, with nothing else on it.",
		eachDirectory(func(_ *Config, d *Directory, _ *Facts, tell teller) {
			if n := len(d.Syncs); n > 0 && d.Syncs[n*95/100] > syncSlow {
				tell(d.Log.Path, "of %d syncs half took up to %v, the slowest %v", n,
					d.Syncs[n/2].Round(time.Microsecond), d.Syncs[n-1].Round(time.Microsecond))
			}
		})},
	{"data-damaged", SeverityError, "The data itself is damaged.",
		"The server does not start from it, or serves what is wrong.",
		"Read what `zoo dir check zoo.cfg` advises. While the others are a quorum, the " +
			"safest is to put version-2 aside and let the server fetch all from the leader.",
		eachDirectory(func(_ *Config, d *Directory, _ *Facts, tell teller) {
			for _, damage := range d.Damage {
				where := damage.File
				if where == "" {
					where = d.Data.Path
				}
				tell(where, "%s", damage.Text)
			}
		})},
	{"swap-used", SeverityNote, "This machine has swapped.",
		"A server whose memory is on the disk misses heartbeats, and its clients' sessions end.",
		"Give the machine enough memory, or the server less (docs/operate/memory.md; -Xmx for " +
			"Java's), and set vm.swappiness=1.",
		func(f *Facts, tell teller) {
			if f.SwapUsedBytes > 0 {
				tell("this machine", "%s are swapped out", size(f.SwapUsedBytes))
			}
		}},
}

func eachDirectory(look func(*Config, *Directory, *Facts, teller)) func(*Facts, teller) {
	return func(f *Facts, tell teller) {
		for i := range f.Configs {
			if c := &f.Configs[i]; c.Dir != nil {
				look(c, c.Dir, f, tell)
			}
		}
	}
}

// places are the directory of the data, and that of the log if it is another one.
func (d *Directory) places() []*Place {
	if d.Data.Path == d.Log.Path {
		return []*Place{&d.Data}
	}
	return []*Place{&d.Data, &d.Log}
}

func onFileSystem(kinds []string) func(*Facts, teller) {
	return eachDirectory(func(_ *Config, d *Directory, _ *Facts, tell teller) {
		for _, p := range d.places() {
			if slices.Contains(kinds, p.FileSystem) {
				tell(p.Path, "it is on %s", p.FileSystem)
			}
		}
	})
}

func reserve(p *Place) int64 { return min(p.Total/reserveShare, reserveMost) }

func room(low func(*Place) bool) func(*Facts, teller) {
	return eachDirectory(func(_ *Config, d *Directory, _ *Facts, tell teller) {
		for _, p := range d.places() {
			if p.Total > 0 && low(p) {
				tell(p.Path, "%s of %s are free", size(p.Free), size(p.Total))
			}
		}
	})
}

func snapshotOutlasts(f *Facts, tell teller) {
	for _, c := range f.read() {
		cfg := c.Member.Config
		if c.Dir == nil || cfg.Standalone() {
			continue
		}
		seconds := float64(c.Dir.SnapshotBytesMax) / snapshotRate
		needs := time.Duration(seconds * float64(time.Second))
		if needs > cfg.InitLimit() {
			tell(c.at("initLimit"), "initLimit comes to %v, and a snapshot of %s takes about %v",
				cfg.InitLimit(), size(c.Dir.SnapshotBytesMax), needs.Round(time.Second))
		}
	}
}

// size is a number of bytes for people.
func size(n int64) string {
	value, unit := float64(n), "B"
	for _, next := range []string{"KiB", "MiB", "GiB", "TiB"} {
		if value < 1024 {
			break
		}
		value, unit = value/1024, next
	}
	return fmt.Sprintf("%.4g %s", value, unit)
}
