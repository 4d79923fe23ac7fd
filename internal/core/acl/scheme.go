package acl

import "zoo"

// The names. Auth and super are rules of their own rather than kinds of identity.
const (
	schemeAuth   = "auth"
	schemeSuper  = "super"
	schemeDigest = "digest"
	schemeIP     = "ip"
)

// scheme is one kind of identity. A function that is nil means: never.
type scheme struct {
	name string
	// proved tells that having such an identity proves who the client is, so
	// that "auth" expands to it.
	proved bool
	// valid tells whether an ACL may hold the identity.
	valid func(id string) bool
	// matches tells whether the identity of a client is the one of an entry.
	matches func(have, want string) bool
	// authenticate answers an auth packet.
	authenticate func(r Rules, auth []byte, address string) ([]zoo.ID, zoo.Code)
	// mask hides the secret part of an identity.
	mask func(id string) string
	// user is the name within the identity.
	user func(id string) string
}

// schemes is the table of all kinds of identity; "auth" and "super" never stand in
// a stored list and are not among them. The order is that of frequency.
var schemes = [...]scheme{worldScheme, digestScheme, ipScheme}

var worldScheme = scheme{
	name:  zoo.AnyoneID.Scheme,
	valid: func(id string) bool { return id == zoo.AnyoneID.ID },
}

func lookup(name string) (*scheme, bool) {
	for i := range schemes {
		if schemes[i].name == name {
			return &schemes[i], true
		}
	}
	return nil, false
}
