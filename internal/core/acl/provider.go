package acl

import (
	"errors"
	"fmt"
	"strings"
)

// Providers is a set of schemes that can be switched on and off. World always is.
type Providers uint16

// The providers.
const (
	ProviderIP Providers = 1 << iota
	ProviderDigest
	ProviderX509
	ProviderSASL
	ProviderEnsemble
	// ProvidersDefault are those that need not be configured.
	ProvidersDefault = ProviderIP | ProviderDigest
)

// providerPackage is where Java keeps the providers that come with it.
const providerPackage = "org.apache.zookeeper.server.auth."

// providers are the classes that configurations name, without their package.
var providers = map[string]Providers{
	"IPAuthenticationProvider":       ProviderIP,
	"DigestAuthenticationProvider":   ProviderDigest,
	"X509AuthenticationProvider":     ProviderX509,
	"SASLAuthenticationProvider":     ProviderSASL,
	"EnsembleAuthenticationProvider": ProviderEnsemble,
}

// ErrProviderUnknown is a class that only a Java server could load.
var ErrProviderUnknown = errors.New("this server cannot load Java classes")

// ProviderOf is the provider behind the class of an authProvider.X setting.
func ProviderOf(class string) (Providers, error) {
	if name, own := strings.CutPrefix(class, providerPackage); own {
		if p, known := providers[name]; known {
			return p, nil
		}
	}
	return 0, fmt.Errorf("authentication provider %s: %w; ACLs of its scheme are refused "+
		"and match nobody", class, ErrProviderUnknown)
}

// knows tells whether all of some providers are there.
func (r *Rules) knows(p Providers) bool {
	have := r.Providers
	if have == 0 {
		have = ProvidersDefault
	}
	return have&p == p
}

// Knows tells whether connections may get identities of a scheme by
// authentication, which is what enforce.auth.schemes may name.
func (r *Rules) Knows(scheme string) bool {
	s, ok := r.lookup(scheme)
	return ok && s.provider != 0
}
