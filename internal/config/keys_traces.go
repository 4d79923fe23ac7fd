package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strings"
)

// rowsTraces is what an OpenTelemetry collector is told, and where it is.
var rowsTraces = []row{
	{name: "traces.endpoint", parse: collectorURL,
		doc: "URL of an OpenTelemetry collector that is told which stages requests pass, by " +
			"OTLP over HTTP; without a path /v1/traces. Without it there are no traces. Only " +
			"here, as all of traces: docs/operate/traces.md"},
	{name: "traces.sampleRate", value: "0.001",
		parse: fraction(func(d *draft) *float64 { return &d.Traces.Share }),
		doc: "share of the requests that is traced, from 0 to 1. All servers want the same, or " +
			"traces lack parts"},
	{name: "traces.serviceName", value: "zookeeper",
		parse: text(func(d *draft) *string { return &d.Traces.Service }),
		doc:   "service.name of the spans; the instance is the server's id"},
	{name: "traces.headersFile",
		parse: text(func(d *draft) *string { return &d.Traces.HeadersFile }),
		doc: "file with headers for the collector, NAME: VALUE on each line, such as a token; " +
			"it is read for each request"},
	{name: "traces.caFile", parse: text(func(d *draft) *string { return &d.Traces.CAFile }),
		doc: "PEM file with the authorities whom a collector's certificate may be from; the " +
			"system's without it"},
	{name: "traces.paths", value: "true",
		parse: untruth(func(d *draft) *bool { return &d.Traces.PathsOmitted }),
		doc:   "tell the paths of znodes as well"},
}

// collectorPath is where OTLP has collectors take traces.
const collectorPath = "/v1/traces"

func collectorURL(d *draft, value string) error {
	u, err := url.Parse(value)
	switch {
	case err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return fmt.Errorf("%q is no URL like http://127.0.0.1:4318", value)
	case u.User != nil:
		return errors.New("has a user; what is secret belongs into traces.headersFile")
	case u.Fragment != "":
		return fmt.Errorf("%q has a fragment", value)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = collectorPath
	}
	d.Traces.Endpoint = u.String()
	return nil
}

// stays tells whether what is sent to a URL stays on this machine.
func stays(address string) bool {
	u, err := url.Parse(address)
	if err != nil {
		return false
	}
	ip, err := netip.ParseAddr(u.Hostname())
	return u.Hostname() == "localhost" || err == nil && ip.IsLoopback()
}

// settleTraces tells of a secret that would go through the network as it is.
func (d *draft) settleTraces() error {
	t := &d.Traces
	plain := strings.HasPrefix(t.Endpoint, "http:")
	switch {
	case plain && t.CAFile != "":
		return d.failAt("traces.caFile", "is for a traces.endpoint of https")
	case plain && t.HeadersFile != "" && !stays(t.Endpoint):
		d.warnAt("traces.headersFile", "is sent without TLS; an https endpoint would protect it")
	}
	return nil
}
