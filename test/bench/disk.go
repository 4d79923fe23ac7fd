package bench

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Disk is what the data lies on. Times are milliseconds.
type Disk struct {
	Dir        string  `json:"-"`
	FileSystem string  `json:"file_system"`
	SyncP50    float64 `json:"fsync_p50_ms"`
	SyncMax    float64 `json:"fsync_max_ms"`
}

// String is one line for people.
func (d Disk) String() string {
	return fmt.Sprintf("data in %s (%s), fsync of 4 KiB: p50 %.2f ms, max %.2f ms",
		d.Dir, d.FileSystem, d.SyncP50, d.SyncMax)
}

// probeSyncs is how many times probeDisk syncs.
const probeSyncs = 200

// probeDisk refuses memory, where fsync costs nothing, and measures the rest.
func probeDisk(dir string) (Disk, error) {
	kind, err := fileSystem(dir)
	if err != nil {
		return Disk{}, err
	}
	if kind == "tmpfs" || kind == "ramfs" {
		return Disk{}, fmt.Errorf("%s is %s: fsync is free there; choose another -dir", dir, kind)
	}
	times, err := timeSyncs(filepath.Join(dir, "probe"))
	if err != nil {
		return Disk{}, err
	}
	return Disk{dir, kind, millis(times[len(times)/2]), millis(slices.Max(times))}, nil
}

// timeSyncs appends and syncs, as a log does, and returns the times, sorted.
func timeSyncs(name string) (times []time.Duration, err error) {
	file, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, file.Close(), os.Remove(name)) }()
	block := make([]byte, 4096)
	for range probeSyncs {
		begun := time.Now()
		if _, err := file.Write(block); err != nil {
			return nil, err
		}
		if err := file.Sync(); err != nil {
			return nil, err
		}
		times = append(times, time.Since(begun))
	}
	slices.Sort(times)
	return times, nil
}
