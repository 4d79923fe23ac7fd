package survey

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"zoo"
	"zoo/internal/config"
	"zoo/internal/disk/vfs"
	"zoo/internal/doctor"
	"zoo/internal/migrate"
)

// Options say where to look.
type Options struct {
	// Configs are the configurations to read.
	Configs []config.Source
	// Addresses are the host:port of running servers.
	Addresses []string
	// Offline asks nobody, resolves no name and dials no port.
	Offline bool
	// DirsSkipped leaves data directories and certificates alone.
	DirsSkipped bool
	// PortsSkipped does not dial the ports between servers: each logs a peer that it refused.
	PortsSkipped bool
	// DataRead reads all of the data, which takes as long as a start.
	DataRead bool
	// SyncMeasured writes to the disk of the log, and measures how long that takes.
	SyncMeasured bool
	// Now is the clock; nil is the system's.
	Now func() time.Time
}

// looker is one look.
type looker struct {
	Options
	facts doctor.Facts
	disk  vfs.FS
}

// Gather gathers the facts.
func Gather(ctx context.Context, o Options) *doctor.Facts {
	if o.Now == nil {
		o.Now = time.Now
	}
	l := &looker{Options: o, disk: vfs.OS{}}
	l.facts.Now = o.Now()
	for _, src := range o.Configs {
		l.facts.Configs = append(l.facts.Configs, l.readConfig(src))
	}
	if !o.DirsSkipped {
		l.lookAround()
	}
	if !o.Offline {
		l.askServers(ctx)
		l.resolve(ctx)
	}
	if !o.Offline && !o.PortsSkipped {
		l.dial(ctx)
	}
	return &l.facts
}

func (l *looker) unseen(format string, args ...any) {
	l.facts.Unseen = append(l.facts.Unseen, fmt.Sprintf(format, args...))
}

// readConfig reads a configuration. One that only its myid keeps from being read is read
// as that of the first server it lists.
func (l *looker) readConfig(src config.Source) doctor.Config {
	c := doctor.Config{Member: migrate.ReadMember(src)}
	m := &c.Member
	dir := setting(m, "dataDir")
	myid := filepath.Join(dir, "myid")
	servers := m.Servers()
	if m.Config != nil || src.ID != 0 || dir == "" || len(servers) == 0 {
		return c
	}
	for _, text := range m.Refusals {
		if !strings.HasPrefix(text, myid+":") {
			return c
		}
	}
	wrong := strings.Join(m.Refusals, "; ")
	src.ID = servers[0].ID
	c.Member = migrate.ReadMember(src)
	c.Member.ID = 0
	if info, err := l.disk.Stat(dir); err != nil || !info.Dir {
		l.unseen("%s: which server it is of: %s is not on this machine; give it as ID=%s",
			m.File, dir, m.File)
		return c
	}
	c.MyID = wrong
	return c
}

// setting is the value of a name in a configuration.
func setting(m *migrate.Member, name string) string {
	for _, line := range m.Lines {
		if line.Name == name {
			return line.Value
		}
	}
	return ""
}

// known tells whether a server was asked.
func (l *looker) known(id zoo.ServerID) bool {
	for i := range l.facts.Servers {
		if l.facts.Servers[i].ID == id {
			return true
		}
	}
	return false
}
