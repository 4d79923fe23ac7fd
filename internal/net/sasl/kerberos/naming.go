package kerberos

import (
	"zoo/internal/core/acl/principal"
)

// Naming is how an authenticated principal becomes an identity of the sasl scheme.
// It is immutable after start-up.
type Naming struct {
	// Rules make the short name, zookeeper.security.auth_to_local.
	Rules Rules
	// DefaultRealm is what DEFAULT applies to, empty if krb5.conf names none.
	DefaultRealm string
	// RemoveHost is zookeeper.kerberos.removeHostFromPrincipal.
	RemoveHost bool
	// RemoveRealm is zookeeper.kerberos.removeRealmFromPrincipal.
	RemoveRealm bool
}

// AuthorizationID is the identity of a principal whose name was proved: the short
// name, then the host and the realm unless they are removed.
//
// A name that no rule makes short stays as it is. Java's server then takes the name
// that the client asked for, which is the same if the client is honest; if it is not,
// it would become whoever it likes.
func (n Naming) AuthorizationID(proved string) (string, error) {
	name, err := principal.Parse(proved)
	if err != nil {
		return "", err
	}
	short, err := n.Rules.ShortName(name, n.DefaultRealm)
	if err != nil {
		return proved, nil
	}
	name.Service = short
	name.HasHost = name.HasHost && !n.RemoveHost
	name.HasRealm = name.HasRealm && !n.RemoveRealm
	return name.String(), nil
}
