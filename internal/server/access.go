package server

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"zoo"
	"zoo/internal/config"
	"zoo/internal/core/acl"
	"zoo/internal/net/sasl"
)

// Access is what clients must prove before they are served, and how they may. The
// zero value asks for nothing. It is immutable.
type Access struct {
	// Enforced are schemes of which a connection needs an identity before it may do
	// anything but authenticate; none enforces nothing (enforce.auth.schemes).
	Enforced []string
	// SASL authenticates clients that ask for it; nil is no login configured.
	SASL sasl.Mechanism
	// SASLName is the mechanism's name, for the log.
	SASLName string
	// SASLFailedAllowed keeps a client whose SASL failed, unless sasl is enforced.
	SASLFailedAllowed bool
	// Warnings are what an operator should know of the configuration.
	Warnings []string
}

// bars tells whether a connection with these identities must authenticate first.
func (a *Access) bars(ids []zoo.ID) bool {
	return len(a.Enforced) > 0 && !slices.ContainsFunc(ids, func(id zoo.ID) bool {
		return slices.Contains(a.Enforced, id.Scheme)
	})
}

// requiresSASL tells whether a client whose SASL failed cannot stay.
func (a *Access) requiresSASL() bool { return slices.Contains(a.Enforced, acl.SASLID("").Scheme) }

// admission puts who may be whom into the server's terms.
func (own *Config) admission(c *config.Config) error {
	rules := acl.Rules{
		SkipACL: c.SkipACL, SuperDigest: c.SuperDigest,
		Providers: acl.ProviderIP, X509SuperUser: c.Auth.X509SuperUser,
		AnySASLUser: c.Auth.AnySASLUser, SASLSuperUsers: c.Auth.SASLSuperUsers,
		EnsembleNames: listed(c.Auth.EnsembleNames),
	}
	if c.Auth.Digest {
		rules.Providers |= acl.ProviderDigest
	}
	if c.SecureListen != "" {
		rules.Providers |= acl.ProviderX509
	}
	var err error
	if rules.DigestAlgorithm, err = acl.ParseDigestAlgorithm(c.Auth.DigestAlg); err != nil {
		return fmt.Errorf("DigestAuthenticationProvider.digestAlg: %w", err)
	}
	for _, p := range c.Auth.Providers {
		provider, err := acl.ProviderOf(p.Class)
		if err != nil {
			own.Access.Warnings = append(own.Access.Warnings, p.Key+": "+err.Error())
		}
		rules.Providers |= provider
	}
	own.Rules = rules
	own.Access.SASLFailedAllowed = c.Auth.SASLFailedAllowed
	return errors.Join(own.enforce(&c.Auth), own.login(&c.SASL, c.Properties))
}

// listed splits a list at its commas; as in Java an empty name is a name.
func listed(text string) []string {
	if text == "" {
		return nil
	}
	names := strings.Split(text, ",")
	for i := range names {
		names[i] = strings.TrimSpace(names[i])
	}
	return names
}

// enforce takes the schemes that clients must prove. One that no client could prove
// would lock everybody out, so it fails the start.
func (own *Config) enforce(auth *config.Auth) error {
	key, schemes := "enforce.auth.schemes", auth.EnforcedSchemes
	if auth.SASLRequired {
		key, schemes = "sessionRequireClientSASLAuth", []string{acl.SASLID("").Scheme}
	}
	for _, scheme := range schemes {
		if !own.Rules.Knows(scheme) {
			return fmt.Errorf("%s: no provider for the scheme %q; set authProvider.1 to its "+
				"class, such as org.apache.zookeeper.server.auth.SASLAuthenticationProvider",
				key, scheme)
		}
	}
	own.Access.Enforced = schemes
	return nil
}

// distrust notes that a client did not prove who it is. The scheme may come from the
// client; no attribute holds a secret.
func (c *conn) distrust(why refusal, scheme string, attrs ...any) {
	c.server.meters.auth.failed.Inc()
	c.refuse(why, append([]any{"scheme", shortened(scheme)}, attrs...)...)
}

// schemeShownMax bounds what a client can put into the log as a scheme.
const schemeShownMax = 32

func shortened(scheme string) string {
	return strings.Clone(scheme[:min(len(scheme), schemeShownMax)])
}
