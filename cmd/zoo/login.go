package main

import (
	"cmp"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"zoo/client"
	"zoo/client/kerberos"
	"zoo/internal/net/sasl/digestmd5"
	"zoo/internal/net/sasl/jaas"
	krb5 "zoo/internal/net/sasl/kerberos"
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
	begin, err := p.loginOf(modules)
	if err != nil {
		return nil, fmt.Errorf("login configuration %s, section %s: %w", file, name, err)
	}
	return telling(begin, complaints), nil
}

// beginning starts an exchange with a server.
type beginning func(server string) (client.SASL, error)

// telling is a beginning whose exchanges tell why they fail.
func telling(begin beginning, complaints io.Writer) beginning {
	return func(server string) (client.SASL, error) {
		exchange, err := begin(server)
		if err != nil {
			return nil, err
		}
		return &told{exchange, server, complaints}, nil
	}
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

// loginOf is the first module that this client knows.
func (p properties) loginOf(modules []jaas.Module) (beginning, error) {
	for _, m := range modules {
		switch {
		case m.Is("DigestLoginModule"):
			return digestLogin(m)
		case m.Is("Krb5LoginModule"):
			return p.kerberosLogin(m)
		}
	}
	return nil, errors.New("no login module that this client knows; use " +
		"org.apache.zookeeper.server.auth.DigestLoginModule, or " +
		"com.sun.security.auth.module.Krb5LoginModule with a keytab")
}

func digestLogin(m jaas.Module) (beginning, error) {
	user, password := m.Options["username"], m.Options["password"]
	if user == "" || password == "" {
		return nil, fmt.Errorf("line %d: DigestLoginModule needs a user; "+
			`write username="<name>" password="<password>"`, m.Line)
	}
	return func(string) (client.SASL, error) {
		return &digestmd5.Client{User: user, Password: password, Random: rand.Reader}, nil
	}, nil
}

// kerberosLogin is a principal whose keys are in a keytab: there is nobody to be asked for a
// password, and no ticket cache is read.
func (p properties) kerberosLogin(m jaas.Module) (beginning, error) {
	if strings.EqualFold(m.Options["useTicketCache"], "true") ||
		!strings.EqualFold(m.Options["useKeyTab"], "true") {
		return nil, fmt.Errorf("line %d: Krb5LoginModule: write useKeyTab=true keyTab=\"<file>\" "+
			"principal=\"<name>@<REALM>\"; neither ticket caches nor passwords are known here",
			m.Line)
	}
	begin, err := p.kerberos(m.Options["keyTab"], m.Options["principal"])
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", m.Line, err)
	}
	return begin, nil
}

// kerberos proves a principal by its keytab. What is left out krb5.conf says. Servers are
// zookeeper/HOST by the host of the connect string, or what ZooKeeper's properties say.
func (p properties) kerberos(keyTab, who string) (beginning, error) {
	files := krb5.Locate(p["java.security.krb5.conf"], os.Getenv("KRB5_CONFIG"))
	settings, err := krb5.Load(files...)
	if err != nil {
		return nil, fmt.Errorf("configuration of Kerberos: %w", err)
	}
	keyTab = strings.TrimPrefix(cmp.Or(keyTab, settings.DefaultKeyTab), "FILE:")
	if keyTab == "" {
		return nil, errors.New("kerberos: no keytab is named")
	}
	if !strings.Contains(who, "@") && settings.DefaultRealm != "" {
		who += "@" + settings.DefaultRealm
	}
	cfg := kerberos.Config{KeyTab: keyTab, Principal: who, Settings: files[0],
		Service: p["sasl.client.username"]}
	service, host, fixed := strings.Cut(p["server.principal"], "/")
	if fixed {
		cfg.Service = service
		host, _, _ = strings.Cut(host, "@") // krb5.conf knows the realm of a host
	}
	login, err := kerberos.Login(cfg)
	if err != nil || !fixed {
		return login, err
	}
	return func(string) (client.SASL, error) { return login(host) }, nil
}

// told is an exchange that tells why it fails on our side.
type told struct {
	client.SASL
	server     string
	complaints io.Writer
}

// Step is the exchange's.
func (t *told) Step(challenge []byte) (token []byte, done bool, err error) {
	token, done, err = t.SASL.Step(challenge)
	if err != nil {
		fmt.Fprintf(t.complaints, "SASL with %s: %v\n", t.server, err)
	}
	return token, done, err
}
