package config

import "time"

// Limits bounds what clients may take. Immutable after Load, as all of Config.
type Limits struct {
	// ConnsMax bounds the connections of all clients (maxCnxns); 0 is no bound.
	ConnsMax int
	// FrameExtraBytes is what a record between servers may be longer than
	// FrameBytesMax (jute.maxbuffer.extrasize).
	FrameExtraBytes int
	// LargeRequestsBytesMax bounds the sum of the requests in process that are
	// above LargeRequestBytes; a threshold of -1 counts none (largeRequest*).
	LargeRequestsBytesMax, LargeRequestBytes int
	// QuotaEnforced refuses writes over a quota (enforceQuota).
	QuotaEnforced bool
	// EagerACLCheck checks a write's ACL where it arrives (enableEagerACLCheck).
	EagerACLCheck bool
	// Linearizable lists the paths whose reads, with those below them, are linearizable
	// (linearizableReads).
	Linearizable []string
	// BalanceTolerance is how many percent more than its fair share of the clients a server
	// may have before it sends some to others; 0 sends none (clientBalance.tolerance).
	BalanceTolerance int
	// SessionlessTimeout ends connections that never made a session
	// (nio.sessionlessCnxnTimeout).
	SessionlessTimeout time.Duration

	RequestThrottle RequestThrottle
	ConnThrottle    ConnThrottle
}

// RequestThrottle delays requests in front of the pipeline (request_throttle_*).
type RequestThrottle struct {
	// RequestsMax is how many may be in process; 0 switches the throttle off.
	RequestsMax int
	// StallTime is how long the throttle waits for room.
	StallTime time.Duration
	// DropStale drops requests that are stale by the two checks below.
	DropStale bool
	// StaleConnCheck: stale is whose connection is gone.
	StaleConnCheck bool
	// StaleLatencyCheck: stale is what has waited longer than its session lives.
	StaleLatencyCheck bool
	// OpWait answers what has waited longer with -127 (throttled_op_wait_time); 0
	// lets everything wait.
	OpWait time.Duration
	// ShutdownTimeout bounds the throttle's end (request_throttler.shutdownTimeout).
	ShutdownTimeout time.Duration
}

// ConnThrottle is the token bucket in front of new connections
// (connection_throttle_*).
type ConnThrottle struct {
	// Tokens is the size of the bucket; 0 switches the throttle off.
	Tokens int
	// FillTime is the time in which FillCount tokens come back.
	FillTime  time.Duration
	FillCount int
	// FreezeTime lies between two changes of the probability to drop; negative
	// never drops by chance.
	FreezeTime time.Duration
	// DropIncrease, DropDecrease and DecreaseRatio move that probability, 0 to 1.
	DropIncrease, DropDecrease, DecreaseRatio float64
	// Weighted lets a connection cost the weight of what it wants.
	Weighted bool
	// GlobalWeight, RenewWeight and LocalWeight are those costs, in tokens.
	GlobalWeight, RenewWeight, LocalWeight int
}

// Containers paces the removal of containers and TTL nodes (znode.container.*).
type Containers struct {
	CheckInterval time.Duration
	// MaxPerMinute bounds the removals of a minute.
	MaxPerMinute int
	// NeverUsedMax removes a container that never had a child after so long; 0
	// never does.
	NeverUsedMax time.Duration
}

// Sessions is what sessions may be beyond global ones.
type Sessions struct {
	// Local makes new sessions known to this server only (localSessionsEnabled).
	Local bool
	// LocalUpgrade makes them global when they create an ephemeral node
	// (localSessionsUpgradingEnabled).
	LocalUpgrade bool
	// ReadOnly serves reads while there is no quorum (readonlymode.enabled).
	ReadOnly bool
}

// KeyStore is one file of keys or certificates. An empty Location means none.
type KeyStore struct {
	Location string
	// Password, or the file PasswordPath that holds it.
	Password, PasswordPath string
	// Type is JKS, PEM, PKCS12 or BCFKS; empty lets the suffix decide.
	Type string
}

// TLS describes the secure client port (ssl.*) or the ports between servers
// (ssl.quorum.*), see section "TLS properties" of ZooKeeper's administrator's guide.
type TLS struct {
	KeyStore, TrustStore KeyStore
	// Protocol is Java's name of the version, such as TLSv1.3; empty is the best.
	Protocol string
	// EnabledProtocols and CipherSuites are Java's names; empty is the default.
	EnabledProtocols, CipherSuites []string
	// HostnameVerification checks a server's name, ClientHostnameVerification a
	// client's; ReverseDNS lets an address be looked up for that.
	HostnameVerification, ClientHostnameVerification, ReverseDNS bool
	// CRL and OCSP ask whether a certificate was revoked.
	CRL, OCSP bool
	// CRLLocation is a file or a directory of revocation lists.
	CRLLocation string
	// ClientAuth is none, want or need.
	ClientAuth string
	// AuthScheme names who turns a client's certificate into an id; only x509.
	AuthScheme string
	// DetectionTimeout bounds the wait for the first bytes on a unified port.
	DetectionTimeout time.Duration
	// PortUnification takes TLS and plain on one port (client.portUnification, or
	// portUnification between servers).
	PortUnification bool
	// Reload follows changes of the files (client.certReload, or
	// sslQuorumReloadCertFiles).
	Reload bool
	// HandshakesMax bounds the handshakes under way; -1 is no bound
	// (netty.server.outstandingHandshake.limit). EarlyDrop counts before the
	// first byte (netty.server.earlyDropSecureConnectionHandshakes).
	HandshakesMax int
	EarlyDrop     bool
	// FIPS keeps to approved ways: no DIGEST-MD5 either (fips-mode).
	FIPS bool
}

// Auth says who may be whom.
type Auth struct {
	// Digest offers the scheme digest; DigestAlg is its hash by Java's name.
	Digest    bool
	DigestAlg string
	// X509SuperUser is the distinguished name of a super user; empty for none.
	X509SuperUser string
	// SASLSuperUsers are the SASL ids that become super users (superUser.*).
	SASLSuperUsers []string
	// AnySASLUser is the id in an ACL that every SASL user matches; empty for
	// none (letAnySaslUserDoX).
	AnySASLUser string
	// Providers are the authProvider.X lines, by X.
	Providers []Provider
	// EnforcedSchemes: only a connection with an id of one of them may do anything
	// (enforce.auth.*); empty enforces nothing.
	EnforcedSchemes []string
	// SASLRequired refuses every request before SASL (sessionRequireClientSASLAuth).
	SASLRequired bool
	// SASLFailedAllowed keeps a client whose SASL failed (allowSaslFailedClients).
	SASLFailedAllowed bool
	// EnsembleNames is the text of ensembleAuthName: names joined with commas.
	EnsembleNames string
}

// Provider is one authProvider.X line: Java's class of an authentication scheme.
type Provider struct{ Key, Class string }

// SASL says how clients authenticate by SASL.
type SASL struct {
	// LoginConfig is the JAAS file; empty for none. Section is its part for the
	// server.
	LoginConfig, Section string
	// SuperPassword is the password of the DIGEST-MD5 user super; empty for none.
	SuperPassword string
	// Krb5Conf is the Kerberos configuration; empty lets the system decide.
	Krb5Conf string
	// Krb5ConfRequired fails without one (requireKerberosConfig).
	Krb5ConfRequired bool
	// AuthToLocal are the rules that shorten Kerberos names
	// (security.auth_to_local).
	AuthToLocal string
	// HostRemoved and RealmRemoved shorten the id (kerberos.remove*FromPrincipal).
	HostRemoved, RealmRemoved bool
}

// Storage is about the log and the snapshots, beyond their directories.
type Storage struct {
	// SnapLogBytes of log make a snapshot due whatever SnapCount says; 0 never
	// (snapSizeLimitInKb).
	SnapLogBytes int64
	// SnapPause lies between two snapshots at least (snapPauseMs).
	SnapPause time.Duration
	// SnapRate is how many bytes of a snapshot are moved in a second; 0 fits it to the
	// tree (snapRateLimitInKb).
	SnapRate int64
	// LogBytesMax of one log file begin the next one; 0 never
	// (txnLogSizeLimitInKb).
	LogBytesMax int64
	// Unsynced leaves it to the system when the log reaches the disk
	// (forceSync=no): acknowledged writes may be lost.
	Unsynced bool
	// ObserverUnlogged keeps an observer's history in memory (syncEnabled=false).
	ObserverUnlogged bool
	// SyncSlow is how long a sync of the log may take before it is told
	// (fsync.warningthresholdms).
	SyncSlow time.Duration
	// DirsExpected refuses to make missing directories (datadir.autocreate=false).
	DirsExpected bool
	// InitializeRequired is db.autocreate=false: an empty directory does not vote
	// without a file named initialize.
	InitializeRequired bool
	// TrustEmptySnapshot is snapshot.trust.empty=true: a log without any snapshot
	// is believed to be whole.
	TrustEmptySnapshot bool
	// Undigested keeps the tree's digest out of transactions and snapshots
	// (digest.enabled=false).
	Undigested bool
	// SnapshotCompression is snapshot.compression.method: "", gz or snappy.
	SnapshotCompression string
	// LastZxidOmitted ends snapshots as servers before 3.9 do
	// (serializeLastProcessedZxid.enabled=false).
	LastZxidOmitted bool
	// ReserveBytes must stay free on the disk, or writes that need space are refused; 0
	// is no reserve, -1 leaves it to the server (disk.reserve).
	ReserveBytes int64
	// SilenceMax is how long a leader's disk may be silent before it hands over; 0 is
	// the sync limit (disk.silenceLimit).
	SilenceMax time.Duration
	// EndsUnlisted leaves out which ephemeral nodes end with a session
	// (closeSessionTxn.enabled=false).
	EndsUnlisted bool
	// Purge says which snapshots and logs go, and when.
	Purge Purge
}

// Purge is about what nobody needs any more (autopurge.*).
type Purge struct {
	// Interval is the time between two purges; 0 is no purge at all.
	Interval time.Duration
	// IntervalOnly purges on the interval, and not after each snapshot, too.
	IntervalOnly bool
	// Retain is how many snapshots stay at least. Age and Bytes end even those, all but
	// the newest; 0 does not.
	Retain int
	Age    time.Duration
	Bytes  int64
}

// Admin is the HTTP server for operators (admin.*).
type Admin struct {
	// Listen is its host:port; empty for none.
	Listen string
	// KeysFile is the file of the operators' keys; empty for none. Open asks for none.
	KeysFile string
	Open     bool
	// TLSForced speaks HTTPS alone, Unified plain HTTP as well. The settings of TLS are
	// those of Peers.TLS, as in Java. ClientNeeded ends a handshake without a certificate.
	TLSForced, Unified, ClientNeeded bool
	// ConsoleEdit lets operators change znodes in the web console.
	ConsoleEdit bool
	// URL is the path of the commands.
	URL string
	// IdleTimeout ends connections on which nothing moves.
	IdleTimeout time.Duration
	// Snapshot and Restore switch these commands on.
	Snapshot, Restore bool
	// RateInterval lies between two restores.
	RateInterval time.Duration
	// Forwarded believes the header X-Forwarded-For
	// (IPAuthenticationProvider.usexforwardedfor).
	Forwarded bool
}

// Secured tells whether the admin server speaks TLS.
func (a *Admin) Secured() bool { return a.Listen != "" && (a.TLSForced || a.Unified) }

// Metrics is who gets the metrics beside the admin server (metricsProvider.*).
type Metrics struct {
	// Listen is the host:port of ZooKeeper's PrometheusMetricsProvider, SecureListen that
	// for HTTPS; empty for none. Where they are the same, one port speaks both.
	Listen, SecureListen string
	// TLS is that of SecureListen.
	TLS MetricsTLS
	// Process tells of the process as well (exportJvmInfo).
	Process bool
}

// MetricsTLS is the little that is said of TLS there (metricsProvider.ssl.*).
type MetricsTLS struct {
	KeyStore, TrustStore           KeyStore
	EnabledProtocols, CipherSuites []string
	// ClientAuth is none, want or need.
	ClientAuth string
}

// Audit is the log of who changed what (audit.*).
type Audit struct {
	// On switches it on.
	On bool
	// Path is its own file; empty for the server's log.
	Path string
	// FileBytesMax bounds one file, Files how many there are.
	FileBytesMax int64
	Files        int
}

// Traces is what a collector is told of requests (traces.*).
type Traces struct {
	// Endpoint is the collector's URL, with the path; empty for none.
	Endpoint string
	// Share of the requests is traced, from 0 to 1.
	Share float64
	// Service is who the server says that it is.
	Service string
	// HeadersFile has headers for the collector, CAFile its authorities; empty for none.
	HeadersFile, CAFile string
	// PathsOmitted leaves the paths of znodes out.
	PathsOmitted bool
}

// Peers is about the links between servers. Zero times are the shell's defaults.
type Peers struct {
	// LeaderServes lets a leader take clients.
	LeaderServes bool
	// OraclePath is the file by which an oracle decides for two voters (oraclePath);
	// empty for none.
	OraclePath string
	// ObserverMasterPort is where followers serve observers (observerMasterPort); 0 or
	// less is none.
	ObserverMasterPort int
	// ElectionBindTries bounds the attempts to open the election port; 0 is no
	// bound (electionPortBindRetry).
	ElectionBindTries int
	// ElectionDialTimeout is cnxTimeout; ElectionHandshakeTimeout is
	// quorumCnxnTimeoutMs, negative is the sync limit.
	ElectionDialTimeout, ElectionHandshakeTimeout time.Duration
	// NotificationMin and NotificationMax bound the pause between two rounds of
	// notifications (fastleader.*).
	NotificationMin, NotificationMax time.Duration
	// ConnectLimitTicks is connectToLearnerMasterLimit, and 0 no bound of its own;
	// ConnectPause is leaderConnectDelayDuringRetryMs.
	ConnectLimitTicks int
	ConnectPause      time.Duration
	// ObserverReconnect and ObserverElection are the rests of an observer
	// (observer.reconnectDelayMs, observer.election.DelayMs).
	ObserverReconnect, ObserverElection time.Duration
	// EpochWait is leader.maxTimeToWaitForEpoch, and negative no bound.
	EpochWait time.Duration
	// HandshakesMax bounds the introductions under way at the election port
	// (quorum.cnxn.threads.size).
	HandshakesMax int
	// TLSDialled is sslQuorum. TLS is about the certificates.
	TLSDialled bool
	TLS        TLS
	SASL       PeerSASL
}

// Secured tells whether the ports between servers speak TLS.
func (p *Peers) Secured() bool { return p.TLSDialled || p.TLS.PortUnification }

// PeerSASL says how servers authenticate to each other (quorum.auth.*).
type PeerSASL struct {
	// On hears the proofs of others, Prove gives ours, ProofRequired lets nobody in
	// without.
	On, Prove, ProofRequired bool
	// LearnerSection and ServerSection are the parts of the JAAS file for ours and for
	// theirs.
	LearnerSection, ServerSection string
	// ServicePrincipal is whom Kerberos reaches, with _HOST for the host that is dialled.
	ServicePrincipal string
}
