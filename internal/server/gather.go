package server

// gatherFrom is how many transactions are under way where a turn or a sync is worth some more: so
// many clients do not wait for each other.
const gatherFrom = 4

// gather gives way before a turn of the loop, or a sync, while many transactions are under
// way: those who have something for it get to bring it, on this server and in other programs.
// On busy cores each turn would else begin with the first request, be written to each link and
// synced for that one, and be over when the next comes. On cores that are free nobody takes
// the offer, and it costs a system call that does nothing.
func (s *Server) gather() {
	if s.underWay.Load() >= gatherFrom {
		giveWay()
	}
}
