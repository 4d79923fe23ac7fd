package doctor

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// What a running ensemble should be like.
const (
	// lagMax is how many transactions a learner may be behind, asked at the same time.
	lagMax = 1000
	// clockSkewMax is how far a server's clock may be from ours, which is told in seconds.
	clockSkewMax = 5 * time.Second
	// electionsMany since the process began are more than restarts explain.
	electionsMany = 20
	// zxidsMany of an epoch are used up: an election comes at 2^32.
	zxidsMany = 1 << 32 / 5 * 4
)

// runningChecks are about servers that were asked.
var runningChecks = []Check{
	{"server-silent", SeverityError, "A server does not answer.",
		"It is down, or its port for clients is closed: its clients went to the others, and the " +
			"ensemble tolerates one loss less.",
		"Start it, and read the end of its log if it does not stay. If it runs, see that the " +
			"port is the right one and that no firewall is in between.",
		func(f *Facts, tell teller) {
			for i := range f.Servers {
				if s := &f.Servers[i]; s.Error != "" && !s.Waiting {
					tell(s.String(), "%s", s.Error)
				}
			}
		}},
	{"server-waiting", SeverityError, "A server runs and serves nobody.",
		"It reads its data, looks for a leader or is being synchronised. ruok answers imok all " +
			"the while.",
		"Ask what it is at: `zoo status --startup HOST:PORT`, /readyz on its admin port. If it " +
			"looks for a leader, see whether a quorum of the voters runs and reaches each other " +
			"on the election ports.",
		func(f *Facts, tell teller) {
			for i := range f.Servers {
				if s := &f.Servers[i]; s.Waiting {
					tell(s.String(), "it listens, and is not serving")
				}
			}
		}},
	{"not-ready", SeverityError, "A server says itself that it is not ready.",
		"Clients cannot read and write there.",
		"Do what the reason says; docs/operate/admin.md explains the checks of /readyz.",
		func(f *Facts, tell teller) {
			for i := range f.Servers {
				for _, reason := range f.Servers[i].Failing {
					tell(f.Servers[i].String(), "%s", reason)
				}
			}
		}},
	{"read-only", SeverityError, "A server serves reads alone.",
		"It has lost the quorum; what it answers may be old, and nothing can be written.",
		"Bring a quorum of the voters back. If they are lost for good: docs/operate/recover.md.",
		func(f *Facts, tell teller) {
			for _, s := range f.told() {
				if s.Role == "read-only" {
					tell(s.String(), "its mode is read-only")
				}
			}
		}},
	{"leader-missing", SeverityError, "Nobody leads.",
		"Without a leader there are no writes and no new sessions.",
		"See that a quorum of the voters runs, that each has another myid and the same server " +
			"lines, and that they reach each other's election ports; then read their logs about " +
			"the election.",
		leaderMissing},
	{"leaders-several", SeverityError, "More than one server leads.",
		"They belong to different ensembles, or one of them has lost its quorum and does not " +
			"know it yet. If it stays so, clients of the two see different data.",
		"Ask again after syncLimit. If both still lead, compare their server lines: stop the " +
			"one whose epoch is lower, and correct its configuration.",
		leadersSeveral},
	{"no-loss-borne", SeverityWarning, "One more loss ends the service.",
		"Voters are missing already.",
		"Bring back those that do not serve, before anything is restarted.",
		func(f *Facts, tell teller) {
			if t := tolerance(f); t != nil && t.Serving >= 0 && t.Now == 0 && t.CanLose > 0 {
				tell(f.whereAll(), "%v", t)
			}
		}},
	{"learner-lags", SeverityWarning, "A learner is far behind the leader.",
		"Its clients read old data, and when it is needed for a quorum, writes wait for it.",
		"Look at its disk (fsync-stalls), at the network to the leader, and at how busy the " +
			"machine is.",
		learnerLags},
	{"learners-unsynced", SeverityWarning, "The leader has fewer followers in sync than there " +
		"are.",
		"Those that are not in sync do not count for a quorum.",
		"See the logs of the others about their connection to the leader's quorum port.",
		learnersUnsynced},
	{"versions-differ", SeverityWarning, "The servers are of different versions.",
		"That is what a rolling upgrade looks like; if it is over, somebody was forgotten, and " +
			"what the old one does not know is switched off or fails there.",
		"Finish the upgrade, one server at a time, the leader last.",
		versionsDiffer},
	{"digest-mismatch", SeverityError, "The tree of a server is not what the leader's was.",
		"Its clients read data that the others do not have.",
		"Stop it, put its version-2 aside, leave myid, and start it: it fetches all from the " +
			"leader. Keep what was put aside, and report it.",
		figures("digest_mismatches_count", func(n float64) string {
			return saysIf(n > 0, fmt.Sprintf("it differed after %.0f transactions", n))
		})},
	{"space-low", SeverityError, "A server of the ensemble is short of disk space.",
		"When those with room are no quorum any more, writes are refused.",
		"docs/operate/disk.md: make room on the server that says so.",
		figures("disk_space_low", func(n float64) string {
			return saysIf(n > 0, "disk_space_low is 1")
		})},
	{"snapshots-fail", SeverityWarning, "Snapshots cannot be written.",
		"The log grows without a bound, and the next start replays all of it.",
		"See the server's log for the reason: room, permissions, or the disk.",
		figures("snapshot_error_count", func(n float64) string {
			return saysIf(n > 0, fmt.Sprintf("%.0f could not be written or sent", n))
		})},
	{"elections-many", SeverityNote, "A server has looked for a leader very often.",
		"Each time nobody could write for some hundred milliseconds at least, and clients " +
			"reconnected.",
		"Look for what the times have in common: long syncs of the leader's disk, pauses of a " +
			"virtual machine or of Java's collector, restarts, a network that drops.",
		figures("looking_count", func(n float64) string {
			return saysIf(n >= electionsMany, fmt.Sprintf("%.0f times since it was started", n))
		})},
	{"drained", SeverityNote, "A server is drained.",
		"It takes no clients; the others carry them.",
		"`zoo member undrain` when the work on it is done.",
		figures("drained", func(n float64) string {
			return saysIf(n > 0, "it takes no new clients")
		})},
	{"clock-skew", SeverityWarning, "The clock of a server is off.",
		"Logs cannot be compared, certificates are judged by the wrong date, and znodes with a " +
			"time to live go early or late.",
		"Let chrony or ntpd keep the clocks of all servers.",
		func(f *Facts, tell teller) {
			for _, s := range f.told() {
				if s.ClockTold && s.ClockAhead.Abs() > clockSkewMax {
					tell(s.String(), "it is %v ahead of this machine's", s.ClockAhead.Round(
						time.Second))
				}
			}
		}},
	{"zxids-near-end", SeverityWarning, "The zxids of this epoch are nearly used up.",
		"At 2^32 transactions a leader of Java's resigns in the middle of the load " +
			"(ZOOKEEPER-1277), and so does ours while a server of Java's is in the ensemble.",
		"Restart the leader at a quiet moment: a new epoch begins. With servers of ours alone " +
			"it begins by itself, without an election.",
		zxidsNearEnd},
}

// figures looks at one figure of mntr on each server that tells it.
func figures(name string, look func(n float64) string) func(*Facts, teller) {
	return func(f *Facts, tell teller) {
		for _, s := range f.told() {
			if n, told := s.figure(name); told {
				if text := look(n); text != "" {
					tell(s.String(), "%s", text)
				}
			}
		}
	}
}

// leaderMissing: with a few of the servers asked the leader may be another one.
func leaderMissing(f *Facts, tell teller) {
	v := f.view()
	if v == nil || len(f.Servers) == 0 {
		return
	}
	for _, id := range v.Voters() {
		if f.server(id) == nil {
			return
		}
	}
	if !slices.ContainsFunc(f.Servers, func(s Server) bool { return s.leads() }) {
		tell(f.whereAll(), "of %d servers that were asked none leads", len(f.Servers))
	}
}

func leadersSeveral(f *Facts, tell teller) {
	var all []string
	for _, s := range f.told() {
		if s.leads() {
			all = append(all, fmt.Sprintf("%v in epoch %d", s, s.Zxid.Epoch()))
		}
	}
	if len(all) > 1 {
		tell(f.whereAll(), "%s", strings.Join(all, ", "))
	}
}

// leader is the one that leads, nil for none and for several.
func (f *Facts) leader() *Server {
	var found *Server
	for _, s := range f.told() {
		if s.leads() {
			if found != nil {
				return nil
			}
			found = s
		}
	}
	return found
}

// learnerLags: at the begin of an epoch the leader is at its zxid 0, and learners still say
// the last one of the epoch before.
func learnerLags(f *Facts, tell teller) {
	l := f.leader()
	if l == nil {
		return
	}
	for _, s := range f.told() {
		switch {
		case s.Role != "follower" && s.Role != "observer":
		case s.Zxid.Epoch() < l.Zxid.Epoch() && l.Zxid.Counter() > lagMax:
			tell(s.String(), "it is at %v, in an epoch before the leader's %v", s.Zxid, l.Zxid)
		case s.Zxid.Epoch() == l.Zxid.Epoch() &&
			int64(l.Zxid.Counter())-int64(s.Zxid.Counter()) > lagMax:
			tell(s.String(), "it is %d transactions behind the leader",
				l.Zxid.Counter()-s.Zxid.Counter())
		}
	}
}

func learnersUnsynced(f *Facts, tell teller) {
	l := f.leader()
	if l == nil {
		return
	}
	synced, told := l.figure("synced_followers")
	followers := 0
	for _, s := range f.told() {
		if s.Role == "follower" {
			followers++
		}
	}
	if told && int(synced) < followers {
		tell(l.String(), "%d followers serve, and %d are in sync", followers, int(synced))
	}
}

func versionsDiffer(f *Facts, tell teller) {
	var versions, texts []string
	for _, s := range f.told() {
		if s.Version != "" && !slices.Contains(versions, s.Version) {
			versions = append(versions, s.Version)
			texts = append(texts, s.Version+" on "+s.String())
		}
	}
	if len(versions) > 1 {
		tell(f.whereAll(), "%s", strings.Join(texts, ", "))
	}
}

func zxidsNearEnd(f *Facts, tell teller) {
	l := f.leader()
	if l == nil || int64(l.Zxid.Counter()) < zxidsMany {
		return
	}
	if slices.ContainsFunc(f.told(), (*Server).java) {
		tell(l.String(), "it is at %v: %.0f %% of the zxids of an epoch", l.Zxid,
			float64(l.Zxid.Counter())/(1<<32)*100)
	}
}
