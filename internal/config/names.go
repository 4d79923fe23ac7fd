package config

import "strings"

// documented are names that ZooKeeper's guide has and its server never reads:
// Java makes a property of them that nobody asks for. Each has the name that
// counts, in a file too. ZOOKEEPER-3242, 3243 and 3140 introduced most.
var documented = map[string]string{
	"advancedFlowControlEnabled":          "netty.advancedFlowControl.enabled",
	"clientPortUnification":               "client.portUnification",
	"connectionDecreaseRatio":             "connection_throttle_decrease_ratio",
	"connectionFreezeTime":                "connection_throttle_freeze_time",
	"connectionMaxTokens":                 "connection_throttle_tokens",
	"connectionTokenFillCount":            "connection_throttle_fill_count",
	"connectionTokenFillTime":             "connection_throttle_fill_time",
	"connectionWeightEnabled":             "connection_throttle_weight_enabled",
	"maxConcurrentDiffSyncs":              "leader.maxConcurrentDiffSyncs",
	"maxConcurrentSnapSyncs":              "leader.maxConcurrentSnapSyncs",
	"maxNotificationInterval":             "fastleader.maxNotificationInterval",
	"minNotificationInterval":             "fastleader.minNotificationInterval",
	"outstandingHandshake.limit":          "netty.server.outstandingHandshake.limit",
	"requestStaleConnectionCheck":         "request_stale_connection_check",
	"requestStaleLatencyCheck":            "request_stale_latency_check",
	"requestThrottleDropStale":            "request_throttle_drop_stale",
	"requestThrottleLimit":                "request_throttle_max_requests",
	"requestThrottleStallTime":            "request_throttle_stall_time",
	"throttledOpWaitTime":                 "throttled_op_wait_time",
	"connectionGlobalSessionWeight":       "connection_throttle_global_session_weight",
	"connectionLocalSessionWeight":        "connection_throttle_local_session_weight",
	"connectionRenewSessionWeight":        "connection_throttle_renew_session_weight",
	"earlyDropSecureConnectionHandshakes": "netty.server.earlyDropSecureConnectionHandshakes",
}

// unknown warns of a name that nothing reads, with the one that was meant.
func (d *draft) unknown(s setting) {
	if right, ok := documented[s.key]; ok {
		d.warnings = append(d.warnings, s.warn("is never read; the name that counts is "+right))
		return
	}
	text := "unknown, ignored"
	if meant := suggestion(s.key); meant != "" {
		text += "; did you mean " + meant + "?"
	}
	d.warnings = append(d.warnings, s.warn(text))
}

// suggestion is the nearest name that would have been understood, or "". In a file
// a name has no prefix.
func suggestion(name string) string {
	if plain, ok := strings.CutPrefix(name, "zookeeper."); ok {
		if _, known := findRow(plain); known {
			return plain
		}
	}
	meant := guessAt(name)
	for _, r := range rows() {
		if !r.family() {
			meant.consider(r.name)
		}
	}
	return meant.best
}
