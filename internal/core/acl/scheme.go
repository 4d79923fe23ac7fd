package acl

import "zoo"

// The names. Auth and super are rules of their own rather than kinds of identity.
const (
	schemeAuth     = "auth"
	schemeSuper    = "super"
	schemeDigest   = "digest"
	schemeIP       = "ip"
	schemeSASL     = "sasl"
	schemeEnsemble = "ensemble"
)

// scheme is one kind of identity. A function that is nil means: never.
type scheme struct {
	name string
	// provider must be among the rules' for the scheme to exist; 0 always is.
	provider Providers
	// proved tells that having such an identity proves who the client is, so
	// that "auth" expands to it.
	proved bool
	// valid tells whether an ACL may hold the identity.
	valid func(id string) bool
	// matches tells whether the identity of a client is the one of an entry.
	matches func(r *Rules, have, want string) bool
	// authenticate answers an auth packet.
	authenticate func(r *Rules, auth []byte, address string) ([]zoo.ID, zoo.Code)
	// user is the name within the identity.
	user func(id string) string
}

// schemes is the table of all kinds of identity; "auth" and "super" never stand in
// a stored list and are not among them. The order is that of frequency.
var schemes = [...]scheme{worldScheme, digestScheme, ipScheme, saslScheme, ensembleScheme,
	x509Scheme}

var worldScheme = scheme{
	name:  zoo.AnyoneID.Scheme,
	valid: func(id string) bool { return id == zoo.AnyoneID.ID },
}

// lookup finds a scheme that the rules know.
func (r *Rules) lookup(name string) (*scheme, bool) {
	for i := range schemes {
		if schemes[i].name == name {
			return &schemes[i], r.knows(schemes[i].provider)
		}
	}
	return nil, false
}

// whole is the user of schemes whose identities are names.
func whole(id string) string { return id }

func equal(_ *Rules, have, want string) bool { return have == want }
