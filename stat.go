package zoo

// Stat is what a client sees of a znode besides its data. Times are
// milliseconds of the leader's wall clock.
type Stat struct {
	Czxid          Zxid
	Mzxid          Zxid
	Ctime          int64
	Mtime          int64
	Version        int32
	Cversion       int32
	Aversion       int32
	EphemeralOwner SessionID
	DataLength     int32
	NumChildren    int32
	Pzxid          Zxid
}

// StatPersisted is what transactions and snapshots keep of a znode's Stat.
// Cversion counts child creations only, and EphemeralOwner holds the special
// values of containers and TTL nodes.
type StatPersisted struct {
	Czxid          Zxid
	Mzxid          Zxid
	Ctime          int64
	Mtime          int64
	Version        int32
	Cversion       int32
	Aversion       int32
	EphemeralOwner SessionID
	Pzxid          Zxid
}
