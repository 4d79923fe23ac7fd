package server

import "zoo/internal/ops/metrics"

// meters are all metrics of one server that are counted rather than asked for. This
// file names each of them once, with the name that ZooKeeper's monitoring knows:
// a new one is a field here and a line in its group's constructor.
type meters struct {
	set   *metrics.Set
	conns connMeters
	disk  diskMeters
}

func newMeters() *meters {
	set := metrics.NewSet()
	return &meters{set: set, conns: newConnMeters(set), disk: newDiskMeters(set)}
}

// connMeters are about client connections.
type connMeters struct {
	requests    *metrics.Counter
	rejected    *metrics.Counter
	revalidated *metrics.Counter
}

func newConnMeters(s *metrics.Set) connMeters {
	return connMeters{
		requests: s.Counter("connection_request_count",
			"Handshakes that clients began."),
		rejected: s.Counter("connection_rejected",
			"Connections refused because there were too many."),
		revalidated: s.Counter("connection_revalidate_count",
			"Handshakes that asked for a session to go on."),
	}
}

// diskMeters are about the log and the snapshots. Times are in milliseconds.
type diskMeters struct {
	fsyncTime      *metrics.Summary
	snapshotTime   *metrics.Summary
	snapshotErrors *metrics.Counter
	batchSize      *metrics.Summary
}

func newDiskMeters(s *metrics.Set) diskMeters {
	return diskMeters{
		fsyncTime: s.Summary("fsynctime",
			"Time to make appended transactions durable.", metrics.Basic),
		snapshotTime: s.Summary("snapshottime",
			"Time to write a snapshot.", metrics.Basic),
		snapshotErrors: s.Counter("snapshot_error_count",
			"Snapshots that could not be written."),
		batchSize: s.Summary("sync_processor_batch_size",
			"Transactions made durable by one sync.", metrics.Basic),
	}
}
