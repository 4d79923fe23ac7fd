package doctor

import (
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"zoo"
	"zoo/internal/config"
	"zoo/internal/migrate"
)

// now is when all stories happen.
var now = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

// healthyText is the zoo.cfg of an ensemble with which nothing is wrong.
const healthyText = `tickTime=2000
initLimit=10
syncLimit=5
clientPort=2181
maxClientCnxns=200
server.1=zoo1.example:2888:3888
server.2=zoo2.example:2888:3888
server.3=zoo3.example:2888:3888
`

const healthyMembers = `server.1=zoo1.example:2888:3888:participant
server.2=zoo2.example:2888:3888:participant
server.3=zoo3.example:2888:3888:participant
version=0`

// change is how an ensemble differs from the healthy one.
type change struct {
	// all are lines in every zoo.cfg, first those in the first one alone.
	all, first []string
	// without is the beginning of lines that no zoo.cfg has.
	without string
	// see changes what was seen.
	see func(f *Facts)
}

// facts are the healthy ensemble with a change.
func (c change) facts(t *testing.T) *Facts {
	t.Helper()
	dir := t.TempDir()
	f := &Facts{Now: now}
	for id := 1; id <= 3; id++ {
		text := fmt.Sprintf("dataDir=/data/%d\ndataLogDir=/log/%d\n", id, id)
		for line := range strings.Lines(healthyText) {
			if c.without == "" || !strings.HasPrefix(line, c.without) {
				text += line
			}
		}
		lines := c.all
		if id == 1 {
			lines = slices.Concat(c.all, c.first)
		}
		text += strings.Join(lines, "\n") + "\n"
		name := filepath.Join(dir, fmt.Sprintf("zoo%d.cfg", id))
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		f.Configs = append(f.Configs, healthyConfig(id, name))
		f.Servers = append(f.Servers, healthyServer(id))
		f.Names = append(f.Names, Name{Host: fmt.Sprintf("zoo%d.example", id),
			Addresses: []netip.Addr{netip.AddrFrom4([4]byte{10, 0, 0, byte(id)})}})
		f.Ports = append(f.Ports, Port{ID: zoo.ServerID(id), Use: "election",
			Address: fmt.Sprintf("zoo%d.example:3888", id)})
	}
	if c.see != nil {
		c.see(f)
	}
	return f
}

func healthyConfig(id int, name string) Config {
	const disk = 100 << 30
	return Config{
		Member: migrate.ReadMember(config.Source{Args: []string{name}, ID: zoo.ServerID(id)}),
		Dir: &Directory{
			Data: Place{Path: fmt.Sprintf("/data/%d", id), Free: disk / 2, Total: disk},
			Log:  Place{Path: fmt.Sprintf("/log/%d", id), Free: disk / 2, Total: disk},
			Logs: 3, Snapshots: 3, SnapshotBytesMax: 1 << 20, Newest: now.Add(-time.Second),
			Syncs: []time.Duration{time.Millisecond, time.Millisecond, 2 * time.Millisecond}},
		Certificates: []Certificate{{Ports: "clients", Where: name + ":1",
			NotAfter: now.AddDate(1, 0, 0)}},
	}
}

func healthyServer(id int) Server {
	s := Server{ID: zoo.ServerID(id), Address: fmt.Sprintf("zoo%d.example:2181", id),
		Role: "follower", Version: "3.9.5-zoo-1", Zxid: zoo.MakeZxid(3, 5000), Latency: 1,
		Received:    5000,
		Connections: 60, Busiest: "10.0.0.9", BusiestConns: 20, Membership: healthyMembers,
		Settings: map[string]string{"tickTime": "2000", "maxClientCnxns": "200",
			"initLimit": "10", "syncLimit": "5", "clientPort": "2181"},
		ClockTold: true, NotAfter: now.AddDate(1, 0, 0),
		Figures: map[string]float64{"open_file_descriptor_count": 100,
			"max_file_descriptor_count": 65536, "watch_count": 100, "uptime": 3.6e6}}
	if id == 2 {
		s.Role, s.Figures["synced_followers"] = "leader", 2
	}
	return s
}

// figure has the first server tell a figure.
func figure(name string, value float64) func(*Facts) {
	return func(f *Facts) { f.Servers[0].Figures[name] = value }
}

// java makes the first server one of Java's.
func java(f *Facts) { f.Servers[0].Version = "3.9.4-abc" }

// first is about the first server, dir about its directories.
func first(do func(*Server)) func(*Facts) { return func(f *Facts) { do(&f.Servers[0]) } }
func dir(do func(*Directory)) func(*Facts) {
	return func(f *Facts) { do(f.Configs[0].Dir) }
}

func certificate(c Certificate) func(*Facts) {
	return func(f *Facts) { f.Configs[0].Certificates = []Certificate{c} }
}

// story is a mistake that the check must find, and what is near it and is none.
type story struct {
	id, title   string
	wrong, fine change
}

func lines(all ...string) []string { return all }

var configStories = []story{
	{"configuration-refused", "A server line has no ports.",
		change{first: lines("server.4=zoo4.example")}, change{}},
	{"myid", "The file myid is missing.",
		change{see: func(f *Facts) { f.Configs[0].MyID = "/data/1/myid: open: no such file" }},
		change{}},
	{"setting-ignored", "jute.maxbuffer stands in the file.",
		change{first: lines("jute.maxbuffer=4194304")},
		change{first: lines("snapshotSizeFactor=0.5")}},
	{"setting-doubtful", "dataDir is relative.",
		change{first: lines("dataDir=data")}, change{first: lines("maxConnections=5")}},
	{"ports-clash", "The admin server has the clients' port.",
		change{first: lines("admin.serverAddress=0.0.0.0", "admin.serverPort=2181")},
		change{first: lines("admin.serverPort=2182")}},
	{"settings-differ", "One server has another tickTime.",
		change{first: lines("tickTime=3000")}, change{all: lines("tickTime=3000")}},
	{"settings-differ", "Without files, one server says another tickTime.",
		change{see: func(f *Facts) {
			f.Configs, f.Servers[0].Settings["tickTime"] = nil, "3000"
		}}, change{see: func(f *Facts) { f.Configs = nil }}},
	{"members-differ", "One server knows another port of the second.",
		change{first: lines("server.2=zoo2.example:2888:3889")},
		change{first: lines("server.2=zoo2.example:2888:3888;2182")}},
	{"sync-off", "forceSync is no.", change{all: lines("forceSync=no")},
		change{all: lines("forceSync=yes")}},
	{"acl-off", "skipACL is yes.", change{all: lines("skipACL=yes")}, change{}},
	{"trust-empty", "snapshot.trust.empty was left on.",
		change{first: lines("snapshot.trust.empty=true")}, change{}},
	{"purge-off", "autopurge is switched off.",
		change{first: lines("autopurge.purgeInterval=0")},
		change{first: lines("autopurge.purgeInterval=24")}},
	{"purge-off", "Java's server does not purge unless it is told to.", change{see: java},
		change{all: lines("autopurge.purgeInterval=1"), see: java}},
	{"limits-short", "initLimit is two ticks.", change{all: lines("initLimit=2")}, change{}},
	{"limits-short", "syncLimit is one tick.", change{all: lines("syncLimit=1")},
		change{all: lines("syncLimit=2")}},
	{"limits-long", "initLimit is sixteen hours.", change{all: lines("initLimit=28800")},
		change{all: lines("initLimit=300")}},
	{"tick-odd", "A tick is 50 ms.", change{all: lines("tickTime=50", "initLimit=400")}, change{}},
	{"session-bounds", "A session may last an hour.",
		change{all: lines("maxSessionTimeout=3600000")},
		change{all: lines("maxSessionTimeout=600000")}},
	{"session-bounds", "A session may end within a tick.",
		change{all: lines("minSessionTimeout=1000")},
		change{all: lines("minSessionTimeout=4000")}},
	{"snap-count-odd", "There is a snapshot every ten transactions.",
		change{all: lines("snapCount=10")}, change{all: lines("snapCount=1000")}},
	{"connections-unbounded", "maxClientCnxns is 0.", change{all: lines("maxClientCnxns=0")},
		change{all: lines("maxClientCnxns=0", "maxCnxns=5000")}},
	{"words-few", "Only srvr is allowed.",
		change{first: lines("4lw.commands.whitelist=srvr")},
		change{first: lines("4lw.commands.whitelist=ruok, mntr")}},
	{"words-few", "A server does not answer mntr.",
		change{see: first(func(s *Server) { s.Figures = nil })}, change{}},
	{"words-all", "Every word is allowed.", change{first: lines("4lw.commands.whitelist=*")},
		change{}},
	{"admin-exposed", "The admin server answers whoever reaches it.",
		change{first: lines("admin.serverAddress=0.0.0.0", "admin.open=true")},
		change{first: lines("admin.serverAddress=0.0.0.0", "admin.open=true",
			"admin.enableServer=false")}},
	{"admin-exposed", "One of ours answers without a key only if it is told to.",
		change{first: lines("admin.serverAddress=0.0.0.0", "admin.open=true")},
		change{first: lines("admin.serverAddress=0.0.0.0")}},
	{"admin-exposed", "Java's does so unless it is told otherwise.", change{see: java},
		change{all: lines("admin.serverAddress=127.0.0.1"), see: java}},
	{"admin-exposed", "Nobody comes in without a certificate.",
		change{first: lines("admin.serverAddress=0.0.0.0", "admin.forceHttps=true",
			"admin.needClientAuth=true", "admin.open=true")},
		change{first: lines("admin.serverAddress=0.0.0.0", "admin.forceHttps=true",
			"admin.needClientAuth=true")}},
	{"admin-plain", "Keys are shown to other machines without TLS.",
		change{first: lines("admin.serverAddress=0.0.0.0", "admin.keysFile=/keys")},
		change{first: lines("admin.serverAddress=0.0.0.0", "admin.keysFile=/keys",
			"admin.forceHttps=true")}},
	{"reconfig-ownerless", "Reconfiguration is on, without a super user.",
		change{all: lines("reconfigEnabled=true")}, change{all: lines("reconfigEnabled=true",
			"DigestAuthenticationProvider.superDigest=super:x")}},
}

var ensembleStories = []story{
	{"standalone", "There is one server.", change{without: "server."}, change{}},
	{"voters-even", "There are four voters.", change{
		all: lines("server.4=zoo4.example:2888:3888"),
		see: func(f *Facts) { f.Servers = nil }}, change{
		all: lines("server.4=zoo4.example:2888:3888:observer"),
		see: func(f *Facts) { f.Servers = nil }}},
	{"one-host-decides", "Two of three voters have the same address.",
		change{see: func(f *Facts) { f.Names[1].Addresses = f.Names[0].Addresses }}, change{}},
	{"name-unresolved", "A name is not in DNS.",
		change{see: func(f *Facts) { f.Names[2] = Name{Host: "zoo3.example", Error: "no host"} }},
		change{}},
	{"name-loopback", "The host's own name is 127.0.1.1.", change{see: func(f *Facts) {
		f.Names[0].Addresses = []netip.Addr{netip.MustParseAddr("127.0.1.1")}
	}}, change{see: func(f *Facts) {
		for i := range f.Names {
			f.Names[i].Addresses = []netip.Addr{netip.MustParseAddr("127.0.0.1")}
		}
	}}},
	{"port-closed", "The election port of a server that answers is closed.",
		change{see: func(f *Facts) { f.Ports[0].Error = "refused" }},
		change{see: func(f *Facts) {
			f.Ports[0].Error, f.Servers[0].Error = "refused", "refused"
		}}},
	{"member-stale", "A member was removed since the file was written.", change{
		see: func(f *Facts) {
			for i := range f.Servers {
				f.Servers[i].Membership, _, _ = strings.Cut(healthyMembers, "server.3")
			}
		}}, change{}},
	{"restart-pending", "maxClientCnxns was changed and the server not restarted.",
		change{see: func(f *Facts) { f.Servers[0].Settings["maxClientCnxns"] = "60" }}, change{}},
}

var tlsStories = []story{
	{"tls-broken", "The store is not there.",
		change{see: certificate(Certificate{Ports: "clients", Error: "no such file"})}, change{}},
	{"certificate-ended", "The certificate ended yesterday.",
		change{see: certificate(Certificate{Ports: "clients", NotAfter: now.AddDate(0, 0, -1)})},
		change{see: certificate(Certificate{Ports: "clients", NotAfter: now.AddDate(0, 0, 1)})}},
	{"certificate-ended", "A server shows one that has ended, whatever its store has.",
		change{see: first(func(s *Server) { s.NotAfter = now.Add(-time.Minute) })}, change{}},
	{"certificate-ends-soon", "The certificate ends in 29 days.",
		change{see: certificate(Certificate{Ports: "servers", NotAfter: now.AddDate(0, 0, 29)})},
		change{see: certificate(Certificate{Ports: "servers", NotAfter: now.AddDate(0, 0, 31)})}},
	{"certificate-ends-soon", "The one at the admin port ends in 29 days.",
		change{see: first(func(s *Server) { s.AdminNotAfter = now.AddDate(0, 0, 29) })},
		change{see: first(func(s *Server) { s.AdminNotAfter = now.AddDate(0, 0, 31) })}},
	{"certificate-host", "The certificate is for another host.",
		change{see: certificate(Certificate{Ports: "servers", Unproved: "it is for zoo"})},
		change{}},
	{"certificate-unfollowed", "Java's server does not read its certificates again.",
		change{all: lines("secureClientPort=2281"), see: java},
		change{all: lines("secureClientPort=2281", "client.certReload=true"), see: java}},
}

var directoryStories = []story{
	{"data-in-memory", "dataDir is on tmpfs.",
		change{see: dir(func(d *Directory) { d.Data.FileSystem = "tmpfs" })}, change{}},
	{"data-on-network", "dataLogDir is on NFS.",
		change{see: dir(func(d *Directory) { d.Log.FileSystem = "nfs" })}, change{}},
	{"data-in-container", "dataDir is in a container's layer.",
		change{see: dir(func(d *Directory) { d.Data.FileSystem = "overlay" })}, change{}},
	{"log-shares-disk", "Both directories are on one disk.",
		change{see: dir(func(d *Directory) { d.SameDisk = true })}, change{}},
	{"log-shares-disk", "There is one directory for both.",
		change{see: dir(func(d *Directory) { d.Log = d.Data })}, change{}},
	{"disk-low", "100 MiB are free.",
		change{see: dir(func(d *Directory) { d.Log.Free = 100 << 20 })},
		change{see: dir(func(d *Directory) { d.Log.Free = 513 << 20 })}},
	{"disk-filling", "A twentieth of the disk is free.",
		change{see: dir(func(d *Directory) { d.Log.Free = 5 << 30 })},
		change{see: dir(func(d *Directory) { d.Log.Free = 11 << 30 })}},
	{"disk-filling", "The next snapshot does not fit.",
		change{see: dir(func(d *Directory) { d.SnapshotBytesMax = 60 << 30 })}, change{}},
	{"snapshots-piling", "There are fifty snapshots.",
		change{see: dir(func(d *Directory) { d.Snapshots = 50 })},
		change{see: dir(func(d *Directory) { d.Snapshots = 10 })}},
	{"snapshot-outlasts-limit", "A snapshot of 2 GiB is not through in 20 s.",
		change{see: dir(func(d *Directory) { d.SnapshotBytesMax = 2 << 30 })},
		change{all: lines("initLimit=60"),
			see: dir(func(d *Directory) { d.SnapshotBytesMax = 2 << 30 })}},
	{"leftovers", "Somebody left copies there.", change{see: dir(func(d *Directory) {
		d.Leftovers = []string{"a.bak", "b.bak", "c.bak", "d.bak"}
	})}, change{}},
	{"files-from-future", "The clock was set back by an hour.",
		change{see: dir(func(d *Directory) { d.Newest = now.Add(time.Hour) })},
		change{see: dir(func(d *Directory) { d.Newest = now.Add(time.Second) })}},
	{"fsync-slow", "A sync takes 30 ms.", change{see: dir(func(d *Directory) {
		d.Syncs = slices.Repeat([]time.Duration{30 * time.Millisecond}, 20)
	})}, change{see: dir(func(d *Directory) { d.Syncs = nil })}},
	{"data-damaged", "A snapshot cannot be read.", change{see: dir(func(d *Directory) {
		d.Damage = []Damage{{"/data/1/version-2/snapshot.1", "the checksum is wrong"}}
	})}, change{}},
	{"swap-used", "A gigabyte is swapped out.",
		change{see: func(f *Facts) { f.SwapUsedBytes = 1 << 30 }}, change{}},
}

// zxid is that of the first server.
func zxid(z zoo.Zxid) func(*Facts) { return first(func(s *Server) { s.Zxid = z }) }

var runningStories = []story{
	{"server-silent", "A server is down.",
		change{see: first(func(s *Server) { s.Error = "connection refused" })},
		change{see: first(func(s *Server) { s.Error, s.Waiting = "not serving", true })}},
	{"server-waiting", "A server looks for a leader.",
		change{see: first(func(s *Server) { s.Error, s.Waiting = "not serving", true })},
		change{}},
	{"not-ready", "A server is drained, says readyz.",
		change{see: first(func(s *Server) { s.Failing = lines("clients: drained") })}, change{}},
	{"read-only", "A server serves reads alone.",
		change{see: first(func(s *Server) { s.Role = "read-only" })}, change{}},
	{"leader-missing", "All were asked, and nobody leads.",
		change{see: func(f *Facts) { f.Servers[1].Role = "follower" }},
		change{see: func(f *Facts) { f.Servers = f.Servers[:1] }}},
	{"leaders-several", "Two servers lead.",
		change{see: first(func(s *Server) { s.Role = "leader" })}, change{}},
	{"no-loss-borne", "One of three is down.",
		change{see: first(func(s *Server) { s.Error = "connection refused" })}, change{}},
	{"learner-lags", "A follower is 2000 transactions behind.",
		change{see: zxid(zoo.MakeZxid(3, 3000))}, change{see: zxid(zoo.MakeZxid(3, 4500))}},
	{"learner-lags", "A follower is in the epoch before, and in this one was a lot.",
		change{see: zxid(zoo.MakeZxid(2, 9000))}, change{see: func(f *Facts) {
			f.Servers[0].Zxid, f.Servers[1].Zxid = zoo.MakeZxid(2, 9000), zoo.MakeZxid(3, 0)
		}}},
	{"learners-unsynced", "The leader has one follower in sync.",
		change{see: func(f *Facts) { f.Servers[1].Figures["synced_followers"] = 1 }}, change{}},
	{"versions-differ", "One server was not upgraded.",
		change{see: first(func(s *Server) { s.Version = "3.9.5-zoo-0" })}, change{}},
	{"digest-mismatch", "A tree differs.",
		change{see: figure("digest_mismatches_count", 1)},
		change{see: figure("digest_mismatches_count", 0)}},
	{"space-low", "A server is short of space.", change{see: figure("disk_space_low", 1)},
		change{see: figure("disk_space_low", 0)}},
	{"snapshots-fail", "Snapshots cannot be written.",
		change{see: figure("snapshot_error_count", 3)},
		change{see: figure("snapshot_error_count", 0)}},
	{"elections-many", "There were fifty elections.", change{see: figure("looking_count", 50)},
		change{see: figure("looking_count", 3)}},
	{"drained", "A server is drained.", change{see: figure("drained", 1)},
		change{see: figure("drained", 0)}},
	{"clock-skew", "A clock is a minute slow.",
		change{see: first(func(s *Server) { s.ClockAhead = -time.Minute })},
		change{see: first(func(s *Server) { s.ClockAhead = time.Second })}},
	{"zxids-near-end", "The leader is at 0xf0000000, and one server is Java's.",
		change{see: func(f *Facts) {
			java(f)
			f.Servers[1].Zxid = zoo.MakeZxid(3, 0xf0000000)
		}},
		change{see: func(f *Facts) { f.Servers[1].Zxid = zoo.MakeZxid(3, 0xf0000000) }}},
}

var loadStories = []story{
	{"latency-high", "Requests take 80 ms.",
		change{see: first(func(s *Server) { s.Latency = 80 })},
		change{see: first(func(s *Server) { s.Latency, s.Received = 80, 12 })}},
	{"fsync-stalls", "A sync took two seconds.", change{see: func(f *Facts) {
		f.Servers[0].Figures["avg_fsynctime"], f.Servers[0].Figures["max_fsynctime"] = 2, 2000
	}}, change{see: figure("avg_fsynctime", 2)}},
	{"outstanding-many", "5000 requests wait.",
		change{see: first(func(s *Server) { s.Outstanding = 5000 })},
		change{see: first(func(s *Server) { s.Outstanding = 500 })}},
	{"connections-near", "A NAT has 190 of 200 connections.",
		change{see: first(func(s *Server) { s.BusiestConns = 190 })},
		change{see: first(func(s *Server) { s.BusiestConns = 150 })}},
	{"connections-near", "60 of 70 connections are taken.", change{all: lines("maxCnxns=70")},
		change{all: lines("maxCnxns=700")}},
	{"connections-refused", "Connections were refused.",
		change{see: figure("max_client_cnxns_refusals", 7)},
		change{see: figure("connection_rejected", 0)}},
	{"connections-uneven", "One server has nearly all clients.",
		change{see: first(func(s *Server) { s.Connections = 900 })}, change{}},
	{"descriptors-near", "Nine of ten descriptors are open.",
		change{see: figure("open_file_descriptor_count", 60000)}, change{}},
	{"descriptors-few", "1024 descriptors are allowed.",
		change{see: figure("max_file_descriptor_count", 1024)}, change{}},
	{"frame-near", "An answer took 1,000,000 bytes.",
		change{see: figure("max_client_response_size", 1e6)},
		change{see: figure("max_client_response_size", 1e5)}},
	{"watches-many", "There are two million watches.",
		change{see: figure("watch_count", 2e6)}, change{see: figure("watch_count", 1e5)}},
	{"ephemerals-many", "There are 200,000 ephemeral znodes.",
		change{see: figure("ephemerals_count", 2e5)},
		change{see: figure("ephemerals_count", 1e4)}},
	{"sessions-expire", "A thousand sessions expired in an hour.",
		change{see: figure("stale_sessions_expired", 1000)},
		change{see: figure("stale_sessions_expired", 10)}},
}

// has tells whether a report has a finding of a check.
func has(r *Report, id string) bool {
	return slices.ContainsFunc(r.Findings, func(f Finding) bool { return f.ID == id })
}

// Each check finds its mistake, and not what is near it.
func TestEachCheckFindsItsMistakeAlone(t *testing.T) {
	for _, s := range slices.Concat(configStories, ensembleStories, tlsStories, directoryStories,
		runningStories, loadStories) {
		t.Run(s.id+": "+s.title, func(t *testing.T) {
			if r := Examine(s.wrong.facts(t)); !has(r, s.id) {
				t.Errorf("it is not found, but %+v", r.Findings)
			}
			if r := Examine(s.fine.facts(t)); has(r, s.id) {
				t.Errorf("it is found where it is not: %+v", r.Findings)
			}
		})
	}
}

// With a healthy ensemble there is nothing to tell, and nothing with no facts at all.
func TestTheHealthyAreToldNothing(t *testing.T) {
	for _, f := range []*Facts{change{}.facts(t), {}} {
		if r := Examine(f); len(r.Findings) > 0 {
			t.Errorf("found %+v", r.Findings)
		}
	}
}

// Whoever adds a check tells its story.
func TestEachCheckHasAStoryAndItsWords(t *testing.T) {
	all := slices.Concat(configStories, ensembleStories, tlsStories, directoryStories,
		runningStories, loadStories)
	seen := map[string]bool{}
	for _, chapter := range Chapters() {
		for _, c := range chapter.Checks {
			if seen[c.ID] {
				t.Errorf("%s is there twice", c.ID)
			}
			seen[c.ID] = true
			if !slices.ContainsFunc(all, func(s story) bool { return s.id == c.ID }) {
				t.Errorf("%s has no story", c.ID)
			}
			for _, text := range []string{c.Title, c.Why, c.Remedy} {
				if len(text) < 12 || !strings.HasSuffix(text, ".") {
					t.Errorf("%s: %q is no sentence", c.ID, text)
				}
			}
			if c.Severity.rank() < 0 {
				t.Errorf("%s has the severity %q", c.ID, c.Severity)
			}
		}
	}
}

// The worst comes first, and each finding says where it is.
func TestTheWorstComesFirst(t *testing.T) {
	c := change{all: lines("reconfigEnabled=true", "skipACL=yes", "forceSync=no",
		"maxClientCnxns=0")}
	r := Examine(c.facts(t))
	for i, f := range r.Findings {
		if f.Where == "" || f.What == "" {
			t.Errorf("it does not say where: %+v", f)
		}
		if i > 0 && f.Severity.rank() < r.Findings[i-1].Severity.rank() {
			t.Errorf("%s comes after %s", f.ID, r.Findings[i-1].ID)
		}
	}
	if !strings.HasSuffix(r.Findings[0].Where, "zoo1.cfg:13") || r.Findings[0].ID != "sync-off" {
		t.Errorf("the first is %+v", r.Findings[0])
	}
}
