package zoo

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
