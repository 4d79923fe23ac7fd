package store

import "zoo/internal/disk/vfs"

// Space tells how much room there is for the data: that of the fuller place, if the
// snapshots and the log lie in two. It may be asked at any time, by anybody.
func (c Config) Space() (vfs.Space, error) {
	least, err := c.FS.Space(c.DataDir)
	if err != nil || c.LogDir == "" || c.LogDir == c.DataDir {
		return least, err
	}
	log, err := c.FS.Space(c.LogDir)
	if err == nil && log.Free < least.Free {
		least = log
	}
	return least, err
}
