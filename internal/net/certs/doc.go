// Package certs is the TLS of a server's ports, and of a client: who we are (the key
// store), whom we believe (the trust store) and how we speak (protocols, cipher suites).
// Its settings are ZooKeeper's ssl.* properties without the prefix, so that the client
// port and the ports between servers use the same code.
//
// It guarantees that a Context always has usable certificates: files that change are
// read again, without a restart and without touching open connections, and a file
// that cannot be used leaves what was there and says so in the log. It guarantees
// that a setting whose protection it does not offer is refused rather than ignored.
//
// It does not listen, dial or know ZooKeeper's protocol.
package certs
