package config

import "strings"

// knownUnused are the names that Java's ZooKeeper 3.9 knows and this version
// does not use yet. They get one warning line together, instead of a "did you
// mean". A name moves to rows when it begins to count.
var knownUnused = strings.Fields(`
secureClientPort secureClientPortAddress connectToLearnerMasterLimit
observerMasterPort localSessionsEnabled localSessionsUpgradingEnabled
reconfigEnabled sslQuorum portUnification sslQuorumReloadCertFiles
quorum.auth.enableSasl quorum.auth.learnerRequireSasl
quorum.auth.serverRequireSasl quorum.auth.learner.saslLoginContext
quorum.auth.server.saslLoginContext quorum.auth.kerberos.servicePrincipal
quorum.cnxn.threads.size multiAddress.enabled
multiAddress.reachabilityCheckEnabled multiAddress.reachabilityCheckTimeoutMs
oraclePath metricsProvider.className jvm.pause.monitor
jvm.pause.info-threshold.ms jvm.pause.warn-threshold.ms jvm.pause.sleep.time.ms
clientPortUnification version

clientPortListenBacklog forceSync syncEnabled
snapSizeLimitInKb txnLogSizeLimitInKb fsync.warningthresholdms
snapshot.compression.method snapshot.trust.empty datadir.autocreate
db.autocreate serializeLastProcessedZxid.enabled digest.enabled
closeSessionTxn.enabled snapshotSizeFactor forceSnapshotSync maxBatchSize
flushDelay maxWriteQueuePollTime jute.maxbuffer.extrasize
intBufferStartingSizeBytes bitHashCacheSize testingonly.initialZxid
test.allowDiscontinuousProposals

maxCnxns request_throttle_max_requests request_throttle_stall_time
request_throttle_drop_stale request_throttler.shutdownTimeout
request_stale_connection_check request_stale_latency_check
throttled_op_wait_time largeRequestMaxBytes largeRequestThreshold
connection_throttle_tokens connection_throttle_fill_time
connection_throttle_fill_count connection_throttle_freeze_time
connection_throttle_drop_increase connection_throttle_drop_decrease
connection_throttle_decrease_ratio connection_throttle_weight_enabled
connection_throttle_global_session_weight
connection_throttle_renew_session_weight
connection_throttle_local_session_weight serverCnxnFactory
nio.numSelectorThreads nio.numWorkerThreads nio.directBufferBytes
nio.sessionlessCnxnTimeout nio.shutdownTimeout
netty.advancedFlowControl.enabled netty.server.outstandingHandshake.limit
netty.server.earlyDropSecureConnectionHandshakes client.portUnification
client.certReload clientTcpKeepAlive maxResponseCacheSize
maxGetChildrenResponseCacheSize commitProcessor.numWorkerThreads
commitProcessor.maxReadBatchSize commitProcessor.maxCommitBatchSize
commitProcessor.shutdownTimeout enableEagerACLCheck
follower.skipLearnerRequestToNextProcessor
forward_learner_requests_to_commit_processor_disabled watchManagerName
watcherCleanThreshold watcherCleanIntervalInSeconds watcherCleanThreadsNum
maxInProcessingDeadWatchers znode.container.checkIntervalMs
znode.container.maxPerMinute znode.container.maxNeverUsedIntervalMs
extendedTypesEnabled emulate353TTLNodes readonlymode.enabled
pathStats.enabled pathStats.slotCapacity pathStats.slotDuration
pathStats.maxDepth pathStats.sampleRate pathStats.initialDelay pathStats.delay
pathStats.topPathMax messageTracker.Enabled messageTracker.BufferSize

leaderServes cnxTimeout quorumCnxnTimeoutMs electionPortBindRetry tcpKeepAlive
fastleader.minNotificationInterval fastleader.maxNotificationInterval
leader.maxTimeToWaitForEpoch leader.ackLoggingFrequency
leader.maxConcurrentSnapSyncs leader.maxConcurrentDiffSyncs
leader.closeSocketAsync learner.closeSocketAsync learner.asyncSending
leaderConnectDelayDuringRetryMs leader.nodelay follower.nodelay
observer.reconnectDelayMs observer.election.DelayMs observer.syncEnabled
observerMaster.sizeLimit

DigestAuthenticationProvider.digestAlg DigestAuthenticationProvider.enabled
X509AuthenticationProvider.superUser SASLAuthenticationProvider.superPassword
superUser letAnySaslUserDoX IPAuthenticationProvider.usexforwardedfor
enforce.auth.enabled enforce.auth.schemes sessionRequireClientSASLAuth
allowSaslFailedClients server.realm server.principal requireKerberosConfig
security.auth_to_local kinit ensembleAuthName enforceQuota fips-mode

audit.enable audit.impl.class configuration controllerPort request.timeout
disableAutoWatchReset clientCnxnSocket
`)

// knownPrefixes are families of such names.
var knownPrefixes = strings.Fields(`
metricsProvider. superUser. authProvider. ssl. sasl. kerberos. admin. client.
jmx. java. javax. sun. com.sun. log4j. log4j2. logback. user. file. zookeeper.log.
`)

// refused are names whose meaning decides who counts. To go on without them
// would let a server vote in another ensemble than the one that was meant.
var refused = map[string]string{
	"dynamicConfigFile": "dynamic configuration is not supported yet; " +
		"put its server lines into this file",
	"group":  "hierarchical quorums are not supported yet",
	"weight": "hierarchical quorums are not supported yet",
}

func isKnownUnused(name string) bool {
	for _, known := range knownUnused {
		if name == known {
			return true
		}
	}
	for _, prefix := range knownPrefixes {
		if strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// refusal is why a name cannot be accepted, or "".
func refusal(name string) string {
	if reason, ok := refused[name]; ok {
		return reason
	}
	family, _, _ := strings.Cut(name, ".")
	if family == "group" || family == "weight" {
		return refused[family]
	}
	return ""
}

// suggestion is the nearest name that would have been understood, or "".
func suggestion(name string) string {
	var names []string
	for _, r := range rows {
		names = append(names, r.name)
	}
	return nearest(name, append(names, knownUnused...))
}
