package config

import (
	"slices"
	"time"
)

// rowsTLS is the secure client port.
var rowsTLS = slices.Concat(rowsTLSClients, certRows("ssl.", "client", clientTLS))

// rowsTLSPeers is the ports between servers. Each checks the other's name.
var rowsTLSPeers = slices.Concat(rowsTLSQuorum, certRows("ssl.quorum.", "dialling server",
	peerTLS))

func clientTLS(d *draft) *TLS { return &d.TLS }

func peerTLS(d *draft) *TLS { return &d.Peers.TLS }

var rowsTLSClients = []row{
	{name: "client.portUnification", value: "false",
		parse: truth(func(d *draft) *bool { return &d.TLS.PortUnification }),
		doc:   "TLS and plain on clientPort; the first bytes decide"},
	{name: "client.certReload", value: "false",
		parse: truth(func(d *draft) *bool { return &d.TLS.Reload }),
		doc:   "no matter: changes of the certificates are always followed"},
	{name: "netty.server.outstandingHandshake.limit", value: "-1",
		parse: count(-1, func(d *draft) *int { return &d.TLS.HandshakesMax }),
		doc:   "TLS handshakes under way; -1 is no bound"},
	{name: "netty.server.earlyDropSecureConnectionHandshakes", value: "false",
		parse:  truth(func(d *draft) *bool { return &d.TLS.EarlyDrop }),
		reason: "a handshake always counts from the first byte on",
		doc:    "count a handshake from the first byte on"},
	{name: "fips-mode", value: "true",
		parse: truth(func(d *draft) *bool { return &d.TLS.FIPS }),
		reason: "certificates are always verified the standard way; DIGEST-MD5 needs a login " +
			"section, as in a server of 3.9",
		doc: "only approved ways of TLS and SASL"},
	{name: "ssl.authProvider", value: "x509", parse: oneOf(
		func(d *draft) *string { return &d.TLS.AuthScheme }, "x509"),
		doc: "scheme of clients with a certificate; only x509"},
	{name: "ssl.clientHostnameVerification", value: "false",
		parse: truth(func(d *draft) *bool { return &d.TLS.ClientHostnameVerification }),
		doc:   "check the name in a client's certificate"},
	{name: "ssl.allowReverseDnsLookup", value: "false",
		parse: truth(func(d *draft) *bool { return &d.TLS.ReverseDNS }),
		doc:   "look an address up to check a name"},
	{name: "ssl.x509.", reason: "clients are known by the whole subject of their certificate; " +
		"other ids belong to Java's provider of groups of znodes",
		doc: "which part of a certificate is the client's id"},
	{name: "ssl.sslProvider", reason: "there is one implementation of TLS here",
		doc: "JDK or OPENSSL"},
}

var rowsTLSQuorum = []row{
	{name: "sslQuorum", value: "false",
		parse: truth(func(d *draft) *bool { return &d.Peers.TLSDialled }),
		doc:   "dial other servers with TLS, and let in only those who do"},
	{name: "portUnification", value: "false",
		parse: truth(func(d *draft) *bool { return &d.Peers.TLS.PortUnification }),
		doc: "let servers in with TLS and without; the first bytes decide. With " +
			"sslQuorum=false it prepares an ensemble for TLS, with true it ends that"},
	{name: "sslQuorumReloadCertFiles", value: "false",
		parse: truth(func(d *draft) *bool { return &d.Peers.TLS.Reload }),
		doc:   "no matter: changes of the certificates are always followed"},
	{name: "ssl.quorum.clientHostnameVerification", value: "true",
		parse: truth(func(d *draft) *bool { return &d.Peers.TLS.ClientHostnameVerification }),
		doc: "check that the certificate of a server that dials is for a host of its server " +
			"line; needs ssl.quorum.hostnameVerification, too"},
	{name: "ssl.quorum.allowReverseDnsLookup", value: "true",
		reason: "the names in the server lines count, whatever DNS says of an address",
		doc:    "look an address up to check a name"},
	{name: "ssl.quorum.x509.", reason: "servers are known by the hosts of their server lines",
		doc: "which part of a certificate is an id"},
}

// certRows are the settings of one set of ports; a visitor is who connects to them.
func certRows(prefix, visitor string, tls func(*draft) *TLS) []row {
	keys := func(d *draft) *KeyStore { return &tls(d).KeyStore }
	trusted := func(d *draft) *KeyStore { return &tls(d).TrustStore }
	return slices.Concat(storeRows(prefix+"keyStore.", "the server's key and certificate", keys),
		storeRows(prefix+"trustStore.", "the certificates to trust", trusted),
		contextRows(prefix, visitor, tls))
}

// storeRows are the settings of one file.
func storeRows(prefix, holds string, store func(*draft) *KeyStore) []row {
	return []row{
		{name: prefix + "location",
			parse: text(func(d *draft) *string { return &store(d).Location }),
			doc:   "file of " + holds},
		{name: prefix + "password", secret: true,
			parse: text(func(d *draft) *string { return &store(d).Password }),
			doc:   "its password"},
		{name: prefix + "passwordPath",
			parse: text(func(d *draft) *string { return &store(d).PasswordPath }),
			doc:   "file of its password"},
		{name: prefix + "type", parse: oneOf(
			func(d *draft) *string { return &store(d).Type }, storeTypes...),
			doc: "its type; the suffix decides when absent"},
	}
}

// contextRows are how TLS is spoken, and to whom.
func contextRows(prefix, visitor string, tls func(*draft) *TLS) []row {
	return []row{
		{name: prefix + "protocol",
			parse: text(func(d *draft) *string { return &tls(d).Protocol }),
			doc:   "version of TLS"},
		{name: prefix + "enabledProtocols",
			parse: words(func(d *draft) *[]string { return &tls(d).EnabledProtocols }),
			doc:   "versions of TLS that may be chosen; protocol when absent"},
		{name: prefix + "ciphersuites",
			parse: words(func(d *draft) *[]string { return &tls(d).CipherSuites }),
			doc:   "cipher suites that may be chosen"},
		{name: prefix + "hostnameVerification", value: "true",
			parse: truth(func(d *draft) *bool { return &tls(d).HostnameVerification }),
			doc:   "check the name in a server's certificate"},
		{name: prefix + "crl", value: "false",
			parse: truth(func(d *draft) *bool { return &tls(d).CRL }),
			doc:   "refuse certificates that a list revokes"},
		{name: prefix + "crl.location",
			parse: text(func(d *draft) *string { return &tls(d).CRLLocation }),
			doc:   "file or directory of the lists, PEM or DER; not a setting of Java's"},
		{name: prefix + "ocsp", value: "false",
			parse: truth(func(d *draft) *bool { return &tls(d).OCSP }),
			doc:   "ask by OCSP whether a certificate was revoked"},
		{name: prefix + "clientAuth", value: "need", parse: oneOf(
			func(d *draft) *string { return &tls(d).ClientAuth }, "none", "want", "need"),
			doc: "whether a " + visitor + " must have a certificate: none, want, need"},
		{name: prefix + "handshakeDetectionTimeoutMillis", value: "5000",
			parse: duration(time.Millisecond, 1,
				func(d *draft) *time.Duration { return &tls(d).DetectionTimeout }),
			doc: "milliseconds a " + visitor + " may take to show whether it talks TLS"},
		{name: prefix + "context.supplier.class", parse: refuse("a Java class cannot run here, " +
			"and without it others might be let in"), doc: "class that makes TLS contexts"},
	}
}

var storeTypes = []string{"JKS", "PEM", "PKCS12", "BCFKS"}
