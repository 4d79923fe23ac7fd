package server

import (
	"zoo"
	"zoo/internal/ops/metrics"
)

// meters are all metrics of one server that are counted rather than asked for. This
// file names each of them once, with the name that ZooKeeper's monitoring knows:
// a new one is a field here and a line in its group's constructor. docs/metrics.md
// tells what each means, and which of ZooKeeper's are missing for what reason.
// Times are in milliseconds.
type meters struct {
	set     *metrics.Set
	conns   connMeters
	latency latencyMeters
	watches watchMeters
	disk    diskMeters
	quorum  quorumMeters
	tls     tlsMeters
	auth    authMeters
	// requests are about what is held back or turned away.
	requests requestMeters
}

// requestMeters are about requests that are held back or turned away.
type requestMeters struct {
	stalls, throttled, staleDropped, largeRejected, auditLost *metrics.Counter
	spansSent, spansLost, traceErrors                         *metrics.Counter
}

func newRequestMeters(s *metrics.Set) requestMeters {
	return requestMeters{
		stalls: s.Counter("request_throttle_wait_count",
			"Requests that waited for room in the pipeline."),
		throttled: s.Counter("throttled_ops",
			"Requests refused because they had waited too long."),
		staleDropped: s.Counter("stale_requests_dropped",
			"Requests dropped because they had waited longer than their session lives."),
		largeRejected: s.Counter("large_requests_rejected",
			"Large requests for which there was no room."),
		auditLost: s.Counter("audit_lines_lost",
			"Lines of the audit log that were not written."),
		spansSent: s.Counter("traces_spans_sent",
			"Spans that a collector has taken."),
		spansLost: s.Counter("traces_spans_lost",
			"Spans that no collector has taken: no room, or it was down, slow or refused them."),
		traceErrors: s.Counter("traces_export_errors",
			"Attempts to tell a collector that have failed."),
	}
}

func newMeters() *meters {
	set := metrics.NewSet()
	return &meters{
		set: set, conns: newConnMeters(set), latency: newLatencyMeters(set),
		watches: newWatchMeters(set), disk: newDiskMeters(set), quorum: newQuorumMeters(set),
		tls: newTLSMeters(set), auth: newAuthMeters(set), requests: newRequestMeters(set),
	}
}

// connMeters are about client connections and sessions.
type connMeters struct {
	requests     *metrics.Counter
	rejected     *metrics.Counter
	dropped      *metrics.Counter
	revalidated  *metrics.Counter
	sessionless  *metrics.Counter
	refusals     *metrics.CounterSet
	tokenDeficit *metrics.Summary
	expired      *metrics.Counter
	sentAway     *metrics.Counter
}

func newConnMeters(s *metrics.Set) connMeters {
	return connMeters{
		requests: s.Counter("connection_request_count",
			"Handshakes that clients began."),
		rejected: s.Counter("connection_rejected",
			"Connections refused because there were too many."),
		dropped: s.Counter("connection_drop_count",
			"Connections that clients ended without closing their session."),
		revalidated: s.Counter("connection_revalidate_count",
			"Handshakes that asked for a session to go on."),
		refusals: s.CounterSet("refusals",
			"What was turned away, by reason."),
		tokenDeficit: s.Summary("connection_token_deficit",
			"Tokens that are out when a handshake asks for one.", metrics.Basic),
		sessionless: s.Counter("sessionless_connections_expired",
			"Connections closed because no handshake came."),
		sentAway: s.Counter("clients_sent_away",
			"Connections closed because other servers have fewer."),
		expired: s.Counter("stale_sessions_expired",
			"Sessions that this server let expire."),
	}
}

// latencyMeters are about requests and what they touch.
type latencyMeters struct {
	read, update *metrics.Timer
	propagation  *metrics.Timer
	waited       *metrics.Summary
	readsOf      *metrics.SummarySet
	writesOf     *metrics.SummarySet
}

func newLatencyMeters(s *metrics.Set) latencyMeters {
	return latencyMeters{
		read: s.Timer("readlatency", "read_latency_seconds",
			"Time from reading a request that changes nothing to its reply.", metrics.Advanced),
		update: s.Timer("updatelatency", "update_latency_seconds",
			"Time from reading a write to its reply.", metrics.Advanced),
		propagation: s.Timer("propagation_latency", "propagation_latency_seconds",
			"Time from the making of a transaction to its being applied here.", metrics.Advanced),
		waited: s.Summary("reads_issued_from_session_queue",
			"Reads of a connection that were answered together behind a write.", metrics.Basic),
		readsOf: s.SummarySet("read_per_namespace",
			"Bytes of path, Stat and data or names of reads, by top znode.", metrics.Basic),
		writesOf: s.SummarySet("write_per_namespace",
			"Bytes of path and data of applied writes, by top znode.", metrics.Basic),
	}
}

// watchMeters are about how many watchers hear of one event.
type watchMeters struct{ created, deleted, changed, children *metrics.Summary }

func newWatchMeters(s *metrics.Set) watchMeters {
	return watchMeters{
		created: s.Summary("node_created_watch_count",
			"Watchers of one creation.", metrics.Basic),
		deleted: s.Summary("node_deleted_watch_count",
			"Watchers of one deletion.", metrics.Basic),
		changed: s.Summary("node_changed_watch_count",
			"Watchers of one change of data.", metrics.Basic),
		children: s.Summary("node_children_watch_count",
			"Watchers of one change of children.", metrics.Basic),
	}
}

// of is the metric of a type of event; nil for those that no transaction causes.
func (m *watchMeters) of(kind zoo.EventType) *metrics.Summary {
	switch kind {
	case zoo.EventNodeCreated:
		return m.created
	case zoo.EventNodeDeleted:
		return m.deleted
	case zoo.EventNodeDataChanged:
		return m.changed
	case zoo.EventNodeChildrenChanged:
		return m.children
	}
	return nil
}

// diskMeters are about the log and the snapshots.
type diskMeters struct {
	initTime       *metrics.Timer
	loaded         *metrics.Summary
	fsyncTime      *metrics.Timer
	snapshotTime   *metrics.Timer
	snapshotErrors *metrics.Counter
	queued         *metrics.Counter
	queueSize      *metrics.Summary
	batchSize      *metrics.Summary
	// queue and batch are the same as histograms; waited and commit are times.
	queue, batch, waited, commit *metrics.Histogram
	processTime                  *metrics.Timer
	mismatches                   *metrics.Counter
	purgedFiles                  *metrics.Counter
	purgedBytes                  *metrics.Counter
	lost                         *metrics.Counter
}

func newDiskMeters(s *metrics.Set) diskMeters {
	return diskMeters{
		initTime: s.Timer("dbinittime", "recovery_seconds",
			"Time to recover the data at the start.", metrics.Basic),
		loaded: s.Summary("startup_txns_loaded",
			"Transactions found behind the snapshot at the start.", metrics.Basic),
		fsyncTime: s.Timer("fsynctime", "fsync_seconds",
			"Time to make appended transactions durable.", metrics.Basic),
		snapshotTime: s.Timer("snapshottime", "snapshot_seconds",
			"Time to write a snapshot.", metrics.Basic),
		snapshotErrors: s.Counter("snapshot_error_count",
			"Snapshots that could not be written, or sent to an operator."),
		queued: s.Counter("sync_processor_request_queued",
			"Transactions handed to the log writer."),
		queueSize: s.Summary("sync_processor_queue_size",
			"Disk operations that waited when the log writer looked.", metrics.Basic),
		batchSize: s.Summary("sync_processor_batch_size",
			"Transactions made durable by one sync.", metrics.Basic),
		queue: s.Histogram("sync_queue_operations",
			"Disk operations that waited when the log writer looked.", metrics.Things),
		batch: s.Histogram("sync_batch_transactions",
			"Transactions made durable by one sync.", metrics.Things),
		waited: s.Histogram("sync_queue_seconds",
			"Time that the oldest operation waited for the log writer.", metrics.Nanoseconds),
		commit: s.Histogram("commit_seconds", "Time from asking the log for a transaction to "+
			"applying it, with its quorum; of one at a time.", metrics.Nanoseconds),
		processTime: s.Timer("sync_process_time", "sync_process_seconds",
			"Time to append and sync one batch.", metrics.Basic),
		lost: s.Counter("disk_full_role_ends",
			"Roles that ended because the log could not be written for want of space."),
		mismatches: s.Counter("digest_mismatches_count",
			"Transactions after which the tree was not what the leader had foretold."),
		purgedFiles: s.Counter("purged_files",
			"Snapshots and files of the log that were removed because nobody needs them."),
		purgedBytes: s.Counter("purged_bytes",
			"What those files took."),
	}
}

// quorumMeters are about the ensemble.
type quorumMeters struct {
	looking           *metrics.Counter
	electionTime      *metrics.Timer
	unavailable       *metrics.Timer
	leaderUnavailable *metrics.Timer
	followerSync      *metrics.Timer
	observerSync      *metrics.Timer
	diffs, snaps      *metrics.Counter
	snapsInFlight     *metrics.Summary
	commits           *metrics.Counter
	proposalsReceived *metrics.Counter
	commitsReceived   *metrics.Counter
	revalidations     *metrics.Counter
}

func newQuorumMeters(s *metrics.Set) quorumMeters {
	return quorumMeters{
		looking: s.Counter("looking_count",
			"Times that this server began to look for a leader."),
		electionTime: s.Timer("election_time", "election_seconds",
			"Time from looking to an elected leader.", metrics.Basic),
		unavailable: s.Timer("unavailable_time", "unavailable_seconds",
			"Time for which this member of an ensemble did not serve.", metrics.Basic),
		leaderUnavailable: s.Timer("leader_unavailable_time", "leader_unavailable_seconds",
			"Time for which this member did not serve, until it led.", metrics.Basic),
		followerSync: s.Timer("follower_sync_time", "follower_sync_seconds",
			"Time from the leader's choice of a synchronisation to serving.", metrics.Basic),
		observerSync: s.Timer("observer_sync_time", "observer_sync_seconds",
			"Time from the choice of an observer's synchronisation to serving.", metrics.Basic),
		diffs: s.Counter("diff_count", "Learners brought up to date by a DIFF."),
		snaps: s.Counter("snap_count", "Learners brought up to date by a SNAP."),
		snapsInFlight: s.Summary("inflight_snap_count",
			"Trees under way to learners when one more was begun.", metrics.Basic),
		commits: s.Counter("commit_count",
			"Transactions that this leader committed and applied."),
		proposalsReceived: s.Counter("learner_proposal_received_count",
			"Proposals that came from the leader."),
		commitsReceived: s.Counter("learner_commit_received_count",
			"Commits that came from the leader."),
		revalidations: s.Counter("revalidate_count",
			"Sessions that learners asked this leader about."),
	}
}

// tlsMeters are about TLS handshakes of clients.
type tlsMeters struct {
	exceeded     *metrics.Counter
	unsuccessful *metrics.Counter
}

func newTLSMeters(s *metrics.Set) tlsMeters {
	return tlsMeters{
		exceeded: s.Counter("tls_handshake_exceeded",
			"Connections refused because too many TLS handshakes were under way."),
		unsuccessful: s.Counter("unsuccessful_handshake",
			"TLS handshakes that failed."),
	}
}

// authMeters are about clients that prove who they are.
type authMeters struct {
	failed          *metrics.Counter
	ensemblePassed  *metrics.Counter
	ensembleFailed  *metrics.Counter
	ensembleSkipped *metrics.Counter
}

func newAuthMeters(s *metrics.Set) authMeters {
	return authMeters{
		failed: s.Counter("auth_failed_count",
			"Clients refused because they did not prove who they are."),
		ensemblePassed: s.Counter("ensemble_auth_success",
			"Clients that named this ensemble."),
		ensembleFailed: s.Counter("ensemble_auth_fail",
			"Clients that named another ensemble."),
		ensembleSkipped: s.Counter("ensemble_auth_skip",
			"Clients or servers that named no ensemble."),
	}
}
