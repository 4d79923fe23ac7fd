// Package principal reads the names of Kerberos principals as ZooKeeper does. It
// guarantees that String gives back what Parse read. It does not know realms,
// rules or escapes: a backslash is a letter.
package principal

import (
	"fmt"
	"strings"
)

// Name is a principal, service/host@REALM. It is immutable.
type Name struct {
	// Service is the first part. It may be empty.
	Service string
	// Host is the second part, if HasHost; it may be empty even then.
	Host string
	// Realm is the part behind the @, if HasRealm; it may be empty even then.
	Realm             string
	HasHost, HasRealm bool
}

// Parse reads a name. A text without @ is a service as a whole, whatever is in it;
// with an @ there must be exactly one, behind at most one slash.
func Parse(text string) (Name, error) {
	left, realm, hasRealm := strings.Cut(text, "@")
	if !hasRealm {
		return Name{Service: text}, nil
	}
	service, host, hasHost := strings.Cut(left, "/")
	if strings.ContainsAny(host, "/") || strings.ContainsAny(realm, "/@") {
		return Name{}, fmt.Errorf("%.64q is no Kerberos name: want name, name@REALM or "+
			"service/host@REALM", text)
	}
	return Name{Service: service, Host: host, Realm: realm, HasHost: hasHost,
		HasRealm: true}, nil
}

// Valid tells whether Parse reads the text; an ACL of the sasl scheme may hold only
// such. It allocates nothing for a text that is valid.
func Valid(text string) bool {
	_, err := Parse(text)
	return err == nil
}

// String is the text that was parsed.
func (n Name) String() string {
	text := n.Service
	if n.HasHost {
		text += "/" + n.Host
	}
	if n.HasRealm {
		text += "@" + n.Realm
	}
	return text
}
