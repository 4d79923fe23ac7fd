package config

const clientSide = "it is for clients"

// rowsAuth is who may be whom.
var rowsAuth = []row{
	{name: "skipACL", value: "no",
		parse: consent("no", func(d *draft) *bool { return &d.SkipACL }),
		doc:   "yes switches every ACL check off"},
	{name: "DigestAuthenticationProvider.superDigest", parse: superDigest, secret: true,
		doc: "the super user, super:<hash>"},
	{name: "DigestAuthenticationProvider.digestAlg", value: "SHA1",
		parse: text(func(d *draft) *string { return &d.Auth.DigestAlg }),
		doc:   "hash of digest passwords"},
	{name: "DigestAuthenticationProvider.enabled", value: "true",
		parse: truth(func(d *draft) *bool { return &d.Auth.Digest }),
		doc:   "offer the scheme digest"},
	{name: "X509AuthenticationProvider.superUser",
		parse: text(func(d *draft) *string { return &d.Auth.X509SuperUser }),
		doc:   "distinguished name of a super user"},
	{name: "SASLAuthenticationProvider.superPassword", secret: true,
		parse: text(func(d *draft) *string { return &d.SASL.SuperPassword }),
		doc:   "password of the SASL user super"},
	{name: "superUser", parse: superUser, doc: "SASL user that is a super user"},
	{name: "superUser.", parse: superUser, doc: "another one"},
	{name: "letAnySaslUserDoX",
		parse: text(func(d *draft) *string { return &d.Auth.AnySASLUser }),
		doc:   "id in an ACL that every SASL user matches"},
	{name: "authProvider.", parse: provider, doc: "class of an authentication scheme"},
	{name: "enforce.auth.enabled", value: "false",
		parse: truth(func(d *draft) *bool { return &d.enforceAuth }),
		doc:   "clients must authenticate before anything else"},
	{name: "enforce.auth.schemes",
		parse: words(func(d *draft) *[]string { return &d.Auth.EnforcedSchemes }),
		doc:   "schemes of which they need one"},
	{name: "sessionRequireClientSASLAuth", value: "false",
		parse: truth(func(d *draft) *bool { return &d.Auth.SASLRequired }),
		doc:   "clients must authenticate by SASL before anything else"},
	{name: "allowSaslFailedClients", value: "false",
		parse: truth(func(d *draft) *bool { return &d.Auth.SASLFailedAllowed }),
		doc:   "clients whose SASL failed may stay"},
	{name: "ensembleAuthName",
		parse: text(func(d *draft) *string { return &d.Auth.EnsembleNames }),
		doc:   "names of this ensemble for the scheme ensemble"},

	{name: "java.security.auth.login.config", propertyOnly: true,
		parse: text(func(d *draft) *string { return &d.SASL.LoginConfig }),
		doc:   "JAAS file"},
	{name: "java.security.krb5.conf", propertyOnly: true,
		parse: text(func(d *draft) *string { return &d.SASL.Krb5Conf }),
		doc:   "Kerberos configuration"},
	{name: "sasl.serverconfig", value: "Server",
		parse: text(func(d *draft) *string { return &d.SASL.Section }),
		doc:   "section of the JAAS file for this server"},
	{name: "requireKerberosConfig", value: "false",
		parse: truth(func(d *draft) *bool { return &d.SASL.Krb5ConfRequired }),
		doc:   "do not start with SASL, but without a Kerberos configuration with a realm"},
	{name: "security.auth_to_local", value: "DEFAULT",
		parse: text(func(d *draft) *string { return &d.SASL.AuthToLocal }),
		doc:   "rules that shorten Kerberos names"},
	{name: "kerberos.removeHostFromPrincipal", value: "false",
		parse: truth(func(d *draft) *bool { return &d.SASL.HostRemoved }),
		doc:   "ids without the host of the principal"},
	{name: "kerberos.removeRealmFromPrincipal", value: "false",
		parse: truth(func(d *draft) *bool { return &d.SASL.RealmRemoved }),
		doc:   "ids without the realm of the principal"},
	{name: "kerberos.minReLoginTimeMs", value: "60000",
		reason: "who accepts with a keytab needs no ticket",
		doc:    "milliseconds between two logins"},
	{name: "kinit", value: "/usr/bin/kinit",
		reason: "who accepts with a keytab needs no ticket", doc: "program that renews tickets"},
	{name: "IPAuthenticationProvider.usexforwardedfor", value: "false",
		parse: truth(func(d *draft) *bool { return &d.Admin.Forwarded }),
		doc:   "believe a proxy of the admin server"},

	{name: "server.principal", reason: clientSide, doc: "Kerberos principal of the server"},
	{name: "server.realm", reason: clientSide, doc: "Kerberos realm of the server"},
	{name: "sasl.client", value: "true", reason: clientSide, doc: "use SASL"},
	{name: "sasl.clientconfig", value: "Client", reason: clientSide, doc: "JAAS section"},
	{name: "sasl.client.", reason: clientSide, doc: "SASL of a client"},
	{name: "client.secure", value: "false", reason: clientSide, doc: "use TLS"},
	{name: "clientCnxnSocket", reason: clientSide, doc: "class that connects"},
	{name: "request.timeout", value: "0", reason: clientSide, doc: "milliseconds of a call"},
	{name: "disableAutoWatchReset", value: "false", reason: clientSide,
		doc: "do not set watches again"},
}

// superUser has its value read by settle, which sees the whole family.
func superUser(_ *draft, value string) error {
	return text(func(*draft) *string { return new(string) })(nil, value)
}

// provider likewise.
func provider(_ *draft, value string) error {
	return text(func(*draft) *string { return new(string) })(nil, value)
}
