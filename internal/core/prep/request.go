package prep

import (
	"zoo"
	"zoo/internal/core/acl"
	"zoo/internal/core/session"
	"zoo/internal/wire"
)

// Request is a write as its client sent it. Body and IDs are only read during
// Prepare.
type Request struct {
	Session zoo.SessionID
	Cxid    int32
	Op      wire.Op
	Body    []byte // Body is the record behind the RequestHeader.
	IDs     []zoo.ID
	Owner   session.Owner
	// Refused, unless it is CodeOK, is the answer whatever is asked for.
	Refused zoo.Code
}

// Sessions is what the preparer asks of the tracker of sessions. Whoever submits a
// createSession adds the session to the tracker before the next request.
type Sessions interface {
	// CheckOwner tells whether an owner may write for a session.
	CheckOwner(id zoo.SessionID, owner session.Owner) zoo.Code
	// CheckGlobal is CheckOwner for what a local session may not do: it is
	// CodeUnknownSession for those.
	CheckGlobal(id zoo.SessionID, owner session.Owner) zoo.Code
	// Close refuses whatever else the session sends.
	Close(id zoo.SessionID)
}

// EntryBytesMaxDefault is the limit of an entry unless configured: what a server
// written in Java reads by default, jute.maxbuffer and as much again.
const EntryBytesMaxDefault = 2 * wire.FrameBytesMax

// Config is what the preparer needs to know of its server.
type Config struct {
	Sessions Sessions
	ACL      acl.Rules
	// Quorum tells that the server leads an ensemble rather than stands alone; it
	// only decides between error codes.
	Quorum bool
	// Digest puts the digest of the tree into the entries.
	Digest bool
	// EndsUnlisted leaves the record out of the entry that ends a session, as before
	// 3.6 (closeSessionTxn.enabled=false). Applying it deletes the same ephemerals.
	EndsUnlisted bool
	// ReconfigEnabled is the operator's word (reconfigEnabled); a server alone refuses a
	// reconfig all the same.
	ReconfigEnabled bool
	// Ensemble is what a reconfig changes; VotersMin is how many voters it must leave.
	Ensemble  Ensemble
	VotersMin int
	// EnforceQuota refuses what is beyond a hard quota, and notes what is beyond a
	// soft one (zookeeper.enforceQuota).
	EnforceQuota bool
	// EntryBytesMax limits the size of an entry; 0 means EntryBytesMaxDefault.
	EntryBytesMax int
}
