package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"zoo/client"
	"zoo/internal/net/sasl/digestmd5"
	"zoo/internal/net/sasl/jaas"
)

// sectionDefault is the section of a login configuration that is for clients.
const sectionDefault = "Client"

// sasl gives the exchange that the login configuration asks for; nil is none. As in Java
// a section must be there only if it is named. Complaints hears why an exchange fails.
func (p properties) sasl(complaints io.Writer) (func(string) (client.SASL, error), error) {
	file := p["java.security.auth.login.config"]
	if file == "" || p.says("sasl.client", "false") {
		return nil, nil
	}
	config, err := jaas.Read(file, p.property)
	if err != nil {
		return nil, err
	}
	name, named := p["sasl.clientconfig"]
	if !named {
		name = sectionDefault
	}
	modules, found := config.Section(name)
	switch {
	case !found && named:
		return nil, fmt.Errorf("login configuration %s has no section %s; "+
			"see zookeeper.sasl.clientconfig", file, name)
	case !found:
		return nil, nil
	}
	login, err := loginOf(modules)
	if err != nil {
		return nil, fmt.Errorf("login configuration %s, section %s: %w", file, name, err)
	}
	return func(server string) (client.SASL, error) {
		exchange := login
		return &told{&exchange, server, complaints}, nil
	}, nil
}

// property is the value of ${name} in a login configuration.
func (p properties) property(name string) (string, bool) {
	if value, ok := p[strings.TrimPrefix(name, "zookeeper.")]; ok {
		return value, true
	}
	if name == "user.home" {
		home, err := os.UserHomeDir()
		return home, err == nil
	}
	return "", false
}

// loginOf is the user of the first module of DIGEST-MD5.
func loginOf(modules []jaas.Module) (digestmd5.Client, error) {
	for _, m := range modules {
		if !m.Is("DigestLoginModule") {
			continue
		}
		user, password := m.Options["username"], m.Options["password"]
		if user == "" || password == "" {
			return digestmd5.Client{}, fmt.Errorf("line %d: DigestLoginModule needs a user; "+
				`write username="<name>" password="<password>"`, m.Line)
		}
		return digestmd5.Client{User: user, Password: password, Random: rand.Reader}, nil
	}
	return digestmd5.Client{}, errors.New("no login module that this client knows; use " +
		"org.apache.zookeeper.server.auth.DigestLoginModule (Kerberos is for servers only)")
}

// told is an exchange that tells why it fails on our side.
type told struct {
	*digestmd5.Client
	server     string
	complaints io.Writer
}

// Step is the exchange's.
func (t *told) Step(challenge []byte) (token []byte, done bool, err error) {
	token, done, err = t.Client.Step(challenge)
	if err != nil {
		fmt.Fprintf(t.complaints, "SASL with %s: %v\n", t.server, err)
	}
	return token, done, err
}
