// Package kerberos lets a zoo/client authenticate by Kerberos (SASL's mechanism GSSAPI),
// with keys from a keytab. It is a package of its own, so that programs that do not need
// it do not link a Kerberos library. It knows no ticket caches and asks for no password.
//
//	login, err := kerberos.Login(kerberos.Config{
//		KeyTab: "/etc/app.keytab", Principal: "app@EXAMPLE.ORG"})
//	c, err := client.Dial(ctx, client.Options{Servers: servers, SASL: login})
package kerberos

import (
	"fmt"
	"net"

	"zoo/client"
	"zoo/internal/core/acl/principal"
	"zoo/internal/net/sasl"
	"zoo/internal/net/sasl/gssapi"
)

// The defaults of Config.
const (
	settingsDefault = "/etc/krb5.conf"
	serviceDefault  = "zookeeper"
)

// Config is who the client is, and where that can be proved.
type Config struct {
	// KeyTab is the path of the file with the principal's keys. A file that is replaced is
	// read again with the next connection.
	KeyTab string
	// Principal is name@REALM or name/host@REALM.
	Principal string
	// Settings is the path of krb5.conf, which names the KDC; /etc/krb5.conf if empty.
	Settings string
	// Service is the first part of the servers' principals, service/host; zookeeper if
	// empty. The host is that of client.Server's Name, or of its Address.
	Service string
}

// Login reads the files and gives what client.Options.SASL wants. Each connection asks the
// KDC for a ticket; an attempt whose KDC does not answer ends the session, as one that a
// server refuses does: the error is zoo.ErrAuthFailed.
func Login(cfg Config) (func(server string) (client.SASL, error), error) {
	if cfg.Settings == "" {
		cfg.Settings = settingsDefault
	}
	if cfg.Service == "" {
		cfg.Service = serviceDefault
	}
	who, err := principal.Parse(cfg.Principal)
	if err == nil && (who.Service == "" || who.Realm == "" || who.HasHost && who.Host == "") {
		err = fmt.Errorf("%q is no principal with a realm", cfg.Principal)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: kerberos: %w", client.ErrOptions, err)
	}
	login, err := gssapi.NewLogin(
		gssapi.Options{KeyTab: cfg.KeyTab, Principal: who}, cfg.Settings)
	if err != nil {
		return nil, err
	}
	return func(server string) (client.SASL, error) {
		host, _, err := net.SplitHostPort(server)
		if err != nil {
			host = server
		}
		return &exchange{Initiator: login.Begin(cfg.Service + "/" + host)}, nil
	}, nil
}

// exchange waits for the server's answer to the last token, which says that all is well.
type exchange struct {
	sasl.Initiator
	last bool
}

// Step gives the initiator's tokens, also the one that it is done with.
func (e *exchange) Step(challenge []byte) (token []byte, done bool, err error) {
	if e.last {
		return nil, true, nil
	}
	token, e.last, err = e.Initiator.Step(challenge)
	return token, false, err
}
