package command

import (
	"fmt"
	"math"
	"os"
	"os/user"
	"runtime"
	"runtime/debug"
	"strings"
)

// missing is what Java shows for a property that it does not have.
const missing = "<NA>"

// environment answers envi.
func (a *Answerer) environment([]byte) string {
	var b strings.Builder
	b.WriteString("Environment:\n")
	for _, s := range a.Environment() {
		fmt.Fprintf(&b, "%s=%s\n", s.Key, s.Value)
	}
	return b.String()
}

// Environment is where the process runs. The keys are Java's, because dashboards read
// them; of those about Java some have a meaning here, and the others have no value.
func (a *Answerer) Environment() []Setting {
	host, _ := os.Hostname()
	dir, _ := os.Getwd()
	name, home := missing, missing
	if u, err := user.Current(); err == nil {
		name, home = u.Username, u.HomeDir
	}
	return append([]Setting{
		{Key: "zookeeper.version", Value: a.Build.String()},
		{Key: "host.name", Value: host},
		{Key: "java.version", Value: runtime.Version()},
		{Key: "java.vendor", Value: missing},
		{Key: "java.home", Value: missing},
		{Key: "java.class.path", Value: missing},
		{Key: "java.library.path", Value: missing},
		{Key: "java.io.tmpdir", Value: os.TempDir()},
		{Key: "java.compiler", Value: runtime.Compiler},
		{Key: "os.name", Value: systemName()},
		{Key: "os.arch", Value: runtime.GOARCH},
		{Key: "os.version", Value: systemVersion()},
		{Key: "user.name", Value: name},
		{Key: "user.home", Value: home},
		{Key: "user.dir", Value: dir},
	}, memory()...)
}

// systemName is the system as Java calls it.
func systemName() string {
	switch runtime.GOOS {
	case "linux":
		return "Linux"
	case "darwin":
		return "Mac OS X"
	case "windows":
		return "Windows"
	}
	return runtime.GOOS
}

// systemVersion is the kernel's release, where it can be read.
func systemVersion() string {
	release, err := os.ReadFile("/proc/sys/kernel/osrelease")
	if err != nil {
		return missing
	}
	return strings.TrimSpace(string(release))
}

// memory is the heap: what of it is free, its limit, and what it has from the
// system.
func memory() []Setting {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	total := m.HeapSys - m.HeapReleased
	limit := uint64(debug.SetMemoryLimit(-1))
	return []Setting{
		{Key: "os.memory.free", Value: megabytes(total - min(total, m.HeapAlloc))},
		{Key: "os.memory.max", Value: megabytes(min(limit, math.MaxInt64))},
		{Key: "os.memory.total", Value: megabytes(total)},
	}
}

func megabytes(n uint64) string { return fmt.Sprintf("%dMB", n>>20) }
