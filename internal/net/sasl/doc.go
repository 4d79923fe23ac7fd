// Package sasl is the server's side of SASL, as ZooKeeper's clients speak it: a
// client names no mechanism, it sends tokens and gets challenges until it is
// authenticated or refused. The mechanisms live in the packages below.
//
// It guarantees that no error, and so no log, holds a secret, and that what one
// exchange keeps is bounded by what the client has sent. It does not know
// connections or sessions: whoever owns a connection keeps its Exchange, which one
// goroutine uses at a time.
package sasl
