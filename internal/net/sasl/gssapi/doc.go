// Package gssapi authenticates clients by Kerberos: the server's side of the SASL
// mechanism GSSAPI, RFC 4752 over RFC 4121.
//
//	client                              server
//	  AP-REQ: ticket, authenticator ->
//	                                 <-   AP-REP, if the client wants us proved, too
//	  nothing ->
//	                                 <-   wrapped: which security layers, that is none
//	  wrapped: the layer, a name ->
//	                                      done
//
// It guarantees that a client that is done holds a ticket for this service which is
// valid now, that it knows the ticket's key, and that its tokens were not used before.
// The name it asks for is ignored: who it is follows from the ticket alone.
//
// The library gokrb5 decodes, decrypts and reads keytabs; the acceptor's rules, the
// AP-REP and the wrap tokens are ours. Only encryption types of RFC 4121 are spoken
// (AES); RC4 and DES clients are refused. The server never asks a KDC for anything.
package gssapi
