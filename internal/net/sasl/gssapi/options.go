package gssapi

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"zoo/internal/core/acl/principal"
	"zoo/internal/net/sasl/kerberos"
)

// LoginModule is the class of a JAAS section, without its package, that stands for this
// mechanism.
const LoginModule = "Krb5LoginModule"

// Options are what a server's Krb5LoginModule section says.
type Options struct {
	// KeyTab is the path of the file with the service's keys.
	KeyTab string
	// Principal is the service, zookeeper/host@REALM.
	Principal principal.Name
}

// ReadOptions reads the options of a section. The settings of krb5.conf fill in the
// realm and the keytab where the section leaves them out. The options of the module
// that concern an initiator, debugging and the like are ignored.
func ReadOptions(section map[string]string, settings kerberos.Config) (Options, error) {
	if err := refuseUnusable(section); err != nil {
		return Options{}, fmt.Errorf("Krb5LoginModule: %w", err)
	}
	o := Options{KeyTab: section["keyTab"]}
	if o.KeyTab == "" {
		o.KeyTab = settings.DefaultKeyTab
	}
	o.KeyTab = strings.TrimPrefix(o.KeyTab, "FILE:")
	if o.KeyTab == "" {
		return o, errors.New("Krb5LoginModule: set keyTab to the file with the server's keys")
	}
	name, err := principal.Parse(section["principal"])
	if err != nil {
		return o, fmt.Errorf("Krb5LoginModule: principal: %w", err)
	}
	if !name.HasRealm {
		// A name without realm is not taken apart by the parser.
		name, err = principal.Parse(section["principal"] + "@" + settings.DefaultRealm)
	}
	if err != nil || name.Service == "" || name.Host == "" || name.Realm == "" {
		return o, fmt.Errorf("Krb5LoginModule: principal %q: want service/host@REALM, "+
			"or a default_realm in krb5.conf", section["principal"])
	}
	o.Principal = name
	return o, nil
}

// refuseUnusable finds what leaves a server without the keys that it needs to read
// its clients' tickets.
func refuseUnusable(section map[string]string) error {
	switch {
	case isTrue(section["useTicketCache"]):
		return errors.New("useTicketCache=true: a ticket cache holds no keys to accept " +
			"clients with; use useKeyTab=true and keyTab")
	case !isTrue(section["useKeyTab"]):
		return errors.New("useKeyTab is not true: a server needs a keytab; " +
			"use useKeyTab=true and keyTab")
	case !isTrue(section["storeKey"]):
		return errors.New("storeKey is not true: a server needs its keys while it runs; " +
			"use storeKey=true")
	}
	return nil
}

// isTrue is as the module reads it: what is no true is false.
func isTrue(value string) bool {
	yes, err := strconv.ParseBool(strings.ToLower(value))
	return err == nil && yes && len(value) == len("true")
}
