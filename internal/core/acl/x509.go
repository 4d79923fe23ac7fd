package acl

import (
	"slices"

	"zoo"
)

const schemeX509 = "x509"

// x509Scheme knows a client by the subject of the certificate that it has shown
// under TLS, as X500Principal.getName() writes it: CN=app,OU=batch,O=Example.
var x509Scheme = scheme{
	name:     schemeX509,
	provider: ProviderX509,
	proved:   true,
	valid:    validName,
	matches:  matchesX509,
	user:     whole,
}

// matchesX509 is also true of the super user.
func matchesX509(r *Rules, have, want string) bool {
	return have == want || r.X509SuperUser != "" && have == r.X509SuperUser
}

// Certified tells whether an auth packet of the scheme is one of x509 from a client
// that has shown its certificate. It adds nothing: the identities came with TLS.
func (r *Rules) Certified(scheme string, ids []zoo.ID) bool {
	return scheme == schemeX509 && r.knows(ProviderX509) &&
		slices.ContainsFunc(ids, func(id zoo.ID) bool { return id.Scheme == schemeX509 })
}

// X509IDs are the identities of a client whose certificate has this subject, in DER.
// The error is of a subject that is not a name.
func (r *Rules) X509IDs(subject []byte) ([]zoo.ID, error) {
	name, err := formatName(subject)
	if err != nil {
		return nil, err
	}
	ids := []zoo.ID{{Scheme: schemeX509, ID: name}}
	if r.X509SuperUser != "" && name == r.X509SuperUser {
		ids = append(ids, zoo.ID{Scheme: schemeSuper, ID: name})
	}
	return ids, nil
}
