package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"

	"zoo/internal/net/certs"
)

// trustFlags say how to speak to an admin port with HTTPS, in the words of the verbs.
type trustFlags struct {
	CA            string `name:"ca" placeholder:"file" help:"Whom to believe at an admin port with HTTPS, in PEM, JKS or PKCS12. Without, whom this machine does."`
	Cert          string `name:"cert" placeholder:"file" help:"The own certificate and its key for such a port, in PEM, JKS or PKCS12."`
	Configuration string `name:"client-configuration" placeholder:"file" help:"Properties of ZooKeeper's clients for such a port, such as ssl.keyStore.password."`
}

// given tells whether HTTPS is meant wherever nobody says.
func (f *trustFlags) given() bool {
	return f != nil && (f.CA != "" || f.Cert != "" || f.Configuration != "")
}

// client makes the client that asks. Without a word it is the usual one.
func (f *trustFlags) client() (*http.Client, error) {
	if !f.given() {
		return http.DefaultClient, nil
	}
	set := properties{}
	if f.Configuration != "" {
		if err := set.read(f.Configuration); err != nil {
			return nil, err
		}
	}
	set.give("ssl.trustStore.location", f.CA)
	set.give("ssl.keyStore.location", f.Cert)
	trust, err := certs.OpenClient(set.certs(), slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, fmt.Errorf("TLS with the admin port: %w", err)
	}
	secured := &encrypted{trust: trust}
	own := http.DefaultTransport.(*http.Transport).Clone()
	own.DialTLSContext = func(ctx context.Context, _, address string) (net.Conn, error) {
		return secured.dial(ctx, address)
	}
	// Behind a proxy HTTP would shake hands itself, and believe others than those named here.
	own.Proxy = nil
	return &http.Client{Transport: own}, nil
}

// advised adds to an error of a question what to do where TLS has failed.
func advised(err error) error {
	var alert *net.OpError
	var authority x509.UnknownAuthorityError
	switch {
	case errors.As(err, &alert) && alert.Op == "remote error":
		return fmt.Errorf("%w; the port may want a certificate, or another one: --cert", err)
	case errors.As(err, &authority):
		return fmt.Errorf("%w; name whom to believe with --ca", err)
	}
	return err
}

// secureMark stands in front of an admin address that speaks nothing but HTTPS.
const secureMark = "https://"

// adminURL joins what is known of a server's addresses. What listens on its own machine
// only is not looked for on this one. HTTPS is spoken where the server says so or the flags.
func (f *trustFlags) adminURL(client, listens string) (string, error) {
	scheme := "http://"
	address, secure := strings.CutPrefix(listens, secureMark)
	if secure || f.given() {
		scheme = secureMark
	}
	clientHost, _, _ := net.SplitHostPort(client)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", fmt.Errorf("the admin port of %s is %q; give it with --admin", client, listens)
	}
	switch ip := net.ParseIP(host); {
	case ip.IsUnspecified():
		host = clientHost
	case ip.IsLoopback() && !isLoopback(clientHost):
		return "", fmt.Errorf("the admin port of %s is reached on its own machine only; there, "+
			"give --admin %s%s", client, scheme, address)
	}
	return scheme + net.JoinHostPort(host, port), nil
}
