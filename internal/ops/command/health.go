package command

// Check is one thing that a server has to say of its health.
type Check struct {
	// Name is constant, such as quorum.
	Name string `json:"name"`
	OK   bool   `json:"ok"`
	// Reason is what keeps it from being well, or what there is to know all the same.
	Reason string `json:"reason,omitempty"`
}

// Health tells of a server whether it should be started anew, and whether clients should
// be sent to it. Both are answered whatever state the server is in.
type Health interface {
	// Live is whether the process works: where it does not, only a new one helps.
	Live() []Check
	// Ready is whether clients are served here, reads and writes.
	Ready() []Check
}
