package server

import (
	"crypto/tls"
	"fmt"
	"log/slog"

	"zoo/internal/config"
	"zoo/internal/net/certs"
	"zoo/internal/ops/admin"
)

// operators is what concerns the HTTP server for them. As in Java the interval
// between two snapshots is a thousandth of that between two restores.
func operators(c *config.Config) admin.Config {
	a := &c.Admin
	return admin.Config{
		Listen: a.Listen, URL: a.URL, IdleTimeout: a.IdleTimeout,
		SnapshotDisabled: !a.Snapshot, RestoreDisabled: !a.Restore,
		SnapshotInterval: a.RateInterval / 1000, RestoreInterval: a.RateInterval,
		KeysFile: a.KeysFile, Open: a.Open, ConsoleEdit: a.ConsoleEdit,
		Forwarded: a.Forwarded, ProcessUntold: !c.Metrics.Process,
		TLS: adminTLS(c),
	}
}

// adminTLS is how the admin server speaks HTTPS: with the settings of the ports between
// servers, as Java's does (ZOOKEEPER-3371; versions and suites: ZOOKEEPER-5023). Its clients
// are people and scripts, whose names no host proves.
func adminTLS(c *config.Config) *admin.TLS {
	if !c.Admin.Secured() {
		return nil
	}
	t := admin.TLS{Certs: certsOf("ssl.quorum.", &c.Peers.TLS), Unified: !c.Admin.TLSForced}
	t.Certs.ClientAuth, t.Certs.AllowReverseDNSLookup = "", false
	if c.Admin.ClientNeeded {
		t.Certs.ClientAuth = "need"
	}
	return &t
}

// scraped are the ports of ZooKeeper's provider of metrics (ZOOKEEPER-4798, 5024, 5029).
// One whose two ports are the same speaks both; Java's opens the one for HTTPS alone if
// they are not.
func scraped(c *config.Config) []admin.Config {
	var all []admin.Config
	add := func(listen string, t *admin.TLS) {
		all = append(all, admin.Config{Listen: listen, MetricsOnly: true, TLS: t,
			ProcessUntold: !c.Metrics.Process})
	}
	m := &c.Metrics
	unified := m.Listen == m.SecureListen
	if m.Listen != "" && !unified {
		add(m.Listen, nil)
	}
	if m.SecureListen != "" {
		add(m.SecureListen, &admin.TLS{Unified: unified, Certs: certs.Config{
			Prefix:   "metricsProvider.ssl.",
			KeyStore: certs.Store(m.TLS.KeyStore), TrustStore: certs.Store(m.TLS.TrustStore),
			EnabledProtocols: m.TLS.EnabledProtocols, CipherSuites: m.TLS.CipherSuites,
			ClientAuth: m.TLS.ClientAuth,
		}})
	}
	return all
}

// AdminTLS is how to reach the admin server of these settings where it speaks HTTPS alone: its
// own stores say whom to trust, and who asks. It is nil for plain HTTP.
func AdminTLS(c *config.Config, host string) (*tls.Config, error) {
	t := adminTLS(c)
	if t == nil || t.Unified {
		return nil, nil
	}
	ctx, err := certs.OpenClient(t.Certs, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, fmt.Errorf("TLS for operators: %w", err)
	}
	return ctx.Client(host), nil
}

// ExplainAdminTLS is ExplainTLS of the ports for operators and metrics.
func ExplainAdminTLS(c *config.Config) ([]string, error) {
	all := scraped(c)
	if c.Admin.Secured() {
		all = append(all, operators(c))
	}
	var lines []string
	for _, port := range all {
		found, err := port.ExplainTLS()
		if err != nil {
			return lines, err
		}
		lines = append(lines, found...)
	}
	return lines, nil
}
