package doctor

import (
	"fmt"
	"net"
	"net/netip"
	"regexp"
	"strings"
	"time"

	"zoo/internal/config"
	"zoo/internal/migrate"
)

// What is odd in a configuration.
const (
	initLimitMin, initLimitMax   = 10 * time.Second, 10 * time.Minute
	syncLimitMin, syncLimitMax   = 3 * time.Second, time.Minute
	tickMin, tickMax             = 500 * time.Millisecond, 10 * time.Second
	sessionTimeoutMost           = 10 * time.Minute
	snapCountLeast, snapCountMax = 1000, 10_000_000
)

// configChecks are about the files alone.
var configChecks = []Check{
	{"configuration-refused", SeverityError, "A configuration that a server refuses.",
		"The server does not start with it.",
		"Change what is named; `zoo config explain zoo.cfg` shows what each line comes to.",
		configRefused},
	{"myid", SeverityError, "dataDir/myid is missing, is no number, or is that of no server line.",
		"A member of an ensemble does not know who it is, and does not start.",
		"Write the number of its server line, and nothing else, into dataDir/myid of each " +
			"server; every server has another one.",
		func(f *Facts, tell teller) {
			for i := range f.Configs {
				if c := &f.Configs[i]; c.MyID != "" {
					where, what := splitPlace(c.MyID, c.Member.File)
					tell(where, "%s", what)
				}
			}
		}},
	{"setting-ignored", SeverityWarning, "A setting that nothing reads, where it stands or at " +
		"all.",
		"It looks as if something was configured, and is not. jute.maxbuffer is the classic: " +
			"in a file it has no effect, and the larger znodes are refused.",
		"Correct the name, or give it as -Dname=value on the command line if it is said that " +
			"a file does not do.",
		warnings(true)},
	{"setting-doubtful", SeverityWarning, "A setting that is seldom meant so.",
		"The server lives with it, and does something else than is usually wanted.",
		"Read what is said of it, and change it unless it is meant.",
		warnings(false)},
	{"ports-clash", SeverityError, "Two ports of a server are the same.",
		"The one that is opened second fails: the server does not start, or is without its " +
			"admin server, whose 8080 is a popular number (ZOOKEEPER-5050).",
		"Give each of clientPort, secureClientPort, admin.serverPort and the two ports of the " +
			"server line a number of its own.",
		portsClash},
	{"settings-differ", SeverityWarning, "Servers of an ensemble are configured differently.",
		"Whoever leads decides for all, and a client that moves gets other limits: what works " +
			"today fails after the next election.",
		"Make the setting the same on every server, and restart them one at a time, the " +
			"leader last.",
		settingsDiffer},
	{"members-differ", SeverityError, "Servers do not agree who is in the ensemble, or who " +
		"counts.",
		"Two sets of servers can both take themselves for a quorum, and acknowledge writes " +
			"that the others never see; joiners that list each other as participants do just " +
			"that.",
		"Make the server, group and weight lines the same in every file. A server that is to " +
			"join lists the ensemble of today and itself as observer; add it by `zoo member add`.",
		membersDiffer},
	{"sync-off", SeverityError, "Writes are acknowledged before they are on the disk " +
		"(forceSync=no).",
		"A power cut of a whole site loses writes that clients were told of, and a server that " +
			"forgot what it acknowledged can break the ensemble.",
		"Remove forceSync. If writes are too slow, put the log on a faster disk of its own " +
			"(dataLogDir).",
		configured("forceSync", func(c *config.Config) string {
			return saysIf(c.Storage.Unsynced, "forceSync is no")
		})},
	{"acl-off", SeverityWarning, "Access control is switched off (skipACL=yes).",
		"Everybody who reaches the port can read, change and delete everything, and reconfigure " +
			"the ensemble.",
		"Remove skipACL; who has lost the keys to a znode can be let in by a super user " +
			"(DigestAuthenticationProvider.superDigest).",
		configured("skipACL", func(c *config.Config) string {
			return saysIf(c.SkipACL, "skipACL is yes")
		})},
	{"trust-empty", SeverityWarning, "A log without any snapshot is believed " +
		"(snapshot.trust.empty).",
		"It is for one start after an upgrade from 3.4. Left on, a server that has lost its " +
			"snapshots starts with a part of the data and says nothing (ZOOKEEPER-3056).",
		"Remove the line once the server has written a snapshot.",
		configured("snapshot.trust.empty", func(c *config.Config) string {
			return saysIf(c.Storage.TrustEmptySnapshot, "snapshot.trust.empty is true")
		})},
	{"purge-off", SeverityWarning, "Old snapshots and logs are never purged.",
		"The disk fills up, and then the server stops or takes no writes. ZooKeeper's default " +
			"is not to purge.",
		"Set autopurge.purgeInterval=1, or run zkCleanup.sh from cron.",
		purgeOff},
	{"limits-short", SeverityWarning, "initLimit or syncLimit, times tickTime, is short.",
		"A pause of a disk or of a virtual machine, or a large snapshot, is taken for a death: " +
			"learners are thrown out, fetch everything again, and are late again.",
		"Let initLimit come to 10 s at least, and to the time that the largest snapshot takes " +
			"over the network; syncLimit to 3 s at least.",
		limits(func(c *config.Config) (string, string) {
			return saysIf(c.InitLimitTicks > 0 && c.InitLimit() < initLimitMin,
					"initLimit comes to "+c.InitLimit().String()),
				saysIf(c.SyncLimitTicks > 0 && c.SyncLimit() < syncLimitMin,
					"syncLimit comes to "+c.SyncLimit().String())
		})},
	{"limits-long", SeverityNote, "initLimit or syncLimit, times tickTime, is long.",
		"A learner that is dead or cut off is noticed so late; a leader that lost its quorum " +
			"goes on for so long before another one is elected. Mostly it was raised once to " +
			"get " +
			"a large snapshot through (ZOOKEEPER-2678).",
		"Lower syncLimit below 60 s, and initLimit to what the largest snapshot needs.",
		limits(func(c *config.Config) (string, string) {
			return saysIf(c.InitLimit() > initLimitMax,
					"initLimit comes to "+c.InitLimit().String()),
				saysIf(c.SyncLimit() > syncLimitMax, "syncLimit comes to "+c.SyncLimit().String())
		})},
	{"tick-odd", SeverityNote, "tickTime is below half a second or above 10 seconds.",
		"All limits and the bounds of session timeouts are counted in ticks, and learners are " +
			"pinged twice in one: so short a one makes noise of a pause, so long a one notices " +
			"late.",
		"Set tickTime=2000, and the limits in ticks of that.",
		configured("tickTime", func(c *config.Config) string {
			return saysIf(c.Tick < tickMin || c.Tick > tickMax, "a tick is "+c.Tick.String())
		})},
	{"session-bounds", SeverityWarning, "The bounds of session timeouts are odd.",
		"Below two ticks one lost ping costs a client its session and its ephemeral znodes; " +
			"above ten minutes those of a dead client stay for so long, and with them its locks.",
		"Leave minSessionTimeout and maxSessionTimeout out (2 and 20 ticks), or stay between " +
			"two ticks and ten minutes.",
		sessionBounds},
	{"snap-count-odd", SeverityNote, "snapCount is far from usual.",
		"With few transactions between snapshots a server writes them all the time; with very " +
			"many a start has to replay them, which takes minutes.",
		"Leave snapCount at 100000 unless it was measured.",
		configured("snapCount", func(c *config.Config) string {
			return saysIf(c.SnapCount < snapCountLeast || c.SnapCount > snapCountMax,
				fmt.Sprintf("snapCount is %d", c.SnapCount))
		})},
	{"connections-unbounded", SeverityNote, "Nothing bounds the connections (maxClientCnxns=0).",
		"One client that leaks connections, or all of them that reconnect at once after an " +
			"outage, takes the descriptors and the memory of the server (ZOOKEEPER-801).",
		"Set maxClientCnxns above what one host honestly needs, or maxCnxns for all together, " +
			"or connection_throttle_tokens against storms.",
		configured("maxClientCnxns", func(c *config.Config) string {
			return saysIf(c.ConnsPerHostMax == 0 && c.Limits.ConnsMax == 0 &&
				c.Limits.ConnThrottle.Tokens == 0,
				"neither maxClientCnxns nor maxCnxns nor connection_throttle_tokens is set")
		})},
	{"words-few", SeverityWarning, "Four-letter words that monitoring asks for are not allowed.",
		"Probes that say ruok and agents that read mntr (Telegraf, Datadog, Prometheus " +
			"exporters) fail, which looks like an outage. ZooKeeper allows only srvr since 3.5.3.",
		"Set 4lw.commands.whitelist=ruok,srvr,mntr,stat,isro,conf,envi,wchs.",
		wordsFew},
	{"words-all", SeverityWarning, "All four-letter words are allowed, also those that cost or " +
		"tell much.",
		"wchc, wchp, dump and cons list every watch, session and client to anybody who reaches " +
			"the port, and on a large server take long; srst and crst reset its figures.",
		"Name the words that are needed: " +
			"4lw.commands.whitelist=ruok,srvr,mntr,stat,isro,conf,envi,wchs.",
		configured("4lw.commands.whitelist", func(c *config.Config) string {
			return saysIf(hasWord(c.Commands, "*"), "4lw.commands.whitelist is *")
		})},
	{"admin-exposed", SeverityWarning, "The admin server answers other machines without a key.",
		"What it tells of the configuration, the clients and the paths is not for everybody; " +
			"Java's, which listens on every address by default, asks nobody who they are " +
			"(ZOOKEEPER-5050).",
		"Set admin.serverAddress=127.0.0.1, or admin.enableServer=false, or let nobody but the " +
			"monitoring through the firewall; with ours set admin.keysFile, and not " +
			"admin.open.",
		adminExposed},
	{"admin-plain", SeverityWarning, "The keys of operators go over the network as they are.",
		"Who listens in between has the key, and with it everything that the admin server does, " +
			"a restore included.",
		"Set admin.forceHttps=true with ssl.quorum.keyStore (docs/operate/admin.md), or " +
			"admin.serverAddress=127.0.0.1 behind a proxy that speaks TLS.",
		adminPlain},
	{"reconfig-ownerless", SeverityNote, "Reconfiguration is on, and nobody may do it.",
		"The znode /zookeeper/config can be written by a super user only, unless its ACL was " +
			"changed. Without one a lost server cannot be replaced when it is urgent.",
		"Set DigestAuthenticationProvider.superDigest (on Java's servers as " +
			"-Dzookeeper.DigestAuthenticationProvider.superDigest) or another super user, " +
			"or give the znode an ACL.",
		configured("reconfigEnabled", func(c *config.Config) string {
			return saysIf(c.ReconfigEnabled && !c.SkipACL && c.SuperDigest == "" &&
				c.Auth.X509SuperUser == "" && len(c.Auth.SASLSuperUsers) == 0,
				"reconfigEnabled is true, and no super user is set")
		})},
}

func saysIf(so bool, text string) string {
	if so {
		return text
	}
	return ""
}

// configured looks at each configuration by itself; what is said is about one setting.
func configured(name string, look func(*config.Config) string) func(*Facts, teller) {
	return func(f *Facts, tell teller) {
		for _, c := range f.read() {
			if text := look(c.Member.Config); text != "" {
				tell(c.at(name), "%s", text)
			}
		}
	}
}

func limits(look func(*config.Config) (initLimit, syncLimit string)) func(*Facts, teller) {
	return func(f *Facts, tell teller) {
		for _, c := range f.read() {
			if c.Member.Config.Standalone() {
				continue
			}
			initLimit, syncLimit := look(c.Member.Config)
			if initLimit != "" {
				tell(c.at("initLimit"), "%s", initLimit)
			}
			if syncLimit != "" {
				tell(c.at("syncLimit"), "%s", syncLimit)
			}
		}
	}
}

// inFront is the place at the beginning of an error of the configuration.
var inFront = regexp.MustCompile(`^(\S[^:]*(?::\d+)?): (.*)$`)

func splitPlace(text, otherwise string) (where, what string) {
	if parts := inFront.FindStringSubmatch(text); parts != nil &&
		strings.ContainsAny(parts[1], "/.") {
		return parts[1], parts[2]
	}
	return otherwise, text
}

func configRefused(f *Facts, tell teller) {
	for i := range f.Configs {
		m := &f.Configs[i].Member
		for _, text := range m.Refusals {
			where, what := splitPlace(text, m.File)
			tell(where, "%s", what)
		}
	}
}

// ownChecks are words of warnings that a check of its own says better, or that only tell
// what is different from Java.
var ownChecks = []string{"has no effect: ", "voting servers tolerate",
	"writes that clients were told", "every client may do everything", "it runs standalone",
	"overrides line"}

// unread begin the warnings of what nothing reads.
var unread = []string{"unknown, ignored", "is never read", "has no effect in a file",
	"has no effect with the prefix"}

func warnings(ignored bool) func(*Facts, teller) {
	return func(f *Facts, tell teller) {
		for i := range f.Configs {
			m := &f.Configs[i].Member
			for _, w := range m.Warnings {
				if containsAny(w.Text, ownChecks) || containsAny(w.Text, unread) != ignored {
					continue
				}
				where := m.File
				if w.File != "" {
					where = w.File
				}
				if w.Line > 0 {
					where += fmt.Sprintf(":%d", w.Line)
				}
				tell(where, "%s", strings.TrimSpace(w.Key+" "+w.Text))
			}
		}
	}
}

func containsAny(text string, parts []string) bool {
	for _, part := range parts {
		if strings.Contains(text, part) {
			return true
		}
	}
	return false
}

// listener is a port that a server opens.
type listener struct{ name, host, port string }

func portsClash(f *Facts, tell teller) {
	for _, c := range f.read() {
		all := listeners(c.Member.Config)
		for i, a := range all {
			for _, b := range all[:i] {
				if a.port == b.port && a.port != "0" &&
					(a.host == b.host || anyAddress(a.host) || anyAddress(b.host)) {
					tell(c.at(b.name), "%s and %s are both on port %s", b.name, a.name, a.port)
				}
			}
		}
	}
}

func listeners(c *config.Config) []listener {
	var all []listener
	add := func(name, address string) {
		if host, port, err := net.SplitHostPort(address); err == nil {
			all = append(all, listener{name, host, port})
		}
	}
	add("clientPort", c.ClientListen)
	add("secureClientPort", c.SecureListen)
	if self, ok := c.Server(c.ID); ok {
		for _, a := range self.Addresses {
			add(self.Key(), a.Quorum())
			add(self.Key(), a.Election())
		}
	}
	add("admin.serverPort", c.Admin.Listen)
	return all
}

// anyAddress tells whether a host stands for every address of its machine. Of a name
// nobody knows that it is not one of these.
func anyAddress(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "" || err == nil && ip.IsUnspecified()
}

func members(f *Facts) []migrate.Member {
	var all []migrate.Member
	for i := range f.Configs {
		all = append(all, f.Configs[i].Member)
	}
	return all
}

// mustAgreeRunning are settings of conf that all servers should have alike.
var mustAgreeRunning = []string{"tickTime", "minSessionTimeout", "maxSessionTimeout", "initLimit",
	"syncLimit"}

func settingsDiffer(f *Facts, tell teller) {
	for _, d := range migrate.Differences(members(f)) {
		if d.Why != "" {
			tell("all zoo.cfg", "%s differs: %s: %s", d.Name, d.Have, d.Why)
		}
	}
	if len(f.Configs) > 1 {
		return
	}
	for _, name := range mustAgreeRunning {
		first := ""
		for _, s := range f.told() {
			value := s.Settings[name]
			switch {
			case value == "":
			case first == "":
				first = value
			case value != first:
				tell(s.String(), "%s is %s, and %s elsewhere", name, value, first)
			}
		}
	}
}

func membersDiffer(f *Facts, tell teller) {
	for _, d := range migrate.Differences(members(f)) {
		if d.Why == "" {
			tell("all zoo.cfg", "%s differs: %s", d.Name, d.Have)
		}
	}
}

// purgeOff: that nothing is said means no purge to Java's servers only.
func purgeOff(f *Facts, tell teller) {
	for _, c := range f.read() {
		line := c.line("autopurge.purgeInterval")
		switch {
		case c.Member.Config.Storage.Purge.Interval == 0:
			tell(c.at("autopurge.purgeInterval"), "autopurge.purgeInterval is 0")
		case line.Default && f.java(c):
			tell(c.Member.File, "autopurge.purgeInterval is missing, and it is a server of Java's")
		}
	}
}

func sessionBounds(f *Facts, tell teller) {
	for _, c := range f.read() {
		cfg := c.Member.Config
		if cfg.SessionTimeoutMin < 2*cfg.Tick {
			tell(c.at("minSessionTimeout"), "minSessionTimeout is %v, below two ticks of %v",
				cfg.SessionTimeoutMin, cfg.Tick)
		}
		if cfg.SessionTimeoutMax > sessionTimeoutMost {
			tell(c.at("maxSessionTimeout"), "maxSessionTimeout is %v", cfg.SessionTimeoutMax)
		}
	}
}

func hasWord(words []string, word string) bool {
	for _, w := range words {
		if w == word {
			return true
		}
	}
	return false
}

// wordsFew goes by the file where the server was not asked, since Java's default and ours
// are not the same.
func wordsFew(f *Facts, tell teller) {
	for _, c := range f.read() {
		if c.line("4lw.commands.whitelist").Default {
			continue
		}
		for _, word := range []string{"ruok", "mntr"} {
			if cfg := c.Member.Config; !cfg.Allows(word) {
				tell(c.at("4lw.commands.whitelist"), "%s is not in 4lw.commands.whitelist", word)
			}
		}
	}
	for _, s := range f.told() {
		known := false
		for _, c := range f.read() {
			known = known || s.ID != 0 && c.Member.ID == s.ID &&
				!c.line("4lw.commands.whitelist").Default
		}
		if s.Figures == nil && !known {
			tell(s.String(), "it does not answer mntr")
		}
	}
}

// adminPlain finds keys without TLS. A port that takes both is on its way.
func adminPlain(f *Facts, tell teller) {
	for _, c := range f.read() {
		admin := &c.Member.Config.Admin
		if admin.Listen != "" && admin.KeysFile != "" && !admin.Secured() &&
			!onLoopback(admin.Listen) {
			tell(c.at("admin.keysFile"), "it listens on %s, without TLS", admin.Listen)
		}
	}
}

// onLoopback tells whether an address is reached from its own machine only.
func onLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

func adminExposed(f *Facts, tell teller) {
	for _, c := range f.read() {
		admin := &c.Member.Config.Admin
		switch {
		case admin.Listen == "":
		case onLoopback(admin.Listen):
			if c.line("admin.serverAddress").Default && f.java(c) {
				tell(c.Member.File, "admin.serverAddress is missing, and it is a server of Java's")
			}
		case admin.TLSForced && admin.ClientNeeded && !admin.Open:
		case admin.Open || !f.ours(c):
			tell(c.at("admin.serverAddress"), "it listens on %s", admin.Listen)
		}
	}
}
