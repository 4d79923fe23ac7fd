package doctor

import "time"

// warnBefore is how long before its end a certificate is told of.
const warnBefore = 30 * 24 * time.Hour

// tlsChecks are about certificates.
var tlsChecks = []Check{
	{"tls-broken", SeverityError, "The settings or the files of TLS cannot be used.",
		"The server does not start, or the port with TLS stays closed.",
		"See that the stores exist where the server runs, that their type and password are " +
			"right, and that its user may read them; `zoo config explain` shows what they " +
			"come to.",
		func(f *Facts, tell teller) {
			eachCertificate(f, func(c *Certificate) {
				if c.Error != "" {
					tell(c.Where, "TLS for %s: %s", c.Ports, c.Error)
				}
			})
		}},
	{"certificate-ended", SeverityError, "A certificate has ended.",
		"Clients and servers that check certificates refuse the connection: that is an outage.",
		"Put a new certificate into the store. Ours reads it within seconds; Java's only with " +
			"client.certReload and sslQuorumReloadCertFiles, or after a restart.",
		ends(func(left time.Duration) bool { return left <= 0 })},
	{"certificate-ends-soon", SeverityWarning, "A certificate ends within 30 days.",
		"On that day connections are refused, all at once, on every server that has it.",
		"Renew it now, and let something renew it before its end every time.",
		ends(func(left time.Duration) bool { return left > 0 && left < warnBefore })},
	{"certificate-host", SeverityError, "A certificate is not for the host of its server line.",
		"The other servers refuse the connection. In Kubernetes it is mostly a certificate for " +
			"the service and not for the pod, or one that relies on reverse DNS (ZOOKEEPER-4790).",
		"Put the host of the server line among the names (SAN) of the certificate.",
		func(f *Facts, tell teller) {
			eachCertificate(f, func(c *Certificate) {
				if c.Error == "" && c.Unproved != "" {
					tell(c.Where, "%s", c.Unproved)
				}
			})
		}},
	{"certificate-unfollowed", SeverityWarning,
		"A server of Java's does not read certificates again when they change.",
		"A certificate that was renewed in time ends all the same, with the last restart's copy.",
		"Set client.certReload=true and sslQuorumReloadCertFiles=true, or restart the servers " +
			"one at a time after each renewal.",
		func(f *Facts, tell teller) {
			for _, c := range f.read() {
				cfg := c.Member.Config
				if !f.java(c) {
					continue
				}
				if cfg.SecureListen != "" && !cfg.TLS.Reload {
					tell(c.at("client.certReload"), "client.certReload is not true")
				}
				if cfg.Peers.Secured() && !cfg.Peers.TLS.Reload {
					tell(c.at("sslQuorumReloadCertFiles"), "sslQuorumReloadCertFiles is not true")
				}
			}
		}},
}

func eachCertificate(f *Facts, do func(*Certificate)) {
	for i := range f.Configs {
		for j := range f.Configs[i].Certificates {
			do(&f.Configs[i].Certificates[j])
		}
	}
}

// ends finds certificates by what is left of their time: those of stores, and those that
// servers have shown.
func ends(when func(left time.Duration) bool) func(*Facts, teller) {
	return func(f *Facts, tell teller) {
		eachCertificate(f, func(c *Certificate) {
			if !c.NotAfter.IsZero() && when(c.NotAfter.Sub(f.Now)) {
				tell(c.Where, "the certificate for %s ends at %s", c.Ports, day(c.NotAfter))
			}
		})
		for _, s := range f.told() {
			if !s.NotAfter.IsZero() && when(s.NotAfter.Sub(f.Now)) {
				tell(s.String(), "the certificate that it shows to clients ends at %s",
					day(s.NotAfter))
			}
			if !s.AdminNotAfter.IsZero() && when(s.AdminNotAfter.Sub(f.Now)) {
				tell(s.String(), "the certificate that it shows to operators ends at %s",
					day(s.AdminNotAfter))
			}
		}
	}
}

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
