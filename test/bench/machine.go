package bench

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Machine is where a run was made, as far as the system tells.
type Machine struct {
	CPU       string `json:"cpu,omitempty"`
	CPUs      int    `json:"cpus"`
	MemoryMiB int    `json:"memory_mib,omitempty"`
	System    string `json:"system"`
	// FileSystem is that of the data.
	FileSystem string `json:"file_system"`
}

// String is one line for people.
func (m Machine) String() string {
	text := fmt.Sprintf("%d CPUs shared with the load", m.CPUs)
	if m.CPU != "" {
		text += " (" + m.CPU + ")"
	}
	if m.MemoryMiB > 0 {
		text += fmt.Sprintf(", %d MiB of memory", m.MemoryMiB)
	}
	return text + ", " + m.System
}

// same tells whether the figures of two machines may be compared. A newer kernel is part
// of what is compared.
func (m Machine) same(other Machine) bool {
	return m.CPU == other.CPU && m.CPUs == other.CPUs && m.FileSystem == other.FileSystem
}

// thisMachine is the one that this process runs on.
func thisMachine(disk Disk) Machine {
	m := Machine{CPUs: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH,
		FileSystem: disk.FileSystem}
	m.CPU = fieldOf("/proc/cpuinfo", "model name")
	kib, _, _ := strings.Cut(fieldOf("/proc/meminfo", "MemTotal"), " ")
	if n, err := strconv.Atoi(kib); err == nil {
		m.MemoryMiB = n / 1024
	}
	if release, err := os.ReadFile("/proc/sys/kernel/osrelease"); err == nil {
		m.System += " " + string(bytes.TrimSpace(release))
	}
	return m
}

// fieldOf is the first value of a name in a file of names and values; "" where there is no
// such file.
func fieldOf(file, name string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		key, value, _ := strings.Cut(line, ":")
		if strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
