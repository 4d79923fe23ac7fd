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
//
// Tokens are remembered until their time is past by the clock skew, 524288 of them at
// most in some 20 MB. One principal may have as many as there is room left for the
// others: alone, half of it, which is 873 authentications a second at the usual skew of
// five minutes. Beyond that it is refused until its tokens have become old; the others
// are not.
package gssapi
