package acl

import (
	"slices"

	"zoo"
)

// ensembleScheme is no identity at all: the client says which ensemble it means to
// talk to, and is sent away by any other. The code of the refusal tells the server
// to close without an answer, so that the client tries another address of its list
// instead of giving up.
var ensembleScheme = scheme{
	name:         schemeEnsemble,
	provider:     ProviderEnsemble,
	authenticate: authenticateEnsemble,
	user:         whole,
}

func authenticateEnsemble(r *Rules, auth []byte, _ string) ([]zoo.ID, zoo.Code) {
	names := r.EnsembleNames
	if len(auth) == 0 || len(names) == 0 || slices.Contains(names, string(auth)) {
		return nil, zoo.CodeOK
	}
	return nil, zoo.CodeBadArguments
}
