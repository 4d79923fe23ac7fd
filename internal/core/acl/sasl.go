package acl

import (
	"zoo"
	"zoo/internal/core/acl/principal"
)

// saslScheme knows a client by the name that its SASL handshake gave it. Without
// its provider the handshake works all the same, but no ACL can name its result.
var saslScheme = scheme{
	name:     schemeSASL,
	provider: ProviderSASL,
	proved:   true,
	valid:    principal.Valid,
	matches:  matchesSASL,
	user:     whole,
}

// SASLID is the identity of an authorization id.
func SASLID(authorizationID string) zoo.ID {
	return zoo.ID{Scheme: schemeSASL, ID: authorizationID}
}

// SuperID is the identity that no ACL stops.
func SuperID() zoo.ID { return zoo.ID{Scheme: schemeSuper} }

// matchesSASL lets the client "super" pass everywhere, and every client where the
// entry names the configured word (zookeeper.letAnySaslUserDoX).
func matchesSASL(r *Rules, have, want string) bool {
	return have == want || have == schemeSuper ||
		r.AnySASLUser != "" && want == r.AnySASLUser
}

// SASLIDs are the identities of a client that SASL has authenticated.
func (r *Rules) SASLIDs(authorizationID string) []zoo.ID {
	ids := []zoo.ID{SASLID(authorizationID)}
	for _, user := range r.SASLSuperUsers {
		if user == authorizationID && user != "" {
			return append(ids, SuperID())
		}
	}
	return ids
}
