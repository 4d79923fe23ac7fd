package toolkit

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
)

// keepMin is the least number of snapshots that a purge keeps.
const keepMin = 3

// Directories are a server's: where its log is, and where its snapshots are.
type Directories struct{ Log, Snapshots string }

// PurgeArguments reads: dataLogDir [snapDir] -n count.
func PurgeArguments(disk vfs.FS, args []string) (Directories, int, error) {
	var d Directories
	if len(args) < 3 || len(args) > 4 || args[len(args)-2] != "-n" {
		return d, 0, fail(exitUnexpected, "want dataLogDir [snapDir] -n count")
	}
	d.Log = args[0]
	d.Snapshots = args[len(args)-3] // the same directory where only one is given
	for _, dir := range []string{d.Log, d.Snapshots} {
		if info, err := disk.Stat(dir); err != nil || !info.Dir {
			return d, 0, fail(exitUnexpected, "Path '%s' does not exist. ", dir)
		}
	}
	text := args[len(args)-1]
	count, err := strconv.Atoi(text)
	if err != nil {
		return d, 0, fail(exitUnexpected, "'%s' can not be parsed to integer.", text)
	}
	if count < keepMin {
		return d, 0, fail(exitUnexpected, "count should be greater than or equal to 3")
	}
	return d, count, nil
}

// Purge keeps the newest count whole snapshots and the log behind the oldest of them,
// and removes what is older. A server may be running.
func Purge(disk vfs.FS, d Directories, count int, out io.Writer, now time.Time) error {
	c := store.Config{FS: disk, DataDir: d.Snapshots, LogDir: d.Log}
	plan, notes, err := c.PlanPurge(now, store.Retention{Snapshots: count})
	if err != nil {
		return err
	}
	for _, note := range notes {
		fmt.Fprintf(out, "Not counted: %s\n", note)
	}
	return c.Purge(plan, func(f store.HeldFile) {
		fmt.Fprintf(out, "Removing file: %s\t%s\n",
			f.Modified.Local().Format("Jan 2, 2006, 3:04:05 PM"), f.Path)
	})
}
