package shell

import (
	"strings"
	"testing"

	"zoo"
	"zoo/client"
)

// javas is what the zkCli of Java's 3.8 makes of each code for the path /p.
var javas = map[zoo.Code]string{
	zoo.CodeConnectionLoss: "KeeperErrorCode = ConnectionLoss for /p",
	zoo.CodeBadArguments:   "Arguments are not valid : /p",
	zoo.CodeNewConfigNoQuorum: "No quorum of new config is connected and up-to-date with the " +
		"leader of last committed config - try invoking reconfiguration after new servers are " +
		"connected and synced",
	zoo.CodeReconfigInProgress: "Another reconfiguration is in progress -- concurrent " +
		"reconfigs not supported (yet)",
	zoo.CodeNoNode:                  "Node does not exist: /p",
	zoo.CodeNoAuth:                  "Insufficient permission : /p",
	zoo.CodeBadVersion:              "version No is not valid : /p",
	zoo.CodeNoChildrenForEphemerals: "Ephemerals cannot have children: /p",
	zoo.CodeNodeExists:              "Node already exists: /p",
	zoo.CodeNotEmpty:                "Node not empty: /p",
	zoo.CodeSessionExpired:          "KeeperErrorCode = Session expired for /p",
	zoo.CodeInvalidACL:              "Acl is not valid : /p",
	zoo.CodeAuthFailed:              "KeeperErrorCode = AuthFailed for /p",
	zoo.CodeSessionMoved:            "KeeperErrorCode = Session moved for /p",
	zoo.CodeNotReadOnly:             "Not a read-only call: /p",
	zoo.CodeEphemeralOnLocalSession: "KeeperErrorCode = Ephemeral node on local session for /p",
	zoo.CodeNoWatcher:               "KeeperErrorCode = No such watcher for /p",
	zoo.CodeReconfigDisabled:        "KeeperErrorCode = Reconfig is disabled for /p",
	zoo.CodeSessionClosedRequireSaslAuth: "KeeperErrorCode = Session closed because client " +
		"failed to authenticate for /p",
	zoo.CodeQuotaExceeded: "Quota has exceeded : /p",
	zoo.CodeThrottledOp:   "KeeperErrorCode = Op throttled due to high load for /p",
}

// Where an operation has no path, zkCli's own words call it null, and the others leave
// it out.
func TestEveryCodeHasZkClisWords(t *testing.T) {
	bare := strings.NewReplacer(" for /p", "", ": /p", ": null")
	for code, want := range javas {
		if got := answer(&client.Error{Code: code, Path: "/p"}); got != want {
			t.Errorf("%v: %q, want %q", code, got, want)
		}
		if got := answer(&client.Error{Code: code}); got != bare.Replace(want) {
			t.Errorf("%v without a path: %q, want %q", code, got, bare.Replace(want))
		}
	}
}
