package acl

import "zoo"

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
