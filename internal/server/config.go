package server

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"zoo"
	"zoo/internal/config"
	"zoo/internal/core/replica"
	"zoo/internal/core/throttle"
	"zoo/internal/core/tree"
	"zoo/internal/disk/snapshot"
	"zoo/internal/disk/store"
	"zoo/internal/disk/vfs"
	"zoo/internal/net/peer"
	"zoo/internal/ops/admin"
	"zoo/internal/ops/command"
)

// Config is everything that a server must know, in the terms of the rooms that
// it joins. See FromConfig for where it usually comes from.
type Config struct {
	// Config is the replica's part; its Start is set when the server starts.
	replica.Config

	// Store says where the data is.
	Store store.Config
	// Purge says what of it goes, and when.
	Purge PurgeConfig

	// ClientListen are the host:port for clients.
	ClientListen []string
	// ClientBind replaces TCP there, for tests.
	ClientBind func(address string) (net.Listener, error)
	// Secure is TLS for clients; nil is none.
	Secure *SecureConfig
	// ConnsPerHostMax bounds the connections of one address; 0 is no bound.
	ConnsPerHostMax int
	// ConnsMax bounds the connections of all clients; 0 is no bound.
	ConnsMax int
	// Admission, Stall and Large slow down or turn away what comes too fast.
	Admission AdmissionConfig
	Stall     StallConfig
	Large     LargeConfig
	// FrameBytesMax bounds a frame of a client.
	FrameBytesMax int
	// OutstandingMax bounds the requests in process of all clients; beyond it a
	// connection that has one in process is not read.
	OutstandingMax int

	// SessionlessMax is how long a connection may be without a session.
	SessionlessMax time.Duration

	// EagerACLCheck refuses writes that the tree forbids as it is here, before they go
	// to the leader (zookeeper.enableEagerACLCheck).
	EagerACLCheck bool
	// Access says what clients must prove, beside the replica's Rules.
	Access Access

	// Election describes the election connections.
	Election peer.ElectionConfig
	// Quorum describes the links between a leader and its learners.
	Quorum peer.QuorumConfig
	// PeerSecurity protects both; nil leaves them plain.
	PeerSecurity *PeerSecurity
	// QuorumListen are the host:port for learners.
	QuorumListen []string
	// OraclePath is the file by which an oracle speaks; empty for none (oraclePath).
	OraclePath string
	// MasterPort is where followers serve observers (observerMasterPort), 0 for none.
	// MasterListen are the host:port for that while this server follows, Masters
	// those at which an observer tries the others.
	MasterPort   int
	MasterListen []string
	Masters      map[zoo.ServerID]string
	// Leaders are the quorum addresses of the ensemble, several of one server
	// joined with "|".
	Leaders map[zoo.ServerID]string

	// Files are the configuration files that follow reconfigurations; nil for none. The log
	// writer's.
	Files *config.Files
	// ListenOnAllIPs binds the quorum and election ports to every address.
	ListenOnAllIPs bool

	// ElectionBindTries is how often to try to open the election port, a second
	// apart; 0 means once, -1 without end.
	ElectionBindTries int
	// SpaceInterval is the time between two looks at how full the disk is: a second.
	SpaceInterval time.Duration
	// SyncSlow is how long a sync of the log may take before it is told; 0 tells
	// of none.
	SyncSlow time.Duration
	// SnapRate bounds the bytes of a snapshot that are moved in a second; 0 fits it to
	// the size of the tree.
	SnapRate int64
	// Linearizable lists the paths whose reads, with those below them, are linearizable.
	Linearizable []string
	// ListenBacklog is how many connections the system keeps until they are
	// accepted; 0 and -1 let it decide.
	ListenBacklog int
	// ClientKeepAlive switches TCP keep-alive on for clients.
	ClientKeepAlive bool

	// Admin is the HTTP server for operators.
	Admin admin.Config
	// Scraped are the ports of the metrics alone.
	Scraped []admin.Config

	// Audit is the log of who changed what.
	Audit AuditConfig

	// Traces is which requests are told to a collector.
	Traces TracesConfig

	// Words is the whitelist of four-letter words.
	Words []string
	// Settings are the lines of the word conf, Lines those of zoo.cfg, and Properties all
	// that was given, by the names of Java's properties. Secrets are masked.
	Settings, Lines, Properties []command.Setting
}

// The bounds for a Config that names none.
const (
	frameBytesMaxDefault  = 0xfffff
	outstandingMaxDefault = 1 << 16
)

func (c Config) withDefaults() Config {
	if c.TickTime == 0 {
		c.TickTime = 3 * time.Second
	}
	if c.FrameBytesMax == 0 {
		c.FrameBytesMax = frameBytesMaxDefault
	}
	if c.OutstandingMax == 0 {
		c.OutstandingMax = outstandingMaxDefault
	}
	if c.Stall.Pause == 0 {
		c.Stall.Pause = stallPauseDefault
	}
	if c.SpaceInterval == 0 {
		c.SpaceInterval = spaceIntervalDefault
	}
	if c.SessionlessMax == 0 {
		c.SessionlessMax = sessionlessMaxDefault
	}
	if c.Store.FS == nil {
		c.Store.FS = vfs.OS{}
	}
	return c
}

// FromConfig puts an operator's configuration into the terms of a server's
// rooms.
func FromConfig(c *config.Config) (Config, error) {
	own := Config{
		Config: replica.Config{
			ID: c.ID, TickTime: c.Tick, InitLimit: c.InitLimitTicks, SyncLimit: c.SyncLimitTicks,
			SessionTimeoutMin: c.SessionTimeoutMin, SessionTimeoutMax: c.SessionTimeoutMax,
			SnapCount: c.SnapCount, HistoryMin: c.CommitLogCount,
			Types:           tree.Types{Extended: c.ExtendedTypes, Emulate353: c.TTL353},
			ReconfigEnabled: c.ReconfigEnabled, LeaderAlone: !c.Peers.LeaderServes,
			ResendMin: c.Peers.NotificationMin, ResendMax: c.Peers.NotificationMax,
			Undigested: c.Storage.Undigested, EndsUnlisted: c.Storage.EndsUnlisted,
			Seed: rand.Uint64(),
		},
		Store: store.Config{
			FS: vfs.OS{}, DataDir: c.DataDir, LogDir: c.DataLogDir,
			PreallocateBytes: c.PreallocBytes, LogBytesMax: c.Storage.LogBytesMax,
			RequireInitialize:  c.Storage.InitializeRequired,
			TrustEmptySnapshot: c.Storage.TrustEmptySnapshot,
			LogUnsynced:        c.Storage.Unsynced, DirsExpected: c.Storage.DirsExpected,
			Snapshots: snapshotFormat(c),
		},
		Purge: purging(c.Storage.Purge), Admin: operators(c),
		Scraped: scraped(c), Audit: AuditConfig(c.Audit),
		ElectionBindTries: c.Peers.ElectionBindTries, ListenBacklog: c.ListenBacklog,
		ClientKeepAlive: c.ClientKeepAlive, ConnsPerHostMax: c.ConnsPerHostMax,
		FrameBytesMax: c.FrameBytesMax, OutstandingMax: c.OutstandingMax, Words: c.Commands,
		Settings: settings(c), Lines: linesOf(c), Properties: propertiesOf(c),
	}
	own.takeSessions(c)
	own.takeDisk(c)
	own.addLimits(c)
	own.takeThrottles(c)
	if err := own.admission(c); err != nil {
		return own, err
	}
	own.takeTLS(c)
	return own, own.takeRest(c)
}

// takeRest takes what may fail.
func (own *Config) takeRest(c *config.Config) error {
	if err := own.takeTraces(&c.Traces); err != nil || c.Standalone() {
		return err
	}
	return own.join(c)
}

func snapshotFormat(c *config.Config) snapshot.Format {
	// The configuration has refused words that are no compression.
	compression, _ := snapshot.ParseCompression(c.Storage.SnapshotCompression)
	return snapshot.Format{Compression: compression, DigestOmitted: c.Storage.Undigested,
		LastZxidOmitted: c.Storage.LastZxidOmitted}
}

func purging(p config.Purge) PurgeConfig {
	return PurgeConfig{
		Retention: store.Retention{Snapshots: p.Retain, Age: p.Age, Bytes: p.Bytes},
		Interval:  p.Interval, IntervalOnly: p.IntervalOnly,
	}
}

// takeDisk takes how often and how fast snapshots are written, and what is about a disk
// that is full or slow.
func (own *Config) takeDisk(c *config.Config) {
	own.SnapLogBytes = c.Storage.SnapLogBytes
	own.SnapPause = max(c.Storage.SnapPause, 1) // the replica's zero is its default
	own.SnapRate = c.Storage.SnapRate
	own.ObserverUnlogged = c.Storage.ObserverUnlogged
	own.SpaceMin, own.DiskSilenceMax = c.Storage.ReserveBytes, c.Storage.SilenceMax
	own.SyncSlow = c.Storage.SyncSlow
}

// takeSessions takes what concerns sessions, and where they begin.
func (own *Config) takeSessions(c *config.Config) {
	own.LocalSessions, own.LocalSessionsUpgrading = c.Sessions.Local, c.Sessions.LocalUpgrade
	own.ReadOnly = c.Sessions.ReadOnly
	own.SessionlessMax = c.Limits.SessionlessTimeout
	if c.ClientListen != "" {
		own.ClientListen = []string{c.ClientListen}
	}
	// A server alone makes the transactions itself, and Java's does not look twice.
	own.EagerACLCheck = c.Limits.EagerACLCheck && !c.Standalone()
}

// takeThrottles takes what slows clients down or turns them away.
func (own *Config) takeThrottles(c *config.Config) {
	l := &c.Limits
	own.ConnsMax = l.ConnsMax
	own.Stall = StallConfig{
		RequestsMax: l.RequestThrottle.RequestsMax,
		Pause:       l.RequestThrottle.StallTime,
		LatencyMax:  l.RequestThrottle.DropStale && l.RequestThrottle.StaleLatencyCheck,
		WaitMax:     l.RequestThrottle.OpWait,
	}
	own.Large = LargeConfig{
		ThresholdBytes: l.LargeRequestBytes, SumBytesMax: int64(l.LargeRequestsBytesMax),
	}
	t := &l.ConnThrottle
	own.Admission = AdmissionConfig{Config: throttle.Config{
		Tokens: t.Tokens, FillTime: t.FillTime, FillCount: t.FillCount,
		FreezeTime: t.FreezeTime, Increase: t.DropIncrease, Decrease: t.DropDecrease,
		DecreaseRatio: t.DecreaseRatio,
	}}
	if t.Weighted {
		// The settings count global sessions.
		own.Admission.Tokens *= t.GlobalWeight
		own.Admission.FillCount *= t.GlobalWeight
		own.Admission.GlobalCost = t.GlobalWeight
		own.Admission.RenewalCost, own.Admission.LocalCost = t.RenewWeight, t.LocalWeight
	}
	if n := len(c.Servers); n > 2 {
		own.OutstandingMax = max(own.OutstandingMax/(n-1), 1)
	}
}

// join adds what concerns the ensemble.
func (own *Config) join(c *config.Config) error {
	own.Leaders = make(map[zoo.ServerID]string)
	own.Election = peer.ElectionConfig{
		ID: c.ID, Members: make(map[zoo.ServerID]string), Jitter: rand.Float64,
		DialTimeout: c.Peers.ElectionDialTimeout, HandshakeTimeout: handshakeTimeout(c),
	}
	own.Quorum.HandshakeTimeout = handshakeTimeout(c)
	own.takePatience(c)
	if err := own.takePeerSecurity(c); err != nil {
		return err
	}
	if c.Peers.ElectionBindTries == 0 {
		own.ElectionBindTries = -1
	}
	for _, s := range c.Servers {
		own.Leaders[s.ID] = joined(s.Addresses, config.Address.Quorum)
		own.Election.Members[s.ID] = joined(s.Addresses, config.Address.Election)
	}
	self, _ := c.Server(c.ID)
	own.ListenOnAllIPs = c.QuorumListenOnAllIPs
	own.QuorumListen = own.bindings(self, func(a config.Address) int { return a.QuorumPort })
	own.Election.Listen = own.bindings(self,
		func(a config.Address) int { return a.ElectionPort })
	own.takeMasters(c, self)
	own.Oracle, own.OraclePath = c.Peers.OraclePath != "", c.Peers.OraclePath
	view, err := c.View()
	if err != nil {
		return fmt.Errorf("%s: %w", c.File, err)
	}
	own.View, own.Next, own.Files = view, c.Next, c.Files()
	own.VotersMin = 1
	if c.StandaloneEnabled {
		own.VotersMin = 2 // One alone would be a standalone server after its next start.
	}
	return nil
}

// takeMasters takes the port at which followers serve observers. Each server goes by its
// own value, also for where the others are, as in Java.
func (own *Config) takeMasters(c *config.Config, self config.Server) {
	own.MasterPort = max(c.Peers.ObserverMasterPort, 0)
	if own.ObserverMasters = own.MasterPort > 0; !own.ObserverMasters {
		return
	}
	own.Masters = make(map[zoo.ServerID]string)
	for _, s := range c.Servers {
		own.Masters[s.ID] = masterAddresses(s, own.MasterPort)
	}
	own.MasterListen = own.masterBindings(self)
}

// takePatience takes how long to try, and how long to rest. What is reached within the
// limit is not given up before by a single attempt.
func (own *Config) takePatience(c *config.Config) {
	limit := time.Duration(c.Peers.ConnectLimitTicks) * c.Tick
	own.Patience = replica.Patience{
		ObserverReconnect: c.Peers.ObserverReconnect,
		ObserverElection:  c.Peers.ObserverElection,
		Connect:           limit, ConnectPause: c.Peers.ConnectPause,
	}
	own.Quorum.DialTimeout = limit // zero is the default
	if c.Peers.EpochWait >= 0 {
		own.Patience.EpochWait = max(c.Peers.EpochWait, 1)
	}
}

// handshakeTimeout is the sync limit unless something else was said.
func handshakeTimeout(c *config.Config) time.Duration {
	if c.Peers.ElectionHandshakeTimeout < 0 {
		return c.SyncLimit()
	}
	return c.Peers.ElectionHandshakeTimeout
}

// joined lists the addresses of one server as package peer takes them.
func joined(addresses []config.Address, text func(config.Address) string) string {
	list := make([]string, len(addresses))
	for i, a := range addresses {
		list[i] = text(a)
	}
	return strings.Join(list, "|")
}

func hostPort(host string, port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }

// settings are the lines of the word conf, with ZooKeeper's keys.
func settings(c *config.Config) []command.Setting {
	data, log := store.VersionDir(c.DataDir), store.VersionDir(c.DataLogDir)
	list := []command.Setting{
		{Key: "clientPort", Value: strconv.Itoa(c.ClientPort())},
		{Key: "dataDir", Value: data},
		{Key: "dataDirSize", SizeOf: data},
		{Key: "dataLogDir", Value: log},
		{Key: "dataLogSize", SizeOf: log},
		{Key: "tickTime", Value: millis(c.Tick)},
		{Key: "maxClientCnxns", Value: strconv.Itoa(c.ConnsPerHostMax)},
		{Key: "minSessionTimeout", Value: millis(c.SessionTimeoutMin)},
		{Key: "maxSessionTimeout", Value: millis(c.SessionTimeoutMax)},
		{Key: "clientPortListenBacklog", Value: strconv.Itoa(c.ListenBacklog)},
		{Key: "serverId", Value: "0"},
	}
	if _, port, err := net.SplitHostPort(c.SecureListen); err == nil {
		list = slices.Insert(list, 1, command.Setting{Key: "secureClientPort", Value: port})
	}
	self, member := c.Server(c.ID)
	if !member {
		return list
	}
	list[len(list)-1].Value = strconv.FormatInt(int64(c.ID), 10)
	peerType := "0"
	if c.Observer {
		peerType = "1"
	}
	return append(list,
		command.Setting{Key: "initLimit", Value: strconv.Itoa(c.InitLimitTicks)},
		command.Setting{Key: "syncLimit", Value: strconv.Itoa(c.SyncLimitTicks)},
		command.Setting{Key: "electionAlg", Value: "3"},
		command.Setting{Key: "electionPort", Value: strconv.Itoa(self.Addresses[0].ElectionPort)},
		command.Setting{Key: "quorumPort", Value: strconv.Itoa(self.Addresses[0].QuorumPort)},
		command.Setting{Key: "peerType", Value: peerType},
	)
}

// linesOf are those of zoo.cfg.
func linesOf(c *config.Config) (lines []command.Setting) {
	for _, l := range c.Given {
		if c.File != "" && !strings.HasPrefix(l.Origin, "-D") {
			lines = append(lines, command.Setting{Key: l.Name, Value: l.Value})
		}
	}
	return lines
}

// propertiesOf is what was given, as Java makes properties of it: those of the command line
// by their names, the lines of the file with the prefix, which count more.
func propertiesOf(c *config.Config) []command.Setting {
	values := map[string]string{}
	for _, l := range c.Given {
		name, defined := strings.CutPrefix(l.Origin, "-D")
		if !defined {
			name = "zookeeper." + l.Name
		}
		values[name] = l.Value
	}
	var list []command.Setting
	for _, name := range slices.Sorted(maps.Keys(values)) {
		list = append(list, command.Setting{Key: name, Value: values[name]})
	}
	return list
}

func millis(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
