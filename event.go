package zoo

import "fmt"

// EventType is what a watch reports.
type EventType int32

// The events that a server sends.
const (
	EventNone                EventType = -1
	EventNodeCreated         EventType = 1
	EventNodeDeleted         EventType = 2
	EventNodeDataChanged     EventType = 3
	EventNodeChildrenChanged EventType = 4
)

// The events that a client makes itself when a watch is taken away.
const (
	EventDataWatchRemoved       EventType = 5
	EventChildWatchRemoved      EventType = 6
	EventPersistentWatchRemoved EventType = 7
)

var eventNames = map[EventType]string{
	EventNone: "None", EventNodeCreated: "NodeCreated", EventNodeDeleted: "NodeDeleted",
	EventNodeDataChanged: "NodeDataChanged", EventNodeChildrenChanged: "NodeChildrenChanged",
	EventDataWatchRemoved: "DataWatchRemoved", EventChildWatchRemoved: "ChildWatchRemoved",
	EventPersistentWatchRemoved: "PersistentWatchRemoved",
}

// String is ZooKeeper's name of the event.
func (t EventType) String() string {
	if name, ok := eventNames[t]; ok {
		return name
	}
	return fmt.Sprintf("event %d", int32(t))
}

// StateSyncConnected is the only session state a server puts into an event.
const StateSyncConnected int32 = 3

// WatcherType selects watches in checkWatches and removeWatches.
type WatcherType int32

// The watcher types on the wire.
const (
	WatcherChildren WatcherType = iota + 1
	WatcherData
	WatcherAny
	WatcherPersistent
	WatcherPersistentRecursive
)

// AddWatchMode selects the kind of watch that addWatch sets.
type AddWatchMode int32

// The addWatch modes on the wire.
const (
	WatchPersistent AddWatchMode = iota
	WatchPersistentRecursive
)
