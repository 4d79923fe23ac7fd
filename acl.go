package zoo

import "strings"

// Perms is a set of permissions on a znode.
type Perms int32

// The permissions, as bits.
const (
	PermRead Perms = 1 << iota
	PermWrite
	PermCreate
	PermDelete
	PermAdmin
	PermAll = PermRead | PermWrite | PermCreate | PermDelete | PermAdmin
)

// String lists the permissions as zkCli does: cdrwa.
func (p Perms) String() string {
	var s strings.Builder
	for _, bit := range []struct {
		perm Perms
		name byte
	}{{PermCreate, 'c'}, {PermDelete, 'd'}, {PermRead, 'r'}, {PermWrite, 'w'}, {PermAdmin, 'a'}} {
		if p&bit.perm != 0 {
			s.WriteByte(bit.name)
		}
	}
	return s.String()
}

// PermOf is the permission of one letter of cdrwa, zero for another.
func PermOf(letter rune) Perms {
	switch letter {
	case 'c':
		return PermCreate
	case 'd':
		return PermDelete
	case 'r':
		return PermRead
	case 'w':
		return PermWrite
	case 'a':
		return PermAdmin
	}
	return 0
}

// ID is an identity under an authentication scheme, such as ip:127.0.0.1.
type ID struct {
	Scheme string
	ID     string
}

// ACL grants permissions to one identity.
type ACL struct {
	Perms Perms
	ID    ID
}

// AnyoneID is the identity that every connection has.
var AnyoneID = ID{Scheme: "world", ID: "anyone"}

// OpenACL grants everything to everyone.
func OpenACL() []ACL { return []ACL{{Perms: PermAll, ID: AnyoneID}} }
