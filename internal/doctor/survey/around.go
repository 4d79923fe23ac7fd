package survey

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/txnlog"
	"zoo/internal/disk/vfs"
	"zoo/internal/doctor"
	"zoo/internal/inspect"
	"zoo/internal/server"
)

// How a disk is measured: so many writes of that size, each made durable.
const (
	syncsMeasured = 20
	syncBytes     = 4 << 10
)

// lookAround looks at what the configurations lead to on this machine.
func (l *looker) lookAround() {
	for i := range l.facts.Configs {
		c := &l.facts.Configs[i]
		if c.Member.Config == nil {
			continue
		}
		here := l.lookAtDirs(c)
		l.lookAtCertificates(c, here)
		if here {
			l.facts.SwapUsedBytes = swapUsed()
		}
	}
}

// lookAtDirs tells whether there are any.
func (l *looker) lookAtDirs(c *doctor.Config) bool {
	cfg := c.Member.Config
	for _, dir := range []string{cfg.DataDir, cfg.DataLogDir} {
		if info, err := l.disk.Stat(dir); err != nil || !info.Dir {
			l.unseen("%s: the directory %s is not on this machine", c.Member.File, dir)
			return false
		}
	}
	d := &doctor.Directory{Data: l.place(cfg.DataDir), Log: l.place(cfg.DataLogDir),
		SameDisk: sameDevice(cfg.DataDir, cfg.DataLogDir)}
	c.Dir = d
	dirs := []string{store.VersionDir(cfg.DataDir), store.VersionDir(cfg.DataLogDir)}
	for _, dir := range slices.Compact(dirs) {
		if err := l.list(d, dir); err != nil {
			l.unseen("%s: %v", c.Member.File, err)
		}
	}
	if l.SyncMeasured {
		syncs, err := measure(l.disk, cfg.DataLogDir)
		if d.Syncs = syncs; err != nil {
			l.unseen("%s: the disk of the log was not measured: %v", c.Member.File, err)
		}
	}
	if l.DataRead {
		l.readData(c)
	}
	return true
}

func (l *looker) place(dir string) doctor.Place {
	p := doctor.Place{Path: dir, FileSystem: fileSystem(dir)}
	// A system that is not asked has endless room.
	if space, err := l.disk.Space(dir); err == nil && space.Total < 1<<62 {
		p.Free, p.Total = space.Free, space.Total
	}
	return p
}

// serversOwn are names that a server makes and removes by itself.
var serversOwn = []string{"acceptedEpoch", "currentEpoch", txnlog.SpareName,
	"zoo.lock", "zoo.plan"}

// list counts the files of a directory, which need not be there before the first start.
func (l *looker) list(d *doctor.Directory, dir string) error {
	names, err := l.disk.List(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, name := range names {
		info, err := l.disk.Stat(filepath.Join(dir, name))
		if err != nil {
			continue // a running server has removed it
		}
		if info.Modified.After(d.Newest) {
			d.Newest = info.Modified
		}
		_, isLog := txnlog.ParseName(name)
		_, isSnapshot := snapshot.ParseName(name)
		switch {
		case isLog:
			d.Logs++
		case isSnapshot:
			d.Snapshots++
			d.SnapshotBytesMax = max(d.SnapshotBytesMax, info.Size)
		case snapshot.IsUnfinished(name) || strings.HasSuffix(name, ".tmp") ||
			slices.Contains(serversOwn, name):
		default:
			d.Leftovers = append(d.Leftovers, name)
		}
	}
	return nil
}

// measure makes small writes durable, as the log does: in a file that has its size already.
func measure(disk vfs.FS, dir string) (times []time.Duration, err error) {
	name := filepath.Join(dir, "zoo.doctor."+rand.Text())
	f, err := disk.CreateNew(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close(), disk.Remove(name)) }()
	block := make([]byte, syncBytes)
	if _, err := f.Write(make([]byte, syncsMeasured*syncBytes)); err != nil {
		return nil, err
	}
	if err := f.Sync(); err != nil {
		return nil, err
	}
	for i := range syncsMeasured {
		begun := time.Now()
		if _, err := f.WriteAt(block, int64(i)*syncBytes); err != nil {
			return nil, err
		}
		if err := f.Sync(); err != nil {
			return nil, err
		}
		times = append(times, time.Since(begun))
	}
	slices.Sort(times)
	return times, nil
}

// readData checks all of the data, and takes what is wrong.
func (l *looker) readData(c *doctor.Config) {
	cfg := c.Member.Config
	report, err := inspect.CheckDir(inspect.DirConfig{FS: l.disk, DataDir: cfg.DataDir,
		LogDir: cfg.DataLogDir, TrustEmptySnapshot: cfg.Storage.TrustEmptySnapshot}, nil)
	if err != nil {
		l.unseen("%s: the data was not read: %v", c.Member.File, err)
		return
	}
	if report.Served {
		l.unseen("%s: a server runs on the data: what it writes just now looks torn, and was "+
			"not judged; stop it first", c.Member.File)
		return
	}
	for _, f := range report.Findings {
		if f.Severity != inspect.SeverityNote {
			c.Dir.Damage = append(c.Dir.Damage, doctor.Damage{File: f.File, Text: f.Text})
		}
	}
}

// lookAtCertificates reads the stores. Those of another machine's server are not here.
func (l *looker) lookAtCertificates(c *doctor.Config, here bool) {
	for _, found := range server.Certificates(c.Member.Config) {
		seen := doctor.Certificate{Ports: found.Ports, NotAfter: found.NotAfter,
			Where: c.Member.File}
		for _, line := range c.Member.Lines {
			if line.Name == found.Store && !line.Default {
				seen.Where = line.Origin
			}
		}
		if found.Error != nil {
			if !here && errors.Is(found.Error, fs.ErrNotExist) {
				l.unseen("%s: the certificate for %s is not on this machine", c.Member.File,
					found.Ports)
				continue
			}
			seen.Error = found.Error.Error()
		}
		self, ok := c.Member.Config.Server(c.Member.ID)
		if ok && found.Ports == "servers" && found.Error == nil {
			if err := found.Proves(self.Addresses[0].Host); err != nil {
				seen.Unproved = fmt.Sprintf("%s: %v", self.Addresses[0].Host, err)
			}
		}
		c.Certificates = append(c.Certificates, seen)
	}
}

// swapUsed is what the machine has swapped out in bytes, 0 where it does not say.
func swapUsed() int64 {
	text, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0
	}
	return readSwap(string(text))
}

func readSwap(text string) int64 {
	kilobytes := map[string]int64{}
	for line := range strings.Lines(text) {
		name, rest, _ := strings.Cut(line, ":")
		if fields := strings.Fields(rest); len(fields) == 2 {
			kilobytes[name], _ = strconv.ParseInt(fields[0], 10, 64)
		}
	}
	return (kilobytes["SwapTotal"] - kilobytes["SwapFree"]) << 10
}
