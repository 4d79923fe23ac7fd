// Package client is a client of ZooKeeper: one session with an ensemble, kept over
// the connections it needs. Calls of many goroutines share one connection and do
// not wait for each other. The requests of one goroutine are answered in their
// order, and a watch's event arrives before the reply that shows the change.
//
// It guarantees that every call ends with its context, that a session's watches
// are armed again on the next server, and that no event is dropped while the session
// lives. It does not repeat a request whose connection was lost: the caller alone
// knows whether that is safe, and gets zoo.CodeConnectionLoss.
//
//	c, err := client.Dial(ctx, client.Options{Servers: []string{"10.0.0.1:2181"}})
//	data, stat, err := c.Get(ctx, "/config", nil)
//	if errors.Is(err, zoo.ErrNoNode) { … }
//
// Watch and Follow are loops over changes, Transaction gathers changes that belong
// together, a HostProvider finds the servers, and Trace and Stats are for those who
// measure. docs/reference/client.md is the overview.
package client
