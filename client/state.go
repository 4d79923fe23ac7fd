package client

import (
	"fmt"

	"zoo"
)

// State is that of a session, with ZooKeeper's numbers and names.
type State int32

// The states.
const (
	StateDisconnected      State = 0
	StateSyncConnected     State = 3
	StateAuthFailed        State = 4
	StateConnectedReadOnly State = 5
	StateSaslAuthenticated State = 6
	StateClosed            State = 7
	StateExpired           State = -112
)

var stateNames = map[State]string{
	StateDisconnected: "Disconnected", StateSyncConnected: "SyncConnected",
	StateAuthFailed: "AuthFailed", StateConnectedReadOnly: "ConnectedReadOnly",
	StateSaslAuthenticated: "SaslAuthenticated", StateClosed: "Closed", StateExpired: "Expired",
}

// String is the name that ZooKeeper gives the state.
func (s State) String() string {
	if name, ok := stateNames[s]; ok {
		return name
	}
	return fmt.Sprintf("state %d", int32(s))
}

// Connected tells whether a server answers in this state.
func (s State) Connected() bool { return s == StateSyncConnected || s == StateConnectedReadOnly }

// final tells whether the session is over.
func (s State) final() bool {
	return s == StateClosed || s == StateExpired || s == StateAuthFailed
}

// code is what calls get in a state without a server.
func (s State) code() zoo.Code {
	switch s {
	case StateExpired:
		return zoo.CodeSessionExpired
	case StateAuthFailed:
		return zoo.CodeAuthFailed
	}
	return zoo.CodeConnectionLoss
}

// Event is what a Watcher hears: a change of a znode, or with EventNone and no path a
// change of the session's state.
type Event struct {
	Type  zoo.EventType
	State State
	// Path is as the caller knows it, without the chroot.
	Path string
	// Zxid is that of the transaction that made the change; servers before 3.9 send
	// -1, as all do for changes that were missed while there was no connection.
	Zxid zoo.Zxid
}
