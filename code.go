package zoo

import "fmt"

// Code is an answer of the protocol, the err field of a reply. It is an error
// value where it is not CodeOK.
type Code int32

// The codes that a server of ZooKeeper 3.9 sends.
const (
	CodeOK                           Code = 0
	CodeSystemError                  Code = -1
	CodeRuntimeInconsistency         Code = -2
	CodeDataInconsistency            Code = -3
	CodeConnectionLoss               Code = -4
	CodeMarshallingError             Code = -5
	CodeUnimplemented                Code = -6
	CodeOperationTimeout             Code = -7
	CodeBadArguments                 Code = -8
	CodeUnknownSession               Code = -12
	CodeNewConfigNoQuorum            Code = -13
	CodeReconfigInProgress           Code = -14
	CodeNoNode                       Code = -101
	CodeNoAuth                       Code = -102
	CodeBadVersion                   Code = -103
	CodeNoChildrenForEphemerals      Code = -108
	CodeNodeExists                   Code = -110
	CodeNotEmpty                     Code = -111
	CodeSessionExpired               Code = -112
	CodeInvalidACL                   Code = -114
	CodeAuthFailed                   Code = -115
	CodeSessionMoved                 Code = -118
	CodeNotReadOnly                  Code = -119
	CodeEphemeralOnLocalSession      Code = -120
	CodeNoWatcher                    Code = -121
	CodeReconfigDisabled             Code = -123
	CodeSessionClosedRequireSaslAuth Code = -124
	CodeQuotaExceeded                Code = -125
	CodeThrottledOp                  Code = -127
)

var codeNames = map[Code]string{
	CodeOK: "ok", CodeSystemError: "system error",
	CodeRuntimeInconsistency: "runtime inconsistency", CodeDataInconsistency: "data inconsistency",
	CodeConnectionLoss: "connection loss", CodeMarshallingError: "marshalling error",
	CodeUnimplemented: "unimplemented", CodeOperationTimeout: "operation timeout",
	CodeBadArguments: "bad arguments", CodeUnknownSession: "unknown session",
	CodeNewConfigNoQuorum:  "no quorum of new config",
	CodeReconfigInProgress: "reconfig in progress",
	CodeNoNode:             "no node", CodeNoAuth: "not authorized", CodeBadVersion: "bad version",
	CodeNoChildrenForEphemerals: "ephemerals cannot have children", CodeNodeExists: "node exists",
	CodeNotEmpty: "node has children", CodeSessionExpired: "session expired",
	CodeInvalidACL: "invalid acl", CodeAuthFailed: "authentication failed",
	CodeSessionMoved: "session moved", CodeNotReadOnly: "server is read-only",
	CodeEphemeralOnLocalSession: "ephemeral on local session", CodeNoWatcher: "no watcher",
	CodeReconfigDisabled:             "reconfig is disabled",
	CodeSessionClosedRequireSaslAuth: "session closed, sasl required",
	CodeQuotaExceeded:                "quota exceeded", CodeThrottledOp: "operation throttled",
}

// Error makes a code usable as an error value.
func (c Code) Error() string {
	if name, ok := codeNames[c]; ok {
		return fmt.Sprintf("%s (%d)", name, int32(c))
	}
	return fmt.Sprintf("code %d", int32(c))
}

// Err is nil for CodeOK and the code itself otherwise.
func (c Code) Err() error {
	if c == CodeOK {
		return nil
	}
	return c
}
