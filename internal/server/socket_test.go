package server

import (
	"testing"

	"zoo/internal/disk/vfs"
)

// A listener whose backlog was changed still takes connections.
func TestAServerServesWithABacklogOfItsOwn(t *testing.T) {
	disk := vfs.NewMem()
	cfg := standaloneConfig(disk)
	cfg.ListenBacklog = 1
	start(t, disk, cfg).connect().create("/a", "one")
}
