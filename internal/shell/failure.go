package shell

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"zoo"
	"zoo/client"
)

// The exit codes of zkCli; exitTrouble is diff's.
const (
	exitOK       = 0
	exitFailed   = 1
	exitTrouble  = 2
	exitNotFound = 127
)

// failure is what a command answers when it fails, in zkCli's words.
type failure struct {
	text string
	exit int
}

// Error is the line for people.
func (f *failure) Error() string { return f.text }

func failed(format string, args ...any) error {
	return &failure{text: fmt.Sprintf(format, args...)}
}

// exitOf is the exit code for an error.
func exitOf(err error) int {
	var f *failure
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, &f) && f.exit != 0:
		return f.exit
	}
	return exitFailed
}

// phrases are zkCli's words for the codes it has its own for; %s is the path.
var phrases = map[zoo.Code]string{
	zoo.CodeNoNode:                  "Node does not exist: %s",
	zoo.CodeNoChildrenForEphemerals: "Ephemerals cannot have children: %s",
	zoo.CodeNodeExists:              "Node already exists: %s",
	zoo.CodeNotEmpty:                "Node not empty: %s",
	zoo.CodeNotReadOnly:             "Not a read-only call: %s",
	zoo.CodeInvalidACL:              "Acl is not valid : %s",
	zoo.CodeNoAuth:                  "Insufficient permission : %s",
	zoo.CodeBadArguments:            "Arguments are not valid : %s",
	zoo.CodeBadVersion:              "version No is not valid : %s",
	zoo.CodeQuotaExceeded:           "Quota has exceeded : %s",
	zoo.CodeReconfigInProgress: "Another reconfiguration is in progress -- concurrent " +
		"reconfigs not supported (yet)",
	zoo.CodeNewConfigNoQuorum: "No quorum of new config is connected and up-to-date with " +
		"the leader of last committed config - try invoking reconfiguration after new " +
		"servers are connected and synced",
}

// codeNames are ZooKeeper's names of codes, where they appear in messages.
var codeNames = map[zoo.Code]string{
	zoo.CodeSystemError: "SystemError", zoo.CodeRuntimeInconsistency: "RuntimeInconsistency",
	zoo.CodeDataInconsistency: "DataInconsistency", zoo.CodeConnectionLoss: "ConnectionLoss",
	zoo.CodeMarshallingError: "MarshallingError", zoo.CodeUnimplemented: "Unimplemented",
	zoo.CodeOperationTimeout: "OperationTimeout", zoo.CodeBadArguments: "BadArguments",
	zoo.CodeNewConfigNoQuorum:  "NewConfigNoQuorum",
	zoo.CodeReconfigInProgress: "ReconfigInProgress",
	zoo.CodeNoNode:             "NoNode", zoo.CodeNoAuth: "NoAuth",
	zoo.CodeBadVersion:              "BadVersion",
	zoo.CodeNoChildrenForEphemerals: "NoChildrenForEphemerals",
	zoo.CodeNodeExists:              "NodeExists", zoo.CodeNotEmpty: "Directory not empty",
	zoo.CodeSessionExpired: "Session expired", zoo.CodeInvalidACL: "InvalidACL",
	zoo.CodeAuthFailed: "AuthFailed", zoo.CodeSessionMoved: "Session moved",
	zoo.CodeNotReadOnly:             "Not a read-only call",
	zoo.CodeEphemeralOnLocalSession: "Ephemeral node on local session",
	zoo.CodeNoWatcher:               "No such watcher",
	zoo.CodeReconfigDisabled:        "Reconfig is disabled",
	zoo.CodeSessionClosedRequireSaslAuth: "Session closed because client failed to " +
		"authenticate",
	zoo.CodeQuotaExceeded: "Quota has exceeded",
	zoo.CodeThrottledOp:   "Op throttled due to high load",
}

// message is how ZooKeeper names a code, with the path where there is one.
func message(code zoo.Code, path string) string {
	name, ok := codeNames[code]
	if !ok {
		name = fmt.Sprintf("Unknown error %d", int32(code))
	}
	if path != "" {
		name += " for " + path
	}
	return "KeeperErrorCode = " + name
}

// answer is an error of the client in zkCli's words.
func answer(err error) string {
	var f *failure
	if errors.As(err, &f) {
		return f.text
	}
	var detail *client.Error
	if !errors.As(err, &detail) {
		return err.Error()
	}
	if errors.Is(detail, zoo.ErrPath) {
		return pathReason(detail.Path)
	}
	if phrase, ok := phrases[detail.Code]; ok {
		if strings.Contains(phrase, "%s") {
			return fmt.Sprintf(phrase, cmp.Or(detail.Path, "null"))
		}
		return phrase
	}
	return message(detail.Code, detail.Path)
}

// checkPath refuses a malformed path before anything is sent.
func checkPath(path string) error {
	if zoo.ValidatePath(path) == nil {
		return nil
	}
	return failed("%s", pathReason(path))
}

// pathReason tells what ZooKeeper's client has against a path. Positions count
// UTF-16 units, as there.
func pathReason(path string) string {
	switch {
	case path == "":
		return "Path length must be > 0"
	case path[0] != '/':
		return "Path must start with / character"
	case strings.HasSuffix(path, "/"):
		return "Path must not end with / character"
	}
	at, reason := badPlace(path)
	return fmt.Sprintf("Invalid path string \"%s\" caused by %s @%d", path, reason, at)
}

// badPlace finds the first place that makes the path invalid. A component is looked
// at when it ends: the place is that of the slash behind it, or of its last character.
func badPlace(path string) (at int, reason string) {
	units := 0
	component := ""
	for i, r := range path {
		last := i+len(string(r)) == len(path)
		switch {
		case r == 0:
			return units, "null character not allowed"
		case r == '/' && i > 0 && component == "":
			return units, "empty node name specified"
		case r == '/' && (component == "." || component == ".."):
			return units - 1, "relative paths not allowed"
		case last && (component+string(r) == "." || component+string(r) == ".."):
			return units, "relative paths not allowed"
		case zoo.ValidatePath("/"+string(r)+"x") != nil && r != '/':
			return units, "invalid character"
		}
		if r == '/' {
			component = ""
		} else {
			component += string(r)
		}
		units++
		if r > 0xffff {
			units++
		}
	}
	return units, "invalid character"
}
