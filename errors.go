package zoo

// The answers of the protocol under the names that Go programs give errors:
//
//	if errors.Is(err, zoo.ErrNoNode) { … }
//
// They are the codes themselves, so that errors.Is finds either name, and constants,
// so that nobody can assign to them.
const (
	// ErrNoNode is that there is no such znode, or no parent of one that is to be.
	ErrNoNode = CodeNoNode
	// ErrNodeExists is that there is a znode of that path already.
	ErrNodeExists = CodeNodeExists
	// ErrNotEmpty is that the znode has children and cannot be deleted.
	ErrNotEmpty = CodeNotEmpty
	// ErrBadVersion is that the znode has another version than the one that was
	// demanded.
	ErrBadVersion = CodeBadVersion
	// ErrNoAuth is that no identity of the session has the permission.
	ErrNoAuth = CodeNoAuth
	// ErrInvalidACL is an ACL that is empty, or names what no scheme knows.
	ErrInvalidACL = CodeInvalidACL
	// ErrNoChildrenForEphemerals is that the parent is ephemeral.
	ErrNoChildrenForEphemerals = CodeNoChildrenForEphemerals
	// ErrEphemeralOnLocalSession is that the session must become a global one first.
	ErrEphemeralOnLocalSession = CodeEphemeralOnLocalSession
	// ErrQuotaExceeded is that a hard quota above the znode is used up.
	ErrQuotaExceeded = CodeQuotaExceeded
	// ErrBadArguments is a request that makes no sense, such as a malformed path.
	ErrBadArguments = CodeBadArguments
	// ErrUnimplemented is an operation that the server does not have.
	ErrUnimplemented = CodeUnimplemented
	// ErrNoWatcher is that there is no such watch.
	ErrNoWatcher = CodeNoWatcher
	// ErrThrottledOp is that the server has too much to do and did not begin.
	ErrThrottledOp = CodeThrottledOp
	// ErrNotReadOnly is a write to a server that only reads for now.
	ErrNotReadOnly = CodeNotReadOnly

	// ErrConnectionLoss is that no answer came: what was sent may have happened or not.
	ErrConnectionLoss = CodeConnectionLoss
	// ErrOperationTimeout is that the caller's context ended first: what was sent may
	// have happened, or happen still.
	ErrOperationTimeout = CodeOperationTimeout
	// ErrSessionExpired is that the session is over, and its ephemeral znodes with it.
	ErrSessionExpired = CodeSessionExpired
	// ErrSessionMoved is that the session is served by another server by now.
	ErrSessionMoved = CodeSessionMoved
	// ErrAuthFailed is that the server did not take an identity; the session is over.
	ErrAuthFailed = CodeAuthFailed
	// ErrSessionClosedRequireSaslAuth is that the server serves only who has
	// authenticated by SASL.
	ErrSessionClosedRequireSaslAuth = CodeSessionClosedRequireSaslAuth

	// ErrNewConfigNoQuorum is that a new configuration has no quorum in sync.
	ErrNewConfigNoQuorum = CodeNewConfigNoQuorum
	// ErrReconfigInProgress is that another reconfiguration is under way.
	ErrReconfigInProgress = CodeReconfigInProgress
	// ErrReconfigDisabled is that reconfigEnabled is off.
	ErrReconfigDisabled = CodeReconfigDisabled
	// ErrMarshalling is a request or an answer that cannot be read.
	ErrMarshalling = CodeMarshallingError
	// ErrSystem is a fault of the server.
	ErrSystem = CodeSystemError
)
