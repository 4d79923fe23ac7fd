// Package traces tells an OpenTelemetry collector which stages requests have passed, over OTLP
// (protobuf, HTTP). It guarantees that nobody waits for a collector: what waits for one is
// bounded, and what finds no room, or is not taken, is lost and counted.
//
// Servers agree on a trace without talking of it. Whether a request is sampled, the id of its
// trace and those of all its spans follow from what each server knows of it: the session, the
// client's xid and the zxid of the reply. See docs/adr/0095-traces.md, and id.go.
package traces
