// Package nowait writes to sockets without ever waiting for the other side. It
// guarantees that Write returns at once with what the socket took. It does not
// keep what the socket did not take; its caller does.
package nowait
