package doctor

import (
	"slices"
	"strings"

	"zoo"
	"zoo/internal/config"
	"zoo/internal/core/quorum"
)

// ensembleChecks are about who is in the ensemble, and where.
var ensembleChecks = []Check{
	{"standalone", SeverityNote, "A server that runs alone.",
		"When it stops, the service stops; when its disk dies, the data is gone.",
		"Three voters on three machines tolerate the loss of one. A server that is to be joined " +
			"later is started with standaloneEnabled=false.",
		func(f *Facts, tell teller) {
			for _, c := range f.read() {
				if c.Member.Config.Standalone() {
					tell(c.Member.File, "there is no ensemble in it")
				}
			}
			for _, s := range f.told() {
				if s.Role == "standalone" && len(f.Configs) == 0 {
					tell(s.String(), "it runs standalone")
				}
			}
		}},
	{"voters-even", SeverityWarning, "An even number of voters.",
		"Four tolerate the loss of one, as three do, and cost a vote and a copy more for each " +
			"write; two tolerate none and fail twice as often as one.",
		"Make it odd: 3 voters tolerate the loss of 1, and 5 of 2. Further servers can be " +
			"observers. Two sites need a third one for one voter, however small.",
		votersEven},
	{"one-host-decides", SeverityWarning, "Without one host there is no quorum.",
		"The loss of that machine, or of whatever the voters on it share, ends the service, " +
			"however many voters there are.",
		"Put each voter on a machine, disk and power supply of its own: as many as tolerate " +
			"the loss of the largest one.",
		oneHostDecides},
	{"name-unresolved", SeverityError, "A host of a server line means nothing here.",
		"Servers that cannot resolve a name cannot reach that member. In Kubernetes it is " +
			"mostly that DNS has no names of pods that are not ready yet (ZOOKEEPER-4708).",
		"Correct the name or DNS. In Kubernetes set publishNotReadyAddresses=true in the " +
			"headless service.",
		func(f *Facts, tell teller) {
			for _, n := range f.Names {
				if n.Error != "" {
					tell(f.whereHost(n.Host), "%s: %s", n.Host, n.Error)
				}
			}
		}},
	{"name-loopback", SeverityError, "A member's host is the loopback address here.",
		"The server that has it in its own server line opens its ports for itself only, and " +
			"no other one reaches it: the quorum never forms. Debian and Ubuntu write the " +
			"host's " +
			"name as 127.0.1.1 into /etc/hosts.",
		"Remove the line with 127.0.1.1 from /etc/hosts, or give the name the address of the " +
			"network there; or set quorumListenOnAllIPs=true.",
		nameLoopback},
	{"port-closed", SeverityError, "A port between servers cannot be reached from here.",
		"The member serves clients, and cannot take part in an election or be followed: the " +
			"next election may find no leader.",
		"Open the quorum and the election port between all servers, in both directions, and " +
			"see that the server listens on the right address (ss -ltn).",
		portClosed},
	{"member-stale", SeverityWarning, "A zoo.cfg lists other members than the ensemble has.",
		"It has been reconfigured since. The file misleads whoever reads it, and a new server " +
			"that is started with such a one looks for members that are gone.",
		"Take the server lines from /zookeeper/config (`zoo shell get /zookeeper/config`) into " +
			"the file, or the dynamicConfigFile that the server keeps.",
		memberStale},
	{"restart-pending", SeverityWarning, "A server runs with other settings than its zoo.cfg has.",
		"The next restart, perhaps at night, changes how it behaves.",
		"Restart the server at a quiet moment, or take the change back.",
		restartPending},
}

func votersEven(f *Facts, tell teller) {
	v := f.view()
	if v == nil || v.Hierarchy() != nil || len(v.Voters())%2 == 1 {
		return
	}
	for _, c := range f.read() {
		if c.Member.Config.Peers.OraclePath != "" {
			return // an oracle is what two are for
		}
	}
	n := len(v.Voters())
	tell(f.whereAll(), "there are %d voters: you can lose %d", n, n-n/2-1)
}

// whereAll is the place of the whole ensemble.
func (f *Facts) whereAll() string {
	if all := f.lines(); len(all) > 0 {
		return all[0].where
	}
	return "the ensemble"
}

// whereHost is the server line of a host.
func (f *Facts) whereHost(host string) string {
	for _, line := range f.lines() {
		for _, a := range line.Addresses {
			if a.Host == host {
				return line.where
			}
		}
	}
	return host
}

// machine is what tells one host from another: an address, or the name.
func (f *Facts) machine(s config.Server) string {
	host := strings.ToLower(s.Addresses[0].Host)
	if all := f.addresses(host); len(all) > 0 {
		return all[0].Unmap().String()
	}
	return host
}

func oneHostDecides(f *Facts, tell teller) {
	v := f.view()
	if v == nil || len(v.Voters()) < 3 {
		return
	}
	at := map[string][]listed{}
	var order []string
	for _, line := range f.lines() {
		if !v.IsVoter(line.ID) || anyAddress(line.Addresses[0].Host) {
			continue
		}
		host := f.machine(line.Server)
		if at[host] == nil {
			order = append(order, host)
		}
		at[host] = append(at[host], line)
	}
	for _, host := range order {
		there := at[host]
		left := slices.DeleteFunc(slices.Clone(v.Voters()), func(id zoo.ServerID) bool {
			return slices.ContainsFunc(there, func(l listed) bool { return l.ID == id })
		})
		if len(there) > 1 && !decides(v, left) {
			tell(there[0].where, "%d of %d voters are on %s", len(there), len(v.Voters()),
				there[0].Addresses[0].Host)
		}
	}
}

// nameLoopback: an ensemble that is on one machine altogether may well be on loopback.
func nameLoopback(f *Facts, tell teller) {
	lines := f.lines()
	elsewhere := slices.ContainsFunc(lines, func(l listed) bool {
		host := l.Addresses[0].Host
		return !f.loopback(host) && !anyAddress(host)
	})
	if !elsewhere {
		return
	}
	for _, l := range lines {
		for _, a := range l.Addresses {
			if f.loopback(a.Host) {
				tell(l.where, "%s is %v here, and other members are elsewhere", a.Host,
					f.addresses(a.Host))
			}
		}
	}
}

// portClosed leaves out members that do not answer clients either: they are down.
func portClosed(f *Facts, tell teller) {
	for _, p := range f.Ports {
		s := f.server(p.ID)
		if p.Error == "" || s != nil && s.Error != "" {
			continue
		}
		tell(p.Address, "the %s port of server %d: %s", p.Use, p.ID, p.Error)
	}
}

// places are the members of a configuration without what may differ between two texts of
// it: where clients are served.
func places(v *quorum.View) string {
	var all []string
	for _, m := range v.Members() {
		s, ok := v.Server(m.ID)
		if !ok {
			continue
		}
		s.ClientHost, s.ClientPort, s.SecureHost, s.SecurePort = "", 0, "", 0
		all = append(all, s.Key()+"="+s.String())
	}
	return strings.Join(all, " ")
}

func memberStale(f *Facts, tell teller) {
	for _, c := range f.read() {
		if c.Member.Config.Standalone() || c.Member.Config.DynamicFile != "" {
			continue
		}
		mine, err := c.Member.Config.View()
		if err != nil {
			continue
		}
		for _, s := range f.told() {
			force, err := quorum.ParseView(s.Membership)
			if err == nil && places(force) != places(mine) {
				tell(c.Member.File, "it lists %s; %v has %s", places(mine), s, places(force))
				break
			}
		}
	}
}

func restartPending(f *Facts, tell teller) {
	for _, c := range f.read() {
		s := f.server(c.Member.ID)
		if s == nil && len(f.Configs) == 1 && len(f.Servers) == 1 {
			s = &f.Servers[0]
		}
		if s == nil || s.Error != "" {
			continue
		}
		for _, own := range effective(c.Member.Config) {
			if now := s.Settings[own.name]; now != "" && now != own.value {
				tell(s.String(), "%s is %s, and %s in %s", own.name, now, own.value,
					c.at(own.name))
			}
		}
	}
}
