package server

import (
	"zoo/internal/config"
	"zoo/internal/ops/admin"
)

// operators is what concerns the HTTP server for them. As in Java the interval
// between two snapshots is a thousandth of that between two restores.
func operators(c *config.Config) admin.Config {
	a := &c.Admin
	return admin.Config{
		Listen: a.Listen, URL: a.URL, IdleTimeout: a.IdleTimeout,
		SnapshotDisabled: !a.Snapshot, RestoreDisabled: !a.Restore,
		SnapshotInterval: a.RateInterval / 1000, RestoreInterval: a.RateInterval,
		KeysFile: a.KeysFile, Open: a.Open,
		Forwarded: a.Forwarded, ProcessUntold: !c.Metrics.Process,
	}
}
