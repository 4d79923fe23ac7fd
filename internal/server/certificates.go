package server

import (
	"log/slog"
	"time"

	"zoo/internal/config"
	"zoo/internal/net/certs"
	"zoo/internal/ops/admin"
)

// Certificate is what a server with some settings shows on its ports.
type Certificate struct {
	// Ports is whom it is shown to: clients, servers, operators or scrapers of metrics.
	Ports string
	// Store is the setting that names its file.
	Store string
	// NotAfter is when the first certificate of the store ends; zero without any.
	NotAfter time.Time
	// Error is why the settings or the files cannot be used.
	Error error

	context *certs.Context
}

// Proves tells why the certificate does not prove to be that of a host; nil if it does, or
// if it need not.
func (c *Certificate) Proves(host string) error {
	if c.context == nil {
		return c.Error
	}
	return c.context.Proves(host)
}

// Certificates reads what a server with these settings would show. There are none
// without TLS.
func Certificates(c *config.Config) []Certificate {
	var own Config
	var all []Certificate
	add := func(ports, store string, settings certs.Config) {
		found := Certificate{Ports: ports, Store: store}
		found.context, found.Error = certs.Open(settings, slog.New(slog.DiscardHandler))
		if found.Error == nil {
			found.NotAfter = found.context.NotAfter()
		}
		all = append(all, found)
	}
	if own.takeTLS(c); own.Secure != nil {
		add("clients", "ssl.keyStore.location", own.Secure.Certs)
	}
	if c.Peers.Secured() {
		own.PeerSecurity = &PeerSecurity{}
		own.takePeerTLS(&c.Peers)
		add("servers", "ssl.quorum.keyStore.location", *own.PeerSecurity.Certs)
	}
	// They prove no host of a server line.
	shown := func(ports, store string, of admin.Config) {
		if of.TLS == nil {
			return
		}
		found := Certificate{Ports: ports, Store: store}
		found.NotAfter, found.Error = of.Certificate()
		all = append(all, found)
	}
	shown("operators", "ssl.quorum.keyStore.location", operators(c))
	for _, port := range scraped(c) {
		shown("scrapers", "metricsProvider.ssl.keyStore.location", port)
	}
	return all
}
