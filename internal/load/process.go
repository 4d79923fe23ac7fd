package load

import "time"

// usage is what processes have used, in the order of Options.PIDs.
type usage struct {
	servers []process
	self    process
}

// process is one process' share.
type process struct {
	pid      int
	cpu      time.Duration // user and system
	rssBytes int64         // resident now
}

// since is the CPU used between two measurements, and the memory of the later.
func (u usage) since(before usage) usage {
	diff := usage{self: u.self}
	diff.self.cpu -= before.self.cpu
	for i, p := range u.servers {
		if i < len(before.servers) && p.pid != 0 {
			p.cpu -= before.servers[i].cpu
		}
		diff.servers = append(diff.servers, p)
	}
	return diff
}
