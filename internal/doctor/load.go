package doctor

import (
	"strconv"
	"time"
)

// What a server can be asked to carry before somebody should look.
const (
	// nearShare of a limit is near it, in percent.
	nearShare = 80
	// latencyHigh is the average of all requests, in milliseconds.
	latencyHigh = 50
	// receivedLeast packets make an average: before there are the first ones alone.
	receivedLeast = 1000
	// syncHigh and syncWorst are an average and a greatest sync, in milliseconds.
	syncHigh, syncWorst = 20, 1000
	outstandingHigh     = 1000
	watchesMany         = 1_000_000
	watchesPerConn      = 10_000
	ephemeralsMany      = 100_000
	descriptorsFew      = 4096
	// expiriesMany is how many sessions may expire in an hour.
	expiriesMany = 100
	// frameBytesDefault is jute.maxbuffer where nobody says otherwise.
	frameBytesDefault = 1<<20 - 1
	// unevenLeast connections are too few to say that they are spread unevenly.
	unevenLeast = 100
)

// loadChecks are about how near to its limits a server is.
var loadChecks = []Check{
	{"latency-high", SeverityWarning, "Requests take long on average.",
		"Clients time out before the server is down, and reconnect, which makes it worse.",
		"Look at fsync-stalls first: most of the time it is the disk. Then at CPU and memory of " +
			"the machine, and at who sends so much (stat, cons). The figures are since the " +
			"start " +
			"or the last srst.",
		func(f *Facts, tell teller) {
			for _, s := range f.told() {
				if s.Latency > latencyHigh && s.Received >= receivedLeast {
					tell(s.String(), "the average is %.4g ms", s.Latency)
				}
			}
		}},
	{"fsync-stalls", SeverityWarning, "Syncs of the log take long.",
		"Every write waits for a quorum's disks; a stall as long as a session's timeout ends " +
			"sessions by the hundred, and one as long as syncLimit costs the leader its lead.",
		"Give dataLogDir a disk of its own with power-loss protection; keep backups and other " +
			"programs off it.",
		fsyncStalls},
	{"outstanding-many", SeverityWarning, "Many requests wait.",
		"More comes in than the ensemble can take; globalOutstandingLimit stops all clients " +
			"when it is reached.",
		"Find the writer (`write_per_namespace` in mntr, stat), and slow it down; " +
			"request_throttle_max_requests bounds it.",
		func(f *Facts, tell teller) {
			for _, s := range f.told() {
				if s.Outstanding >= outstandingHigh {
					tell(s.String(), "%d are outstanding", s.Outstanding)
				}
			}
		}},
	{"connections-near", SeverityWarning, "A host, or all of them, have nearly as many " +
		"connections as they may.",
		"The next ones are closed at once, which clients show as a hang. Behind a NAT, or a " +
			"node of Kubernetes, many clients are one host; the default is 60.",
		"Raise maxClientCnxns or maxCnxns on all servers, or find who leaks connections.",
		connectionsNear},
	{"connections-refused", SeverityWarning, "Connections were refused for a limit.",
		"Clients were turned away, and most of them tell only that the connection was lost.",
		"See the server's log for who it was (`refused`), and raise maxClientCnxns or maxCnxns, " +
			"or find who leaks connections.",
		connectionsRefused},
	{"connections-uneven", SeverityNote, "One server carries most of the clients.",
		"Clients stay where they are: after a rolling restart the server that came back last " +
			"has none. When the full one dies all of them reconnect at once.",
		"Set clientBalance.tolerance=20 with servers of ours, or restart some of the clients.",
		connectionsUneven},
	{"descriptors-near", SeverityError, "A server has nearly used up its file descriptors.",
		"Without one it accepts no client, opens no file of the log, and stops.",
		"Raise LimitNOFILE of the service (ulimit -n), and restart it; or bound maxCnxns.",
		func(f *Facts, tell teller) {
			eachDescriptors(f, func(s *Server, open, most float64) {
				if open*100 >= most*nearShare {
					tell(s.String(), "%.0f of %.0f are open", open, most)
				}
			})
		}},
	{"descriptors-few", SeverityWarning, "A server may open few files.",
		"Each client is a descriptor: after a failure the clients of another server come too.",
		"Set LimitNOFILE=65536 or more for the service (ulimit -n), and restart it.",
		func(f *Facts, tell teller) {
			eachDescriptors(f, func(s *Server, open, most float64) {
				if most > 0 && most < descriptorsFew && open*100 < most*nearShare {
					tell(s.String(), "%.0f at most", most)
				}
			})
		}},
	{"frame-near", SeverityWarning, "The largest frames are near jute.maxbuffer.",
		"A larger write is refused, and a larger answer is one that Java's clients drop the " +
			"connection over, again and again: a parent with too many children can neither be " +
			"listed nor deleted then.",
		"Keep values small and parents below some ten thousand children (`zoo top --memory` " +
			"names the subtrees). If it must be, raise -Djute.maxbuffer on every server first, " +
			"and on every client then.",
		frameNear},
	{"watches-many", SeverityWarning, "There are very many watches.",
		"One change wakes all that watch it, and clients that cache trees read them again: a " +
			"storm that looks like an attack.",
		"Ask who watches what (wchc and wchp cost time on a large server), and use one " +
			"persistent recursive watch instead of one for each znode.",
		watchesTooMany},
	{"ephemerals-many", SeverityNote, "There are very many ephemeral znodes.",
		"When the sessions that own them end together, as after an outage, their deletion is a " +
			"burst of that many changes, each with its watchers.",
		"Let an instance register one znode, not one for each of its parts.",
		figures("ephemerals_count", func(n float64) string {
			return saysIf(n >= ephemeralsMany, strconv.FormatFloat(n, 'f', 0, 64)+" ephemeral "+
				"znodes")
		})},
	{"sessions-expire", SeverityWarning, "Many sessions expire.",
		"Their ephemeral znodes go, and with them registrations and locks of clients that are " +
			"alive: pauses of clients or of servers, or timeouts that are too short.",
		"Compare the times with pauses of the clients' collectors and with fsync-stalls; ask " +
			"for " +
			"longer timeouts, within maxSessionTimeout.",
		sessionsExpire},
}

func fsyncStalls(f *Facts, tell teller) {
	for _, s := range f.told() {
		average, told := s.figure("avg_fsynctime")
		worst, _ := s.figure("max_fsynctime")
		if told && (average > syncHigh || worst >= syncWorst) {
			tell(s.String(), "a sync took %.4g ms on average, and up to %.4g ms", average, worst)
		}
	}
}

func connectionsNear(f *Facts, tell teller) {
	for _, s := range f.told() {
		most, err := strconv.Atoi(s.Settings["maxClientCnxns"])
		if err == nil && most > 0 && s.BusiestConns*100 >= most*nearShare {
			tell(s.String(), "%s has %d connections, and maxClientCnxns is %d", s.Busiest,
				s.BusiestConns, most)
		}
	}
	for _, c := range f.read() {
		s, most := f.server(c.Member.ID), int64(c.Member.Config.Limits.ConnsMax)
		if s != nil && most > 0 && s.Connections*100 >= most*nearShare {
			tell(s.String(), "there are %d connections, and maxCnxns is %d", s.Connections, most)
		}
	}
}

// refusalFigures count refusals: ours by the reason, Java's all together.
var refusalFigures = []struct{ name, limit string }{
	{"max_client_cnxns_refusals", "maxClientCnxns"}, {"max_cnxns_refusals", "maxCnxns"},
	{"connection_rejected", "a limit"},
}

func connectionsRefused(f *Facts, tell teller) {
	for _, s := range f.told() {
		for _, figure := range refusalFigures {
			if n, told := s.figure(figure.name); told && n > 0 {
				tell(s.String(), "%.0f connections were refused for %s", n, figure.limit)
				break
			}
		}
	}
}

func connectionsUneven(f *Facts, tell teller) {
	told := f.told()
	total := int64(0)
	for _, s := range told {
		total += s.Connections
	}
	if len(told) < 2 || total < unevenLeast {
		return
	}
	for _, s := range told {
		if s.Connections*int64(len(told)) > 2*total {
			tell(s.String(), "it has %d of %d connections", s.Connections, total)
		}
	}
}

func eachDescriptors(f *Facts, do func(s *Server, open, most float64)) {
	for _, s := range f.told() {
		open, told := s.figure("open_file_descriptor_count")
		most, bounded := s.figure("max_file_descriptor_count")
		if told && bounded {
			do(s, open, most)
		}
	}
}

// frameNear knows the limit of a server only from its configuration: no word tells it.
func frameNear(f *Facts, tell teller) {
	for _, s := range f.told() {
		limit, known := frameBytesDefault, false
		for _, c := range f.read() {
			if s.ID != 0 && c.Member.ID == s.ID {
				limit, known = c.Member.Config.FrameBytesMax, true
			}
		}
		for _, figure := range []struct{ name, is string }{
			{"max_proposal_size", "a transaction"}, {"max_client_response_size", "an answer"}} {
			if n, told := s.figure(figure.name); told && n*100 >= float64(limit)*nearShare {
				text := "jute.maxbuffer is " + size(int64(limit))
				if !known {
					text += " unless it was set"
				}
				tell(s.String(), "%s took %s, and %s", figure.is, size(int64(n)), text)
			}
		}
	}
}

func watchesTooMany(f *Facts, tell teller) {
	for _, s := range f.told() {
		n, told := s.figure("watch_count")
		crowd := s.Connections > 0 && n/float64(s.Connections) >= watchesPerConn
		if told && (n >= watchesMany || crowd) {
			tell(s.String(), "%.0f watches of %d connections", n, s.Connections)
		}
	}
}

// sessionsExpire goes by the time since the server began to serve.
func sessionsExpire(f *Facts, tell teller) {
	for _, s := range f.told() {
		n, told := s.figure("stale_sessions_expired")
		uptime, _ := s.figure("uptime")
		hours := max(1, uptime/float64(time.Hour/time.Millisecond))
		if told && n/hours >= expiriesMany {
			tell(s.String(), "%.0f sessions expired in %.0f h", n, hours)
		}
	}
}
