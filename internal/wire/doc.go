// Package wire holds what ZooKeeper's processes say to each other: the requests
// and replies of clients, the packets between a leader and its learners, the
// notifications and the handshake of elections, and the one table of operations.
//
// The records are generated from client.jute and quorum.jute; what the encoding
// cannot express (fields that old peers leave out, messages whose length decides
// their layout) is written by hand beside them. Every record appends itself to a
// slice without allocating, and decodes without trusting a length further than
// the bytes that are there.
//
// The package checks form and not meaning: a decoded path need not be valid, a
// version need not match. It owns no connection; the two readers of streams here
// exist because those streams have no frames.
package wire

//go:generate go run zoo/internal/jutegen client.jute quorum.jute
