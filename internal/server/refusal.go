package server

import (
	"log/slog"
	"strings"
	"sync"
	"time"

	"zoo/internal/ops/metrics"
)

// refusalLogPause lies between two log lines for refusals of one kind: whoever is
// refused tends to come again at once.
const refusalLogPause = 10 * time.Second

// refusal is a kind of refusal: its key in the metric "refusals", and the words of
// its log line, which tell what to do about it.
type refusal struct{ key, text string }

// The refusals of connections and requests. Each is named once, here.
var (
	refusedConnsPerHost = refusal{"max_client_cnxns",
		"too many connections from one address; maxClientCnxns bounds them"}
	refusedConns = refusal{"max_cnxns", "too many connections; maxCnxns bounds them"}
	refusedRate  = refusal{"connection_throttle",
		"connections come too fast; connection_throttle_tokens bounds them"}
	refusedSessionless = refusal{"sessionless",
		"no handshake within nio.sessionlessCnxnTimeout"}
	refusedTLS        = refusal{"tls", "a client does not come through TLS"}
	refusedHandshakes = refusal{"tls_handshakes", "too many TLS handshakes are under way; " +
		"netty.server.outstandingHandshake.limit bounds them"}
	refusedCertificate = refusal{"certificate",
		"a client's certificate does not prove who it is; ssl.clientAuth asks for one"}
	refusedOperator = refusal{"operator_tls",
		"a client of the admin or metrics port does not come through TLS"}
	refusedOperatorCertificate = refusal{"operator_certificate",
		"a client of the admin or metrics port does not prove who it is by a certificate; " +
			"admin.needClientAuth and metricsProvider.ssl.need.client.auth ask for one"}
	refusedScheme = refusal{"scheme",
		"there is no provider for an authentication scheme; see authProvider"}
	refusedProof = refusal{"proof", "a client does not prove who it is"}
	refusedIDs   = refusal{"identities",
		"a client wants more than 64 identities, or 64 KiB of them"}
	refusedEnsemble = refusal{"ensemble",
		"a client looks for another ensemble; see ensembleAuthName"}
	refusedSASL = refusal{"sasl", "a client is not authenticated by SASL"}
	refusedBare = refusal{"unauthenticated",
		"a request came before an identity of a scheme in enforce.auth.schemes"}
	refusedFrame = refusal{"frame_too_large",
		"a frame is not between 0 and jute.maxbuffer bytes"}
	refusedLarge = refusal{"large_requests",
		"large requests in process take more than largeRequestMaxBytes"}
	refusedWait = refusal{"throttled_op",
		"a request waited longer than throttled_op_wait_time; it gets -127"}
	refusedStale = refusal{"stale_request",
		"a request waited longer than its session's timeout"}
	refusedElection = refusal{"election_peer",
		"a peer at the election port is not one of ours, or breaks the protocol"}
	refusedQuorum = refusal{"quorum_peer",
		"a peer at the quorum port is not one of ours, or breaks the protocol"}
	refusedDrained = refusal{"drained",
		"a client comes to a drained server; one that comes again knows of no other"}
	refusedUnread = refusal{"unread_replies",
		"a client does not read its replies"}
)

// refusals counts what the server turns away, and tells why, though not each time.
type refusals struct {
	log     *slog.Logger
	mono    func() time.Duration
	counter *metrics.CounterSet

	mu     sync.Mutex // guards logged
	logged map[string]*refusalLog
}

// refusalLog is what was said about one kind of refusal.
type refusalLog struct {
	at time.Duration
	// silent counts the refusals without a line since then.
	silent int
}

// note counts a refusal, and logs it unless there was a line for its kind lately.
func (r *refusals) note(why refusal, attrs ...any) {
	r.counter.Of(why.key).Inc()
	silent, due := r.due(why.key)
	if !due {
		return
	}
	if silent > 0 {
		attrs = append(attrs, "alike_since_last_line", silent)
	}
	for i := range attrs {
		attrs[i] = brief(attrs[i])
	}
	r.log.Warn("refused", append([]any{"reason", why.text}, attrs...)...)
}

// shownMax bounds one value in a line: an error may quote whoever is refused.
const shownMax = 600

// brief is a value, or the begin of its text.
func brief(value any) any {
	err, ok := value.(error)
	if !ok || len(err.Error()) <= shownMax {
		return value
	}
	return strings.ToValidUTF8(err.Error()[:shownMax], "") + " ..."
}

func (r *refusals) due(key string) (silent int, due bool) {
	now := r.mono()
	r.mu.Lock()
	defer r.mu.Unlock()
	last := r.logged[key]
	if last == nil {
		r.logged[key] = &refusalLog{at: now}
		return 0, true
	}
	if now-last.at < refusalLogPause {
		last.silent++
		return 0, false
	}
	silent, last.silent, last.at = last.silent, 0, now
	return silent, true
}
