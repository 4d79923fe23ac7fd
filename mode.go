package zoo

// CreateMode is the flags field of a create request.
type CreateMode int32

// The create modes of ZooKeeper 3.9.
const (
	Persistent CreateMode = iota
	Ephemeral
	PersistentSequential
	EphemeralSequential
	Container
	PersistentTTL
	PersistentSequentialTTL
)

// Valid tells whether the flags field holds a known mode.
func (m CreateMode) Valid() bool { return m >= Persistent && m <= PersistentSequentialTTL }

// IsEphemeral tells whether the znode goes away with its session.
func (m CreateMode) IsEphemeral() bool { return m == Ephemeral || m == EphemeralSequential }

// IsSequential tells whether the server appends the parent's counter.
func (m CreateMode) IsSequential() bool {
	return m == PersistentSequential || m == EphemeralSequential || m == PersistentSequentialTTL
}

// IsTTL tells whether the znode carries a time to live.
func (m CreateMode) IsTTL() bool { return m == PersistentTTL || m == PersistentSequentialTTL }

// The special values of StatPersisted.EphemeralOwner.
const (
	// ContainerOwner marks a container znode (Java's Long.MIN_VALUE).
	ContainerOwner SessionID = -1 << 63
	// ttlOwnerMask is the top byte that marks an extended type.
	ttlOwnerMask = uint64(0xff) << 56
	// TTLMax is the longest time to live, in milliseconds.
	TTLMax int64 = 1<<40 - 1
)

// TTLOwner encodes a time to live in milliseconds (1 to TTLMax) as an owner.
func TTLOwner(ttl int64) SessionID { return SessionID(ttlOwnerMask | uint64(ttl)) }

// IsTTLOwner tells whether the owner value encodes a time to live, for a server
// that knows of them; for another it is a session's.
func (s SessionID) IsTTLOwner() bool {
	return uint64(s)&ttlOwnerMask == ttlOwnerMask && uint64(s)>>40&0xffff == 0
}

// TTL is the time to live in milliseconds that the owner value encodes.
func (s SessionID) TTL() int64 { return int64(s) & TTLMax }
