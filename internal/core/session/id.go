package session

import "zoo"

// PasswordBytes is the length of a session's password.
const PasswordBytes = 16

// passwordSecret makes passwords of ids. It is the same in every ZooKeeper: the
// password keeps a client from taking over a session by accident, not by malice.
const passwordSecret = 0xB3415C00

// Password is the password of a session: the first bytes of Java's java.util.Random
// seeded with the id and the secret.
func Password(id zoo.SessionID) [PasswordBytes]byte {
	const multiplier, increment, mask = 0x5DEECE66D, 0xB, 1<<48 - 1
	seed := (uint64(id) ^ passwordSecret ^ multiplier) & mask
	var password [PasswordBytes]byte
	for i := 0; i < PasswordBytes; i += 4 {
		seed = (seed*multiplier + increment) & mask
		word := uint32(seed >> 16)
		for k := range 4 {
			password[i+k] = byte(word >> (8 * k))
		}
	}
	return password
}

// FirstID is the first session id that a server gives out after a start: its id in
// the high byte, then 40 bits of monotonic milliseconds, then room to count.
func FirstID(server zoo.ServerID, monotonicMillis int64) zoo.SessionID {
	id := zoo.SessionID(uint64(monotonicMillis)<<24>>8 | uint64(server)<<56)
	return skipReserved(id)
}

// NextID is the id after another one.
func NextID(id zoo.SessionID) zoo.SessionID { return skipReserved(id + 1) }

// skipReserved steps over the one id that marks containers.
func skipReserved(id zoo.SessionID) zoo.SessionID {
	if id == zoo.ContainerOwner {
		return id + 1
	}
	return id
}

// Server is the server that made a session id.
func Server(id zoo.SessionID) zoo.ServerID { return zoo.ServerID(uint64(id) >> 56) }

// MadeBy tells whether a server may have made a session id, which holds one byte of
// the server's own.
func MadeBy(id zoo.SessionID, server zoo.ServerID) bool { return Server(id) == server&0xff }
