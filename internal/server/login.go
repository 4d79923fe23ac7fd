package server

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"zoo/internal/config"
	"zoo/internal/net/sasl/digestmd5"
	"zoo/internal/net/sasl/gssapi"
	"zoo/internal/net/sasl/jaas"
	"zoo/internal/net/sasl/kerberos"
)

// login reads how clients may authenticate by SASL. As in Java a configuration
// without the server's section leaves SASL off; one that cannot be read fails the
// start.
func (own *Config) login(c *config.SASL, given map[string]string) error {
	if c.LoginConfig == "" {
		own.warnWithoutLogin("java.security.auth.login.config is not set")
		return nil
	}
	file, err := jaas.Read(c.LoginConfig, properties(given).find)
	if err != nil {
		return err
	}
	modules, found := file.Section(c.Section)
	if !found {
		own.warnWithoutLogin(fmt.Sprintf("%s has no section %s", file.Name, c.Section))
		return nil
	}
	if err := own.loginBy(modules, c); err != nil {
		return fmt.Errorf("section %s of %s: %w", c.Section, file.Name, err)
	}
	return nil
}

// warnWithoutLogin tells why nobody can do what everybody must.
func (own *Config) warnWithoutLogin(reason string) {
	if own.Access.requiresSASL() {
		own.Access.Warnings = append(own.Access.Warnings,
			"clients must authenticate by SASL, and none can: "+reason)
	}
}

// properties are the -D options.
type properties map[string]string

// find gives the values of ${name} in a login configuration: those of -D, else what
// Java's runtime sets by itself.
func (given properties) find(name string) (string, bool) {
	value, found := given[name]
	if found {
		return value, true
	}
	var err error
	switch name {
	case "user.home":
		value, err = os.UserHomeDir()
	case "user.dir":
		value, err = os.Getwd()
	case "java.io.tmpdir":
		value = os.TempDir()
	case "file.separator":
		value = string(os.PathSeparator)
	default:
		return "", false
	}
	return value, err == nil
}

// loginBy makes the mechanism of the first module that has one.
func (own *Config) loginBy(modules []jaas.Module, c *config.SASL) error {
	for _, m := range modules {
		switch {
		case m.Is("DigestLoginModule"):
			return own.loginByDigest(m, c)
		case m.Is("Krb5LoginModule"):
			return own.loginByKerberos(m, c)
		}
	}
	return errModules
}

var errModules = errors.New("no login module is known; use " +
	"org.apache.zookeeper.server.auth.DigestLoginModule or " + gssapi.LoginModule)

// loginByDigest takes the users of a section: user_<name>="<password>".
func (own *Config) loginByDigest(m jaas.Module, c *config.SASL) error {
	naming, _, err := naming(c)
	if err != nil {
		return err
	}
	users, err := digestUsers(m)
	if err != nil {
		return err
	}
	if _, ok := users["super"]; ok && c.SuperPassword != "" {
		users["super"] = c.SuperPassword
	}
	own.Access.SASLName = "DIGEST-MD5"
	own.Access.SASL = &digestmd5.Mechanism{
		Passwords: users, AuthorizationID: naming.AuthorizationID, Random: rand.Reader,
	}
	return nil
}

// digestUsers are the users of a module with their passwords.
func digestUsers(m jaas.Module) (map[string]string, error) {
	users := make(map[string]string)
	for option, password := range m.Options {
		if name, ok := strings.CutPrefix(option, "user_"); ok {
			users[name] = password
		}
	}
	if len(users) == 0 {
		return nil, fmt.Errorf("line %d: DigestLoginModule has no user; "+
			`write user_<name>="<password>"`, m.Line)
	}
	return users, nil
}

// loginByKerberos takes the keys of a keytab.
func (own *Config) loginByKerberos(m jaas.Module, c *config.SASL) error {
	naming, settings, err := naming(c)
	if err != nil {
		return err
	}
	options, err := gssapi.ReadOptions(m.Options, settings)
	if err != nil {
		return err
	}
	mechanism, err := gssapi.New(gssapi.Config{
		Options: options, Naming: naming, ClockSkew: settings.ClockSkew,
	})
	if err != nil {
		return err
	}
	own.Access.SASL, own.Access.SASLName = mechanism, "GSSAPI"
	return nil
}

// naming is how principals become identities, and the settings of krb5.conf.
func naming(c *config.SASL) (kerberos.Naming, kerberos.Config, error) {
	settings, err := krb5Conf(c)
	if err != nil {
		return kerberos.Naming{}, settings, err
	}
	rules, err := kerberos.ParseRules(c.AuthToLocal)
	if err != nil {
		return kerberos.Naming{}, settings, fmt.Errorf("security.auth_to_local: %w", err)
	}
	return kerberos.Naming{
		Rules: rules, DefaultRealm: settings.DefaultRealm,
		RemoveHost: c.HostRemoved, RemoveRealm: c.RealmRemoved,
	}, settings, nil
}

// krb5Conf is what the system says about Kerberos.
func krb5Conf(c *config.SASL) (kerberos.Config, error) {
	settings, err := kerberos.Load(kerberos.Locate(c.Krb5Conf, os.Getenv("KRB5_CONFIG"))...)
	if missing := errors.Is(err, fs.ErrNotExist); err != nil && (!missing || c.Krb5ConfRequired) {
		return settings, fmt.Errorf("configuration of Kerberos: %w", err)
	}
	if c.Krb5ConfRequired && settings.DefaultRealm == "" {
		return settings, errors.New("requireKerberosConfig is true, and " +
			"krb5.conf names no default_realm; add it to its section libdefaults")
	}
	return settings, nil
}
